"""SHA-256 of clips, remembered as long as their file is the same: of its bytes, or of the arrays of features in it."""

import csv
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor

from benchmark.data.addresses import file_of
from benchmark.data.feature_files import digest
from benchmark.data.media import is_a
from benchmark.errors import FeatureError, StudyError
from spectrograms.files import replacing

FIELDS = 6  # of a row: path, size, time of change, inode, time of its status' change, digest


def digests(paths, memo):
    """Return {path: SHA-256 in hex, or why there is none}; what ``memo`` knows is not read again.

    Features count by their arrays, so that one clip is the same in whatever file it lies.
    ``memo`` is a CSV, made if absent. It knows a file by its path and :func:`_state`. Several processes may use it at
    once: each adds to what it finds, and what is lost between two of them is computed again. Raises
    :class:`StudyError` where it cannot be written."""
    # The state is taken before the file is read: one that changes meanwhile is known by its old state, and read again.
    keys = {path: (path, *_state(os.stat(file_of(path)))) for path in paths}
    known = _read(memo)
    new = [path for path, key in keys.items() if key not in known]
    with ThreadPoolExecutor() as pool:  # hashing gives up the interpreter lock
        fresh = dict(zip(new, pool.map(_sha256, new), strict=True))
    if fresh:
        others = {key: digest for key, digest in _read(memo).items() if key[0] not in fresh}
        _write(memo, others | {keys[path]: digest for path, digest in fresh.items()})
    return {path: fresh.get(path) or known[key] for path, key in keys.items()}


def _state(status):
    """Return what changes with a file: size, time of change, inode, and the time of change of its status.

    Size and time of change alone miss a file that took another's place: moved, or unpacked with the times of an
    archive. Its inode or, where that is the same one again, the time of its status tells, which no program can set."""
    return str(status.st_size), str(status.st_mtime_ns), str(status.st_ino), str(status.st_ctime_ns)


def _sha256(path):
    try:
        if is_a(file_of(path), "features"):
            return digest(path)
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except FeatureError as error:
        return error.reason


def _read(memo):
    """Return {(path, *state): digest}; what cannot be made out is left out, and made again."""
    try:
        with open(memo, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == FIELDS and re.fullmatch("[0-9a-f]{64}", row[-1])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {tuple(row[:-1]): row[-1] for row in rows}


def _write(memo, known):
    try:
        with replacing(memo) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([*key, digest] for key, digest in known.items())
    except OSError as error:
        raise StudyError(f"the cache folder {memo.parent} cannot be written: {error.strerror}") from None
