"""What lies beside published features: their labels in a table, their split in a JSON, the names of classes."""

import json
from pathlib import Path
from typing import NamedTuple

from benchmark.config.columns import ColumnParams
from benchmark.data.delimited import column_of, read_table
from benchmark.data.label_columns import listed, read_labels
from benchmark.data.media import SPLIT_NAMES
from benchmark.errors import StudyError

IDS = ("clip_id", "id", "youtube_id", "trailer_id", "name", "path")  # what the column of ids may be called
LABELS = ("labels", "label", "genres", "genre")  # that of the labels; else columns of 0 and 1 are the classes
SPLITS = ("split", "set")
NUMBERED = {"0": "train", "1": "val", "2": "test"}  # as LMTD's table numbers them
SPLIT_KEYS = SPLIT_NAMES | {"trn": "train", "tst": "test"}  # of a JSON; MovieNet's are trn, val and tst


class Label(NamedTuple):
    """What a table says of a clip."""

    labels: tuple[str, ...] = ()
    group: str = ""
    split: str = ""


def read_label_table(path, as_id=str):
    """Return {clip_id: Label} of a table with a column of ids (IDS) and one of labels (LABELS), or one per class.

    Columns split, or set, and group are read where there are such. ``as_id`` makes an id of a cell. Raises
    :class:`StudyError` with the line where it cannot be meant."""
    path = Path(path)
    text = read_table(path, (*IDS, *LABELS))
    places = {title: column_of(path, text.header, title, title, False) for title in (*IDS, *LABELS, *SPLITS, "group")}
    at = next((places[title] for title in IDS if places[title] is not None), None)
    if at is None:
        raise StudyError(f"{path} must have a column of ids: {', '.join(IDS)}; its columns: {text.header}")
    label = next((title for title in LABELS if places[title] is not None), None)
    split = next((places[title] for title in SPLITS if places[title] is not None), None)
    columns = ColumnParams(label=label and text.header[places[label]])
    labels, _, _ = read_labels(path, text, columns, {at, split, places["group"]} - {None})
    if labels is None:
        raise StudyError(f"{path} must have a column of labels: {', '.join(LABELS)}, or columns of 0 and 1")
    found = {}
    for (line, cells), names in zip(text.rows, labels, strict=True):
        group = "" if places["group"] is None else cells[places["group"]]
        said = Label(names, group, "" if split is None else _split_of(path, line, cells[split]))
        if found.setdefault(as_id(cells[at]), said) != said:
            raise StudyError(f"{path}, line {line}: {cells[at]} stands in a line before, with other labels or split")
    return found


def read_split(path):
    """Return {clip_id: train, val or test} of a JSON {part: [clip_id, ...]}; parts may be called trn, val and tst.

    Raises :class:`StudyError` where it is none, or names a clip in two parts."""
    try:
        parts = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    is_split = isinstance(parts, dict) and parts and all(isinstance(ids, list) for ids in parts.values())
    if not is_split or (strange := sorted(parts.keys() - SPLIT_KEYS.keys())):
        got = f"; got {listed(strange)}" if is_split else ""
        raise StudyError(f"{path} must be {{part: [clip_id, ...]}} with parts train (trn), val and test (tst){got}")
    found = {}
    for part, ids in parts.items():
        for clip_id in map(str, ids):
            if found.setdefault(clip_id, SPLIT_KEYS[part]) != SPLIT_KEYS[part]:
                raise StudyError(f"{path}: {clip_id} is in {found[clip_id]} and in {SPLIT_KEYS[part]}")
    return found


def read_class_names(path):
    """Return {index: name} of a table of classes with the columns index and display_name, as AudioSet gives it."""
    text = read_table(Path(path), ("index", "display_name"))
    at, name = (column_of(path, text.header, title, title, False) for title in ("index", "display_name"))
    if at is None or name is None:
        raise StudyError(f"{path} must have the columns index and display_name; its columns: {text.header}")
    if wrong := [line for line, cells in text.rows if not cells[at].isdecimal()]:
        raise StudyError(f"{path}, line {wrong[0]}: index must be a number from 0 on")
    return {int(cells[at]): cells[name] for _, cells in text.rows}


def _split_of(path, line, cell):
    split = NUMBERED.get(cell) or SPLIT_KEYS.get(cell.lower(), cell)
    if split not in ("", "train", "val", "test"):
        raise StudyError(f"{path}, line {line}: split must be train, val or test, or blank; got {cell}")
    return split
