"""What tells the models of a study apart where several share a network or features: what they read, and their head."""

from benchmark.analysis.tables.settings import as_text

PLAIN = "linear"  # the head that a model has unless it says otherwise


def model_settings(results):
    """Return {model: {features, head}} in words, '' for all where they tell no two models apart: networks of different
    kinds, each with a linear head.

    features: its name or the network's, and what of a clip is read; head: the kind of head, estimator or fusion, and in
    brackets those of its settings in which models of the study with the same kind differ."""
    models = {model["name"]: model for model in results.study["models"]}
    read = {name: features_in_words(model) for name, model in models.items()}
    parts = {name: _decides(model) for name, model in models.items()}
    known = [words for words in read.values() if words]
    if all(kind == PLAIN for kind, _ in parts.values()) and len(set(known)) == len(known):
        return {name: {"features": "", "head": ""} for name in models}
    labels = {name: model["label"] for name, model in models.items()}
    return {name: {"features": read[name], "head": _head(name, parts, labels)} for name in models}


def _decides(model):
    """Return (kind, settings) of what makes scores of a model's features, or of other models' scores."""
    for part, kind in (("fusion", "fusion"), ("estimator", None), ("head", None)):
        if given := model.get(part):
            given = {"kind": given} if isinstance(given, str) else dict(given)
            return given.pop("kind", kind or PLAIN), given
    return PLAIN, {}


def _head(name, parts, labels):
    kind, settings = parts[name]
    alike = [other for called, other in parts.values() if called == kind]
    differing = [key for key in settings if len({as_text(other.get(key)) for other in alike}) > 1]
    if kind == "fusion":
        return f"fusion of {', '.join(labels.get(member, member) for member in settings['members'])}"
    said = ", ".join(f"{key} {as_text(settings[key])}" for key in differing if settings[key] not in (None, []))
    return f"{kind} ({said})" if said else kind


def features_in_words(model):
    """Return what a model of a study, a dict, reads: 'ResNet152 (frames)', 'spectrogram'; '' where it reads nothing.

    A network is called by the last part of its address; of a handle of TensorFlow Hub by the part before its number."""
    if isinstance(model.get("features"), list | tuple):
        averaged = (model.get("head") or {}).get("averaged") or ()
        names = [features["name"] for features in model["features"]]
        return " + ".join(f"{name} (averaged)" if name in averaged else name for name in names)
    backbone = model.get("backbone") or ""
    network = next((part for part in reversed(backbone.replace(":", "/").replace(".", "/").split("/"))
                    if part and not part.isdigit()), "")  # fmt: skip
    name, reads = model.get("features") or network, model.get("reads") or ""
    return f"{name} ({reads})" if name and reads else name or reads
