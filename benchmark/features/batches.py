"""Clips to batches of inputs and targets, for training and for prediction."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np

from spectrograms.image import RESIZES, read_image

IN_MEMORY = 2 << 30  # bytes of resized pictures that are kept between epochs


def load_images(paths, size, resize="stretch"):
    """Return the pictures (n, size, size, 3) uint8; ``resize`` is a row of RESIZES."""
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda path: RESIZES[resize](read_image(path), size), paths)))


class Batches:
    """Inputs (n_clips, ...) and targets (n_clips, n_classes) in batches of one size: another shape is compiled anew.

    ``load`` takes row numbers and returns their inputs, an array or, for a head that reads sequences, a dict with
    features (n, n_steps, dim) and mask (n, n_steps); ``transform`` (inputs, rng) changes a training batch;
    ``mix`` (arrays, rng) changes inputs, targets and weights of one together; ``weights`` (n_clips,) are those of the
    clips' losses, None for all alike. ``draw`` (rows, rng) returns training inputs in place of ``load`` where those are
    drawn anew each time. A prediction of a clip is the mean over ``draws`` inputs: ``load`` takes then clip number
    times ``draws``, plus the number of the draw."""

    def __init__(self, load, targets, batch_size, transform=None, weights=None, mix=None, draw=None, draws=1):
        self.load, self.targets = load, np.asarray(targets, "float32")
        self.weights = None if weights is None else np.asarray(weights, "float32")
        self.batch_size, self.transform = min(batch_size, len(self.targets)), transform
        self.mix, self.draw, self.draws = mix, draw, draws

    @property
    def is_changed(self):
        """Whether training inputs differ from epoch to epoch."""
        return self.transform is not None or self.mix is not None

    def __len__(self):
        """Return the number of clips."""
        return len(self.targets)

    def for_training(self, order, rng):
        """Yield (inputs, targets[, weights]) of whole batches in an order of rows; a last partial one is left out.

        As MATLAB does. Fewer clips than a batch make one batch of all: what MATLAB does then is unknown."""
        starts = range(0, len(order) - self.batch_size + 1, self.batch_size)
        batches = [order[start : start + self.batch_size] for start in starts]
        loads = [partial(self.load, rows) for rows in batches]
        if self.draw:  # a generator for each batch, so that none waits for what another thread has drawn
            seeds = rng.integers(2**63, size=len(batches))
            loads = [partial(self.draw, *each) for each in zip(batches, map(np.random.default_rng, seeds), strict=True)]
        for rows, inputs in zip(batches, self._ahead(loads), strict=True):
            changed = self.transform(inputs, rng) if self.transform else inputs
            batch = (changed, *(part[rows] for part in (self.targets, self.weights) if part is not None))
            yield self.mix(batch, rng) if self.mix else batch

    def balanced(self, balance):
        """Return the batches of the rows and weights of a :class:`benchmark.training.imbalance.Balance`."""
        rows, weights = balance.rows, balance.weights
        draw = self.draw and (lambda chosen, rng: self.draw(rows[chosen], rng))
        changes = self.batch_size, self.transform, weights, self.mix, draw
        return Batches(lambda chosen: self.load(rows[chosen]), self.targets[rows], *changes)

    def in_order(self):
        """Yield (inputs, n) of all clips in order, or of all draws of each; the last batch is filled with its first."""
        rows = np.arange(len(self) * self.draws)
        batches = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        filled = [np.concatenate([b, np.repeat(b[:1], self.batch_size - len(b))]) for b in batches]
        for inputs, batch in zip(self._ahead([partial(self.load, rows) for rows in filled]), batches, strict=True):
            yield inputs, len(batch)

    def _ahead(self, loads):
        """Yield the float32 inputs that each of some functions gives, the next being loaded while one is used."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(_as_float32, loads[0]) if loads else None
            for number in range(len(loads)):
                inputs = coming.result()
                if number + 1 < len(loads):
                    coming = pool.submit(_as_float32, loads[number + 1])
                yield inputs


def _as_float32(load):
    return keras.tree.map_structure(lambda part: np.asarray(part, "float32"), load())


def image_batches(paths, targets, size, batch_size, transform=None, mix=None, resize="stretch"):
    """Return :class:`Batches` of raw RGB pictures 0..255 (batch, size, size, 3), read once where memory allows."""
    paths = np.asarray(paths)
    fits = len(paths) * size * size * 3 <= IN_MEMORY
    read = partial(load_images, size=size, resize=resize)
    load = read(paths).__getitem__ if fits else lambda rows: read(paths[rows])
    return Batches(load, targets, batch_size, transform, mix=mix)
