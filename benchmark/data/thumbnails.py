"""Thumbnails of pictures, and which pictures are copies of each other: re-encoded or resized, lighter or darker.

Two copies look the same everywhere: once one is made as light and rich in contrast as the other, no part differs. And
they have something in common that is theirs: of the changes from left to right that are strong in both, as in
:mod:`benchmark.data.fingerprints`, those have no say that most pictures of the data set share, such as axes, a title, a
colour bar. A bit that is +1 or -1 in a picture counts as what exceeds its mean over all.

Perceptual hashes look at two pictures alone, and cannot know what all share. On four sets of 24 spectrograms, with axes
and without, and on 300 posters, with 8 copies of every sixth (2,376 pairs of copies), this finds all and nothing else;
the best hash of the package ImageHash, phash of 256 bits, is wrong 100 times with the one threshold that suits all sets
best, and finds noise or axes to be copies with any that finds all copies (tests/benchmarks/picture_hashes.py)."""

import numpy as np
from PIL import Image

from benchmark.data.fingerprints import encode
from spectrograms.image import read_image

SHAPE = (33, 64)  # rows and columns of a thumbnail
LAG = 2  # columns
RANGE = 80.0  # white over black, in the unit of a sound's dB
DIFFERENT = 5.0  # gray levels of 255, root mean square: re-encoded and resized copies differ by 1 to 5, others by more
MIN_AGREEMENT = 0.7  # least share of the bits that copies have in common; of unrelated pictures it is 0.5
SURE = 5.0  # least (2 * share - 1) * sqrt(n bits): few bits must agree better than many
OWN = 2  # votes for a bit that a pair has by itself: they do not make it common
BLOCK = 512  # thumbnails compared with all others at once
PAIRS = 4096  # pairs looked at closely at once
BITS = np.arange(32, dtype=np.uint32)[:, None]


def thumbnail(path, clip=None):
    """Return a picture as gray levels, SHAPE uint8, whatever its size; ``clip`` changes nothing.

    Raises ImageError where it cannot be read."""
    return gray_levels(read_image(path))


def gray_levels(image):
    """Return the thumbnail of an image (height, width, 3) uint8: SHAPE uint8."""
    rows, columns = SHAPE
    gray = Image.fromarray(image).convert("L").convert("F")
    levels = np.asarray(gray.resize((columns, rows), Image.Resampling.BICUBIC))
    return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)


def near_duplicate_pictures(thumbnails):
    """Return [(i, j, share of bits in common), ...] with i < j of the :func:`thumbnail` of copies, in order."""
    if len(thumbnails) < 2:
        return []
    signs = np.stack([_signs(levels) for levels in thumbnails])
    votes = signs.sum(axis=0, dtype=int)
    common = (np.sign(votes) * np.maximum(0, np.abs(votes) - OWN) / len(signs)).astype(np.float32)
    found = []
    for i, j in _same_to_the_eye(np.stack(thumbnails).reshape(len(signs), -1).astype(np.float32)):
        share, sureness = _in_common(signs[i], signs[j], common)
        copies = (share >= MIN_AGREEMENT) & (sureness >= SURE)
        found += zip(i[copies].tolist(), j[copies].tolist(), np.minimum(share[copies], 1).tolist(), strict=True)
    return sorted(found)


def _signs(levels):
    """Return the strong changes of a thumbnail, (n_bits,) int8: 1 or -1, 0 where there is none."""
    bits, strong, _ = encode(levels * (RANGE / 255), LAG)
    return ((2 * (bits >> BITS & 1).astype(np.int8) - 1) * (strong >> BITS & 1).astype(np.int8)).ravel()


def _same_to_the_eye(levels):
    """Yield arrays (i, j) of pairs i < j of thumbnails (n, n_cells) that differ little, whatever their contrast."""
    centred = levels - levels.mean(axis=1, keepdims=True)
    contrast = centred.std(axis=1)
    unit = centred / np.maximum(1e-6, np.linalg.norm(centred, axis=1, keepdims=True))
    for first in range(0, len(levels), BLOCK):
        rows = slice(first, first + BLOCK)
        correlation = unit[rows] @ unit[first:].T
        # What of the one is left when the other, at its best contrast, is taken away.
        left = np.sqrt(np.maximum(0, 1 - correlation**2)) * np.minimum(contrast[rows, None], contrast[first:])
        i, j = np.nonzero(np.triu((left <= DIFFERENT) & (correlation > 0), 1))
        for start in range(0, len(i), PAIRS):
            yield first + i[start : start + PAIRS], first + j[start : start + PAIRS]


def _in_common(one, other, common):
    """Return (share, sureness) of pairs of signs (n_pairs, n_bits): of what is strong in both and not common to all."""
    both = (one != 0) & (other != 0)
    dot = ((one - common) * (other - common) * both).sum(axis=1)
    n_bits = np.maximum(1e-6, both @ (1 - common**2))
    return (1 + dot / n_bits) / 2, dot / np.sqrt(n_bits)
