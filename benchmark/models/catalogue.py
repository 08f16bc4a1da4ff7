"""Find a network by its name and build it: a table of YAML files, and three ways to write a backbone."""

import importlib
import inspect
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import keras

from benchmark.config.features import WEIGHTLESS
from benchmark.errors import StudyError, did_you_mean
from benchmark.models import hub_backbones, preprocessing
from benchmark.models.weights import load as weights
from benchmark.store.layout import study_folder

BUILT_IN = {"average": "avg", "flatten": None}  # what a builder is told, by FeatureParams.pooling
POOLINGS = {  # and what follows a builder's output, by the number of its axes
    "average": {4: keras.layers.GlobalAveragePooling2D, 3: keras.layers.GlobalAveragePooling1D},
    "flatten": {4: keras.layers.Flatten, 3: keras.layers.Flatten},
}


@dataclass(frozen=True)
class Backbone:
    """A pretrained extractor: raw RGB 0..255 (h, w, 3) to features (dim,)."""

    model: keras.Model
    parameters: int
    weights: dict  # name, sha256 and what the digest is of

    @property
    def input_size(self):
        """Height and width in pixels."""
        return self.model.input_shape[1]


def find_function(path, what):
    """Return the function that 'package.module:name' names; raise :class:`StudyError` where there is none."""
    module, _, name = path.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        hint = "; Python looks in the current project and in PYTHONPATH" if error.name == module.split(".")[0] else ""
        raise StudyError(f"{what} '{path}' cannot be found: {error}{hint}") from None
    except Exception as error:  # whatever a user's own module does when it is imported
        text = " ".join(str(error).split())
        raise StudyError(
            f"{what} '{path}' cannot be found: importing {module} fails: {type(error).__name__}: {text}"
        ) from error
    if not callable(getattr(found, name, None)):
        why = f"'{name}' is no function" if hasattr(found, name) else f"{module} has no '{name}'"
        raise StudyError(f"{what} '{path}' cannot be found: {why}{did_you_mean(name, dir(found))}")
    return getattr(found, name)


def find_builder(backbone):
    """Return (builder, preprocess_input) of what a network's ``backbone`` names.

    That is ``keras.applications.NAME``, ``keras_hub:PRESET`` or ``package.module:builder``. A builder is called as
    those of ``keras.applications`` are: include_top, weights, input_shape, pooling."""
    library, _, rest = backbone.partition(":")
    if library == "keras_hub":
        return _hub_builder(rest), _hub_preprocessing(rest)
    if backbone.startswith("keras.applications."):
        name = backbone.rpartition(".")[2]
        builder = getattr(keras.applications, name, None)
        if not callable(builder):
            known = [n for n in dir(keras.applications) if n[0].isupper()]
            hint = did_you_mean(name, known) or f"; it has {', '.join(known)}"
            raise StudyError(f"keras.applications has no '{name}'{hint}")
    elif rest:
        builder = find_function(backbone, "backbone")
    else:
        raise StudyError(
            f"backbone must be keras.applications.NAME, keras_hub:PRESET or package.module:builder; got '{backbone}'"
        )
    default = getattr(sys.modules[builder.__module__], "preprocess_input", None)
    return builder, getattr(builder, "preprocess_input", default)


def check_trusted(network, known, folder):
    """Raise :class:`StudyError` where rebuilding a network of a trial's folder could run code that came with it.

    ``network`` is what trial.json holds, ``known`` are the user's own networks, ``folder`` is the trial's. Builders of
    ``keras.applications`` and presets that KerasHub lists need no trust. A module, a hub's SavedModel (whose graph may
    read and write files) and a preset elsewhere must be named the same by one of ``known``; a SavedModel given by its
    path must lie outside the study's folder that the trial belongs to, or beside which it lies."""
    folder, named = Path(folder).resolve(), {name for own in known for name in (own.backbone, own.random)}
    came_with = study_folder(folder)
    code, path = network.built_by, network.weights_path
    if network.is_saved_model and path is not None:
        code, trusted = path, not path.resolve().is_relative_to(came_with)
    else:
        is_ours = code is None or code in WEIGHTLESS or code.startswith("keras.applications.")
        trusted = code in named or is_ours or _is_built_in(code)
    if not trusted:
        raise StudyError(
            f"{folder}: to rebuild its network, trial.json asks for '{code}', which may run code that you have not "
            "chosen; if you trust where it came from, give --trust (in Python: trust=True)"
        )


