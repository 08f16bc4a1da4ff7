"""The rows of a table of clips: those that cannot be meant, those whose file is missing, those of one file."""

import os
from itertools import groupby

from benchmark.data.addresses import file_of
from benchmark.data.task_labels import fits, joined, way_out
from benchmark.errors import StudyError
from benchmark.tasks import TASKS
from spectrograms.names import printable

FIELDS = ("path", "label", "group", "split")
SHOWN = 5  # lines in a sentence
FLAWS = {
    "the path is blank": lambda row: not row["path"],
    "the label cannot be printed on one line": lambda row: printable(row["label"]) != row["label"],
    "split must be train, val or test, or blank": lambda row: row["split"] not in ("", "train", "val", "test"),
}
MISSING = "no such file, beside the CSV, from the current folder, or below dataset.folder"


def check_rows(table, rows):
    """Raise :class:`StudyError` with the first lines that have a flaw; ``rows`` are dicts with FIELDS and ``line``."""
    for what, is_wrong in FLAWS.items():
        _refuse(table, [row for row in rows if is_wrong(row)], what)


def check_labels(table, rows, task):
    """Raise :class:`StudyError` with the lines whose labels are not as many as the task of that name allows."""
    wrong = [
        row for row, is_right in zip(rows, fits(task, [row["label"] for row in rows]), strict=True) if not is_right
    ]
    if wrong:
        what = "the label is blank" if not wrong[0]["label"] else "it has several labels"
        alike = [row for row in wrong if bool(row["label"]) == bool(wrong[0]["label"])]
        out = way_out(task, [row["label"] for row in rows])
        _refuse(table, alike, f"{what}, where task: {task} wants {TASKS[task].wants} per clip{out}")


def set_missing_aside(table, rows, missing):
    """Return (the rows whose file is there, (path, reason) of the others); ``missing`` is dataset.missing."""
    gone = [row for row in rows if not os.path.lexists(file_of(row["file"]))]
    if missing == "error" or len(gone) == len(rows):
        _refuse(table, gone, f"{MISSING} (dataset.missing: set_aside leaves such rows out)")
    there = [row for row in rows if os.path.lexists(file_of(row["file"]))]
    return there, [(row["path"], f"no such file; {table}, line {row['line']}, names it") for row in gone]


def join_repeats(table, rows, task):
    """Return (a row per file, sentences on the rows that were joined).

    Rows that say the same count once. Where each row has one label, as tables with a row per clip and label do, a file
    has the labels of all its rows, if the task takes several. All else is a contradiction: :class:`StudyError`."""
    by_file = {}
    for row in rows:
        by_file.setdefault(row["file"], []).append(row)
    one_each = all(len(row["labels"]) <= 1 for row in rows)
    same, joint, kept = [], [], []
    for of_file in by_file.values():
        sayings = [key for key, _ in groupby(sorted((row["label"], row["group"], row["split"]) for row in of_file))]
        union = {name for row in of_file for name in row["labels"]}
        long = len(union) == len(sayings) and one_each and fits(task, [joined(union)]).all()
        if len(sayings) > 1 and not long:
            _refuse_two(table, of_file, task, union)
        kept.append(of_file[0] | {"labels": tuple(sorted(union)), "label": joined(union)})
        joint += [of_file] if len(sayings) > 1 else []
        same += of_file[len(sayings) :]
    notes = []
    if same:
        notes.append(
            f"WARNING: {table}, line {_lines(same)}: {len(same)} rows repeat another of the same file; they count once"
        )
    if joint:
        first = ", ".join(str(row["line"]) for row in joint[0][:SHOWN])
        notes.append(
            f"{len(joint)} clips have several rows with a label each, as in lines {first}: they have all of them"
        )
    return kept, notes


def _refuse_two(table, of_file, task, union):
    first = of_file[0]
    other = next(row for row in of_file if any(first[field] != row[field] for field in FIELDS[1:]))
    out = way_out(task, [joined(union)])
    raise StudyError(
        f"{table}, lines {first['line']} and {other['line']}: {printable(first['path'])} is listed as "
        f"'{first['label']}' and as '{other['label']}', or with two groups or splits; keep one{out}"
    )


def _refuse(table, wrong, what):
    if wrong:
        got = printable(",".join(wrong[0][field] for field in FIELDS))
        raise StudyError(f"{table}, line {_lines(wrong)}: {what}; got {got}")


def _lines(rows):
    return ", ".join(str(row["line"]) for row in rows[:SHOWN]) + (" and more" if len(rows) > SHOWN else "")
