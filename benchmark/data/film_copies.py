"""Which films are copies of each other, by what is seen: re-encoded, resized, lighter or darker.

The fingerprint of a film are thumbnails of frames at equal steps of it, whatever frames a study reads. Two films are
copies where half of the frames of the one that has fewer are near duplicates of frames of the other, as
:mod:`benchmark.data.thumbnails` judges: one frame alone may be the logo or the notice that many trailers begin with. A
part of a film is found where it shows the same still pictures."""

from collections import defaultdict

import numpy as np

from benchmark.config.frames import FrameParams
from benchmark.data.leakage import Copies
from benchmark.data.thumbnails import DIFFERENT, SHAPE, gray_levels, near_duplicate_pictures
from benchmark.video.frames import film_code, read_frames
from spectrograms.errors import FilmError

FRAMES = FrameParams(sample="uniform", n=16, size=64)
SHARE = 0.5  # of the different frames of a film, those that a copy has too


def film_fingerprint(path, clip=None):
    """Return :func:`fingerprint_of_frames` of a film; none where it cannot be read. ``clip`` changes nothing."""
    try:
        return fingerprint_of_frames(read_frames(path, FRAMES, "0" * 16))
    except FilmError:
        return np.zeros((0, *SHAPE), np.uint8)


def fingerprint_of_frames(frames):
    """Return the thumbnails of Frames that differ from each other, (n, *SHAPE) uint8; flat ones are left out."""
    kept = []
    for image in frames.images:
        levels = gray_levels(image).astype(np.float32)
        if levels.std() > DIFFERENT and all(np.sqrt(np.mean((levels - other) ** 2)) > DIFFERENT for other in kept):
            kept.append(levels)
    return np.array(kept, np.uint8).reshape(-1, *SHAPE)


def near_duplicate_films(prints):
    """Return [(i, j, share of frames in common), ...] with i < j of the fingerprints of copies, in order."""
    film_of = np.repeat(np.arange(len(prints)), [len(thumbnails) for thumbnails in prints])
    shared = defaultdict(lambda: (set(), set()))
    for a, b, _ in near_duplicate_pictures([levels for thumbnails in prints for levels in thumbnails]):
        if film_of[a] != film_of[b]:  # a comes before b, and so does its film
            of_one, of_other = shared[int(film_of[a]), int(film_of[b])]
            of_one.add(a)
            of_other.add(b)
    found = []
    for (i, j), pictures in shared.items():
        share = min(map(len, pictures)) / min(len(prints[i]), len(prints[j]))
        found += [(i, j, share)] if share >= SHARE else []
    return sorted(found)


COPIES = Copies("same film", film_fingerprint, near_duplicate_films, lambda: [SHAPE, FRAMES.model_dump(), film_code()])
