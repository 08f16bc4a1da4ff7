"""Files of sound, of pictures, of features: which they are, what lies beside them, and why one cannot be a clip."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.data.addresses import file_of

COMPANIONS = re.compile(  # what commonly lies beside media; ignored without a word
    r"\.(txt|[ct]sv|jsonl?|xml|ya?ml|md|rst|html|pdf|srt|vtt|db|ini|log|py|mat?|np[yz]|md5)"
)
JUNK_FOLDERS = frozenset(["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"])
SPLIT_NAMES = {  # what folders and the column split may be called, in any case
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


class Found(NamedTuple):
    """One file of the data set, before it is looked into."""

    path: str  # absolute
    labels: tuple[str, ...]  # its classes, as the user wrote them, sorted
    name: str  # readable; the clip_id is made from it
    key: str  # where it lies within the data set: tells clips of one name apart, wherever the data set lies
    group: str = ""
    split: str = ""


def is_a(file, dataset_kind):
    """Return whether a file's extension is one of a kind of data set, a key of DATASET_KINDS."""
    return bool(DATASET_KINDS[dataset_kind].extensions.fullmatch(Path(file).suffix.lower()))


def is_any(file):
    """Return whether a file's extension is one of any kind of data set."""
    return any(is_a(file, dataset_kind) for dataset_kind in DATASET_KINDS)


def kind_of(files, pictures=()):
    """Return the kind of data set that most of the files are of, None of none; ``pictures`` are such by their content.

    Films are sound too: where all sound is that of films, the kind is that of films."""
    counts = Counter(
        kind for file in files for kind, row in DATASET_KINDS.items()
        if is_a(file, kind) or (row.by_content and file in pictures)
    )  # fmt: skip
    most = counts.most_common(1)[0][0] if counts else None
    return "video" if most == "audio" and counts["video"] == counts["audio"] else most


def is_visible(name):
    """Return whether a file or folder of this name was put there by its user."""
    return not name.startswith(".") and name not in JUNK_FOLDERS


def files_below(folder, dataset_kind, rejected):
    """Yield the visible files below ``folder``: links are followed, and each folder is entered once.

    What cannot be entered is added to ``rejected``, a list of (path, reason)."""
    seen = set()

    def report(error):
        rejected.append((str(error.filename), f"the folder cannot be read: {error.strerror}"))

    for where, folders, files in os.walk(folder, followlinks=True, onerror=report):
        place = os.path.realpath(where)
        if place in seen:  # a link to a folder above would be walked for ever
            folders.clear()
            continue
        seen.add(place)
        media = [name for name in folders if is_a(name, dataset_kind)]
        rejected += [(os.path.join(where, name), "is a folder, not a file") for name in media]
        folders[:] = sorted(name for name in folders if is_visible(name) and name not in media)
        yield from (Path(where, name) for name in sorted(files) if is_visible(name))


def flaw(path, dataset_kind):
    """Return why a file cannot be a clip, or ''. A pipe or device is never opened: reading it may never end."""
    file = file_of(path)
    if is_any(file) and not is_a(file, dataset_kind):
        return f"is no file of {dataset_kind}"
    if path.encode(errors="ignore").decode() != path:
        return "the name is not valid UTF-8"
    if "\r" in path:  # pandas writes it without quotes, and reads two lines
        return "the name holds a carriage return"
    try:
        status = os.stat(file)
    except OSError as error:
        return "broken link" if os.path.islink(file) else f"cannot be read: {error.strerror}"
    if not os.path.isfile(file):
        return "is no regular file"
    if not status.st_size:
        return "is empty (0 bytes)"
    return "" if os.access(file, os.R_OK) else "cannot be read: permission denied"
