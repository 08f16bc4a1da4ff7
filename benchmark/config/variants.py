"""The sections ablation and sweep of a study become entries of its ``models``: whatever follows sees models alone."""

import json
import re
from typing import NamedTuple, get_args

from benchmark.config.ablation import AblationParams, SweepParams, feature_name
from benchmark.config.consistency import OWN_SECTIONS
from benchmark.config.heads import HEADS, OF_MEANS
from benchmark.config.kinds import in_full
from benchmark.config.networks import network_names, settings_of
from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams, Study
from benchmark.errors import StudyError, did_you_mean
from spectrograms.params import Params

AVERAGED = "_averaged"  # after the name of a feature that is averaged over time
NOT_SWEPT = {"name", "label", "variants"}  # of a model: what it is called


class Base(NamedTuple):
    """A model that is varied: its entry, which may extend a file, and all that both say."""

    name: str
    entry: dict
    whole: dict

    @property
    def label(self):
        """What tables call it."""
        return self.whole.get("label", self.name)


def with_variants(raw, where, configs):
    """Return the entries of ``models`` of a raw study (mappings), with those that its ablation and sweeps stand for.

    A variant that is what an entry is already, as far as this is written down, is no further model: that entry is
    marked as one. Raises :class:`StudyError` where a section is wrong."""
    entries = list(raw["models"])
    if raw.get("ablation") is not None:
        place = f"{where}: ablation"
        section = read_section(AblationParams, raw["ablation"], place)
        base = _base(section.model, entries, place, configs)
        _check_ablated(base, section, place)
        _add(entries, base, _ablated(base, section, place, configs))
    sweeps = raw.get("sweep") or []
    for given in sweeps if isinstance(sweeps, list) else [sweeps]:
        section = read_section(SweepParams, given, f"{where}: sweep")
        inner = _check_setting(section.setting, f"{where}: sweep")
        for model in section.models:
            base = _base(model, entries, f"{where}: sweep of {section.setting}", configs)
            _add(entries, base, _swept(base, section, inner, raw))
    return entries


def _base(model, entries, where, configs):
    """Return the :class:`Base` that a section names: an entry of the study, a file, or a mapping."""
    named = {entry.get("name", entry.get("extends")): entry for entry in entries if isinstance(entry, dict)}
    entry = model if isinstance(model, dict) else named.get(model, {"extends": model})
    name = entry.get("name", entry.get("extends"))
    if name is None:
        raise StudyError(f"{where}: a model must have a name, or extend one; got {model!r}")
    if name == model and model not in (known := [*map(str, named), *network_names(configs)]):
        raise StudyError(f"{where}: unknown model '{model}'{did_you_mean(model, known)}; known are {', '.join(known)}")
    return Base(name, entry, settings_of("models", entry.get("extends"), where, configs) | entry)


def _check_ablated(base, section, where):
    """Raise :class:`StudyError` unless a model reads features, and its head can average some where it has to."""
    for other in ("fusion", "backbone"):
        if base.whole.get(other):
            raise StudyError(f"{where}: model {base.name} has {other}, and reads no list of features that could vary")
    kind = _head(base).get("kind", "linear")
    if section.averaged and (base.whole.get("estimator") or "averaged" not in HEADS.get(kind, {})):
        kinds = " or ".join(name for name, settings in HEADS.items() if "averaged" in settings)
        why = "which reads the mean of all features" if kind in OF_MEANS else "which averages none by itself"
        raise StudyError(f"{where}: averaged has no effect on model {base.name} ({kind}), {why}; it is for {kinds}")


def _head(base):
    head = in_full(base.whole.get("head"))
    return head if isinstance(head, dict) else {}


