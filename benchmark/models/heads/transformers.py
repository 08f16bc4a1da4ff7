"""Transformers over the steps of one or several features, of Sulun et al. 2024 (arXiv:2410.19760).

``dims`` is the number of numbers of a step, and the inputs are {"features": (n_clips, n_steps, dim), "mask":
(n_clips, n_steps)}; or it is {name: dim} of several features, and each has the inputs ``name`` and ``name_mask``. A
feature that a clip lacks is masked as a whole; how much padding there is changes no score."""

from typing import NamedTuple

import keras
from keras import ops

from benchmark.errors import StudyError
from benchmark.models.heads.attention import Positions, Token, dense, encoded
from benchmark.models.heads.dense import hidden_layers
from benchmark.models.heads.sequence import inputs_of, prepared


class Sequence(NamedTuple):
    """The steps of one feature of a head."""

    name: str  # of the feature; empty where there is one alone
    steps: keras.KerasTensor  # (n_clips, n_steps, dim)
    mask: keras.KerasTensor  # (n_clips, n_steps)

    def called(self, layer):
        """Return the name of a layer that this feature has of its own."""
        return f"{layer}_{self.name}" if self.name else layer


def sequences_of(dims, input_dropout, standardize):
    """Return the inputs of a head and the :class:`Sequence` of each feature, in order of name."""
    inputs, sequences = {}, []
    for name, dim in sorted(dims.items()) if isinstance(dims, dict) else [("", dims)]:
        own = inputs_of(dim, name)
        inputs |= {tensor.name: tensor for tensor in own.values()}
        sequences.append(Sequence(name, prepared(own, input_dropout, standardize, name), own["mask"]))
    return inputs, sequences


def after_token(mask):
    """Return the mask of steps that a token, which is always attended to, was put before."""
    return ops.pad(mask, [[0, 0], [1, 0]], constant_values=1.0)


def narrowed(sequence, x, width):
    """Return steps or vectors x (..., dim) of a feature as those of ``width`` numbers; as they are where it is None."""
    return x if width is None else dense(width, x.shape[-1], name=sequence.called("dense"))(x)


def placed(sequence, x, positions, position_dropout):
    """Return the steps of a feature with its learned positions, dropout after them."""
    x = Positions(positions, name=sequence.called("positions"))(x)
    return keras.layers.Dropout(position_dropout, name=sequence.called("positions_dropout"))(x)


def check_width(widths, n_heads):
    """Raise :class:`StudyError` where the heads of attention do not share the width of its vectors equally."""
    for width in widths:
        if width % n_heads:
            raise StudyError(f"{n_heads} heads of attention do not divide {width} numbers; change n_heads or width")


def summed_up(sequence, x, n_layers, n_heads, dropout):
    """Return the vector (n_clips, width) that an encoder makes of the steps x of a feature in place of a CLS vector."""
    x, mask = Token(name=sequence.called("cls"))(x), after_token(sequence.mask)
    return encoded(x, mask, n_layers, n_heads, dropout, sequence.called("encoder"))[:, 0]


def joined(parts, axis=-1):
    """Return tensors one after the other."""
    return ops.concatenate(parts, axis=axis) if len(parts) > 1 else parts[0]


def scored(inputs, x, n_classes, activation):
    """Return the model of inputs to scores (n_classes,) from the vectors (n_clips, width) before them."""
    scores = dense(n_classes, x.shape[-1], activation=activation, dtype="float32", name="scores")(x)
    return keras.Model(inputs, scores, name="head")


def single_transformer(
    dims, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    width=256, n_layers=2, n_heads=8, dropout=0.5, position_dropout=0.1, positions=5000,
):  # fmt: skip
    """Return one transformer over the steps of all features, one feature after the other.

    Each feature has a dense layer to ``width``, a SEP vector before its steps and positions of its own; the sequence
    begins with a CLS vector, and what becomes of that is scored. Raises :class:`StudyError` for widths that do not go
    together."""
    inputs, sequences = sequences_of(dims, input_dropout, standardize)
    parts, widths = [], {width or sequence.steps.shape[-1] for sequence in sequences}
    if len(widths) > 1:
        raise StudyError(f"features of {sorted(widths)} numbers make no single sequence; give the head's width")
    check_width(widths, n_heads)
    for sequence in sequences:
        x = narrowed(sequence, sequence.steps, width)
        x = Token(name=sequence.called("sep"))(x)
        parts.append(placed(sequence, x, positions, position_dropout))
    mask = joined([after_token(sequence.mask) for sequence in sequences], axis=1)
    x = Token(name="cls")(joined(parts, axis=1))
    x = encoded(x, after_token(mask), n_layers, n_heads, dropout, "encoder")
    return scored(inputs, x[:, 0], n_classes, activation)


def multi_transformer(
    dims, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    width=128, n_layers=1, n_heads=8, dropout=0.5, position_dropout=0.1, positions=5000, averaged=(),
):  # fmt: skip
    """Return a transformer for each feature, with a CLS vector of its own; all these together are scored.

    Features whose names are ``averaged`` go through a dense layer alone, as the mean of their steps. Raises
    :class:`StudyError` for widths that the heads of attention do not divide."""
    inputs, sequences = sequences_of(dims, input_dropout, standardize)
    alone = [sequence for sequence in sequences if sequence.name not in averaged]
    check_width([width or sequence.steps.shape[-1] for sequence in alone], n_heads)
    vectors = []
    for sequence in sequences:
        if sequence.name in averaged:
            n_steps = ops.maximum(ops.sum(sequence.mask, axis=1, keepdims=True), 1)
            vectors.append(narrowed(sequence, ops.sum(sequence.steps, axis=1) / n_steps, width))
            continue
        x = placed(sequence, narrowed(sequence, sequence.steps, width), positions, position_dropout)
        vectors.append(summed_up(sequence, x, n_layers, n_heads, dropout))
    return scored(inputs, joined(vectors), n_classes, activation)


def mlp_transformer(
    dims, n_classes, input_dropout=0.0, standardize=False, activation="softmax",
    hidden=(768, 768), n_layers=1, n_heads=4, dropout=0.5, position_dropout=0.1, positions=5000,
):  # fmt: skip
    """Return hidden layers over each step of a feature, then a transformer for each as in :func:`multi_transformer`.

    This is the baseline over ViT and AST, of which the paper tells little more than sizes. The hidden layers are
    trained first, see :mod:`benchmark.models.heads.step_judges`."""
    inputs, sequences = sequences_of(dims, input_dropout, standardize)
    check_width(hidden[-1:], n_heads)
    vectors = []
    for sequence in sequences:
        x = sequence.steps
        for layer in hidden_layers(hidden, dropout, sequence.name):
            x = layer(x)
        x = placed(sequence, x, positions, position_dropout)
        vectors.append(summed_up(sequence, x, n_layers, n_heads, dropout))
    return scored(inputs, joined(vectors), n_classes, activation)
