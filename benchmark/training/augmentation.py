"""Random changes of training pictures: geometry with MATLAB's ranges, colours, masks and erasing; mixup of pairs."""

import numpy as np
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv
from PIL import Image

FILL = 0  # black, as imageDataAugmenter's FillValue
GREY = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, as Pillow and torchvision
ERASED_AREA, ERASED_ASPECT = (0.02, 0.33), (0.3, 1 / 0.3)  # Zhong et al. 2020, arXiv:1708.04896; torchvision's defaults


def make_transform(augment):
    """Return ``transform(images, rng)`` of a study's augmentation, or None where no picture is to be changed."""
    if not augment.changed() - {"mixup"}:
        return None
    return lambda images, rng: np.stack([_change(image, augment, rng) for image in images])


def make_mix(augment):
    """Return ``mix(arrays, rng)`` of a study's augmentation, or None: mixup of Zhang et al. 2018, arXiv:1710.09412.

    Each of the arrays (n_clips, ...), inputs, targets and weights, is mixed with itself in another order, by one share
    for the batch."""
    if not augment.mixup:
        return None

    def mix(arrays, rng):
        share, other = rng.beta(augment.mixup, augment.mixup), rng.permutation(len(arrays[0]))
        return tuple((share * array + (1 - share) * array[other]).astype("float32") for array in arrays)

    return mix


def _change(image, augment, rng):
    """Return one picture (height, width, 3) changed at random."""
    image = _warped(image, augment, rng)
    for name, change in COLOURS.items():
        if widest := getattr(augment, name):
            image = np.clip(change(image, rng.uniform(-widest, widest)), 0, 255)
    height, width = image.shape[:2]
    image = image.copy()
    for axis, widest in ((0, augment.frequency_mask * height), (1, augment.time_mask * width)):
        size = int(rng.uniform(0, widest + 1)) if widest else 0
        start = rng.integers(0, image.shape[axis] - size + 1)
        image[(slice(None),) * axis + (slice(start, start + size),)] = FILL
    if augment.erasing and rng.random() < augment.erasing:
        _erase(image, rng)
    return image


def _warped(image, augment, rng):
    """Return the picture turned, scaled, mirrored and moved at random."""
    scale, reflect = rng.uniform(*augment.scale), augment.reflection and rng.random() < 0.5
    shift = rng.uniform(-augment.translation, augment.translation, 2)  # pixels: x, y
    degrees = rng.uniform(-augment.rotation, augment.rotation) if augment.rotation else 0.0
    if scale != 1 or reflect or shift.any() or degrees:
        return _warp(image, scale, reflect, shift, degrees)
    return image


def _warp(image, scale, reflect, shift, degrees=0.0):
    """Return the picture mirrored from left to right, turned against the clock, scaled and moved, bilinear.

    It is turned and scaled about its centre."""
    height, width = image.shape[:2]
    centre = np.array([width, height]) / 2  # Pillow counts from the corner of the first pixel
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    back = np.array([[cos, -sin], [sin, cos]]) / scale  # from the new picture to the old: y goes down
    back[0] *= -1 if reflect else 1
    offset = centre - back @ (centre + shift)
    coefficients = (*back[0], offset[0], *back[1], offset[1])
    picture = Image.fromarray(image.astype("uint8"))
    warped = picture.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(warped, image.dtype)


def _erase(image, rng):
    """Fill a rectangle of the picture with noise, in place: what of it lies within."""
    height, width = image.shape[:2]
    area, aspect = rng.uniform(*ERASED_AREA) * height * width, np.exp(rng.uniform(*np.log(ERASED_ASPECT)))
    tall, wide = (max(1, min(int(side), most)) for side, most in
                  ((np.sqrt(area * aspect), height), (np.sqrt(area / aspect), width)))  # fmt: skip
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    image[top : top + tall, left : left + wide] = rng.uniform(0, 255, (tall, wide, 3))


def _hue(image, by):
    """Return the picture with all hues turned by a share of the circle."""
    hsv = rgb_to_hsv(image / 255)
    hsv[..., 0] = (hsv[..., 0] + by) % 1
    return hsv_to_rgb(hsv) * 255


def _blend(image, other, by):
    return other + (1 + by) * (image - other)


COLOURS = {  # of AugmentParams, in torchvision's words: (picture, amount from - to + the setting) -> picture
    "brightness": lambda image, by: image * (1 + by),
    "contrast": lambda image, by: _blend(image, (image @ GREY).mean(), by),
    "saturation": lambda image, by: _blend(image, (image @ GREY)[..., None], by),
    "hue": _hue,
}
