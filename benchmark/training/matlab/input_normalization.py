"""MATLAB's reset of a network's input layer: its statistics are those of the training pictures."""

import numpy as np
from keras import ops

IMAGENET_MEAN, IMAGENET_STD = np.array([0.485, 0.456, 0.406]) * 255, np.array([0.229, 0.224, 0.225]) * 255


def reset(layer, batches, normalization):
    """Set an :class:`InputNormalization` from the training images, as MATLAB does, per channel.

    ``batches`` yields RGB 0..255 images (n, h, w, 3). 'zerocenter' subtracts their mean; 'rescale-symmetric' maps
    their range to [-1, 1]; 'zscore' gives them the mean and the standard deviation that ImageNet's pictures have under
    the pretrained preprocessing (0 and 1, where that is a z-score), so that the weights see the scale they know. That
    MATLAB resets per channel is from memory, unconfirmed."""
    order = list(layer.order)
    mean, std, low, high = (values[order] for values in channel_statistics(batches))
    scale, offset = (ops.convert_to_numpy(weight).astype("float64") for weight in (layer.scale, layer.offset))
    z_scale = scale * IMAGENET_STD[order] / np.maximum(std, 1e-6)
    symmetric = 2 / np.maximum(high - low, 1)
    values = {
        "zerocenter": (scale, -mean * scale),
        "zscore": (z_scale, scale * IMAGENET_MEAN[order] + offset - mean * z_scale),
        "rescale-symmetric": (symmetric, -1 - low * symmetric),
    }
    for weight, value in zip((layer.scale, layer.offset), values[normalization], strict=True):
        weight.assign(value.astype("float32"))


def channel_statistics(batches):
    """Return mean, standard deviation, minimum and maximum of each channel, (3,) each, of batches of images."""
    sums = []
    for images in batches:
        pixels = np.asarray(images, "float64").reshape(-1, 3)
        sums.append((len(pixels), pixels.sum(0), (pixels**2).sum(0), pixels.min(0), pixels.max(0)))
    counts, totals, squares, low, high = (np.array(values) for values in zip(*sums, strict=True))
    mean = totals.sum(0) / counts.sum()
    return mean, np.sqrt(np.maximum(squares.sum(0) / counts.sum() - mean**2, 0)), low.min(0), high.max(0)
