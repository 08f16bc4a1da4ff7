"""One run at a time on a results folder."""

import contextlib
import json
import os
import socket
import time
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.errors import StudyError

OURS = {".lock", ".lock.json"}  # what the system locks, and who holds it: a locked file cannot be read everywhere


@contextlib.contextmanager
def held(folder):
    """Hold the lock of a results folder; raise :class:`StudyError` saying who holds it, where somebody does.

    The system itself gives the lock up when its holder ends, however it ends: none is ever stale."""
    folder = Path(folder)
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(folder / ".lock", blocking=False), folder / ".lock.json"
    try:
        lock.acquire()
    except Timeout:
        raise StudyError(f"{folder} is in use: {_holder(note)}; wait for it, or give the study another name") from None
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        note.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}), "utf-8")
        yield
    finally:
        if new and {path.name for path in folder.iterdir()} <= OURS:  # nothing came of it
            with contextlib.suppress(OSError):  # Windows removes no locked file
                for file in OURS:
                    (folder / file).unlink(missing_ok=True)
                for place in new:
                    place.rmdir()
        lock.release()


def _holder(note):
    """Return in words who holds a lock, as far as the note beside it tells."""
    try:
        who = json.loads(note.read_text("utf-8"))
        return f"process {who['pid']} on {who['host']} has run a study there since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process is running a study there"
