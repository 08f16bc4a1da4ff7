"""Files and folders that are there whole or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path

from spectrograms.files import draft, remove, replacing, sweep, sweep_cache

__all__ = ["draft", "put", "remove", "replacing", "replacing_folder", "sweep", "sweep_cache", "write_text"]


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
