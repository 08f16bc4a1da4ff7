"""The table of clips: which files there are, what each is labelled, and which belong together."""

import csv
import hashlib
import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmark.config import StudyError
from benchmark.files import replacing
from spectrograms.names import printable, safe_name

COLUMNS = ["clip_id", "path", "label", "group", "split", "sha256"]
MEDIA = {  # by dataset.kind; the containers of video count as audio: their sound is the clip
    "audio": re.compile(
        r"\.(wav|flac|ogg|oga|opus|mp[23]|m4[ab]|aac|ac3|wma|aiff?|aifc|au|caf|w64|amr|mka"
        r"|mp4|m4v|mkv|webm|mov|avi|mpe?g|wmv|flv|3gp|ogv|m?ts)"
    ),
    "images": re.compile(r"\.(png|jpe?g|bmp|gif|tiff?|webp|p[pg]m)"),
}
COMPANIONS = re.compile(  # what commonly lies beside media; ignored without a word
    r"\.(txt|[ct]sv|jsonl?|xml|ya?ml|md|rst|html|pdf|srt|vtt|db|ini|log|py|mat?|np[yz]|md5)"
)
JUNK_FOLDERS = frozenset(["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"])


class Found(NamedTuple):
    """One file of the data set, before it is looked into."""

    path: str  # absolute
    label: str  # as the user wrote it
    name: str  # readable; the clip_id is made from it
    key: str  # tells clips of one name apart, and is the same on every machine
    group: str = ""
    split: str = ""


def find_clips(dataset, cache, labelled=True):
    """Return the clips of a data set and the files set aside, as two tables.

    clips: clip_id (unique, safe as a file name), path (absolute), label, group, split ('' unless the CSV gives one) and
    sha256 of the bytes, sorted by label, then clip_id. rejected: path, reason. Digests are remembered in
    ``cache/digests.csv`` by path, size and time of change, so a second call reads no media file.

    ``dataset.root`` is a folder with a folder per class, searched to any depth, or a CSV
    ``path,label[,group][,split]``. A clip's group is its CSV cell, else what ``group_pattern`` finds in its file name,
    its first capture group or the whole match, else its own. Without ``labelled`` files may also lie directly in
    ``root``, and one class will do: enough to render. Raises :class:`StudyError` where ``root`` is unusable."""
    root = Path(dataset.root)
    read = _from_csv if root.suffix.lower() == ".csv" and not root.is_dir() else _from_folder
    found, rejected = read(root, dataset.kind, labelled)
    flaws = {clip.path: flaw for clip in found if (flaw := _flaw(clip.path, dataset.kind))}
    digests = _digests([clip.path for clip in found if clip.path not in flaws], Path(cache))
    flaws |= {path: digest for path, digest in digests.items() if digest.startswith("cannot be read")}
    sound = [clip for clip in found if clip.path not in flaws]
    _check_labels(root, found, sound, flaws, labelled)
    ids = _clip_ids(sound)
    groups = _groups(sound, ids, dataset.group_pattern if labelled else None)
    rows = [
        (clip_id, clip.path, clip.label, group, clip.split, digests[clip.path])
        for clip, clip_id, group in zip(sound, ids, groups, strict=True)
    ]
    aside = sorted({(printable(path), printable(reason)) for path, reason in [*rejected, *flaws.items()]})
    clips = pd.DataFrame(rows, columns=COLUMNS, dtype=str).sort_values(["label", "clip_id"], ignore_index=True)
    return clips, pd.DataFrame(aside, columns=["path", "reason"], dtype=str)


def _from_folder(root, kind, labelled):
    """Return what lies in the class folders of ``root``, as a list of Found and a list of (path, reason)."""
    if not root.is_dir():
        what = "is another file" if root.exists() else f"does not exist (relative paths start at {Path.cwd()})"
        raise StudyError(f"dataset.root must be a folder with a folder per class, or a .csv file; {root} {what}")
    root, rejected, found = Path(os.path.abspath(root)), [], []
    for folder in _class_folders(root, kind, rejected, labelled):
        files = list(_files_below(folder, kind, rejected))
        media = [file for file in files if _is_a(file, kind)]
        if not media:
            held = [other for other in MEDIA if any(_is_a(file, other) for file in files)]
            hint = f"holds {held[0]}; is dataset.kind: {held[0]} meant?" if held else "fill or remove it"
            raise StudyError(f"no {kind} in the class folder {folder}; {hint}")
        for file in media:
            name = str(file.relative_to(folder).with_suffix(""))
            found.append(Found(str(file), folder.name, name, file.relative_to(root).as_posix()))
        strange = [file for file in files if not COMPANIONS.fullmatch(file.suffix.lower()) and not _is_any(file)]
        rejected += [(str(file), f"unknown extension '{file.suffix}'") for file in strange]
    return found, rejected


