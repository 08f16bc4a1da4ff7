"""YAML to a typed, validated, frozen study. An error names the file, the key, what was expected and the likely slip."""

import os
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import yaml
from pydantic import TypeAdapter, ValidationError

from benchmark.config.consistency import ignored
from benchmark.config.networks import CONFIGS, resolve_all, settings_of
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.config.training import TrainingParams
from benchmark.config.variants import with_variants
from benchmark.errors import StudyError, did_you_mean
from benchmark.store.yaml_file import parse, read_yaml
from spectrograms.params import Params


def load_study(path, overrides=(), only=(), settings=(), configs=CONFIGS):
    """Return the :class:`Study` of a YAML file, with ``key=value`` overrides and the models reduced to ``only``.

    ``settings`` override, too, as nested mappings of values: {"training": {"epochs": 5}}. The members of a fusion come
    with it; what ``only`` leaves out, and ensembles with it, is dropped before anything is judged. Raises
    :class:`StudyError` where the file, a key or a value is wrong, with every model that is."""
    path = Path(path)
    raw = {"name": path.stem, **read_yaml(path)}
    entries = raw.get("models", [])
    if not isinstance(entries, list):
        raise StudyError(f"{path}: models must be a list of names or mappings; got {entries!r}")
    if isinstance(raw.get("engine"), str):  # short for its kind, of which an override may change a part
        raw["engine"] = {"kind": raw["engine"]}
    raw["models"] = [{"extends": entry} if isinstance(entry, str) else entry for entry in entries]
    for override in overrides:
        _override(raw, override)
    for place, value in _leaves(dict(settings)):
        _set(raw, place, value)
    raw["models"] = with_variants(raw, path, configs)
    if only:
        _keep_only(raw, only, path, configs)
    dataset_kind = raw["dataset"].get("kind") if isinstance(raw.get("dataset"), dict) else None
    raw["models"] = resolve_all(raw["models"], path, configs, dataset_kind)
    study = read_section(Study, raw, path, {"part": bool(only), "file": path})
    _check_read(study, path, whole=not only)
    return study


def _check_read(study, path, whole):
    """Raise :class:`StudyError` for a setting of training that is not its default where no model reads it.

    Not ``whole``: some models are left out, and they may be the ones that read a setting of the study."""
    unread = [(m, ignored(study, m)) for m in study.models]
    defaults = TrainingParams().model_dump()
    given = [key for key, value in study.training.model_dump().items() if whole and value != defaults[key]]
    _, whys = min(unread, key=lambda found: not found[0].is_trained)  # of a model that is trained, if there is one
    slips = [("training", key, whys[key]) for key in given if all(key in why for _, why in unread)]
    slips += [(f"model {m.name}: training", key, why[key]) for m, why in unread for key in m.training if key in why]
    if slips:
        raise StudyError("\n".join(f"{path}: {place}.{key} has no effect: {why}" for place, key, why in slips))


def _override(raw, override):
    """Set one ``a.b.c=value``; a part may be an index or a name in a list. For the value see :func:`_value`."""
    key, equals, text = override.partition("=")
    if not equals:
        raise StudyError(f"--set takes key=value, as in training.epochs=5; got '{override}'")
    place = key.strip().split(".")
    try:
        _set(raw, place, _value(text, _annotation_at(place)))
    except StudyError as error:
        raise StudyError(f"--set {override}: {error}") from None


def _set(raw, place, value):
    """Set the value at a place such as ('models', 'vgg16', 'weights')."""
    *outer, last = place
    node = raw
    try:
        for part in outer:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[_index(node, part)]
        node[last if isinstance(node, dict) else _index(node, last)] = value
    except (LookupError, ValueError, TypeError, AttributeError):
        raise StudyError(f"there is no place '{'.'.join(place)}' in the study for this value") from None


def _leaves(settings, *outer):
    """Yield the place and the value of each setting in nested mappings."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, *outer, str(key))
        else:
            yield (*outer, str(key)), os.fspath(value) if isinstance(value, Path) else value


def _value(text, annotation):
    """Return the value that was typed for a setting of this type: YAML, but for a text or path what was typed.

    A text takes no other YAML than what fits it, null or a list of pairs in brackets: '#', ': ' or [ are part of it."""
    types = _plain_types(annotation)
    is_text = bool({str, Path} & types or any(isinstance(one, str) for one in types)) and not {int, float, bool} & types
    try:
        value = parse(text)
        if is_text:
            TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return text
    except yaml.YAMLError as error:
        if is_text:
            return text
        raise StudyError(f"'{text}' is not valid YAML: {' '.join(str(error).split())}") from None
    return value if value is None or not is_text or text.lstrip().startswith(("[", "{")) else text


def _annotation_at(place):
    """Return the type of the setting at a place such as ('models', 'vgg16', 'weights'), or None where there is none."""
    annotation = Study
    for part in place:
        within = [one for one in _plain_types(annotation) if isinstance(one, type) and issubclass(one, Params)]
        if get_origin(annotation) is tuple and within:  # the part is the number or the name of one of them
            annotation = within[0]
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif within and part in within[0].model_fields:
            annotation = within[0].model_fields[part].annotation
        else:
            return None
    return annotation


def _plain_types(annotation):
    """Return the plain types, and the words of a Literal, that a type is made of."""
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _plain_types(inner[0])
    if get_origin(annotation) is Literal or not inner:
        return set(inner) or {annotation}
    return set().union(*map(_plain_types, inner))


def _index(entries, part):
    names = [_name(entry) for entry in entries]
    return names.index(part) if part in names else int(part) if part.lstrip("-").isdigit() else names.index(part)


def _name(entry):
    """Return what an entry of ``models`` is called, be it right or wrong."""
    return entry.get("name", entry.get("extends")) if isinstance(entry, dict) else entry


def _keep_only(raw, only, where, configs):
    """Drop all models but ``only`` and those that these fuse from a raw study, and the ensembles that name another."""
    names = [str(_name(entry)) for entry in raw["models"]]
    for name in only:
        if name not in names:
            raise StudyError(
                f"--only {name}: the study has no such model{did_you_mean(name, names)}; it has {', '.join(names)}"
            )
    asked = [entry for entry, name in zip(raw["models"], names, strict=True) if name in only]
    kept = {*only, *(member for entry in asked for member in _members(entry, where, configs))}
    raw["models"] = [entry for entry, name in zip(raw["models"], names, strict=True) if name in kept]
    if isinstance(raw.get("ensembles"), list):  # else it is judged as it stands
        raw["ensembles"] = [
            names for names in raw["ensembles"] if not isinstance(names, list) or not set(map(str, names)) - kept
        ]


def _members(entry, where, configs):
    """Return the names of the models that an entry of ``models`` fuses, [] where it is wrong: it is judged later."""
    given = settings_of("models", entry.get("extends"), where, configs) | entry if isinstance(entry, dict) else {}
    fusion = given.get("fusion")
    members = fusion.get("members") if isinstance(fusion, dict) else None
    return list(map(str, members)) if isinstance(members, list | tuple) else []
