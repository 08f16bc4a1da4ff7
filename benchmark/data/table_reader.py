"""A CSV that lists clips, under its own names of columns or mapped ones, as a list of clips."""

import os
import re
from pathlib import Path

from benchmark.data.addresses import name_of
from benchmark.data.delimited import column_of, read_table
from benchmark.data.label_columns import TITLES, listed, read_labels
from benchmark.data.listed_files import locate_all
from benchmark.data.listed_rows import check_labels, check_rows, join_repeats, set_missing_aside
from benchmark.data.media import SPLIT_NAMES, Found
from benchmark.data.task_labels import joined
from benchmark.errors import StudyError

PLAIN = ("path", "group", "split")  # the columns that are no labels
PLACE = re.compile(r"\{([^{}:]+)(?::0(\d+))?\}")  # of a column's cell in a template: {name} or {name:06}


def read_listed(dataset, labelled, task):
    """Return what the CSV ``dataset.root`` lists: a list of Found, one of (path, reason), one of notes.

    ``dataset.columns`` says which column is the path, label, group and split, where it is not the one of that name; for
    the labels see :func:`read_labels`. The path may be a template: ``audio/fold{fold}/{slice_file_name}``,
    ``{track_id:06}.mp3``. Paths start at ``dataset.folder``, where a name without its folders, or an id without its
    extension, is searched for; without it at the CSV, or here. With ``labelled`` each clip must have as many labels as
    the task of that name allows. Raises :class:`StudyError` with the line."""
    table = Path(dataset.root)
    rows, notes = _rows(table, dataset)
    check_rows(table, rows)
    notes += locate_all(rows, dataset)
    rows, rejected = set_missing_aside(table, rows, dataset.missing)
    if labelled:
        check_labels(table, rows, task)
    rows, joins = join_repeats(table, rows, task)
    return _found(rows), rejected, notes + joins


def _rows(table, dataset):
    """Return (a dict per row: path, labels, label, group, split and line; sentences on what was guessed)."""
    given = dataset.columns.given()
    template = given.get("path", "") if PLACE.search(given.get("path", "")) else None
    named = {field: given.get(field, field) for field in PLAIN if not (field == "path" and template)}
    inserted = [place[0] for place in PLACE.findall(template or "")]
    wanted = [*named.values(), *inserted, *dataset.columns.labels, *([given["label"]] if "label" in given else TITLES)]
    text = read_table(table, wanted, dataset.encoding)
    places = {field: column_of(table, text.header, name, field, field in given) for field, name in named.items()}
    inserts = {name: column_of(table, text.header, name, "path", True) for name in inserted}
    taken = {*places.values(), *inserts.values()} - {None}
    labels, used, notes = read_labels(table, text, dataset.columns, taken)
    missing = [named[field] for field in named if places[field] is None and (field == "path" or field in given)]
    missing += [name for name, at in inserts.items() if at is None]
    missing += [given.get("label", "label")] if labels is None else []
    if missing or not text.rows:
        lack = f"no column {' and '.join(missing)}" if missing else "no row below its header"
        raise StudyError(
            f"{table} must have columns path,label[,group][,split], or dataset.columns say which they are; {lack}; its "
            f"columns: {text.header}"
        )
    rest = [title or "(no name)" for place, title in enumerate(text.header) if place not in taken | set(used)]
    notes = [*text.notes, *notes, *([f"columns of {table} that are not read: {listed(rest)}"] if rest else [])]
    rows = []
    for (line, cells), names in zip(text.rows, labels, strict=True):
        row = {field: "" if at is None else cells[at] for field, at in places.items()}
        if template:
            row["path"] = _fill(template, {name: cells[at] for name, at in inserts.items()})
        row["split"] = SPLIT_NAMES.get(row["split"].lower(), row["split"])
        rows.append(row | {"line": line, "labels": names, "label": joined(names)})
    return rows, notes


def _fill(template, cells):
    """Return a template with the cells of a row in the place of their names; {name:06} fills up with zeros to six."""
    return PLACE.sub(lambda place: cells[place[1]].zfill(int(place[2] or 0)), template)


def _found(rows):
    """Return a Found per row; its key is its place below the folder that all files share."""
    shared = os.path.commonpath([os.path.dirname(row["file"]) for row in rows])
    return [
        Found(
            row["file"],
            row["labels"],
            name_of(row["file"]),
            Path(os.path.relpath(row["file"], shared)).as_posix(),
            row["group"],
            row["split"],
        )
        for row in rows
    ]
