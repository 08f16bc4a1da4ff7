"""Pixels of a film's frames as features: what a network that is trained from scratch reads."""

import numpy as np

from benchmark.config.features import PIXEL_SIZE
from benchmark.features.extractor import Extractor
from benchmark.video.frames import frame_folder, load_frames
from spectrograms.image import resize


class PixelExtractor(Extractor):
    """Frames as vectors (n_frames, size * size * 3) of 0..1, row by row; aspect is not kept."""

    @property
    def size(self):
        """Pixels of a side."""
        return self.network.input_size or PIXEL_SIZE

    @property
    def dim(self):
        """Numbers of one frame."""
        return self.size * self.size * 3

    def _compute(self, rows, n_clips, batch_size):
        """Return the pixels of each film."""
        params = self.settings.frames
        folder = frame_folder(self.settings.cache, params)
        return [self._pixels(load_frames(path, digest, folder, params))
                for path, digest in zip(rows["path"], rows["sha256"], strict=True)]  # fmt: skip

    def _pixels(self, frames):
        """Return the vectors of a film's Frames, float32."""
        small = [resize(image, (self.size, self.size)) for image in frames.images]
        return np.stack(small).reshape(len(small), self.dim).astype("float32") / 255

    def read(self, path):
        """Return the pixels of one film."""
        return self._pixels(self.decoded.frames(path, self.settings.frames))
