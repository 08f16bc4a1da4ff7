"""Heads that judge each step of a clip by itself, and a clip by the scores of its steps: the frames and the windows of
sound of trailers2023.

All take {"features": (n_clips, n_steps, dim), "mask": (n_clips, n_steps)}; an example that is one step is a clip of
one. The paper names no size of a layer: all are ours."""

import keras
from keras import ops

from benchmark.errors import StudyError
from benchmark.models.heads.layers import OverSteps
from benchmark.models.heads.sequence import inputs_of, prepared, scored

POOLING = {
    "average": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
    "flatten": keras.layers.Flatten,
}


def over_steps_of(inputs, judged, how, unit=1):
    """Return the model of inputs to the scores of clips, from what a model gives for each step."""
    sums_to_one = judged.get_layer("scores").activation is keras.activations.softmax
    scores = OverSteps(how, unit, sums_to_one, name="over_steps", dtype="float32")(judged.output, inputs["mask"])
    return keras.Model(inputs, scores, name="head")


def conv(
    dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    filters=256, width=3, grid=(7, 7), pooling="average", dropout=0.5, over_steps="mean",
):  # fmt: skip
    """Return a convolution over the map of each step, pooled or flattened, then dense.

    The features of a step are its map (rows, columns, channels) of ``grid`` cells, flattened in this order. Raises
    :class:`StudyError` where they are no such map."""
    rows, columns = grid
    if dim % (rows * columns):
        raise StudyError(
            f"head conv: the {dim} features of a step are no map of {rows} x {columns} cells; give the head's grid, or "
            "features that are a map"
        )
    inputs = inputs_of(dim)
    x = prepared(inputs, input_dropout, standardize)
    x = ops.reshape(x, (-1, rows, columns, dim // (rows * columns)))
    x = POOLING[pooling](name="pool")(keras.layers.Conv2D(filters, width, activation="relu", name="convolution")(x))
    return over_steps_of(inputs, scored(inputs, x, n_classes, activation, dropout), over_steps)


def plain_cnn(
    dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    channels=(16, 32, 64), width=3, segment=130, dropout=0.5, over_steps="mean",
):  # fmt: skip
    """Return a small network from scratch over each segment of a spectrogram, (segment, dim) as a picture.

    Blocks of convolution with ReLU and maximum over 2 x 2, then the mean over the picture, then dense. Segments come
    one after the other in the steps, (n_clips, n_segments * segment, dim)."""
    inputs = inputs_of(dim)
    x = ops.reshape(prepared(inputs, input_dropout, standardize), (-1, segment, dim, 1))
    for number, filters in enumerate(channels, start=1):
        x = keras.layers.Conv2D(filters, width, padding="same", activation="relu", name=f"convolution_{number}")(x)
        x = keras.layers.MaxPooling2D(padding="same", name=f"pool_{number}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return over_steps_of(inputs, scored(inputs, x, n_classes, activation, dropout), over_steps, segment)
