"""One HDF5 file with a group of features per clip, as a list of clips.

The layout is that which :mod:`benchmark.data.conversion.convert` writes. A group's attributes are ``labels`` (an array
of text, or one text: a, a|b, or a list), ``group`` and ``split``; those of the file hold where a group has none."""

from pathlib import Path
from urllib.parse import unquote

import h5py
import numpy as np

from benchmark.config.columns import ColumnParams
from benchmark.data.label_columns import listed, names_in
from benchmark.data.media import SPLIT_NAMES, Found
from benchmark.data.task_labels import fits, joined, way_out
from benchmark.errors import StudyError
from benchmark.tasks import TASKS
from spectrograms.names import printable

FIELDS = ("labels", "group", "split")


def read_hdf5(dataset, labelled, task):
    """Return the clips of the HDF5 file ``dataset.root``: a list of Found, one of (path, reason), one of notes.

    Their paths are addresses, FILE.h5#ID; no array is read. With ``labelled`` each must have as many labels as the task
    of that name allows. Raises :class:`StudyError` with the clip."""
    root = Path(dataset.root).absolute()
    if dataset.kind != "features":
        raise StudyError(f"dataset.root {root} is an HDF5 file of features; set dataset.kind: features")
    if dataset.columns != ColumnParams() or dataset.folder:
        raise StudyError(f"dataset.columns and dataset.folder belong to a CSV; dataset.root {root} is an HDF5 file")
    try:
        with h5py.File(root, "r") as file:
            held = {field: file.attrs.get(field) for field in FIELDS}
            clips = [(name, _said(item, held)) for name, item in file.items() if isinstance(item, h5py.Group)]
            arrays = [] if clips else list(file)
    except FileNotFoundError:
        raise StudyError(f"dataset.root: no file {root} (relative paths start at {Path.cwd()})") from None
    except (OSError, RuntimeError, KeyError) as error:
        raise StudyError(f"{root} cannot be read as HDF5: {str(error).splitlines()[0]}") from None
    if not clips:
        held = f"it holds {listed(arrays)}" if arrays else "it holds nothing"
        raise StudyError(f"{root} must hold a group per clip; {held}")
    found = [_found(root, name, said) for name, said in clips]
    if labelled:
        _check_labels(root, found, task)
    return found, [], []


def _said(group, held):
    """Return the attributes of a clip's group, those of the file in the place of what it lacks."""
    return {field: group.attrs.get(field, held[field]) for field in FIELDS}


def _found(root, name, said):
    try:
        labels = tuple(sorted({name.strip() for name in _names(said["labels"])} - {""}))
        group, split = (_text(said[field]) for field in ("group", "split"))
    except ValueError as error:
        raise StudyError(f"{root}, clip '{printable(name)}': {error}") from None
    split = SPLIT_NAMES.get(split.lower(), split)
    if split not in ("", "train", "val", "test"):
        raise StudyError(
            f"{root}, clip '{printable(name)}': split must be train, val or test, or blank; got '{printable(split)}'"
        )
    return Found(f"{root}#{name}", labels, unquote(name), name, group, split)


def _text(value):
    """Return an attribute as text, '' where there is none."""
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if value is not None and not isinstance(value, str):
        raise ValueError(f"labels, group and split must be text; got {printable(value)}")
    return value or ""


def _names(value):
    """Return the class names in an attribute: an array of them, or one text as a cell of a table has it."""
    if isinstance(value, np.ndarray):
        return [_text(name) for name in value.ravel()]
    return names_in(_text(value))


def _check_labels(root, found, task):
    """Raise where the labels of clips are not as many as the task of that name allows, or cannot be printed."""
    labels = [joined(clip.labels) for clip in found]
    for clip, label in zip(found, labels, strict=True):
        if printable(label) != label:
            raise StudyError(f"{root}, clip '{printable(clip.name)}': the label cannot be printed: {printable(label)}")
    wrong = [clip for clip, is_right in zip(found, fits(task, labels), strict=True) if not is_right]
    if wrong:
        what = "no label" if not wrong[0].labels else f"the labels {joined(wrong[0].labels)}"
        raise StudyError(
            f"{root}: {len(wrong)} of {len(found)} clips, the first '{printable(wrong[0].name)}', have other than "
            f"{TASKS[task].wants} ({what}), which task: {task} wants{way_out(task, labels)}"
        )
