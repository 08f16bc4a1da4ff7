"""Where the weights that a library fetches are kept and come from, known without fetching or drawing a number."""

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import keras

from benchmark.errors import StudyError, did_you_mean
from benchmark.models import preprocessing
from benchmark.models.catalogue import build_core, builder_arguments, find_builder, hub_presets, preset_place, shape
from benchmark.models.weights.load import Asked, get_file_noted, missing

SCHEMES = ("kaggle", "hf", "modelscope", "gs")  # of KerasHub's presets
FILES = ("model.weights.h5", "model.safetensors", "model.weights.json")  # of a preset: one of them holds its weights
ELSEWHERE = (
    "fetch the SavedModel elsewhere, unpack it into a folder and set 'weights: FOLDER', or set 'weights: random'"
)
LIBRARIES = ("keras.applications.", "benchmark.")  # whose builders only lay out layers


@dataclass(frozen=True)
class Source:
    """Weights that come from outside: what of them is kept where, and the address that they are fetched from."""

    file: str
    place: str  # the folder, or the cache in words
    url: str
    cached: bool
    absent: str  # the sentence where they are neither here nor to be fetched, and what may help


def check_layers(network):
    """Raise what building an image network with random weights would raise: its builder, options and layers."""
    if network.layer or network.inner_dropout:
        keras.utils.clear_session()  # layers without a name are numbered anew, as in a trial
    laid_out(network)
    preprocessing.from_library(find_builder(network.backbone)[1])


def laid_out(network):
    """Return an image network as it ends in one vector, for its layers and shapes alone.

    No number is drawn for a library's own builder, which takes most of the time; a user's runs as it stands."""
    builder, _ = find_builder(network.backbone)
    with _without_numbers(network):
        return shape(build_core(builder, network, load=False), network)


def _without_numbers(network):
    if network.backbone.startswith(LIBRARIES):
        return keras.StatelessScope(initialize_variables=False)
    return contextlib.nullcontext()


def source_of(network):
    """Return the :class:`Source` of an image network's named weights that a library fetches; None where it cannot be
    known. Raises what a builder of Keras raises, for it is called to be asked: of the weights' name, of its options."""
    library, _, preset = network.backbone.partition(":")
    if library == "keras_hub":
        return None if Path(preset).is_dir() else _preset(network.weights, preset)
    builder, _ = find_builder(network.backbone)
    if hasattr(builder, "preset"):
        return _preset(network.weights, builder.preset, getattr(builder, "weights_place", None))
    return _library_file(builder, network) if network.backbone.startswith(LIBRARIES) else None


def preset_of(network):
    """Return the :class:`Source` of a text encoder's named weights; None of what is no preset that is fetched."""
    library, _, preset = network.backbone.partition(":")
    return _preset(network.weights, preset) if library == "keras_hub" and not Path(preset).is_dir() else None


def _library_file(builder, network):
    """Return what a builder of ``keras.applications`` asks for, once its layers are laid out."""
    try:
        with _without_numbers(network), get_file_noted(builder, fetch=False):
            builder(weights=network.weights, **builder_arguments(network))
    except Asked as asked:
        kept, absent = (asked.folder / asked.file).exists(), missing(network.weights, asked.file, asked.folder)
        return Source(asked.file, str(asked.folder), asked.url, kept, absent)
    return None


def hub_module(network):
    """Return the :class:`Source` of an audio network's module of TensorFlow Hub; None of a folder, and of an address
    unknown here."""
    handle = network.backbone.partition(":")[2]
    if not handle.startswith(("http://", "https://")):
        return None
    cache = Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir(), "tfhub_modules"))
    folder = cache / hashlib.sha1(handle.encode()).hexdigest()
    url = f"{handle}{'&' if '?' in handle else '?'}tf-hub-format=compressed"
    absent = f"the '{network.weights}' weights are not on this machine and could not be fetched: {ELSEWHERE}"
    return Source(handle, str(folder), url, (folder / "saved_model.pb").is_file(), absent)


def check_preset(preset):
    """Raise :class:`StudyError` where KerasHub is not installed or cannot know a preset of this name."""
    if find_spec("keras_hub") is None:
        raise StudyError("the package keras-hub is not installed: pip install keras-hub")
    if Path(preset).is_dir() or preset.partition("://")[0] in SCHEMES:
        return
    known = hub_presets()
    if preset not in known:
        schemes = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        hint = did_you_mean(preset, known) or f"; nor is there such a folder; addresses start with {schemes}"
        raise StudyError(f"keras_hub has no preset '{preset}'{hint}")


def _preset(name, preset, place=None):
    """Return the :class:`Source` of a KerasHub preset; None for an address whose cache is not known here."""
    if "://" not in preset:
        preset = hub_presets()[preset]["kaggle_handle"]
    scheme, _, handle = preset.partition("://")
    if scheme not in CACHES:
        return None
    url, cached = CACHES[scheme](handle)
    file, place = place or preset_place(preset)
    return Source(file, place, url, cached, missing(name, file, place))


def _hugging_face(handle):
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    def kept(file):
        return isinstance(try_to_load_from_cache(handle, file), str)

    url = hf_hub_url(handle, "config.json", endpoint=os.environ.get("HF_ENDPOINT"))
    return url, kept("config.json") and any(map(kept, FILES))


def _kaggle(handle):
    """A handle without version asks for the newest, whichever is in the cache: it then counts as not cached."""
    from kagglehub import config  # imported late: an extra of KerasHub

    url = os.environ.get("KAGGLE_API_ENDPOINT") or config.DEFAULT_KAGGLE_API_ENDPOINT  # it tells of a file to its API
    cache = Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub") / "models" / handle
    return url, any((cache / file).is_file() for file in FILES)


CACHES = {"hf": _hugging_face, "kaggle": _kaggle}
