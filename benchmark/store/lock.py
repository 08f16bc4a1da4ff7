"""One run at a time on a results folder."""

import contextlib
import json
import os
import socket
import time
from pathlib import Path

from benchmark.errors import StudyError

try:
    import fcntl
except ImportError:  # Windows has no such lock: nothing guards the folder there
    fcntl = None


@contextlib.contextmanager
def held(folder):
    """Hold the lock of a results folder; raise :class:`StudyError` saying who holds it, where somebody does.

    The system itself gives the lock up when its holder ends, however it ends: none is ever stale."""
    folder = Path(folder)
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a+", encoding="utf-8") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StudyError(
                f"{folder} is in use: {_holder(file)}; wait for it, or give the study another name"
            ) from None
        file.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, file)
        file.flush()
        try:
            yield
        finally:
            if new and [path.name for path in folder.iterdir()] == [".lock"]:  # nothing came of it
                (folder / ".lock").unlink()
                for place in new:
                    place.rmdir()


def _holder(file):
    """Return in words who holds a lock, as far as its file tells."""
    try:
        file.seek(0)
        who = json.load(file)
        return f"process {who['pid']} on {who['host']} has run a study there since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process is running a study there"
