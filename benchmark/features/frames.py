"""Image networks over the frames of films: each frame is a picture, and a film's features are a sequence."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmark.features.pictures import PictureExtractor
from benchmark.video.frames import frame_folder, load_frames
from spectrograms.image import RESIZES, resize

LARGER = 256 / 224  # side of the picture that crops are taken from, of the network's: Krizhevsky et al. 2012

SCORED_AT_ONCE = 8  # pictures in a batch of a prediction: a film has few, and what fills a batch up costs time
CUT_AT_ONCE = 8  # frames of which all crops are in memory: 12 MB of ten of 224 pixels


def whole(image, size, resize):
    """Return a frame (height, width, 3) as one picture (1, size, size, 3); ``resize`` is a row of RESIZES."""
    return RESIZES[resize](image, size)[None]


def ten_crops(image, size, *_):
    """Return corners and middle of a frame whose shorter side is LARGER * size, and their mirror images.

    Its aspect is kept in a way of its own, so that no row of RESIZES counts."""
    height, width = image.shape[:2]
    scale = round(LARGER * size) / min(height, width)
    image = resize(image, (max(size, round(height * scale)), max(size, round(width * scale))))
    down, right = image.shape[0] - size, image.shape[1] - size
    places = (0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)
    crops = np.stack([image[top : top + size, left : left + size] for top, left in places])
    return np.concatenate([crops, crops[:, :, ::-1]])


CROPS = {1: whole, 10: ten_crops}  # by FeatureParams.crops


class FrameExtractor(PictureExtractor):
    """A frozen backbone over the frames that the study's ``frames`` chooses, so n_steps is their number.

    Of several crops of a frame the features are the mean."""

    clips_at_once = 8  # films

    def _compute(self, rows, n_clips, batch_size):
        """Return the features (n_frames, dim) of each film; its crops are never in memory all at once."""
        params = self.settings.frames
        folder = frame_folder(self.settings.cache, params)
        films = zip(rows["path"], rows["sha256"], strict=True)
        frames = enumerate(_ahead(load_frames(*film, folder, params) for film in films))
        blocks = _ahead((number, block) for number, film in frames for block in self._blocks(film))
        return self._embed(blocks, batch_size)

    def _blocks(self, frames):
        """Yield the pictures (n, size, size, 3) uint8 of a film's Frames, some frames at a time."""
        cut, size, resize = CROPS[self.network.crops], self.backbone.input_size, self.network.resize
        for start in range(0, len(frames.images), CUT_AT_ONCE):
            yield np.concatenate([cut(image, size, resize) for image in frames.images[start : start + CUT_AT_ONCE]])

    def _embed(self, blocks, batch_size):
        """Return the features (n_frames, dim) of each film, of (its number, some of its pictures) in order.

        Batches go over the ends of films."""
        waiting, outputs, counts = [], [], Counter()
        for number, pictures in blocks:
            counts[number] += len(pictures)
            waiting.extend(pictures)
            while len(waiting) >= batch_size:
                outputs.append(self.forward(np.stack(waiting[:batch_size]).astype("float32")))
                del waiting[:batch_size]
        if waiting:  # filled up: another shape would be compiled anew
            batch = np.stack(waiting + [waiting[0]] * (batch_size - len(waiting)))
            outputs.append(self.forward(batch.astype("float32"))[: len(waiting)])
        features = np.split(np.concatenate(outputs), np.cumsum(list(counts.values()))[:-1])
        return [film.reshape(-1, self.network.crops, self.dim).mean(axis=1) for film in features]

    def read(self, path):
        """Return the pictures (n_frames * crops, size, size, 3) uint8 of one film."""
        return np.concatenate(list(self._blocks(self.decoded.frames(path, self.settings.frames))))

    def model(self, head):
        """Return the head: it reads what the network made of all frames of a film."""
        return head

    def embed(self, inputs):
        """Return the features (n_frames, dim) of the pictures of each of some films."""
        return self._embed(enumerate(inputs), SCORED_AT_ONCE)

    def model_inputs(self, inputs, reads):
        """Return what the head reads (``reads``) of the pictures of some films."""
        return reads(self.embed(inputs))


def _ahead(items):
    """Yield the items of a generator; the next is made in a thread while one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
