"""Read a checkpoint of TensorFlow 1 and copy it into a Keras model whose layers are named as its scopes."""

from pathlib import Path


def read(folder):
    """Return the variables {name: array} of the one checkpoint of TensorFlow 1 in a folder.

    Raises ValueError where it holds none, or several. The folder's file 'checkpoint' is not read: it names the place
    where the checkpoint was once written."""
    from tensorflow.compat.v1.train import NewCheckpointReader  # takes seconds, and other backends lack it

    indices = sorted(Path(folder).glob("*.index"))
    if len(indices) != 1:
        names = ", ".join(path.name for path in indices) or "none"
        raise ValueError(f"a checkpoint's folder has one file ending in .index; it has {names}")
    reader = NewCheckpointReader(f"{folder}/{indices[0].name.removesuffix('.index')}")
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def load(model, folder):
    """Copy the variables of a checkpoint into every layer of a Keras model that has weights: 'conv2d_1/kernel'.

    Raises ValueError naming the first variable that is missing or of another shape; the model is changed only when
    all fit. Other variables, of the optimiser, are left alone."""
    variables = read(folder)
    fitted = [(layer, [_fit(f"{layer.name}/{weight.name}", weight.shape, variables) for weight in layer.weights])
              for layer in model.layers if layer.weights]  # fmt: skip
    for layer, values in fitted:
        layer.set_weights(values)


def _fit(name, shape, variables):
    if name not in variables:
        raise ValueError(f"it has no variable '{name}'; it has {', '.join(sorted(variables)[:5])}, …")
    value = variables[name]
    if value.shape != tuple(shape):
        raise ValueError(f"variable '{name}' should have the shape {tuple(shape)}; it has {value.shape}")
    return value
