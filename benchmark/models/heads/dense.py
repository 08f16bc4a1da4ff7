"""Heads over the mean of a clip's features over its steps."""

import keras

from benchmark.models.heads.layers import Standardize


def linear(dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax"):
    """Return a model from features (dim,) to scores (n_classes,), probabilities after softmax, always in float32."""
    return mlp(dim, n_classes, input_dropout, standardize, activation, hidden=())


def mlp(dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax", hidden=(256,), dropout=0.5):
    """Return a model from features (dim,) to scores (n_classes,) over hidden layers of the given numbers of units.

    A hidden layer is dense, dropout, then ReLU, as in the code of Sulun et al. 2024."""
    layers = [keras.Input((dim,), name="features")]
    layers += [Standardize(name="standardize", dtype="float32")] if standardize else []
    layers += [keras.layers.Dropout(input_dropout, name="head_dropout")] if input_dropout else []
    layers += hidden_layers(hidden, dropout)
    layers += [keras.layers.Dense(n_classes, activation=activation, dtype="float32", name="scores")]
    return keras.Sequential(layers, name="head")


def hidden_layers(hidden, dropout, feature=""):
    """Return dense, dropout and ReLU for each number of units, named after the ``feature`` where there are several."""
    layers, end = [], f"_{feature}" if feature else ""
    for number, units in enumerate(hidden, start=1):
        layers += [
            keras.layers.Dense(units, name=f"hidden_{number}{end}"),
            keras.layers.Dropout(dropout, name=f"hidden_{number}_dropout{end}"),
            keras.layers.ReLU(name=f"hidden_{number}_relu{end}"),
        ]
    return layers
