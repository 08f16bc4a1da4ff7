"""Raw settings to a typed section of a study; what is wrong with them in words, with the likely slip."""

import re
from typing import get_args

from pydantic import ValidationError

from benchmark.errors import StudyError, did_you_mean
from spectrograms.params import Params

# What pydantic puts into a place for the type, of several that a setting may have, by which it judged a value.
TYPE = re.compile(r"(constrained-)?(str|int|float|bool)|[a-z-]+\[.*\]")
IN_YAML = {r"dictionary( or instance of \w+)?": "mapping", "tuple": "list", " after validation": ""}  # in its words


def read_section(section, raw, where="", context=None):
    """Return ``section(**raw)``; raise :class:`StudyError` with every slip in it, in words."""
    try:
        return section.model_validate(raw, context=context)
    except ValidationError as error:
        slips = said_of(section, error)
        raise StudyError("\n".join(f"{where}: {slip}" if where else slip for slip in slips)) from None


def said_of(section, error):
    """Return the slips of a ValidationError of a section as sentences, one for each place where a value is wrong."""
    found = {}
    for slip in error.errors():
        found.setdefault(_place(slip), []).append(slip)
    # Where something inside is wrong it is that: the type was meant in which a value went furthest.
    return [_explain(section, place, slips) for place, slips in found.items() if not _has_inner(place, found)]


def _place(slip):
    return tuple(part for part in slip["loc"] if not (isinstance(part, str) and TYPE.fullmatch(part)))


def _has_inner(place, places):
    return any(other[: len(place)] == place and len(other) > len(place) for other in places)


def _explain(section, place, slips):
    """Return pydantic's errors of one place as a sentence."""
    slip = slips[0]
    key, got = ".".join(map(str, place)), slip["input"]
    if slip["type"] == "extra_forbidden":
        *outer, last = place
        inside = f" in section {'.'.join(map(str, outer))}" if outer else ""
        return f"unknown key '{last}'{inside}{did_you_mean(str(last), _keys_at(section, outer))}"
    if slip["type"] == "missing":
        return f"missing key '{key}'"
    if slip["type"] == "value_error":
        return f"{key}: {slip['ctx']['error']}" if key else str(slip["ctx"]["error"])
    hint = did_you_mean(got, re.findall(r"'([^']+)'", slip["msg"])) if slip["type"] == "literal_error" else ""
    said = " or ".join(dict.fromkeys(map(_in_words, slips)))
    return f"{key}: {said}; got {got!r}{hint}" if key else f"{said}; got {got!r}{hint}"


def _in_words(slip):
    """Return what a value should have been, as whoever wrote it in YAML calls it."""
    said = slip["msg"][0].lower() + slip["msg"][1:]
    for python, yaml in IN_YAML.items():
        said = re.sub(python, yaml, said)
    return said


def _keys_at(section, loc):
    """Return the keys allowed at a place such as ('mel',) or ('models', 3) of a section."""
    for part in loc:
        if isinstance(part, str):
            types = [section.model_fields[part].annotation]
            while not isinstance(types[0], type) or not issubclass(types[0], Params):
                types = [annotation for outer in types for annotation in get_args(outer) if annotation is not Ellipsis]
            section = types[0]
    return list(section.model_fields)
