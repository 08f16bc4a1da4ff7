"""What tells one network from another: the source of its builder, its architecture, and its preprocessing."""

import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

import keras

from benchmark.config.features import READS, WEIGHTLESS
from benchmark.errors import StudyError
from benchmark.models.catalogue import find_builder, find_function, layers_of
from spectrograms.params import content_hash
from spectrograms.version import sources

SUITE = [Path(__file__).resolve().parents[2] / room for room in ("benchmark", "spectrograms")]
LIBRARIES = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]
NO_CONFIG = (NotImplementedError, TypeError, ValueError, AttributeError)  # of layers that Keras cannot describe


def builder_source(network):
    """Return 16 hex digits of the code that builds a network (NetworkParams), or 'library' where that is a library's.

    It is the source of the module that ``backbone`` names (of an audio network with random weights, ``random``), of
    that of its ``preprocess_input``, and of the modules that these import: not of installed packages, and of this
    suite those beside the builder alone. '' where there is no such builder."""
    code = network.built_by
    if code is None or code in WEIGHTLESS or code.startswith(("keras.applications.", "keras_hub:", "tensorflow_hub:")):
        return "library"
    return _source(code, READS[network.reads] == "image")


@lru_cache  # asked for at the start of a process: what is changed later is not what has been imported
def _source(code, is_image):
    try:
        parts = find_builder(code) if is_image else [find_function(code, "backbone")]
    except StudyError:
        return ""
    modules = {code.partition(":")[0], *(getattr(part, "__module__", None) for part in parts)}
    return content_hash({name: _own_sources(name) for name in sorted(modules - {None})})


def _own_sources(module):
    """Return what :func:`spectrograms.version.sources` does, with the version of the package that a module is in."""
    file = getattr(sys.modules.get(module), "__file__", None)
    folder = Path(file).resolve().parent if file else None

    def counts(path):
        if "site-packages" in path.parts or any(path.is_relative_to(place) for place in LIBRARIES):
            return False
        beside = folder is not None and path.is_relative_to(folder)
        return beside or not any(path.is_relative_to(room) for room in SUITE)

    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", None)
    return [str(version), sources(module, counts)]


def architecture(model):
    """Return a Keras model's own description as plain JSON: its layers, their settings, and what leads where.

    Layers, and operations without weights, are called by their number: names that Keras makes up depend on what was
    built before in the process. Where a layer has no description, the kinds of layers and the shapes of their weights
    stand for it."""
    try:
        described = keras.saving.serialize_keras_object(model)
    except NO_CONFIG:
        return [[type(layer).__name__, [list(value.shape) for value in layer.weights]] for layer in layers_of(model)]
    numbers = {part.name: f"layer {number}" for number, part in enumerate(_operations_of(model))}

    def renamed(part):
        return part if isinstance(part, bool | int | float | type(None)) else numbers.get(str(part), str(part))

    return keras.tree.map_structure(renamed, described)


def _operations_of(model):
    """Return a model and all that it is made of, in order, also of models inside it: layers, and slices, sums ..."""
    inside = getattr(model, "operations", getattr(model, "layers", ()))
    return [model, *(inner for part in inside for inner in _operations_of(part))]
