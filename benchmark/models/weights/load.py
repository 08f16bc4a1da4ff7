"""Weights: from a library's cache, from a file, or random; each with what identifies it."""

import contextlib
import hashlib
import re
import sys
import warnings
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np

from benchmark.errors import StudyError, WeightsError
from benchmark.models import resnet18
from benchmark.models.backend import keras_home
from benchmark.models.weights import caffemodel, safetensors_file, transformer_names


def cache_folder():
    """Return the folder in which Keras keeps downloaded weights."""
    return keras_home() / "models"


def build_pretrained(builder, source, arguments, sha256=None):
    """Return ``builder(weights=source, **arguments)``, fetched or from the cache.

    ``sha256`` is that of the file which the builder names. Raises :class:`WeightsError` naming the file and where to
    put it, where it can be neither found nor fetched; or that there is no file whose digest could be compared."""
    check_named(builder, source, sha256)
    if hasattr(builder, "weights_files"):
        path = named_file(builder, source)
        model = builder(weights=None, **arguments)
        load_file(model, path, sha256, builder)
        return model
    with get_file_noted(builder) as asked:
        try:
            return builder(weights=source, **arguments)
        except (StudyError, WeightsError):  # what the builder itself has to say
            raise
        except Exception as error:  # Keras raises a bare Exception where the network fails; hubs have their own
            place = getattr(builder, "weights_place", None) or _unfetched(error, asked)
            if place is None:
                raise
            raise WeightsError(missing(source, *place)) from error


def _unfetched(error, asked):
    """Return (file, folder) that Keras could not fetch, None where the error is another one."""
    url = re.search(r"URL fetch failure on (https?://\S+/([^/\s:]+))", str(error))
    if url is None:
        return None
    return (asked[-1].file, asked[-1].folder) if asked else (url[2], cache_folder())  # Keras may rename the file


class Asked(Exception):
    """A builder of Keras has asked for a file: its name, its folder and the address to fetch it from."""

    def __init__(self, file, folder, url):
        super().__init__(f"{url} into {folder / file}")
        self.file, self.folder, self.url = file, folder, url


@contextlib.contextmanager
def get_file_noted(builder, fetch=True):
    """Yield the list of what a builder of ``keras.applications`` asks ``get_file`` for, as :class:`Asked`.

    The file is named in no other way. Without ``fetch`` it is raised in place of being fetched."""
    library, asked = getattr(sys.modules[builder.__module__], "file_utils", None), []
    if library is None:  # not one of Keras'
        yield asked
        return
    get_file = library.get_file

    def note(fname=None, origin=None, *given, cache_subdir="datasets", **named):
        asked.append(Asked(fname or origin.rpartition("/")[2], keras_home() / cache_subdir, origin))
        if not fetch:
            raise asked[-1]
        return get_file(fname, origin, *given, cache_subdir=cache_subdir, **named)

    library.get_file = note
    try:
        yield asked
    finally:
        library.get_file = get_file


def check_named(builder, source, sha256=None):
    """Raise :class:`WeightsError` where a builder of this project has no weights of that name, or where there is no
    file whose SHA-256 could be compared."""
    if hasattr(builder, "weights_files"):  # a builder of this project may name files of its own
        _check_source(builder, source)
    elif sha256 is not None:
        raise WeightsError(
            f"weights_sha256 is compared with a weights file, and the library itself loads its '{source}' weights: "
            "give 'weights' a path, or leave weights_sha256 out"
        )


def _check_source(builder, source):
    known = [*getattr(builder, "weights_files", ()), "random"]
    if source not in known:
        raise WeightsError(f"there are no '{source}' weights; known are {', '.join(known)}, or a path")


def named_file(builder, source):
    """Return the path of what a builder's ``weights_files`` {source: file or folder} name, in Keras' cache.

    Raises :class:`WeightsError` for a source that it does not name, and where the file is not there."""
    _check_source(builder, source)
    path = cache_folder() / builder.weights_files[source]
    if not path.exists():
        raise WeightsError(missing(source, path.name, path.parent))
    return path


