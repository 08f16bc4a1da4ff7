"""Features of clips that are in memory, in place of those that lie in files."""

import numpy as np

from benchmark.features.reading import mean_over_steps


class InMemory(list):
    """A list of arrays (n_steps, dim) with what :class:`benchmark.features.cache.Features` says of them."""

    @property
    def shapes(self):
        """The shape of each array."""
        return [array.shape for array in self]

    @property
    def means(self):
        """The mean over the steps of each, (n_clips, dim)."""
        return mean_over_steps(self)


def write_features(folder, arrays):
    """Write arrays as .npy files, which are named after their number; return the paths."""
    paths = [folder / f"{number}.npy" for number in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array.astype("float32"))
    return paths
