"""Where the files lie that a table names: by a path, by a name that is searched for, or by an id without extension."""

import os
from collections import defaultdict

from benchmark.data.addresses import file_of
from benchmark.data.label_columns import listed
from benchmark.data.media import files_below, is_a
from benchmark.errors import StudyError


def locate_all(rows, dataset):
    """Set the absolute path, ``file``, of each row; return sentences on the files that no row names.

    Below ``dataset.folder`` a path that is not at its place is searched for, first as it stands, then as the name of a
    file without its extension. Raises :class:`StudyError` where it lies there several times."""
    folder = dataset.folder
    places = (folder,) if folder else (dataset.root.parent, os.getcwd())
    if folder and not folder.is_dir():
        raise StudyError(f"dataset.folder must be a folder with the files of {dataset.root}; there is no {folder}")
    lying = [file.as_posix() for file in files_below(folder.absolute(), dataset.kind, [])] if folder else []
    media = [file for file in lying if is_a(file, dataset.kind)]
    by_name, by_id = _by_tail(lying), _by_tail(media, lambda file: os.path.splitext(file)[0])
    for row in rows:
        path, tail = _locate(row["path"], places), row["path"].replace("\\", "/")
        name = tail.rpartition("/")[-1]
        found = [path] if os.path.lexists(file_of(path)) else (
            [file for file in by_name[name] if file.endswith("/" + tail)]
            or [file for file in by_id[name] if os.path.splitext(file)[0].endswith("/" + tail)]
        )  # fmt: skip
        if len(found) > 1:
            raise StudyError(
                f"{dataset.root}, line {row['line']}: '{row['path']}' lies {len(found)} times below {folder}: "
                f"{found[0]} and {found[1]}; give its folder too, in the CSV or by a template such as "
                "dataset.columns: {path: 'fold{fold}/{name}'}"
            )
        row["file"] = os.path.abspath(found[0] if found else path)
    return _unlisted(rows, media, dataset)


def _by_tail(files, name_of=lambda file: file):
    """Return {last part of a path: the paths that end so}."""
    found = defaultdict(list)
    for file in files:
        found[os.path.basename(name_of(file))].append(file)
    return found


def _unlisted(rows, media, dataset):
    """Return a sentence on the files below the folder that no row names."""
    named = {file_of(row["file"]) for row in rows}
    rest = [file for file in media if os.path.abspath(file) not in named]
    if not rest:
        return []
    names = listed([os.path.relpath(file, dataset.folder) for file in rest])
    return [
        f"WARNING: {len(rest)} files of {dataset.kind} below {dataset.folder} are in no row of {dataset.root}: {names}"
    ]


def _locate(text, places):
    """Return the path that a cell means: from the first of ``places`` where it exists; '\\' is '/' where that does."""
    home = os.path.expanduser(text)
    paths = [os.path.join(base, path) for path in (home, home.replace("\\", "/")) for base in places]
    return os.path.abspath(next((path for path in paths if os.path.lexists(file_of(path))), paths[0]))
