"""Files that are there whole or not at all."""

import os
import shutil
import socket
from contextlib import contextmanager
from pathlib import Path


def unique():
    """Return what no other process has in the name of a file, on any machine that sees the folder."""
    return f"{socket.gethostname()}-{os.getpid()}"


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path``; on success it takes that name, on an error it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{unique()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder):
    """Yield a new folder beside ``folder``; on success it takes that name, and the old one goes only then."""
    folder = Path(folder)
    temporary, old = (folder.with_name(f".{folder.name}.{what}") for what in (unique(), "old"))
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path, text):
    """Write text as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
