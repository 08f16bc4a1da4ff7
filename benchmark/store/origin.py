"""Where a study comes from, its file and its data: by that another study of the same name is told from it."""

import os
from pathlib import Path


def origin(study):
    """Return the places of a study's YAML file and of its data, each absolute and as seen from its results.

    None where the study was not read from a file."""
    if study.file is None:
        return None
    folder = Path(study.folder).resolve()
    places = {"file": Path(study.file).resolve(), "data": Path(study.dataset.root).resolve()}
    return {k: {"path": str(path), "from_results": os.path.relpath(path, folder)} for k, path in places.items()}


def is_same(was, now):
    """Return whether two origins are one: both places lie where they lay, or as they lay when all was moved together.

    Where nothing was recorded (None), nothing is held against it."""
    if was is None or now is None:
        return True
    return all(any(was[name][how] == now[name][how] for how in ("path", "from_results")) for name in now)


def told(origin):
    """Return an origin in words."""
    return f"{origin['file']['path']} about {origin['data']['path']}"
