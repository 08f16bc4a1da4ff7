"""Random changes of training pictures, with MATLAB's ranges: translation, scale, reflection; and SpecAugment masks."""

import numpy as np
from PIL import Image

FILL = 0  # black, as imageDataAugmenter's FillValue


def make_transform(augment):
    """Return ``transform(images, rng)`` of a study's augmentation, or None where nothing is to be changed."""
    if augment == type(augment)():
        return None
    return lambda images, rng: np.stack([_change(image, augment, rng) for image in images])


def _change(image, augment, rng):
    """Return one picture (height, width, 3) changed at random."""
    height, width = image.shape[:2]
    scale, reflect = rng.uniform(*augment.scale), augment.reflection and rng.random() < 0.5
    shift = rng.uniform(-augment.translation, augment.translation, 2)  # pixels: x, y
    if scale != 1 or reflect or shift.any():
        image = _warp(image, scale, reflect, shift)
    image = image.copy()
    for axis, widest in ((0, augment.frequency_mask * height), (1, augment.time_mask * width)):
        size = int(rng.uniform(0, widest + 1)) if widest else 0
        start = rng.integers(0, image.shape[axis] - size + 1)
        image[(slice(None),) * axis + (slice(start, start + size),)] = FILL
    return image


def _warp(image, scale, reflect, shift):
    """Return the picture scaled about its centre, mirrored from left to right and moved, bilinear."""
    height, width = image.shape[:2]
    x, y = width / 2, height / 2  # Pillow counts from the corner of the first pixel
    across = -1 / scale if reflect else 1 / scale
    coefficients = (across, 0, x - across * (x + shift[0]), 0, 1 / scale, y - (y + shift[1]) / scale)
    picture = Image.fromarray(image.astype("uint8"))
    warped = picture.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(warped, image.dtype)
