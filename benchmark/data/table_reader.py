"""A CSV that lists clips, under its own names of columns or mapped ones, as a list of clips."""

import os
import re
from collections import defaultdict
from pathlib import Path

from benchmark.data.delimited import read_table
from benchmark.data.media import SPLIT_NAMES, Found, files_below
from benchmark.errors import StudyError
from spectrograms.names import printable

FIELDS = ("path", "label", "group", "split")
REQUIRED = ("path", "label")
PLACE = re.compile(r"\{([^{}:]+)(?::0(\d+))?\}")  # of a column's cell in a template: {name} or {name:06}


def read_listed(dataset, labelled):
    """Return what the CSV ``dataset.root`` lists: a list of Found, one of (path, reason), one of notes.

    ``dataset.columns`` says which column is the path, label, group and split, where it is not the one of that name.
    The path may be a template: ``audio/fold{fold}/{slice_file_name}``, ``{track_id:06}.mp3``. Paths start at
    ``dataset.folder``, where a name without its folders is searched for; without it at the CSV, or here. Raises
    :class:`StudyError` with the line."""
    table, columns = Path(dataset.root), dataset.columns
    template = columns.get("path", "") if PLACE.search(columns.get("path", "")) else None
    named = {field: columns.get(field, field) for field in FIELDS if not (field == "path" and template)}
    inserted = [place[0] for place in PLACE.findall(template or "")]
    text = read_table(table, [*named.values(), *inserted], dataset.encoding)
    places = {field: _column(table, text.header, name, field, field in columns) for field, name in named.items()}
    inserts = {name: _column(table, text.header, name, "path", True) for name in inserted}
    missing = [named[field] for field in named if places[field] is None and (field in REQUIRED or field in columns)]
    missing += [name for name, at in inserts.items() if at is None]
    if missing or not text.rows:
        lack = f"no column {' and '.join(missing)}" if missing else "no row below its header"
        raise StudyError(
            f"{table} must have columns path,label[,group][,split], or dataset.columns say which they are; {lack}; its "
            f"columns: {text.header}"
        )
    rows = []
    for line, cells in text.rows:
        row = {field: "" if at is None else cells[at] for field, at in places.items()} | {"line": line}
        if template:
            row["path"] = _fill(template, {name: cells[at] for name, at in inserts.items()})
        row["split"] = SPLIT_NAMES.get(row["split"].lower(), row["split"])
        rows.append(row)
    _locate_all(rows, dataset)
    _check(table, rows)
    return _found(rows), [], text.notes


def _fill(template, cells):
    """Return a template with the cells of a row in the place of their names; {name:06} fills up with zeros to six."""
    return PLACE.sub(lambda place: cells[place[1]].zfill(int(place[2] or 0)), template)


def _column(table, header, name, field, is_mapped):
    """Return where a column stands, or None. A mapped name that is exactly one of the header's is meant."""
    exact = [at for at, title in enumerate(header) if title == name]
    if is_mapped and len(exact) == 1:
        return exact[0]
    alike = [at for at, title in enumerate(header) if title.lower() == name.lower()]
    if len(alike) > 1:
        titles = " and ".join(f"'{header[at]}'" for at in alike)
        raise StudyError(
            f"{table} has the columns {titles}; rename one of them, or say which one is meant: "
            f"dataset.columns: {{{field}: {header[alike[-1]]}}}"
        )
    return alike[0] if alike else None


def _locate_all(rows, dataset):
    """Set the absolute path, ``file``, of each row."""
    folder = dataset.folder
    places = (folder,) if folder else (dataset.root.parent, os.getcwd())
    lying = defaultdict(list)  # by name, what lies below the folder
    if folder and not folder.is_dir():
        raise StudyError(f"dataset.folder must be a folder with the files of {dataset.root}; there is no {folder}")
    for file in files_below(folder, dataset.kind, []) if folder else ():
        lying[file.name].append(file.as_posix())
    for row in rows:
        path, tail = _locate(row["path"], places), row["path"].replace("\\", "/")
        below = [file for file in lying[tail.rpartition("/")[-1]] if file.endswith("/" + tail)]
        if not os.path.lexists(path) and len(below) > 1:
            raise StudyError(
                f"{dataset.root}, line {row['line']}: '{row['path']}' lies {len(below)} times below {folder}: "
                f"{below[0]} and {below[1]}; give its folder too, in the CSV or by a template such as "
                "dataset.columns: {path: 'fold{fold}/{name}'}"
            )
        row["file"] = os.path.abspath(below[0] if below and not os.path.lexists(path) else path)


def _locate(text, places):
    """Return the path that a cell means: from the first of ``places`` where it exists; '\\' is '/' where that does."""
    home = os.path.expanduser(text)
    paths = [os.path.join(base, path) for path in (home, home.replace("\\", "/")) for base in places]
    return os.path.abspath(next((path for path in paths if os.path.lexists(path)), paths[0]))


FLAWS = {
    "the path is blank": lambda row: not row["path"],
    "the label is blank": lambda row: not row["label"],
    "the label cannot be printed on one line": lambda row: printable(row["label"]) != row["label"],
    "split must be train, val or test, or blank": lambda row: row["split"] not in ("", "train", "val", "test"),
    "no such file, beside the CSV, from the current folder, or below dataset.folder": lambda row: (
        not os.path.lexists(row["file"])
    ),
}


def _check(table, rows):
    """Raise :class:`StudyError` with the first lines that have a flaw, or that contradict each other."""
    for what, is_wrong in FLAWS.items():
        wrong = [row for row in rows if is_wrong(row)]
        if wrong:
            lines = ", ".join(str(row["line"]) for row in wrong[:5]) + (" and more" if len(wrong) > 5 else "")
            got = printable(",".join(wrong[0][field] for field in FIELDS))
            raise StudyError(f"{table}, line {lines}: {what}; got {got}")
    listed = {}
    for row in rows:
        first = listed.setdefault(row["file"], row)
        if any(first[field] != row[field] for field in FIELDS[1:]):
            raise StudyError(
                f"{table}, lines {first['line']} and {row['line']}: {row['path']} is listed as '{first['label']}' "
                f"and as '{row['label']}', or with two groups or splits; keep one"
            )


def _found(rows):
    """Return a Found per file; its key is its place below the folder that all files share."""
    by_file = {row["file"]: row for row in rows}
    shared = os.path.commonpath([os.path.dirname(file) for file in by_file])
    keys = [Path(os.path.relpath(file, shared)).as_posix() for file in by_file]
    return [
        Found(file, row["label"], Path(file).stem, key, row["group"], row["split"])
        for (file, row), key in zip(by_file.items(), keys, strict=True)
    ]