def _class_folders(root, kind, rejected, labelled):
    try:
        entries = sorted(root.iterdir())
    except OSError as error:
        raise StudyError(f"the folder {root} cannot be read: {error.strerror}") from None
    folders = [entry for entry in entries if entry.is_dir() and _is_visible(entry.name)]
    rejected += [(str(folder), "is a folder, not a file") for folder in folders if _is_a(folder, kind)]
    classes = [folder for folder in folders if not _is_a(folder, kind)]
    if not classes and not labelled:
        return [root]
    if not classes:
        lying = f"{sum(_is_a(entry, kind) for entry in entries)} files of {kind} directly in it"
        raise StudyError(f"expected a folder per class in {root}, such as {root / 'action'}; found none, and {lying}")
    for folder in classes:
        if printable(folder.name) != folder.name:
            raise StudyError(f"the class folder {printable(folder)} has a name that cannot be printed; rename it")
    return classes


def _files_below(folder, kind, rejected):
    """Yield the visible files below ``folder``: links are followed, and each folder is entered once."""
    seen = set()

    def report(error):
        rejected.append((str(error.filename), f"the folder cannot be read: {error.strerror}"))

    for where, folders, files in os.walk(folder, followlinks=True, onerror=report):
        place = os.path.realpath(where)
        if place in seen:  # a link to a folder above would be walked for ever
            folders.clear()
            continue
        seen.add(place)
        media = [name for name in folders if _is_a(name, kind)]
        rejected += [(os.path.join(where, name), "is a folder, not a file") for name in media]
        folders[:] = sorted(name for name in folders if _is_visible(name) and name not in media)
        yield from (Path(where, name) for name in sorted(files) if _is_visible(name))


def _is_visible(name):
    return not name.startswith(".") and name not in JUNK_FOLDERS


def _is_a(file, kind):
    return bool(MEDIA[kind].fullmatch(Path(file).suffix.lower()))


def _is_any(file):
    return any(_is_a(file, kind) for kind in MEDIA)


def _from_csv(table, kind, labelled):
    """Return what a CSV lists, as a list of Found and a list of (path, reason)."""
    rows = _csv_rows(table)
    for what, is_wrong in CSV_FLAWS.items():
        wrong = [row for row in rows if is_wrong(row)]
        if wrong:
            lines = ", ".join(str(row["line"]) for row in wrong[:5]) + (" and more" if len(wrong) > 5 else "")
            raise StudyError(f"{table}, line {lines}: {what}; got {printable(','.join(list(wrong[0].values())[:4]))}")
    listed = {}
    for row in rows:
        first = listed.setdefault(row["file"], row)
        if any(first[key] != row[key] for key in ("label", "group", "split")):
            raise StudyError(
                f"{table}, lines {first['line']} and {row['line']}: {row['path']} is listed as '{first['label']}' "
                f"and as '{row['label']}', or with two groups or splits; keep one"
            )
    rows = listed.values()
    return [Found(r["file"], r["label"], Path(r["file"]).stem, r["path"], r["group"], r["split"]) for r in rows], []


CSV_FLAWS = {
    "the path is blank": lambda row: not row["path"],
    "the label is blank": lambda row: not row["label"],
    "the label cannot be printed on one line": lambda row: printable(row["label"]) != row["label"],
    "split must be train, val or test, or blank": lambda row: row["split"] not in ("", "train", "val", "test"),
    "no such file, beside the CSV or from the current folder": lambda row: not os.path.lexists(row["file"]),
}


def _csv_rows(table):
    """Return a CSV's rows as mappings: path, label, group, split, line (counted from 1) and file (absolute path)."""
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except FileNotFoundError:
        raise StudyError(f"dataset.root: no CSV {table} (relative paths start at {Path.cwd()})") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{table} cannot be read as a CSV in UTF-8: {error}") from None
    missing = [name for name in ("path", "label") if name not in header]
    if missing or not lines:
        lack = f"no column {' and '.join(missing)}" if missing else "no row below its header"
        raise StudyError(f"{table} must have columns path,label[,group][,split]; {lack}; its columns: {header}")
    rows = []
    for line, cells in lines:
        cell = dict(zip(header, map(str.strip, cells), strict=False))
        row = {name: cell.get(name, "") for name in ("path", "label", "group", "split")}
        rows.append(row | {"line": line, "file": _locate(row["path"], table.parent)})
    return rows