def _is_built_in(backbone):
    """Return whether a backbone is a preset that KerasHub itself lists: not a hub's address, and not a folder."""
    library, _, preset = backbone.partition(":")
    is_name = library == "keras_hub" and re.fullmatch(r"\w+", preset) and not Path(preset).exists()
    return bool(is_name) and preset in hub_presets()


def hub_presets():
    """Return the presets of backbones that KerasHub lists, {name: what is known of it}."""
    from keras_hub.models import Backbone as HubBackbone  # imported late: it takes seconds

    return HubBackbone.presets


def build_backbone(network, seed=0, load=True, batch_norm="frozen", freeze_layers=0):
    """Return the :class:`Backbone` of a network's settings.

    ``seed`` draws random weights; ``load=False`` leaves them random, for a model whose weights are loaded afterwards.
    ``batch_norm`` 'frozen' keeps batch normalisation as it was pretrained, in inference mode, while the rest trains.
    ``freeze_layers`` counts Keras' layers from the input; MATLAB's count differs by its own input layers.
    Raises StudyError for an unknown builder or layer, WeightsError for weights that are missing, do not fit, or are not
    those of ``weights_sha256``."""
    builder, preprocess_input = find_builder(network.backbone)
    size = network.input_size or default_size(network.backbone)  # before the seed: finding it may draw numbers
    keras.utils.set_random_seed(seed)
    core = shape(build_core(builder, network, load), network)
    image = keras.Input((size, size, 3), name="image")
    # Keras ties inference mode to ``trainable``; a Functional model passes its own mode on, whatever it is told.
    for layer in core.layers[:freeze_layers] + (batch_norms(core) if batch_norm == "frozen" else []):
        layer.trainable = False
    model = keras.Model(image, core(preprocessing.from_library(preprocess_input)(image)), name="backbone")
    path = network.weights_path
    digest, of = (weights.file_digest(path), "file") if path else (weights.value_digest(core), "values")
    identity = {"name": network.weights_name, "sha256": digest, "sha256_of": of}
    return Backbone(model, core.count_params(), identity)


def build_core(builder, network, load=True):
    """Return a network as its builder makes it, not cut yet, with its weights or, unless ``load``, random ones.

    Raises StudyError where the builder returns something else than a model, else as :func:`build_backbone`."""
    arguments = builder_arguments(network)
    if load and network.weights_path is None and network.weights != "random":
        core = weights.build_pretrained(builder, network.weights, arguments, network.weights_sha256)
    else:
        core = builder(weights=None, **arguments)
    inputs, outputs = getattr(core, "inputs", None) or (), getattr(core, "outputs", None) or ()
    if not isinstance(core, keras.Model) or len(inputs) != 1 or (len(outputs) != 1 and not network.layer):
        got = type(core).__name__ + (f" with {len(inputs)} inputs, {len(outputs)} outputs" if inputs else "")
        raise StudyError(
            f"{network.backbone} must return a functional Keras model with one input and one output; got {got}"
        )
    if load and network.weights_path is not None:
        weights.load_file(core, network.weights_path, network.weights_sha256, builder)
    return core


def builder_arguments(network):
    """Return what a network's builder is called with, besides ``weights``."""
    size = network.input_size or default_size(network.backbone)
    arguments = {"include_top": network.layer is not None, "input_shape": (size, size, 3), **network.options}
    return arguments | ({} if network.layer else {"pooling": BUILT_IN[network.pooling]})


