"""Clips to batches of inputs and targets, for training and for prediction."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from spectrograms.image import read_image, resize

IN_MEMORY = 2 << 30  # bytes of resized pictures that are kept between epochs


def load_images(paths, size):
    """Return the pictures (n, size, size, 3) uint8, resized bilinearly with antialiasing; aspect ratio not kept."""
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda path: resize(read_image(path), (size, size)), paths)))


class Batches:
    """Inputs (n_clips, ...) and targets (n_clips, n_classes) in batches of one size: another shape is compiled anew.

    ``load`` takes row numbers and returns their inputs, an array or, for a head that reads sequences, a dict with
    features (n, n_steps, dim) and mask (n, n_steps); ``transform`` (inputs, rng) changes a training batch;
    ``mix`` (arrays, rng) changes inputs, targets and weights of one together; ``weights`` (n_clips,) are those of the
    clips' losses, None for all alike."""

    def __init__(self, load, targets, batch_size, transform=None, weights=None, mix=None):
        self.load, self.targets = load, np.asarray(targets, "float32")
        self.weights = None if weights is None else np.asarray(weights, "float32")
        self.batch_size, self.transform = min(batch_size, len(self.targets)), transform
        self.mix = mix

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
        for rows, inputs in self._ahead([order[start : start + self.batch_size] for start in starts]):
            changed = self.transform(inputs, rng) if self.transform else inputs
            batch = (changed, *(part[rows] for part in (self.targets, self.weights) if part is not None))
            yield self.mix(batch, rng) if self.mix else batch

    def balanced(self, balance):
        """Return the batches of the rows and weights of a :class:`benchmark.training.imbalance.Balance`."""
        rows, weights = balance.rows, balance.weights
        changes = self.batch_size, self.transform, weights, self.mix
        return Batches(lambda chosen: self.load(rows[chosen]), self.targets[rows], *changes)

    def in_order(self):
        """Yield (inputs, n) of all clips in order; the last batch is filled up with its first input."""
        rows = np.arange(len(self))
        batches = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        filled = [np.concatenate([b, np.repeat(b[:1], self.batch_size - len(b))]) for b in batches]
        for (_, inputs), batch in zip(self._ahead(filled), batches, strict=True):
            yield inputs, len(batch)

    def _ahead(self, batches):
        """Yield (rows, float32 inputs), loading the next batch while one is used."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self._inputs, batches[0]) if batches else None
            for number, rows in enumerate(batches):
                inputs = coming.result()
                if number + 1 < len(batches):
                    coming = pool.submit(self._inputs, batches[number + 1])
                yield rows, inputs

    def _inputs(self, rows):
        return keras.tree.map_structure(lambda part: np.asarray(part, "float32"), self.load(rows))


def image_batches(paths, targets, size, batch_size, transform=None, mix=None):
    """Return :class:`Batches` of raw RGB pictures 0..255 (batch, size, size, 3), read once where memory allows."""
    paths = np.asarray(paths)
    fits = len(paths) * size * size * 3 <= IN_MEMORY
    load = load_images(paths, size).__getitem__ if fits else lambda rows: load_images(paths[rows], size)
    return Batches(load, targets, batch_size, transform, mix=mix)
