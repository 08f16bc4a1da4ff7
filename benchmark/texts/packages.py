"""Packages and models of recognisers, and one sentence where they are not there."""

import os
from importlib.util import find_spec
from pathlib import Path

from benchmark.config.texts import RECOGNISERS
from benchmark.errors import StudyError


def check_recogniser(params):
    """Raise :class:`StudyError` where a package or the model's folder that ``params`` (TextParams) needs is missing."""
    row = RECOGNISERS[params.recogniser]
    missing = [name for name in row.packages if find_spec(name) is None]
    if missing:
        raise StudyError(
            f"recogniser: {params.recogniser} needs the package {missing[0]}, which is not installed: "
            f"pip install -r {row.requirements}"
        )
    missing = [name for name in row.model_files if not (Path(params.model) / name).is_file()]
    if missing:
        what = f"has no {missing[0]} in it" if Path(params.model).is_dir() else "is not there"
        raise StudyError(
            f"text.model: the folder {params.model} {what}; a Whisper model that was converted for CTranslate2 has "
            f"{', '.join(row.model_files)}"
        )


def n_cores():
    """Return how many cores this process may use: as many threads are started."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
