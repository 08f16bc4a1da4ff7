"""Arrays that are computed once per clip and kept: backbone outputs and patch embeddings, whatever made them."""

import time
from collections.abc import Sequence
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from benchmark.errors import StudyError
from benchmark.features.seconds import keep_seconds
from spectrograms.files import write_array

KEPT = 1 << 30  # bytes of features in memory between epochs: what else a training holds is twice that


class Features(Sequence):
    """The features (n_steps, dim) float32 of each clip, read from its file when they are asked for.

    ``files`` are .npy, one per clip; ``shapes`` are those of their arrays. What was read stays in memory where all of
    them take ``limit`` bytes at most; else an array is mapped, so that only the rows that are used are read."""

    def __init__(self, files, shapes, limit=KEPT):
        self.files, self.shapes = files, shapes
        self.n_bytes = 4 * sum(map(prod, dict(zip(files, shapes, strict=True)).values()))
        self._kept = {}
        self.keep_within(limit)

    def keep_within(self, limit):
        """Keep what is read in memory where all takes ``limit`` bytes at most; return how many of them are needed."""
        self.is_kept = self.n_bytes <= limit
        return self.n_bytes if self.is_kept else 0

    def __len__(self):
        """Return the number of clips."""
        return len(self.files)

    def __getitem__(self, row):
        """Return the features of one clip; raise :class:`StudyError` where its file has gone."""
        file = self.files[row]
        if file not in self._kept and self.is_kept:
            self._kept[file] = np.array(self._mapped(file))
        return self._kept[file] if self.is_kept else self._mapped(file)

    @cached_property
    def means(self):
        """The mean of each clip's features over its steps, (n_clips, dim) float32: 0 of a clip that has none."""
        return self.averaged("float32")

    def averaged(self, dtype):
        """Return :attr:`means` in another precision, (n_clips, dim)."""
        steps = map(self._mapped, self.files)  # not kept: who reads it needs no steps
        return np.stack([mean_step(each, dtype) for each in steps])

    def _mapped(self, file):
        array = mapped(file)
        if array is None:
            raise StudyError(f"{file}: these features are gone, or damaged, since the run began; run it again")
        return array


def mean_step(features, dtype="float32"):
    """Return the mean (dim,) of a clip's features (n_steps, dim) over its steps: 0 where there are none."""
    return features.mean(axis=0, dtype=dtype) if len(features) else np.zeros(features.shape[1], dtype)


def mapped(file):
    """Return the array in a .npy file, of which only what is used is read; None where there is none that is whole."""
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def cached_features(clips, folder, compute, batch_size=32, scratch=None, prepare=lambda rows: None):
    """Return the :class:`Features` of clips, in the order of ``clips``, computing only those that ``folder`` lacks.

    ``compute`` takes a batch of rows of ``clips`` and returns an array for each; before it ``prepare`` is called with
    them, whose time is not counted. ``folder`` stands for all that shapes
    the arrays but the clip; the files in it are named after the bytes of the clip's file. Each is written under a
    temporary name, in the folder ``scratch``, and renamed, so that a run cut short loses one batch. Beside them is kept
    how long they took, see :mod:`benchmark.features.seconds`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{digest}.npy" for digest in clips["sha256"]]
    shapes = {file: array.shape for file in set(files) if (array := mapped(file)) is not None}
    absent = [row for row, file in enumerate(files) if file not in shapes]
    absent = list({files[row]: row for row in reversed(absent)}.values())[::-1]  # the same bytes once
    for start in range(0, len(absent), batch_size):
        rows = absent[start : start + batch_size]
        prepare(clips.iloc[rows])
        began = time.perf_counter()
        arrays = list(compute(clips.iloc[rows]))
        seconds = time.perf_counter() - began
        for row, array in zip(rows, arrays, strict=True):
            write_array(np.asarray(array, "float32"), files[row], scratch)
            shapes[files[row]] = array.shape
        keep_seconds(folder, clips["sha256"].iloc[rows], seconds, is_first=start == 0)
    return Features(files, [shapes[file] for file in files])
