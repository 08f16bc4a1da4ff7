"""Heads over the steps of a clip in their order: convolution through time, and LSTM, of Wehrmann & Barros 2017
(doi:10.1016/j.asoc.2017.08.029).

All take {"features": (n_clips, n_steps, dim), "mask": (n_clips, n_steps)}, and padding changes no score. What the paper
leaves open is ours: ReLU after the convolution (as the authors' demo has it) and in hidden layers, and dropout at one
place, before the last layer."""

import keras
from keras import ops

from benchmark.models.heads.layers import Maxout, MaxOverTime, Standardize, SubtractMean


def inputs_of(dim, feature=""):
    """Return the inputs of a head over steps: {"features": (n_steps, dim), "mask": (n_steps,)}, as many as come.

    They are called so; where a head reads several features, as the ``feature``, and with _mask after it."""
    return {
        "features": keras.Input((None, dim), name=feature or "features"),
        "mask": keras.Input((None,), name=f"{feature}_mask" if feature else "mask", dtype="float32"),
    }


def prepared(inputs, input_dropout, standardize, feature=""):
    """Return the features of the steps as a head's layers read them, with zeros for padding."""
    x, end = inputs["features"], f"_{feature}" if feature else ""
    x = Standardize(name=f"standardize{end}", dtype="float32")(x) if standardize else x
    x = keras.layers.Dropout(input_dropout, name=f"head_dropout{end}")(x) if input_dropout else x
    return x * inputs["mask"][..., None]


def through_time(x, mask, filters, width):
    """Return what a convolution of ``width`` steps, without padding, gives at most over time, (n, filters).

    x: (n, n_steps, dim), 0 where the mask (n, n_steps) is. Fewer steps than ``width`` are filled up with zeros."""
    x = keras.layers.ZeroPadding1D((0, width - 1), name="fill")(x)
    x = keras.layers.Conv1D(filters, width, activation="relu", name="convolution")(x)
    return MaxOverTime(width, name="max_over_time")(x, mask)


def scored(inputs, x, n_classes, activation, dropout):
    """Return the model of inputs to scores (n_classes,), from what its last layer reads."""
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    scores = keras.layers.Dense(n_classes, activation=activation, dtype="float32", name="scores")(x)
    return keras.Model(inputs, scores, name="head")


def ctt(
    dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    filters=256, width=3, hidden=(), maxout=None, dropout=0.5,
):  # fmt: skip
    """Return CTT-MMC: a convolution through time, its maximum over time, hidden layers, scores.

    CTT-MMC-A has no hidden layer, B one with ReLU, C one of ``maxout`` pieces for each unit."""
    inputs = inputs_of(dim)
    x = through_time(prepared(inputs, input_dropout, standardize), inputs["mask"], filters, width)
    for number, units in enumerate(hidden, start=1):
        name = f"hidden_{number}"
        layer = Maxout(units, maxout, name=name) if maxout else keras.layers.Dense(units, activation="relu", name=name)
        x = layer(x)
    return scored(inputs, x, n_classes, activation, dropout)


def ctt_spectrogram(
    dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    filters=256, width=3, parts=11, segment=130, dropout=0.5,
):  # fmt: skip
    """Return CTT-MMC-S over ``parts`` segments, one after the other in the steps: (n_clips, parts * segment, dim).

    Each is taken less the mean training segment, goes through batch normalisation, a convolution through time and its
    maximum over time; the scores are those of the mean over segments."""
    inputs = inputs_of(dim)
    segments = ops.reshape(inputs["features"], (-1, segment, dim))
    mask = ops.reshape(inputs["mask"], (-1, segment))
    x = SubtractMean(name="subtract_mean", dtype="float32")(segments) if standardize else segments
    x = keras.layers.Dropout(input_dropout, name="head_dropout")(x) if input_dropout else x
    x = keras.layers.BatchNormalization(name="batch_norm")(x, mask=ops.cast(mask, "bool"))
    x = through_time(x * mask[..., None], mask, filters, width)
    x = ops.mean(ops.reshape(x, (-1, parts, filters)), axis=1)
    return scored(inputs, x, n_classes, activation, dropout)


def lstm(dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax", units=256, dropout=0.5):
    """Return an LSTM over the steps, of which the last state is scored; padding leaves the state as it is."""
    inputs = inputs_of(dim)
    x = prepared(inputs, input_dropout, standardize)
    x = keras.layers.LSTM(units, name="lstm")(x, mask=ops.cast(inputs["mask"], "bool"))
    return scored(inputs, x, n_classes, activation, dropout)
