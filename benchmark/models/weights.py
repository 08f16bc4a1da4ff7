"""Weights: from a library's cache, from a file, or random; each with what identifies it."""

import hashlib
import re
import warnings
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from benchmark.backend import keras_home

# Of Keras, h5py (RuntimeError: a damaged table of its own) and zipfile
LOADING_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    LookupError,
    AttributeError,
    RuntimeError,
    MemoryError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)


class WeightsError(ValueError):
    """Weights that are missing, broken or of another network: one readable sentence."""


def cache_folder():
    """Return the folder in which Keras keeps downloaded weights."""
    return keras_home() / "models"


def build_pretrained(builder, source, arguments, sha256=None):
    """Return ``builder(weights=source, **arguments)``, fetched or from the cache.

    ``sha256`` is that of the file which the builder names. Raises :class:`WeightsError` naming the file and where to
    put it, where it can be neither found nor fetched; or that there is no file whose digest could be compared."""
    files = getattr(builder, "weights_files", None)  # a builder of this project may name files of its own
    if files is not None:
        if source not in files:
            raise WeightsError(f"there are no '{source}' weights; known are {', '.join(files)}, random, or a path")
        path = cache_folder() / files[source]
        if not path.exists():
            raise WeightsError(missing(source, files[source], cache_folder()))
        model = builder(weights=None, **arguments)
        load_file(model, path, sha256)
        return model
    if sha256 is not None:
        raise WeightsError(
            f"weights_sha256 is compared with a weights file, and the library itself loads its '{source}' weights: "
            "give 'weights' a path, or leave weights_sha256 out"
        )
    try:
        return builder(weights=source, **arguments)
    except Exception as error:  # Keras raises a bare Exception where the network fails; hubs have classes of their own
        place = getattr(builder, "weights_place", None)
        url = re.search(r"https?://\S+/([^/\s:]+)", str(error))
        if place is None and (url is None or "URL fetch failure" not in str(error)):
            raise
        raise WeightsError(missing(source, *(place or (url[1], cache_folder())))) from error


def missing(source, file, folder):
    """Return the sentence that says which file is missing, where to put it, and what to do without it."""
    return (
        f"the '{source}' weights are not on this machine and could not be fetched: "
        f"put {file} into {folder}, or set 'weights: random'"
    )


def load_file(model, path, sha256=None):
    """Load a weights file into a model, in place; raise :class:`WeightsError` where they do not belong together.

    So too where the file's SHA-256 is not ``sha256``, 64 lower-case hex characters, where given. After an error the
    model is of no use: part of it may be loaded."""
    path = Path(path)
    loaders = {
        ".h5": _load_keras,
        ".keras": _load_keras,
        ".caffemodel": _load_caffe,
        ".safetensors": _load_safetensors,
    }
    if not path.is_file():
        raise WeightsError(f"no weights file {path}")
    if path.suffix not in loaders:
        raise WeightsError(f"{path}: expected a weights file ending in {', '.join(loaders)}; got '{path.suffix}'")
    if sha256 is not None and (got := file_digest(path)) != sha256:
        raise WeightsError(f"{path} is not the file that weights_sha256 names: expected {sha256}, got {got}")
    loaders[path.suffix](model, path)


def _load_keras(model, path):
    for value in model.weights:  # what the file lacks stays so, and is found below: Keras would only warn
        value.assign(np.full(value.shape, np.nan, "float32"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.load_weights(str(path))
        lacking = [value.path for value in model.weights if np.isnan(keras.ops.convert_to_numpy(value)).any()]
        if lacking:
            raise ValueError(f"no numbers in it for {lacking[0]} and {len(lacking) - 1} more")
    except LOADING_ERRORS as error:
        raise WeightsError(
            f"{path} does not hold the weights of {model.name} as it is built here "
            f"(another network, another top, or a damaged file): {_first_sentence(error)}"
        ) from error


def _load_caffe(model, path):
    from benchmark.models import caffemodel  # imported late: protobuf is needed for these files alone

    try:
        caffemodel.load(model, path)
    except ValueError as error:
        raise WeightsError(f"{path} does not hold the weights of {model.name}: {_first_sentence(error)}") from error


def _load_safetensors(model, path):
    from benchmark.models import resnet18, safetensors_file  # imported late: safetensors is needed for these alone

    if model.name != "resnet18":
        raise WeightsError(f"{path}: .safetensors files are read for resnet18 only; got {model.name}")
    try:
        safetensors_file.load(model, path, resnet18.torch_names())
    except ValueError as error:
        raise WeightsError(f"{path} does not hold the weights of {model.name}: {_first_sentence(error)}") from error


def _first_sentence(error):
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:200] + "…"


def file_digest(path):
    """Return the SHA-256 of a file, or of all files below a folder in the order of their names."""
    path, digest = Path(path), hashlib.sha256()
    for file in [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file()):
        with open(file, "rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def value_digest(model):
    """Return the SHA-256 of a model's weights in order: what identifies weights that came from no single file."""
    digest = hashlib.sha256()
    for value in model.weights:
        digest.update(keras.ops.convert_to_numpy(value).tobytes())
    return digest.hexdigest()
