"""Published features as one HDF5 file with a group per clip, which ``dataset.kind: features`` reads.

The layout: a group per clip, named after its id (:func:`benchmark.data.addresses.group_name`). In it a dataset per kind
of features, (n_steps, dim), and the attributes ``labels`` (array of text), ``group`` and ``split`` (train, val, test)
where there are such, and ``sha256``, the digest of its arrays. Attributes of the file hold for clips without them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from benchmark.data.addresses import group_name
from benchmark.data.conversion.audioset import read_audioset
from benchmark.data.conversion.clip import Flaw
from benchmark.data.conversion.dictionaries import read_lmtd, read_sulun2024
from benchmark.data.conversion.label_files import read_split
from benchmark.data.conversion.npz_folder import read_npz_folder
from benchmark.data.feature_files import DIGEST, FORMS, HDF5, NUMBERS, digest_of
from benchmark.errors import StudyError, did_you_mean
from spectrograms.files import replacing
from spectrograms.names import printable

TOLD = 5000  # clips after which progress is said
TEXT = h5py.string_dtype()
NARROWED = {np.dtype("f8"): "f4", np.dtype("f16"): "f4"}  # features are read as float32 anyway


class Format(NamedTuple):
    """How a format is read."""

    read: Callable  # (source, labels) -> Clips and Flaws, one by one
    what: str


FORMATS = {
    "audioset": Format(read_audioset, "TFRecord files of AudioSet or YouTube-8M"),
    "lmtd": Format(read_lmtd, "the pickle of LMTD-9, {id: (n_steps, 2048)}"),
    "sulun2024": Format(read_sulun2024, "the pickle of MovieNet's trailers, features.pkl"),
    "npz_folder": Format(read_npz_folder, "a folder of .npz or .npy, one per clip"),
}


class Converted(NamedTuple):
    """What became of a source."""

    clips: int  # that were written
    left_out: list[tuple[str, str]]  # (clip_id, reason)


def convert(source, out, form, labels=None, split=None, say=print):
    """Write features that were published in a format, a row of FORMATS, as one HDF5 file; return :class:`Converted`.

    ``labels`` is a file that the format's reader knows, ``split`` that of :func:`read_split`, which counts before a
    split of the source. Clips go one by one from the source into the file, which has its name only when it is whole. A
    clip that is wrong is left out. ``say`` hears how far it is. Raises :class:`StudyError` where the source cannot be
    read, no clip of it is right, or ``out`` is there already."""
    source, out = Path(source), Path(out)
    if form not in FORMATS:
        known = "; ".join(f"{name}: {row.what}" for name, row in FORMATS.items())
        raise StudyError(f"there is no format '{form}'{did_you_mean(form, FORMATS)}; formats are {known}")
    if FORMS.get(out.suffix.lower()) is not HDF5:
        raise StudyError(f"the features go into a file .h5 or .hdf5; got {out}")
    if out.exists():
        raise StudyError(f"{out} exists, and is not written over; remove it, or give another name")
    for place in filter(None, (source, labels, split)):
        if not Path(place).exists():
            raise StudyError(f"there is no {place}")
    parts = read_split(split) if split else {}
    with replacing(out) as temporary:
        with h5py.File(temporary, "w", libver="v110") as file:
            file.attrs["format"] = form
            found = _write(file, FORMATS[form].read(source, labels), parts, say)
        if not found.clips:
            first = f"; the first: {': '.join(found.left_out[0])}" if found.left_out else ""
            raise StudyError(f"{source} has no clip that could be converted{first}")
    return found


def print_converted(found, out):
    """Print the clips that were left out, and how many were written."""
    for clip_id, reason in found.left_out:
        print(f"left out: {clip_id}: {reason}")
    print(f"{out}: {found.clips} clips; {len(found.left_out)} left out")


def _write(file, clips, parts, say):
    """Write clips into an open file, in the split that ``parts`` says, else their own; return :class:`Converted`."""
    n_clips, left_out = 0, []
    for clip in clips:
        reason = clip.reason if isinstance(clip, Flaw) else _write_clip(file, clip, parts.get(clip.clip_id, clip.split))
        if reason:
            left_out.append((printable(clip.clip_id), printable(reason)))
            continue
        n_clips += 1
        if n_clips % TOLD == 0:
            say(f"{n_clips} clips")
    return Converted(n_clips, left_out)


def _write_clip(file, clip, split):
    """Write a clip's group; return '' or why it cannot be written."""
    with np.errstate(over="ignore", invalid="ignore"):  # told as infinite
        arrays = {key: np.asarray(array, NARROWED.get(array.dtype)) for key, array in clip.arrays.items()}
    if not isinstance(clip.clip_id, str) or not clip.clip_id:
        return "its id is no text"
    if group_name(clip.clip_id) in file:
        return "its id is that of a clip before"
    if unprintable := [text for text in (*clip.labels, clip.group) if printable(text) != text]:
        return f"'{unprintable[0]}' cannot be printed on one line"
    if not arrays:
        return "it has no features"
    if reason := next(filter(None, (_flaw(key, array) for key, array in arrays.items())), ""):
        return reason
    group = file.create_group(group_name(clip.clip_id))
    for key, array in arrays.items():
        group.create_dataset(key, data=np.atleast_2d(array))
    group.attrs["labels"] = np.array(clip.labels, TEXT)
    for name, text in (("group", clip.group), ("split", split)):
        if text:
            group.attrs[name] = text
    group.attrs[DIGEST] = digest_of({key: np.atleast_2d(array) for key, array in arrays.items()})
    return ""


def _flaw(key, array):
    """Return why an array is no features, or ''."""
    if not isinstance(key, str) or not key or "/" in key or key == "." or printable(key) != key:
        return f"{key!r} is no name of features"
    if array.dtype.kind not in NUMBERS or array.ndim not in (1, 2) or not array.size:
        return f"'{key}' must be numbers (n_steps, dim) or (dim,); got {array.dtype} of shape {array.shape}"
    if wrong := int(array.size - np.isfinite(array).sum()):
        return f"{wrong} of {array.size} numbers of '{key}' are NaN or infinite"
    return ""