def _locate(text, folder):
    """Return the absolute path that a CSV means: beside it, else from here; '\\' for '/' where that is what exists."""
    places = [os.path.join(base, path) for path in (text, text.replace("\\", "/")) for base in (folder, os.getcwd())]
    return os.path.abspath(next((path for path in places if os.path.lexists(path)), places[0]))


def _flaw(path, kind):
    """Return why a file cannot be a clip, or ''. A pipe or device is never opened: reading it may never end."""
    if _is_any(path) and not _is_a(path, kind):
        return f"is no file of {kind}"
    if path.encode(errors="ignore").decode() != path:
        return "the name is not valid UTF-8"
    if "\r" in path:  # pandas writes it without quotes, and reads two lines
        return "the name holds a carriage return"
    try:
        status = os.stat(path)
    except OSError as error:
        return "broken link" if os.path.islink(path) else f"cannot be read: {error.strerror}"
    if not os.path.isfile(path):
        return "is no regular file"
    if not status.st_size:
        return "is empty (0 bytes)"
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def _check_labels(root, found, sound, flaws, labelled):
    """Raise where a label lost all its clips, stands alone, or would share its folder in the cache with another."""
    labels = sorted({clip.label for clip in sound})
    for clip in found:
        if clip.label not in labels:
            raise StudyError(
                f"no clip of '{clip.label}' in {root} is usable; {printable(clip.path)}: {flaws[clip.path]}"
            )
    if labelled and len(labels) < 2:
        raise StudyError(f"{root} has one class only, '{labels[0]}'; at least two are needed to tell apart")
    folders = {}
    for label in labels:
        other = folders.setdefault(safe_name(label).casefold(), label)
        if other != label:
            raise StudyError(f"labels '{other}' and '{label}' of {root} need folders that differ by name; rename one")


def _clip_ids(clips):
    """Return a safe name per clip; those that would share one (or differ in case only) get a hash of their key."""
    names = [safe_name(clip.name) for clip in clips]
    times = Counter(name.casefold() for name in names)
    keys = [hashlib.sha256(clip.key.encode()).hexdigest()[:8] for clip in clips]
    return [f"{n}-{key}" if times[n.casefold()] > 1 else n for n, key in zip(names, keys, strict=True)]


def _groups(clips, ids, pattern):
    matches = [re.search(pattern, os.path.basename(clip.path)) if pattern else None for clip in clips]
    texts = [match.group(1 if match.re.groups else 0) if match else "" for match in matches]
    groups = [clip.group or text for clip, text in zip(clips, texts, strict=True)]
    if pattern and not any(groups):
        # Going on would silently let takes of one recording into train and test.
        raise StudyError(f"group_pattern '{pattern}' is in no file name, such as {os.path.basename(clips[0].path)}")
    return [group or f"clip:{clip_id}" for group, clip_id in zip(groups, ids, strict=True)]


def _digests(paths, cache):
    """Return {path: SHA-256 in hex, or 'cannot be read: ...'}, from the memo in ``cache`` where a file is unchanged."""
    memo, states = _read_memo(cache / "digests.csv"), {path: os.stat(path) for path in paths}
    keys = {path: (path, str(state.st_size), str(state.st_mtime_ns)) for path, state in states.items()}
    new = [path for path, key in keys.items() if key not in memo]
    with ThreadPoolExecutor() as pool:  # hashing gives up the interpreter lock
        fresh = dict(zip(new, pool.map(_sha256, new), strict=True))
    kept = {key: digest for key, digest in memo.items() if key[0] not in fresh}
    if fresh:
        _write_memo(cache / "digests.csv", kept | {keys[path]: fresh[path] for path in new})
    return {path: fresh.get(path) or memo[key] for path, key in keys.items()}


def _sha256(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _read_memo(memo):
    """Return {(path, size, mtime_ns): digest}; what cannot be made out is left out, and made again."""
    try:
        with open(memo, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 4 and re.fullmatch("[0-9a-f]{64}", row[3])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {tuple(row[:3]): row[3] for row in rows}


def _write_memo(memo, digests):
    try:
        with replacing(memo) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([*key, digest] for key, digest in digests.items())
    except OSError as error:
        raise StudyError(f"the cache folder {memo.parent} cannot be written: {error.strerror}") from None
