"""Arrays that are computed once per clip and kept: backbone outputs and patch embeddings, whatever made them."""

from pathlib import Path

import numpy as np

from spectrograms.files import read_array, write_array


def cached_features(clips, folder, compute, batch_size=32, scratch=None):
    """Return one array per clip, in the order of ``clips``, computing only those that ``folder`` lacks.

    ``compute`` takes a batch of rows of ``clips`` and returns an array for each. ``folder`` stands for all that shapes
    the arrays but the clip; the files in it are named after the bytes of the clip's file. Each is written under a
    temporary name, in the folder ``scratch``, and renamed, so that a run cut short loses one batch."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{digest}.npy" for digest in clips["sha256"]]
    known = {file: array for file in set(files) if (array := read_array(file)) is not None}
    absent = [row for row, file in enumerate(files) if file not in known]
    absent = list({files[row]: row for row in reversed(absent)}.values())[::-1]  # the same bytes once
    for start in range(0, len(absent), batch_size):
        rows = absent[start : start + batch_size]
        for row, array in zip(rows, compute(clips.iloc[rows]), strict=True):
            write_array(np.asarray(array, "float32"), files[row], scratch)
            known[files[row]] = array
    return [known[file] for file in files]
