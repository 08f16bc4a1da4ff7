"""Read a .safetensors file in torchvision's naming and copy it into a Keras model by a table of layer names."""

# Keras' name of a layer's variable: torch's; kernels are turned besides
VARIABLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def read(path):
    """Return the tensors {name: array} of a .safetensors file; raise ValueError where it is none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"it is no .safetensors file, or cut short ({error})") from None


def load(model, path, names):
    """Copy the tensors of a .safetensors file into a Keras model, as :func:`copy_tensors` does."""
    copy_tensors(model, read(path), names)


def copy_tensors(model, tensors, names):
    """Copy torch's ``tensors`` {name: array} into every layer of a Keras model that has weights.

    ``names`` is {Keras' layer: torch's}, e.g. {'conv1_bn': 'bn1'}. Raises ValueError naming the first layer that is
    missing or of another shape; the model is changed only when all fit. Tensors of other layers are left alone."""
    fitted = [(layer, _fit(layer, names.get(layer.name), tensors)) for layer in model.layers if layer.weights]
    for layer, values in fitted:
        layer.set_weights(values)


def _fit(layer, name, tensors):
    """Return a layer's weights in Keras' order, float32, each as Keras lays it out."""
    if name is None:
        raise ValueError(f"there is no torch name for layer '{layer.name}'")
    values = []
    for variable in layer.weights:
        tensor, expected = f"{name}.{VARIABLES[variable.name]}", tuple(variable.shape)
        if tensor not in tensors:
            raise ValueError(f"layer '{layer.name}' needs '{tensor}'; it has {', '.join(list(tensors)[:5])}, …")
        value = tensors[tensor]  # (out, in, h, w) becomes (h, w, in, out), (out, in) becomes (in, out)
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
        if value.shape != expected:
            raise ValueError(
                f"layer '{layer.name}' needs '{tensor}' as a {variable.name} of {expected}; it has {value.shape}"
            )
        values.append(value.astype("float32"))
    return values
