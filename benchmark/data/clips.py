"""The table of clips: which files there are, what each is labelled, and which belong together."""

import hashlib
import os
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmark.config.labels import ClassParams
from benchmark.data.addresses import split_address
from benchmark.data.class_choice import choose_classes, odd_names
from benchmark.data.digests import digests
from benchmark.data.folder_reader import read_folder
from benchmark.data.hdf5_reader import read_hdf5
from benchmark.data.media import flaw
from benchmark.data.same_files import join_folders
from benchmark.data.split_files import split_by_name
from benchmark.data.table_reader import read_listed
from benchmark.data.task_labels import allows_several, joined
from benchmark.errors import StudyError
from benchmark.store.labels import SEPARATOR
from spectrograms.names import printable, safe_name

COLUMNS = ["clip_id", "path", "label", "group", "split", "sha256"]
TABLES = (".csv", ".tsv", ".txt")
READERS = {".h5": read_hdf5, ".hdf5": read_hdf5} | dict.fromkeys(TABLES, read_listed)  # of a file; else it is a folder
DIGEST = re.compile("[0-9a-f]{64}")
ALL = ClassParams()


def find_clips(dataset, cache, labelled=True, say=lambda sentence: None, task="multiclass", classes=ALL):
    """Return the clips of a data set and the files set aside, as two tables; ``say`` is told what was guessed.

    clips: clip_id (unique, safe as a file name), path (absolute), label (its classes joined by '|'), group, split (''
    unless the data set gives one) and sha256 of the bytes, sorted by label, then clip_id. rejected: path, reason. Ids
    and groups do not depend on where the data set lies, nor on how a CSV writes its paths. Digests are remembered in
    ``cache/digests.csv`` as long as a file is the same, so a second call reads no media file.

    ``dataset.root`` is a folder (:func:`read_folder`), a CSV (:func:`read_listed`) or one HDF5 file of features
    (:func:`read_hdf5`). A clip's group is its CSV cell,
    else what ``group_pattern`` makes of its file name, else its own. ``task`` is a key of TASKS: where it takes several
    labels, a file in several class folders is one clip. ``classes`` is a :class:`ClassParams`, of which keep
    and drop are heeded. Without ``labelled`` files may also lie directly in ``root``, and one class will do: enough to
    render. Raises :class:`StudyError` where ``root`` is unusable."""
    root, memo = dataset.root, Path(cache) / "digests.csv"
    read = read_folder if root.is_dir() else READERS.get(root.suffix.lower(), read_folder)
    found, rejected, notes = read(dataset, labelled, task)
    if labelled:
        found, taken_off, more = choose_classes(root, found, classes, task)
        rejected, notes = rejected + taken_off, notes + more
    if dataset.splits:
        found, partless, more = split_by_name(dataset.splits, found)
        rejected, notes = rejected + partless, notes + more
    flaws = {clip.path: why for clip in found if (why := flaw(clip.path, dataset.kind))}
    of_file = digests([clip.path for clip in found if clip.path not in flaws], memo)
    flaws |= {path: told for path, told in of_file.items() if not DIGEST.fullmatch(told)}
    sound = [clip for clip in found if clip.path not in flaws]
    _check_labels(root, found, sound, flaws, labelled)
    if labelled and read is read_folder and allows_several(task):
        sound, doubles, more = join_folders(root, sound, of_file)
        rejected, notes = rejected + doubles, notes + more
    for note in [*notes, *(odd_names(root, sound) if labelled else ())]:
        say(note)
    ids = _clip_ids(sound)
    groups = _groups(sound, ids, dataset.group_pattern if labelled else None)
    rows = [
        (clip_id, clip.path, joined(clip.labels), group, clip.split, of_file[clip.path])
        for clip, clip_id, group in zip(sound, ids, groups, strict=True)
    ]
    aside = sorted({(printable(path), printable(reason)) for path, reason in [*rejected, *flaws.items()]})
    clips = pd.DataFrame(rows, columns=COLUMNS, dtype=str).sort_values(["label", "clip_id"], ignore_index=True)
    return clips, pd.DataFrame(aside, columns=["path", "reason"], dtype=str)


def _check_labels(root, found, sound, flaws, labelled):
    """Raise where a class lost all its clips, stands alone, or is another one but for case and punctuation."""
    classes = sorted({name for clip in sound for name in clip.labels})
    if labelled and (holding := [name for name in classes if SEPARATOR in name]):
        raise StudyError(f"the class '{holding[0]}' of {root} has a '{SEPARATOR}' in its name, which separates labels")
    for clip in found:
        for name in set(clip.labels).difference(classes):
            raise StudyError(f"no clip of '{name}' in {root} is usable; {printable(clip.path)}: {flaws[clip.path]}")
    if labelled and len(classes) < 2:
        has = f"one class only, '{classes[0]}'" if classes else "no clip with a label"
        raise StudyError(f"{root} has {has}; at least two classes are needed to tell apart")
    names = {}
    for name in classes:
        other = names.setdefault(safe_name(name).casefold(), name)
        if other != name:
            raise StudyError(f"labels '{other}' and '{name}' of {root} differ in case or punctuation alone; rename one")


def _clip_ids(clips):
    """Return a safe name per clip; those that would share one (or differ in case only) get a hash of their key."""
    names = [safe_name(clip.name) for clip in clips]
    times = Counter(name.casefold() for name in names)
    # A name may be composed (é) on one system and decomposed (e and an accent) on another.
    keys = [hashlib.sha256(unicodedata.normalize("NFC", clip.key).encode()).hexdigest()[:8] for clip in clips]
    return [f"{n}-{key}" if times[n.casefold()] > 1 else n for n, key in zip(names, keys, strict=True)]


def _groups(clips, ids, pattern):
    """Return the group of each clip; ``pattern`` is a regular expression, or pairs of one and the group's name."""
    pairs = ((pattern, None),) if isinstance(pattern, str) else pattern or ()
    named = [split_address(clip.path)[1] or os.path.basename(clip.path) for clip in clips]
    names = [unicodedata.normalize("NFC", name) for name in named]
    groups = [clip.group or _group_of(name, pairs) for clip, name in zip(clips, names, strict=True)]
    if pairs and not any(groups):
        # Going on would silently let takes of one recording into train and test.
        patterns = " or ".join(f"'{expression}'" for expression, _ in pairs)
        raise StudyError(f"group_pattern {patterns} is in no file name, such as {os.path.basename(clips[0].path)}")
    return [group or f"clip:{clip_id}" for group, clip_id in zip(groups, ids, strict=True)]


def _group_of(name, pairs):
    """Return the group that the first of ``pairs`` (expression, group) found in a file name gives it, or ''.

    A group of None is the match's first capture group, or the whole match where it has none."""
    for expression, group in pairs:
        if match := re.search(expression, name):
            return (match[1 if match.re.groups else 0] or "") if group is None else match.expand(group)
    return ""