def missing(source, file, folder):
    """Return the sentence that says which file is missing, where to put it, and what to do without it."""
    return (
        f"the '{source}' weights are not on this machine and could not be fetched: "
        f"put {file} into {folder}, or set 'weights: random'"
    )


def load_file(model, path, sha256=None, builder=None):
    """Load a weights file into a model, in place; raise :class:`WeightsError` where they do not belong together.

    So too where the file's SHA-256 is not ``sha256``, 64 lower-case hex characters, where given. A ``builder`` whose
    weights are published in a form of their own has ``load_weights(model, path)``, which reads it, be it a file or a
    folder, and raises ValueError where it does not fit. After an error the model is of no use: part of it may be
    loaded."""
    path, load = Path(path), getattr(builder, "load_weights", None)
    if not (path.exists() if load else path.is_file()):
        raise WeightsError(f"no weights file {path}")
    if not load and path.suffix not in LOADERS:
        raise WeightsError(f"{path}: expected a weights file ending in {', '.join(LOADERS)}; got '{path.suffix}'")
    if sha256 is not None and (got := file_digest(path)) != sha256:
        raise WeightsError(f"{path} is not the file that weights_sha256 names: expected {sha256}, got {got}")
    try:
        (load or LOADERS[path.suffix])(model, path)
    except Exception as error:  # of Keras, h5py and zipfile: damaged files raise a dozen kinds
        text = " ".join(str(error).split())
        raise WeightsError(
            f"{path} does not hold the weights of {model.name} as it is built here "
            f"(another network, another top, or a damaged file): {text[:200] + '…' * (len(text) > 200)}"
        ) from error


def _load_keras(model, path):
    for value in model.weights:  # what the file lacks stays so, and is found below: Keras would only warn
        value.assign(np.full(value.shape, np.nan, "float32"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.load_weights(str(path))
    lacking = [value.path for value in model.weights if np.isnan(keras.ops.convert_to_numpy(value)).any()]
    if lacking:
        raise ValueError(f"no numbers in it for {lacking[0]} and {len(lacking) - 1} more")


def _load_safetensors(model, path):
    if model.name not in SAFETENSORS:
        raise ValueError(f".safetensors files are read for {', '.join(SAFETENSORS)} only; got {model.name}")
    names, prefix = SAFETENSORS[model.name]
    safetensors_file.load(model, path, names(model), prefix)


SAFETENSORS = {  # by a model's name: what gives the names in a file, and what precedes them in a classifier's file
    "resnet18": (lambda model: resnet18.torch_names(), ""),
    "clip_vision": (transformer_names.clip_vision, ""),
    "vit": (transformer_names.vit, "vit."),
    "ast": (transformer_names.ast, "audio_spectrogram_transformer."),
}
LOADERS = {  # by how a file's name ends
    ".h5": _load_keras,
    ".keras": _load_keras,
    ".caffemodel": caffemodel.load,
    ".safetensors": _load_safetensors,
}


def file_digest(path):
    """Return the SHA-256 of a file, or of all files below a folder in the order of their names.

    A process reads a file once, as long as its size, times and inode stay what they were."""
    path = Path(path)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    states = [(s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for s in (file.stat() for file in files)]
    return _digest(tuple(zip(files, states, strict=True)))


@lru_cache(256)
def _digest(files):
    digest = hashlib.sha256()
    for file, _ in files:
        with open(file, "rb") as content:
            hashlib.file_digest(content, lambda: digest)
    return digest.hexdigest()


def value_digest(model):
    """Return the SHA-256 of a model's weights in order: what identifies weights that came from no single file."""
    digest = hashlib.sha256()
    for value in model.weights:
        digest.update(keras.ops.convert_to_numpy(value).tobytes())
    return digest.hexdigest()
