"""Arrays kept in files, whole or not at all."""

import numpy as np

from spectrograms.files import replacing


def read_array(path):
    """Return the array in a .npy file, or None where there is none that can be read."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def write_array(array, path, scratch=None):
    """Write an array as .npy; until it is complete it is in the folder ``scratch``, or beside its place."""
    with replacing(path, scratch) as temporary, open(temporary, "wb") as out:
        np.save(out, array)
