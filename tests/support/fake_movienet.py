"""A made-up results folder in the way of sulun2024: three models of several features, an ablation and a sweep."""

import json

from tests.support.fake_results import build_results, change_trial

GENRES = ("Action", "Comedy", "Drama", "Horror", "Western")
FEATURES = {"clip": "CLIP", "musicnet": "Musicnet", "audiotag": "Audiotag", "ocr": "OCR", "asr": "ASR"}
SECONDS = {"clip": 4.0, "musicnet": 0.5, "audiotag": 0.25, "ocr": 20.0, "asr": 8.0, "decode": 1.0}
ROWS = (  # of Table 3: how many features, and how many of the last ones are averaged
    (1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (5, 0), (5, 2),
)  # fmt: skip
FRAMES = (8, 16, 32, 64, 128, 256)  # of Fig. 6
SWEPT = {"mlp": "MLP", "single_transformer": "Single-transformer"}
WHOLE = {"vit_ast": "ViT and AST", "mlp": "MLP", "single_transformer": "Single-transformer",
         "multi_transformer": "Multi-transformer"}  # fmt: skip


def ablation():
    """Return {model: (label, features, those that are averaged)} in the order of Table 3; the last is the whole one."""
    found, names = {}, list(FEATURES)
    for n, last in ROWS:
        averaged = names[n - last : n] if last else []
        parts = [name + "_averaged" * (name in averaged) for name in names[:n]]
        label = " + ".join(FEATURES[name] + "*" * (name in averaged) for name in names[:n])
        found["-".join(["multi_transformer", *parts])] = (label, names[:n], averaged)
    whole = found.popitem()[1]
    return found | {"multi_transformer": (WHOLE["multi_transformer"], *whole[1:])}


def settings_of(name):
    """Return what study.yaml says of a model beside its name, label and weights."""
    parts = ablation()
    if name in parts:
        _, features, averaged = parts[name]
        value = {feature: "averaged" if feature in averaged else "plain" for feature in features}
        variant = {"section": "ablation", "of": "multi_transformer", "label": WHOLE["multi_transformer"],
                   "setting": "features", "value": value}  # fmt: skip
        read = [{"name": feature, "label": FEATURES[feature], "reads": "given"} for feature in features]
        head = {"kind": "multi_transformer", "averaged": averaged}
        return {"reads": "several", "features": read, "head": head, "variants": [variant]}
    base, _, value = name.partition("-frames.n-")
    features = ["clip"] if value else list(FEATURES)
    read = [{"name": feature, "label": FEATURES[feature], "reads": "given"} for feature in features]
    variant = {"section": "sweep", "of": base, "label": WHOLE[base], "setting": "frames.n", "value": int(value or 0)}
    variants = {"variants": [variant]} if value else {}
    return {"reads": "several", "features": read, "head": {"kind": base}} | variants


def build_movienet(folder, models=None, seeds=(0,), published="sulun2024", unknown=(), **more):
    """Write a results folder and return its path.

    models: all unless given, those that are whole first; unknown: features of which no seconds were measured; more: as
    of :func:`fake_results.build_results`."""
    labels = WHOLE | {name: label for name, (label, *_) in ablation().items()}
    labels |= {f"{name}-frames.n-{n}": f"{label}, n {n}" for name, label in SWEPT.items() for n in reversed(FRAMES)}
    models = tuple(models or labels)
    networks = {name: (labels[name], 0.2 + 0.02 * place, 50.0, 1_000_000 + place, 4.0)
                for place, name in enumerate(models)}  # fmt: skip
    settings = {name: settings_of(name) for name in models}
    more = {"classes": GENRES, "failed": (), "random": (), "task": "multilabel"} | more
    build_results(folder, models, 1, seeds, published=published, networks=networks, settings=settings, **more)
    for trial in folder.glob("trials/*/*/trial.json"):
        info = json.loads(trial.read_text())
        read = [part["name"] for part in settings[info["model"]]["features"]]
        seconds = {name: None if name in unknown else SECONDS[name] for name in (*read, "decode")}
        change_trial(trial.parent, extraction_seconds=seconds)
    return folder
