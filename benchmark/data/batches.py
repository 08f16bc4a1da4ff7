"""Pictures to batches: raw RGB 0..255 at a network's input size. Each network prepares them itself."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from spectrograms.image import read_image, resize

IN_MEMORY = 2 << 30  # bytes of resized pictures that are kept between epochs


def load_images(paths, size):
    """Return the pictures (n, size, size, 3) uint8, resized bilinearly with antialiasing; aspect ratio not kept."""
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda path: resize(read_image(path), (size, size)), paths)))


class ImageBatches(keras.utils.PyDataset):
    """Batches of pictures and targets for ``fit``: (batch, size, size, 3) float32, (batch, n_classes) float32.

    With ``shuffle`` the order is drawn anew each epoch and the last partial batch is left out (the clips in it differ
    each time), so that every step has one shape; fewer clips than a batch make one batch of all."""

    def __init__(self, paths, targets, size, batch_size, shuffle=False, seed=0):
        super().__init__()
        self.paths, self.targets, self.size = list(paths), np.asarray(targets, "float32"), size
        self.batch_size, self.shuffle = min(batch_size, len(self.paths)), shuffle
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(len(self.paths))
        fits = len(self.paths) * size * size * 3 <= IN_MEMORY
        self.images = load_images(self.paths, size) if fits else None
        self.on_epoch_end()

    def __len__(self):
        """Return the number of batches."""
        whole = len(self.paths) // self.batch_size
        return whole if self.shuffle else -(-len(self.paths) // self.batch_size)

    def __getitem__(self, index):
        """Return batch ``index``: images and targets."""
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = load_images([self.paths[row] for row in rows], self.size) if self.images is None else self.images[rows]
        return images.astype("float32"), self.targets[rows]

    def on_epoch_end(self):
        """Draw the next epoch's order."""
        if self.shuffle:
            self.rng.shuffle(self.order)
