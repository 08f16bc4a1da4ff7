"""A folder of .npz or .npy files, one per clip, which may lie in a folder per class."""

from benchmark.data.conversion.clip import Clip, Flaw
from benchmark.data.conversion.label_files import Label, read_label_table
from benchmark.data.feature_files import keys_of, read_array
from benchmark.data.media import is_visible
from benchmark.errors import FeatureError, StudyError

SUFFIXES = (".npz", ".npy")


def read_npz_folder(source, labels=None):
    """Yield the clips in the files below a folder; an id is the file's place there without its extension.

    ``labels`` is a table with ids and labels (:func:`read_label_table`), where an id may also be the file's name;
    without it the folder that a file lies in, the first below ``source``, is its class."""
    if not source.is_dir():
        raise StudyError(f"{source} must be a folder of {' or '.join(SUFFIXES)}")
    files = sorted(file for file in source.rglob("*") if file.suffix.lower() in SUFFIXES and is_visible(file.name))
    if not files:
        raise StudyError(f"{source} holds no {' or '.join(SUFFIXES)}")
    table = read_label_table(labels) if labels else None
    for file in files:
        inner = file.relative_to(source).with_suffix("")
        clip_id = inner.as_posix()
        said = Label(inner.parts[:1] if len(inner.parts) > 1 else ()) if table is None else _said(table, file, inner)
        if said is None:
            yield Flaw(clip_id, f"has no row in {labels}")
            continue
        try:
            arrays = {key: read_array(str(file), key) for key in keys_of(str(file))}
        except FeatureError as error:
            yield Flaw(clip_id, error.reason)
            continue
        yield Clip(clip_id, arrays, *said)


def _said(table, file, inner):
    """Return what a table says of a file, by its id, its place, or its name with or without the extension."""
    names = (inner.as_posix(), inner.with_suffix(file.suffix).as_posix(), inner.name, file.name)
    return next((table[name] for name in names if name in table), None)
