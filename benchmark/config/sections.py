"""Raw settings to a typed section of a study; what is wrong with them in words, with the likely slip."""

import re
from typing import get_args

from pydantic import ValidationError

from benchmark.errors import StudyError, did_you_mean
from spectrograms.params import Params


def read_section(section, raw, where="", context=None):
    """Return ``section(**raw)``; raise :class:`StudyError` with every slip in it, in words."""
    try:
        return section.model_validate(raw, context=context)
    except ValidationError as error:
        slips = [_explain(section, slip) for slip in error.errors()]
        raise StudyError("\n".join(f"{where}: {slip}" if where else slip for slip in slips)) from None


def _explain(section, slip):
    """Return one pydantic error as a sentence."""
    place = [str(part) for part in slip["loc"]]
    key, got = ".".join(place), slip["input"]
    if slip["type"] == "extra_forbidden":
        inside = f" in section {'.'.join(place[:-1])}" if place[1:] else ""
        return f"unknown key '{place[-1]}'{inside}{did_you_mean(place[-1], _keys_at(section, slip['loc'][:-1]))}"
    if slip["type"] == "missing":
        return f"missing key '{key}'"
    if slip["type"] == "value_error":
        return f"{key}: {slip['ctx']['error']}" if key else str(slip["ctx"]["error"])
    hint = did_you_mean(got, re.findall(r"'([^']+)'", slip["msg"])) if slip["type"] == "literal_error" else ""
    return f"{key}: {slip['msg'][0].lower()}{slip['msg'][1:]}; got {got!r}{hint}"


def _keys_at(section, loc):
    """Return the keys allowed at a place such as ('mel',) or ('models', 3) of a section."""
    for part in loc:
        if isinstance(part, str):
            types = [section.model_fields[part].annotation]
            while not isinstance(types[0], type) or not issubclass(types[0], Params):
                types = [annotation for outer in types for annotation in get_args(outer) if annotation is not Ellipsis]
            section = types[0]
    return list(section.model_fields)
