"""Entries of a study's ``models``, and files in configs/models and configs/features, to models as they are meant."""

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.features import FeatureParams, NamedFeatures, usual_reads
from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams
from benchmark.errors import StudyError, did_you_mean
from benchmark.store.shipped import shipped
from benchmark.store.yaml_file import read_yaml

CONFIGS = shipped("configs")


def load_network(name):
    """Return the :class:`NetworkParams` of a file in ``configs/models/``."""
    return resolve_network(name)


def own_networks():
    """Return the :class:`NetworkParams` of every file in ``configs/models/``, sorted by name."""
    return [load_network(name) for name in network_names()]


def trusted():
    """Return what may name code in the user's own files: all networks, and the FeatureParams of configs/features."""
    features = [_feature_settings(name, "configs/features", CONFIGS) for name in feature_names()]
    labels = [given.pop("label") for given in features]
    read = map(_with_usual_reads, features)
    return own_networks() + [read_section(FeatureParams, *each) for each in zip(read, labels, strict=True)]


def network_names(configs=CONFIGS):
    """Return the names that a study's ``models`` may use, sorted."""
    return _names("models", configs)


def feature_names(configs=CONFIGS):
    """Return the names that a model's ``features`` may use, sorted."""
    return _names("features", configs)


def _names(folder, configs):
    return sorted(path.stem for path in (configs / folder).glob("*.yaml"))


def resolve_network(entry, where="models", configs=CONFIGS, dataset_kind=None):
    """Return the :class:`NetworkParams` of one entry of ``models``: a file's name, or a mapping that may extend one.

    ``features`` names a file of ``configs/features/``, whose settings count before those of the model that is extended.
    What a model reads that does not say it is what its backbone does of clips of ``dataset_kind``."""
    entry = {"extends": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise StudyError(f"{where}: an entry of models must be a name or a mapping; got {entry!r}")
    base, changed = entry.get("extends"), {key: value for key, value in entry.items() if key != "extends"}
    inherited = settings_of("models", base, where, configs)
    name = changed.get("features", inherited.get("features"))
    if isinstance(name, list):  # of several
        merged = ({"name": base, "label": base} if base else {}) | inherited | changed
        place = f"{where}: model {merged.get('name')}: features"
        if not name:
            raise StudyError(f"{place} must name at least one file of configs/features; got []")
        merged["features"] = tuple(_named_features(one, place, configs, dataset_kind) for one in name)
        return read_section(NetworkParams, merged, f"{where}: model {merged.get('name')}")
    features = _feature_settings(name, where, configs, dataset_kind)
    named = {"name": base or name, "label": features.pop("label", base or name)} if base or name else {}
    merged = named | inherited | features | changed
    merged |= {"frames": _own_frames(features, changed)} if "frames" in merged and features else {}
    merged = _with_usual_reads(merged, dataset_kind)
    return read_section(NetworkParams, merged, f"{where}: model {merged.get('name')}")


def _named_features(entry, where, configs, dataset_kind):
    """Return the :class:`NamedFeatures` of an entry of a list: a file's name, or a mapping that may extend one."""
    entry = {"extends": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise StudyError(f"{where}: an entry must be a name or a mapping; got {entry!r}")
    base, changed = entry.get("extends"), {key: value for key, value in entry.items() if key != "extends"}
    features = _feature_settings(base, where, configs, dataset_kind)
    merged = ({"name": base, "label": base} if base else {}) | features | changed
    if "name" not in merged:
        raise StudyError(f"{where}: an entry that extends no file must have a name; got {entry!r}")
    merged |= {"label": merged.get("label", merged["name"])}
    merged |= {"frames": _own_frames(features, changed)} if "frames" in merged else {}
    return read_section(NamedFeatures, _with_usual_reads(merged, dataset_kind), f"{where}: {merged['name']}")


def _own_frames(features, changed):
    """Return which frames features read: those of their file, with what a study changes in them.

    Where it asks for another way of sampling, nothing of the file's is kept."""
    own, other = features.get("frames") or {}, changed.get("frames") or {}
    if not isinstance(own, dict) or not isinstance(other, dict):
        return other  # to be judged
    return other if other.get("sample", own.get("sample")) != own.get("sample") else own | other


def _with_usual_reads(settings, dataset_kind=None):
    """Return raw settings of features with what they read of clips of a kind of data set, where they do not say it.

    Where no kind is known they are of films if they choose frames."""
    kind = DATASET_KINDS.get(dataset_kind or ("video" if settings.get("frames") else None))
    if settings.get("reads") or not kind:
        return settings
    usual = usual_reads(settings)
    return settings | {"reads": kind.usually.get(usual, usual)}


def settings_of(folder, name, where, configs):
    """Return what a file in ``configs/models`` or ``configs/features`` holds, {} where none is named."""
    if name is None:
        return {}
    what = {"models": "model", "features": "features"}[folder]
    if not isinstance(name, str):
        raise StudyError(f"{where}: {what} must be the name of one file in configs/{folder}; got {name!r}")
    if name not in (known := _names(folder, configs)):
        raise StudyError(f"{where}: unknown {what} '{name}'{did_you_mean(name, known)}; known are {', '.join(known)}")
    return read_yaml(configs / folder / f"{name}.yaml")


def _feature_settings(name, where, configs, dataset_kind=None):
    """Return the settings of a file in ``configs/features``, with those of features of the model that it extends.

    Which frames of films it reads is left out where the clips of a kind of data set are none."""
    given = settings_of("features", name, where, configs)
    if not given:
        return {}
    base = settings_of("models", given.pop("extends", None), f"configs/features/{name}.yaml", configs)
    settings = {key: value for key, value in base.items() if key in FeatureParams.model_fields} | given
    label = settings.pop("label", name)
    read_section(FeatureParams, _with_usual_reads(settings), f"configs/features/{name}.yaml")
    kind = DATASET_KINDS.get(dataset_kind)
    if kind and not any("frames" in sections for sections in kind.inputs.values()):
        settings.pop("frames", None)
    return settings | {"label": label}


def resolve_all(entries, where, configs, dataset_kind):
    """Return the :class:`NetworkParams` of all entries; raise :class:`StudyError` with the slips of every one."""
    networks, slips = [], []
    for entry in entries:
        try:
            networks.append(resolve_network(entry, where, configs, dataset_kind))
        except StudyError as error:
            slips.append(str(error))
    if slips:
        raise StudyError("\n".join(slips))
    return networks
