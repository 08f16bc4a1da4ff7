"""Which columns of a table name the files, labels, group and split of clips, and where those files lie."""

import os
from collections import defaultdict
from itertools import islice
from pathlib import Path

from benchmark.config.columns import ColumnParams
from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.data.delimited import read_table
from benchmark.data.label_columns import NUMBER, TITLES, listed, read_labels
from benchmark.data.media import SPLIT_NAMES, files_below, is_any, kind_of
from benchmark.data.table_reader import PLACE
from benchmark.errors import StudyError
from benchmark.store.labels import SEPARATOR
from spectrograms.names import printable

# What columns are commonly called, in lower case, the likelier first: those of ESC-50, UrbanSound8K and FMA are here.
LABELS = (
    *TITLES, "class", "classes", "category", "categories", "genre", "genres", "species", "primary_label", "ebird_code",
    "tag", "tags", "event", "classname", "class_name", "target",
)  # fmt: skip
GROUPS = (
    "source", "src_file", "fsid", "recording", "recording_id", "film", "movie", "video", "speaker", "speaker_id",
    "artist", "album", "session", "subject", "patient",
)  # fmt: skip
SPLITS = ("split", "subset", "partition", "set")
MOST_FILES = 500_000  # that are looked at beside a table


def propose_columns(table):
    """Return (settings of a :class:`DatasetParams` of a table, columns that may be the group, remarks).

    Files are looked for where the table lies, and from the folder above where it lies apart from them; they are named
    by a path, a name, or an id without extension. Raises :class:`StudyError` where no column is path or label."""
    text = read_table(table, ("path", *LABELS, *SPLITS))
    if not text.rows:
        raise StudyError(f"{table} has no row below its header, which is {text.header}")
    columns = {title: [cells[at] for _, cells in text.rows] for at, title in enumerate(text.header) if title}
    path, folder, files, lost = _path_column(table, columns)
    found = {"path": path, "split": _split_column(columns)}
    groups = [title for name in GROUPS for title in columns if title.lower() == name and title != path]
    inserted = [place[0] for place in PLACE.findall(path)]
    taken = {*found.values(), *inserted, *groups, *(title for title in columns if title.lower() == "group")}
    found["label"] = _label_column(table, text, columns, taken)
    labels = (
        f"the column {found['label']} says their labels" if found["label"] else "columns of 0 and 1 are the classes"
    )
    remarks = [("dataset", f"the column {path} names the files, {labels}")]
    mapped = {field: title for field, title in found.items() if title and not _is_found(field, title, columns)}
    dataset = {"root": table, "kind": kind_of(files), "columns": ColumnParams(**mapped), "folder": folder}
    if lost:
        dataset["missing"] = "set_aside"
        remarks.append(("dataset", f"{len(lost)} of its cells name no file, such as '{printable(min(lost))}'"))
    return dataset, groups, remarks


def _is_found(field, title, columns):
    """Return whether the reader takes a column by its name alone."""
    if field == "label":
        return title.lower() in TITLES and sum(other.lower() in TITLES for other in columns) == 1
    return title.lower() == field


def _path_column(table, columns):
    """Return (the column or template that names most files, folder, files, cells without a file).

    The folder is None where the paths lead to the files without a search."""
    for above in (table.absolute().parent, table.resolve().parent.parent):
        lying = files_below(above, next(iter(DATASET_KINDS)), [])
        media = [file.as_posix() for file in islice(lying, MOST_FILES) if is_any(file)]
        by_tail = defaultdict(list)
        for file in media:
            name = os.path.basename(file)
            for tail in {name, os.path.splitext(name)[0]}:
                by_tail[tail].append(file)
        paths = columns | _padded(columns, by_tail)
        named = {path: _files_of(table, set(cells), by_tail) for path, cells in paths.items()}
        best = max(named, key=lambda path: (len(named[path][0] | named[path][1]), path.lower() == "path"))
        direct, searched, lost = named[best]
        if files := direct | searched:
            folder = Path(os.path.commonpath([os.path.dirname(os.path.abspath(file)) for file in files]))
            return best, folder if searched else None, files, lost
    raise StudyError(
        f"no column of {table} names files of {' or '.join(DATASET_KINDS)} that lie below {table.absolute().parent} "
        f"or the folder above ({len(media)} do), by path, name, or id without extension; its columns: "
        f"{listed(list(columns))}"
    )


def _padded(columns, tails):
    """Return {template: cells} of columns of whole numbers, filled up with zeros as the names of files are."""
    widths = {len(tail) for tail in tails if tail.isdecimal()}
    numbers = [title for title, cells in columns.items() if all(map(str.isdecimal, cells))]
    return {
        f"{{{title}:0{width}}}": [cell.zfill(width) for cell in columns[title]] for width in widths for title in numbers
    }


def _files_of(table, cells, by_tail):
    """Return (files that the cells of a column lead to, files that have such a name or id, cells without a file)."""
    direct, searched, lost = set(), set(), []
    for cell in cells - {""}:
        tail = cell.replace("\\", "/")
        paths = [os.path.join(place, tail) for place in (table.parent, os.curdir)] if is_any(tail) else []
        if path := next(filter(os.path.isfile, paths), None):
            direct.add(path)
        else:
            alike = by_tail.get(os.path.basename(tail), ())
            found = [file for file in alike if _ends(file, tail)]
            searched.update(found)
            lost += [] if found else [cell]
    return direct, searched, lost


def _ends(file, tail):
    """Return whether a path ends in some parts, or does so without its extension."""
    return file.endswith("/" + tail) or os.path.splitext(file)[0].endswith("/" + tail)


def _split_column(columns):
    """Return the column that says train, val or test and nothing else, or None."""
    parts = {title: {SPLIT_NAMES.get(cell.lower(), cell) for cell in cells} for title, cells in columns.items()}
    for name in SPLITS:
        for title, of_column in parts.items():
            if title.lower() == name and {"train", "test"} <= of_column <= {"train", "val", "test", ""}:
                return title
    return None


def _label_column(table, text, columns, taken):
    """Return the column of text with the labels, None where columns of 0 and 1 are; raise where it is not sure."""
    free = {title: cells for title, cells in columns.items() if title not in taken}
    if named := [title for name in LABELS for title in free if title.lower() == name]:
        return named[0]
    places = {at for at, title in enumerate(text.header) if title not in free}
    if read_labels(table, text, ColumnParams(), places)[0] is not None:
        return None
    texts = [title for title, cells in free.items() if 1 < len(set(cells)) < len(cells) and _is_text(cells)]
    if len(texts) == 1:
        return texts[0]
    what = f"{listed(texts)} all could be" if texts else "none has words that repeat, nor are there columns of 0 and 1"
    raise StudyError(
        f"which column of {table} is the label? {what}; call it label: it holds a class, a{SEPARATOR}b or a list; the "
        f"columns: {listed(list(columns))}"
    )


def _is_text(cells):
    return not all(map(NUMBER.fullmatch, cells))
