"""Files that are there whole or not at all, and what runs that were killed left of those they were writing."""

import os
import re
import shutil
import socket
import time
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil

TEMPORARY = re.compile(r"\.tmp-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{8}(\..*)?")
OLD = 24 * 3600  # seconds after which nobody writes any more, on whatever machine the process was
CACHE_FOLDERS = (  # hold drafts
    "images", "features", "waveforms", "fingerprints", "clips", "boundaries", "films", "frames", "measures",
    "texts",
)  # fmt: skip
_own = set()  # names of the drafts of this process; another with its number may have been before it


@contextmanager
def draft(path, scratch=None):
    """Yield a path beside ``path`` that no other process uses, for a file or folder; what is left there is removed.

    Its name has the suffix of ``path`` and is known to :func:`sweep`. ``scratch`` is another folder for it, on the same
    disk: the drafts of a cache lie together, so that no large folder has to be searched for those of a killed run."""
    path = Path(path)
    folder = path.parent if scratch is None else Path(scratch)
    name = f".tmp-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}{path.suffix[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    _sweep_once(folder)
    _own.add(name)
    try:
        yield folder / name
    finally:
        remove(folder / name)
        _own.discard(name)


@contextmanager
def replacing(path, scratch=None):
    """Yield a :func:`draft` of a file; on success it takes the name ``path``, on an error it is removed."""
    with draft(path, scratch) as temporary:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)


@contextmanager
def replacing_folder(folder):
    """Yield a new folder beside ``folder``; on success it takes that name, and the old one goes only then."""
    with draft(folder) as temporary:
        temporary.mkdir()
        yield temporary
        put(temporary, folder)


def put(made, path):
    """Give a file or folder that was made the name ``path``; what had that name before goes only then."""
    with draft(path) as old:
        if Path(path).exists():
            os.replace(path, old)
        os.replace(made, path)


def write_text(path, text):
    """Write text as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_array(path):
    """Return the array in a .npy file, or None where there is none that can be read."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def write_array(array, path, scratch=None):
    """Write an array as .npy; until it is complete it is in the folder ``scratch``, or beside its place."""
    with replacing(path, scratch) as temporary, open(temporary, "wb") as out:
        np.save(out, array)


def sweep(folder, deep=False):
    """Remove what processes that are gone were writing in a folder, with ``deep`` also in all folders below it.

    Left alone are drafts of living processes, and those of other machines unless they are a day old. What cannot be
    removed is left to the next."""
    for place, folders, names in os.walk(folder):
        for name in [name for name in (*folders, *names) if _is_left(Path(place, name))]:
            remove(Path(place, name))
        folders[:] = [name for name in folders if deep and not TEMPORARY.fullmatch(name)]


_sweep_once = lru_cache(None)(sweep)  # before this process writes its first draft in a folder


def sweep_cache(cache):
    """Sweep a cache: its own folder and one for each kind of file in it, never those with a file per clip."""
    for folder in (Path(cache), *(Path(cache, name) for name in CACHE_FOLDERS)):
        sweep(folder)


def remove(path):
    """Remove a file or a folder with all in it; what is not there or cannot be removed is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _is_left(path):
    """Return whether a path is a draft that nobody is writing any more."""
    match = TEMPORARY.fullmatch(path.name)
    if match is None:
        return False
    with suppress(OSError):
        if time.time() - path.lstat().st_mtime > OLD:
            return True
    pid = int(match["pid"])
    is_written = path.name in _own if pid == os.getpid() else psutil.pid_exists(pid)
    return match["host"] == socket.gethostname() and not is_written
