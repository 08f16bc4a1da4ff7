"""Read a .safetensors file in torch's naming and copy it into a Keras model by a table of names."""

from math import prod

# Keras' name of a layer's variable: torch's; kernels are turned besides
VARIABLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "embeddings": "weight",
}


def read(path):
    """Return the tensors {name: array} of a .safetensors file; raise ValueError where it is none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"it is no .safetensors file, or cut short ({error})") from None


def load(model, path, names, prefix=""):
    """Copy the tensors of a .safetensors file into a Keras model, as :func:`copy_tensors` does.

    ``prefix`` stands before all names in files of a larger model that holds this one."""
    copy_tensors(model, {name.removeprefix(prefix): tensor for name, tensor in read(path).items()}, names)


def copy_tensors(model, tensors, names):
    """Copy torch's ``tensors`` {name: array} into all weights of a Keras model.

    ``names`` is {the path of Keras' layer, or of one of its variables: torch's name}, e.g. {'conv1_bn': 'bn1'}. Raises
    ValueError naming the first layer that is missing or of another shape; the model is changed only when all fit.
    Tensors of other layers are left alone, and so are whole numbers in a model, which count its positions."""
    variables = [variable for variable in model.weights if "int" not in str(variable.dtype)]
    fitted = [(variable, _fit(variable, names, tensors)) for variable in variables]
    for variable, value in fitted:
        variable.assign(value)


def _fit(variable, names, tensors):
    """Return what a variable becomes, float32, as Keras lays it out."""
    layer, _, kind = variable.path.rpartition("/")
    if variable.path not in names and layer not in names:
        raise ValueError(f"there is no torch name for layer '{layer}'")
    tensor = names.get(variable.path) or f"{names[layer]}.{VARIABLES[kind]}"
    if tensor not in tensors:
        raise ValueError(f"layer '{layer}' needs '{tensor}'; it has {', '.join(list(tensors)[:5])}, …")
    value, expected = tensors[tensor], tuple(variable.shape)
    if kind == "kernel":  # (out, in, h, w) becomes (h, w, in, out), (out, in) becomes (in, out)
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
    if value.size != prod(expected) or (kind == "kernel" and not _joins(value.shape, expected)):
        raise ValueError(f"layer '{layer}' needs '{tensor}' as a {kind} of {expected}; it has {value.shape}")
    return value.reshape(expected).astype("float32")


def _joins(shape, expected):
    """Return whether a kernel is the same but for the heads of attention, which Keras gives an axis of their own."""
    has_heads = (len(shape), len(expected)) == (2, 3)
    return shape == expected or (has_heads and (shape[0] == expected[0] or shape[1] == expected[2]))
