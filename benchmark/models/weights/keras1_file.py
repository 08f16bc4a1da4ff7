"""Read the HDF5 weights that Keras 1 saved, and copy them into a Keras 3 model whose layers have the same names.

Convolutions are as Keras 1 had them over "th" pictures: kernels (out, in, h, w), on TensorFlow not flipped."""

import h5py
import numpy as np


def read(path):
    """Return the weights {layer name: [array, ...]} of a file of Keras 1, in the order in which they were saved.

    Raises ValueError where the file is none."""
    try:
        with h5py.File(path) as file:
            names = {layer: file[layer].attrs["weight_names"] for layer in file.attrs["layer_names"].astype(str)}
            return {layer: [file[layer][name][()] for name in saved.astype(str)] for layer, saved in names.items()}
    except (OSError, KeyError) as error:
        raise ValueError(f"it is no weights file of Keras 1, or cut short ({error})") from None


def load(model, path, running_std="variance"):
    """Copy the weights of a file of Keras 1 into every layer of a Keras model that has weights, matched by name.

    ``running_std`` says what a batch normalisation's weight of that name holds: its "variance" (Keras 1.0.7 and
    later), or its "sd" (earlier; in both the name is the same). Raises ValueError naming the first layer that is
    missing or of another shape; the model is changed only when all fit."""
    saved = read(path)
    fitted = [(layer, _fit(layer, saved, running_std)) for layer in model.layers if layer.weights]
    for layer, values in fitted:
        layer.set_weights(values)


def _fit(layer, saved, running_std):
    """Return a layer's weights in the order and the layout of Keras 3."""
    if not saved.get(layer.name):
        raise ValueError(f"it has no weights for layer '{layer.name}'; it has {', '.join(list(saved)[:5])}, …")
    kind = type(layer).__name__
    how = {"running_std": running_std} if kind == "BatchNormalization" else {}
    values = FITS[kind](*saved[layer.name], **how)
    expected, got = [tuple(w.shape) for w in layer.weights], [value.shape for value in values]
    if got != expected:
        raise ValueError(f"layer '{layer.name}' needs weights of shapes {expected}; it has {got}")
    return values


def _batch_norm(gamma, beta, mean, running, running_std):
    return [gamma, beta, mean, {"variance": running, "sd": running**2}[running_std]]


def _gru(*gates):
    """Return kernel, recurrent kernel and bias, each of the gates z, r and h side by side."""
    return [np.concatenate(gates[i::3], axis=-1) for i in range(3)]


FITS = {  # by the kind of layer: arrays as saved to arrays as Keras 3 has them
    "BatchNormalization": _batch_norm,
    "Conv2D": lambda kernel, bias: [kernel.transpose(2, 3, 1, 0), bias],
    "Dense": lambda kernel, bias: [kernel, bias],
    "GRU": _gru,
}