def shape(core, network):
    """Return the model that ends in one vector (dim,), with dropout where the network's settings put it."""
    output = core.output
    if network.layer:
        names = [layer.name for layer in core.layers]
        if network.layer not in names:
            raise StudyError(f"{network.name} has no layer '{network.layer}'; its last are {', '.join(names[-6:])}")
        output = core.get_layer(network.layer).output
    pooling = POOLINGS[network.pooling].get(len(output.shape))
    output = pooling()(output) if pooling else output
    core = core if output is core.output else keras.Model(core.input, output, name=core.name)
    core = _drop_inside(core, network)
    if len(core.output.shape) != 2:
        raise StudyError(
            f"{network.name} must end in one vector for each picture, or in a map of vectors; "
            f"its output has shape {core.output.shape}"
        )
    return core


def batch_norms(model):
    """Return the batch normalisations of a model, also of models inside it."""
    return [layer for layer in layers_of(model) if isinstance(layer, keras.layers.BatchNormalization)]


def layers_of(model):
    """Return a model and all layers in it, in order, also of models inside it."""
    return [model, *(inner for layer in getattr(model, "layers", ()) for inner in layers_of(layer))]


def _drop_inside(core, network):
    """Return the network with dropout after some of its layers: those of a chain, such as the end of VGG."""
    for name, rate in network.inner_dropout.items():
        layers = [layer.name for layer in core.layers]
        if name not in layers[:-1]:
            raise StudyError(f"{network.name} has no layer '{name}' to put dropout after; its last are {layers[-6:]}")
        x = keras.layers.Dropout(rate, name=f"{name}_dropout")(core.get_layer(name).output)
        for layer in core.layers[layers.index(name) + 1 :]:
            x = layer(x)
        core = keras.Model(core.input, x, name=core.name)
    return core


class _SizeTold(Exception):
    """A builder has asked for its default size: it need not go on."""


@lru_cache(32)
def default_size(backbone):
    """Return the input size in pixels that a builder chooses by itself, without building its network where possible.

    It is the default of the argument ``input_shape``, or what a builder of ``keras.applications`` asks the library for;
    of another that does not say it, the network is laid out with its top."""
    builder, _ = find_builder(backbone)
    shape = getattr(inspect.signature(builder).parameters.get("input_shape"), "default", None)
    shape = builder.own_shape() if hasattr(builder, "own_shape") else shape
    if isinstance(shape, tuple):
        return shape[0] or 224
    library = getattr(sys.modules[builder.__module__], "imagenet_utils", None)
    if library is None:
        return builder(weights=None).input_shape[1] or 224
    obtain = library.obtain_input_shape

    def tell(input_shape, default_size, *given, **named):
        raise _SizeTold(default_size)

    library.obtain_input_shape = tell
    try:
        return builder(weights=None).input_shape[1] or 224  # it asks nobody: its network is laid out
    except _SizeTold as told:
        return told.args[0]
    finally:
        library.obtain_input_shape = obtain


def preset_place(preset):
    """Return in words what is missing where a KerasHub preset cannot be fetched, and where to put it."""
    return f"the preset {preset}", "KerasHub's cache, or name a local folder: keras_hub:FOLDER"


def _hub_builder(preset):
    """Return a builder with the signature of keras.applications around a KerasHub backbone."""

    def builder(weights="imagenet", include_top=False, input_shape=None, pooling=None, **options):
        if include_top:
            raise StudyError(f"keras_hub:{preset} has no top to cut; leave out 'layer'")
        return hub_backbones.picture_model(preset, weights is not None, input_shape, **options)

    builder.weights_place = preset_place(preset)
    builder.own_shape = lambda: hub_backbones.row_of(preset)[1]
    return builder


def _hub_preprocessing(preset):
    """Return the scaling that a KerasHub preset was trained with."""
    from keras_hub.layers import ImageConverter

    try:
        converter = ImageConverter.from_preset(preset)
    except Exception as error:  # no network, no preset, no converter: each hub raises its own
        if Path(preset).is_dir():
            text = " ".join(str(error).split())[:200]
            raise StudyError(f"keras_hub:{preset} says nothing of how pictures are prepared ({text})") from error
        raise weights.WeightsError(weights.missing("preset", *preset_place(preset))) from error
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    return lambda images: images * scale + offset
