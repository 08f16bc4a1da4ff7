"""What one forward pass costs in floating-point operations, counted from a built model without running it.

A multiply-add counts as two, as in the tables of most papers that say FLOPs; those that say MACs, or count one, show
half. Convolutions and matrix products are counted; biases, normalisation, activations and pooling are not: together
they are about one per cent of such networks, and libraries that time them disagree on what they are."""

from math import prod

import keras


def count_flops(model):
    """Return the floating-point operations of one forward pass at batch 1, or None where they cannot be known.

    ``model`` is a built Keras model of fixed input size; models inside it are walked, and a layer counts as often as it
    is used. None: a layer has weights and is none of :data:`MULTIPLY_ADDS`, a size is open, or the model is written by
    subclassing, so that its calls are known to its own code alone."""
    if not _is_graph(model):
        return None
    counts = [count_flops(layer) if _is_graph(layer) else _of_layer(layer, shape) for layer, shape in _uses(model)]
    return None if None in counts else sum(counts)


def _is_graph(layer):
    """Return whether a layer is a sequential or functional model."""
    return isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and hasattr(layer, "operations"))


def _uses(model):
    """Yield (layer, input shape) for each use of a layer in a model; the shape is None where it has several inputs."""
    if isinstance(model, keras.Sequential):  # its configuration has no shapes
        model = keras.Model(model.inputs, model.outputs)
    by_name = {layer.name: layer for layer in model.layers}
    for entry in model.get_config()["layers"]:  # a layer that other models share may have more nodes than are in this
        for node in entry["inbound_nodes"] if entry["name"] in by_name else []:
            first = node["args"][0] if node["args"] else None
            is_one = isinstance(first, dict) and "config" in first
            yield by_name[entry["name"]], tuple(first["config"]["shape"]) if is_one else None


def _of_layer(layer, shape):
    """Return the floating-point operations of a layer for one input of ``shape``, or None where they are not known."""
    count = MULTIPLY_ADDS.get(type(layer))
    if count is None:
        # At most a number per channel: it scales and shifts, as a normalisation does, whatever it is called.
        channels = shape[-1] if shape else 0
        return 0 if all(prod(weight.shape) <= (channels or 0) for weight in layer.weights) else None
    if shape is None or None in shape[1:]:
        return None
    return 2 * count(layer, shape, layer.compute_output_shape(shape))


def _convolution(layer, shape, output):
    return prod(output[1:]) * prod(layer.kernel.shape[:-1])  # (*window, channels / groups, filters)


def _depthwise(layer, shape, output):
    return prod(output[1:]) * prod(layer.kernel_size)


def _separable(layer, shape, output):
    positions = prod(output[1:]) // layer.filters
    inner = shape[-1] * layer.depth_multiplier  # channels between the two convolutions
    return positions * inner * (prod(layer.kernel_size) + layer.filters)


MULTIPLY_ADDS = {  # (layer, input shape, output shape) -> multiply-adds of one input
    keras.layers.Dense: _convolution,
    keras.layers.Conv1D: _convolution,
    keras.layers.Conv2D: _convolution,
    keras.layers.Conv3D: _convolution,
    keras.layers.DepthwiseConv1D: _depthwise,
    keras.layers.DepthwiseConv2D: _depthwise,
    keras.layers.SeparableConv1D: _separable,
    keras.layers.SeparableConv2D: _separable,
}
