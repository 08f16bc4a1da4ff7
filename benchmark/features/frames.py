"""Image networks over the frames of films: each frame is a picture, and a film's features are a sequence."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmark.features.pictures import PictureExtractor
from benchmark.models.weights.load import file_digest
from benchmark.video.frames import frame_folder, load_frames, read_frames
from spectrograms.image import resize

LARGER = 256 / 224  # side of the picture that crops are taken from, of the network's: Krizhevsky et al. 2012


def whole(image, size):
    """Return a frame (height, width, 3) as one picture (1, size, size, 3); its aspect is not kept."""
    return resize(image, (size, size))[None]


def ten_crops(image, size):
    """Return corners and middle of a frame whose shorter side is LARGER * size, and their mirror images."""
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

    trainable = False
    clips_at_once = 8  # films

    def _compute(self, rows, n_clips, batch_size):
        """Return the features (n_frames, dim) of each film."""
        params = self.settings.frames
        folder = frame_folder(self.settings.cache, params)
        films = zip(rows["path"], rows["sha256"], strict=True)
        return self._embed(_ahead(films, lambda film: self._pictures(load_frames(*film, folder, params))), batch_size)

    def _pictures(self, frames):
        """Return the pictures (n_frames * crops, size, size, 3) uint8 of a film's Frames."""
        cut, size = CROPS[self.network.crops], self.backbone.input_size
        return np.concatenate([cut(image, size) for image in frames.images])

    def _embed(self, films, batch_size):
        """Return the features (n_frames, dim) of each film's pictures: batches go over the ends of films."""
        waiting, outputs, counts = [], [], []
        for pictures in films:
            counts.append(len(pictures))
            waiting.extend(pictures)
            while len(waiting) >= batch_size:
                outputs.append(self.forward(np.stack(waiting[:batch_size]).astype("float32")))
                del waiting[:batch_size]
        if waiting:  # filled up: another shape would be compiled anew
            batch = np.stack(waiting + [waiting[0]] * (batch_size - len(waiting)))
            outputs.append(self.forward(batch.astype("float32"))[: len(waiting)])
        features = np.split(np.concatenate(outputs), np.cumsum(counts)[:-1])
        return [film.reshape(-1, self.network.crops, self.dim).mean(axis=1) for film in features]

    def read(self, path):
        """Return the pictures (n_frames * crops, size, size, 3) uint8 of one film."""
        return self._pictures(read_frames(path, self.settings.frames, file_digest(path)))

    def model(self, head):
        """Return the head: it reads what the network made of all frames of a film."""
        return head

    def model_inputs(self, inputs, reads):
        """Return what the head reads (``reads``) of the pictures of some films.

        They go in batches of one size, which is no larger than it has to be: what fills one up would be timed too."""
        n_pictures = sum(map(len, inputs))
        n_batches = math.ceil(n_pictures / self.settings.training.batch_size)
        return reads(self._embed(iter(inputs), math.ceil(n_pictures / n_batches)))


def _ahead(items, load):
    """Yield what ``load`` makes of each item; the next is loaded while one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for item in items:
            before, coming = coming, pool.submit(load, item)
            if before:
                yield before.result()
        if coming:
            yield coming.result()
