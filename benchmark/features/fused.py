"""Several features of a clip, read together: what a model that fuses them is given.

A clip may lack some of them, a film without a word or without sound: then it has no steps there, (0, dim)."""

from collections.abc import Sequence

import numpy as np

from benchmark.features.batches import Batches
from benchmark.features.cache import KEPT
from benchmark.features.reading import batch_at_full_length


class SeveralFeatures(Sequence):
    """The features of each clip by name, {name: (n_steps, dim)}, of ``parts``, {name: Features}.

    All of them together keep ``limit`` bytes in memory at most: the smallest first, so that most of them are kept."""

    def __init__(self, parts, limit=KEPT):
        self.parts = parts
        for part in sorted(parts.values(), key=lambda part: part.n_bytes):
            limit -= part.keep_within(limit)

    def __len__(self):
        """Return the number of clips."""
        return len(next(iter(self.parts.values())))

    def __getitem__(self, row):
        """Return {name: features (n_steps, dim)} of one clip."""
        return {name: part[row] for name, part in self.parts.items()}

    @property
    def means(self):
        """The means of all features over their steps, one after the other in order of name, (n_clips, sum of dims)."""
        return np.concatenate([self.parts[name].means for name in sorted(self.parts)], axis=1)

    def averaged(self, dtype):
        """Return :attr:`means` in another precision."""
        return np.concatenate([self.parts[name].averaged(dtype) for name in sorted(self.parts)], axis=1)


class Averaged(Sequence):
    """The mean over time of each clip's :class:`benchmark.features.cache.Features` as its one step, if it has any."""

    def __init__(self, features):
        self.means = features.means
        self.shapes = [(min(1, n_steps), dim) for n_steps, dim in features.shapes]

    def __len__(self):
        """Return the number of clips."""
        return len(self.shapes)

    def __getitem__(self, row):
        """Return the one step (1, dim) of a clip, (0, dim) where it has none."""
        return self.means[row : row + 1][: self.shapes[row][0]]


class StepsOfSeveral:
    """What heads over the steps of several features read: {name: (n, length, dim), name + "_mask": (n, length)}.

    ``readers`` are {name: :class:`benchmark.features.reading.Steps`}; of features in ``averaged`` the mean over time is
    the one step."""

    draws = 1

    def __init__(self, readers, averaged=(), trains_on="clips"):
        self.readers, self.averaged, self.trains_on = readers, frozenset(averaged), trains_on

    def __call__(self, features):
        """Return the inputs for a list of clips' features, {name: (n_steps, dim)}."""
        given = {name: [clip[name] for clip in features] for name in self.readers}
        for name in self.averaged:
            given[name] = [steps.mean(axis=0, keepdims=True) if len(steps) else steps for steps in given[name]]
        return _joined({name: reader(given[name]) for name, reader in self.readers.items()})

    def of_steps(self, name):
        """Return what reads one of the features alone, each step of a training clip as an example by itself."""
        return StepsOfSeveral({name: self.readers[name].of_steps()}, self.averaged & {name}, "steps")

    def examples(self, features, rows):
        """Return the number of examples of each of some rows, (n_rows,), where the steps of one feature are these."""
        ((name, reader),) = self.readers.items()
        return reader.examples(self._part(features, name), rows)

    def batches(self, features, rows, targets, batch_size, trains=False):
        """Return the :class:`Batches` of some rows of :class:`SeveralFeatures`; ``trains`` as that of Steps."""
        parts = {
            name: reader.batches(self._part(features, name), rows, targets, batch_size, trains)
            for name, reader in self.readers.items()
        }

        def load(cases):
            return _joined({name: part.load(cases) for name, part in parts.items()})

        def draw(chosen, rng):
            return _joined({name: part.draw(chosen, rng) if part.draw else part.load(chosen)
                            for name, part in parts.items()})  # fmt: skip

        targets = next(iter(parts.values())).targets  # of clips, or of the steps of the one feature
        if not trains and any(reader.full_length for reader in self.readers.values()):
            shapes = [self._part(features, name).shapes for name in self.readers]
            most = max(sum(of_clip[row][0] for of_clip in shapes) for row in rows)
            batch_size = batch_at_full_length(batch_size, most)
        return Batches(load, targets, batch_size, draw=draw if any(part.draw for part in parts.values()) else None)

    def blocks(self, features, rows, layer):
        """Return the features (n_steps, dim) of some rows that a layer of the head standardises, one after the other.

        Its name ends in theirs: standardize_NAME."""
        name = layer.partition("_")[2]
        return self.readers[name].blocks(self._part(features, name), rows)

    def _part(self, features, name):
        return Averaged(features.parts[name]) if name in self.averaged else features.parts[name]


def _joined(read):
    """Return the inputs of a head of {name: {"features", "mask"}}."""
    inputs = {name: part["features"] for name, part in read.items()}
    return inputs | {f"{name}_mask": part["mask"] for name, part in read.items()}
