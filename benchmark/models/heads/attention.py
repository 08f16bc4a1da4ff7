"""The parts of a transformer over steps (Vaswani et al. 2017, arXiv:1706.03762), as PyTorch builds and starts them.

A sequence (n, n_steps, width) comes with a mask (n, n_steps) float32; to a step where it is 0 nothing attends."""

import keras
from keras import ops

EPSILON = 1e-5  # of layer normalisation, PyTorch's; Keras' is 1e-3


def within(bound):
    """Return an initialiser that draws uniformly from -bound to bound."""
    return keras.initializers.RandomUniform(-bound, bound)


def dense(units, fan_in, **options):
    """Return a dense layer on ``fan_in`` numbers that starts as PyTorch's Linear: uniform within 1 / sqrt(fan_in)."""
    starts = {"kernel_initializer": within(fan_in**-0.5), "bias_initializer": within(fan_in**-0.5)}
    return keras.layers.Dense(units, **starts, **options)


@keras.saving.register_keras_serializable("benchmark")
class Token(keras.layers.Layer):
    """Put a learned vector before the steps, (n, n_steps, width) to (n, 1 + n_steps, width); it starts in 0..1."""

    def build(self, x_shape):
        """Create the vector."""
        start = keras.initializers.RandomUniform(0, 1)
        self.vector = self.add_weight(shape=(x_shape[-1],), initializer=start, name="vector")

    def call(self, x):
        """Return the steps with the vector before them."""
        first = ops.broadcast_to(self.vector, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([ops.cast(first, x.dtype), x], axis=1)


@keras.saving.register_keras_serializable("benchmark")
class Positions(keras.layers.Layer):
    """Add a learned vector for its place to each step, (n, n_steps, width); steps beyond ``rows`` have the last one."""

    def __init__(self, rows, **options):
        super().__init__(**options)
        self.rows = rows

    def build(self, x_shape):
        """Create the table of vectors."""
        start = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight(shape=(self.rows, x_shape[-1]), initializer=start, name="table")

    def call(self, x):
        """Return the steps with their places."""
        n, table = ops.shape(x)[1], ops.convert_to_tensor(self.table)
        beyond = ops.broadcast_to(table[-1:], (n, x.shape[-1]))
        return x + ops.cast(ops.concatenate([table, beyond])[:n], x.dtype)  # a slice: gathered gradients are sparse

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "rows": self.rows}


def encoder_layer(width, n_heads, dropout, name):
    """Return a layer of PyTorch's TransformerEncoder: (steps (n, n_steps, width), mask (n, n_steps)) to steps.

    Attention, then two dense layers, 4 * width with ReLU between; after each dropout, the sum with what came in, and
    layer normalisation."""
    steps, mask = keras.Input((None, width), name="steps"), keras.Input((None,), name="mask", dtype="float32")
    start = within((1.5 / width) ** 0.5)  # Glorot's of the three projections as one kernel (width, 3 * width)
    attention = keras.layers.MultiHeadAttention(
        n_heads, width // n_heads, dropout=dropout, kernel_initializer=start, name=f"{name}_attention"
    )
    attended = attention(steps, steps, attention_mask=ops.cast(mask[:, None], "bool"))
    attention.output_dense.kernel.assign(within(width**-0.5)(attention.output_dense.kernel.shape))
    attended = keras.layers.Dropout(dropout, name=f"{name}_attention_dropout")(attended)
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_attention_norm")(steps + attended)
    y = dense(4 * width, width, activation="relu", name=f"{name}_widened")(x)
    y = keras.layers.Dropout(dropout, name=f"{name}_widened_dropout")(y)
    y = dense(width, 4 * width, name=f"{name}_narrowed")(y)
    y = keras.layers.Dropout(dropout, name=f"{name}_narrowed_dropout")(y)
    y = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_narrowed_norm")(x + y)
    return keras.Model([steps, mask], y, name=name)


def encoded(x, mask, n_layers, n_heads, dropout, name):
    """Return the steps x (n, n_steps, width) after so many encoder layers and a final layer normalisation.

    The layers start as copies of each other, as those of PyTorch do."""
    layers = [encoder_layer(x.shape[-1], n_heads, dropout, f"{name}_{number}") for number in range(1, n_layers + 1)]
    for layer in layers:
        layer.set_weights(layers[0].get_weights())
        x = layer([x, mask])
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