def _ablated(base, section, where, configs):
    """Yield (what is changed, name, label, variant) of each model of an ablation."""
    entries = dict(zip(section.names, section.features, strict=True))
    for entry in section.features:
        settings_of("features", entry if isinstance(entry, str) else entry.get("extends"), where, configs)
    for chosen, averaged in section.subsets:
        changed = {"features": [entries[name] for name in chosen]}
        if averaged or _head(base).get("averaged"):
            changed["head"] = _head(base) | {"averaged": list(averaged)}
        if isinstance(length := _head(base).get("length"), dict):
            own = base.whole.get("features")
            left_out = {*section.names, *map(feature_name, own if isinstance(own, list) else ())}.difference(chosen)
            changed["head"] = changed.get("head", _head(base)) | {
                "length": {name: steps for name, steps in length.items() if name not in left_out}
            }
        parts = [name + AVERAGED * (name in averaged) for name in chosen]
        label = " + ".join(name + "*" * (name in averaged) for name in chosen)  # theirs would be as long as a sentence
        value = {name: "averaged" if name in averaged else "plain" for name in chosen}
        yield changed, "-".join((base.name, *parts)), label, {"section": "ablation", "value": value}


def _swept(base, section, inner, raw):
    """Yield (what is changed, name, label, variant) of each model of a sweep; ``inner``: the setting in its section."""
    first = section.setting.split(".")[0]
    for value in section.values:
        part = base.whole.get(first)
        part = in_full(part) if isinstance(part, str | dict) else {}
        changed = {first: part | {inner: value} if inner else value}
        said = _as_text(value)
        label = f"{base.label}, {inner or first} {said}"
        variant = {"section": "sweep", "setting": section.setting, "value": value}
        usual = raw.get(first) if first in OWN_SECTIONS else None
        if inner and inner not in part and isinstance(usual, dict) and usual.get(inner) == value:
            changed = {}  # it is the study's own
        yield changed, f"{base.name}-{section.setting}-{said}", label, variant


def _as_text(value):
    """Return a value as part of a name: 8, 0.001, uniform, 256-128."""
    if isinstance(value, int | float):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^\w.-]+", "-", text).strip("-")


def _check_setting(setting, where):
    """Return the part of a setting within its section, None of one that is in none; raise :class:`StudyError` where no
    model has such."""
    first, _, inner = setting.partition(".")
    known = [name for name in NetworkParams.model_fields if name not in NOT_SWEPT]
    if first not in known:
        raise StudyError(f"{where}: no model has the setting '{setting}'{did_you_mean(first, known)}")
    annotation = (Study if first in OWN_SECTIONS else NetworkParams).model_fields[first].annotation
    types = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, Params)]
    if types and inner not in (keys := types[0].model_fields):
        has = did_you_mean(inner, keys) if inner else f"; it has {', '.join(keys)}"
        raise StudyError(f"{where}: section {first} has no setting '{inner}'{has}")
    return inner or None


def _add(entries, base, variants):
    """Add the variants of a model to ``entries``, or mark the entry of the model itself where it is one."""
    for changed, name, label, variant in variants:
        variant = {"of": base.name, "label": base.label} | variant
        at = next((place for place, entry in enumerate(entries) if entry is base.entry), None)
        if at is not None and all(_same(*_in_full(key, base.whole.get(key), new)) for key, new in changed.items()):
            marked = base.entry | {"variants": [*base.entry.get("variants", []), variant]}
            entries[at], base = marked, base._replace(entry=marked)
        else:
            made = {key: value for key, value in base.entry.items() if key != "variants"} | changed
            entries.append(made | {"name": name, "label": label, "variants": [variant]})


def _in_full(key, *settings):
    """Return raw values of a setting, heads with the defaults of their kind."""
    if key != "head":
        return settings
    heads = [one if isinstance(one, dict) else {} for one in map(in_full, settings)]
    return [HEADS.get(head.get("kind", "linear"), {}) | {"kind": "linear"} | head for head in heads]


def _same(given, other):
    """Return whether two raw settings are the same, be lists in another order and what is empty left out."""
    if isinstance(given, list | tuple) and isinstance(other, list | tuple):
        return len(given) == len(other) and all(entry in other for entry in given)
    if isinstance(given, dict) and isinstance(other, dict):
        return all(_same(given.get(key) or None, other.get(key) or None) for key in {*given, *other})
    return given == other
