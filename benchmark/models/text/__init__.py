"""Text encoders, a row each: ``encoder(texts)`` returns a list of (n_tokens | 1, dim) float32, one for each text.

An encoder has ``dim``, ``parameters``, ``graph`` (its Keras model or None), ``library`` (the package that computes it)
and ``digest()``, the SHA-256 of its weights or None."""

import inspect
from functools import partial

import keras

from benchmark.errors import StudyError, WeightsError
from benchmark.models.catalogue import find_function
from benchmark.models.text.distilbert import distilbert
from benchmark.models.text.hashed import HashedNgrams
from benchmark.models.weights.load import file_digest

ENCODERS = {  # by what ``backbone`` is, or begins with before its colon: from the rest of it to a builder
    "hashed_ngrams": lambda rest: HashedNgrams,
    "keras_hub": lambda preset: partial(distilbert, preset),
}


def find_encoder(backbone):
    """Return the builder of a text encoder, called as (weights=None | name | Path, **options).

    ``backbone`` is ``hashed_ngrams``, ``keras_hub:PRESET`` of DistilBERT or ``package.module:builder``. Raises
    :class:`StudyError` where there is none."""
    kind, _, rest = backbone.partition(":")
    if kind in ENCODERS:
        return ENCODERS[kind](rest)
    return find_function(backbone, "backbone")


def build_encoder(network, seed=0):
    """Return the encoder of a feature that reads text (FeatureParams); ``seed`` draws random weights.

    Raises StudyError for an unknown builder or option, WeightsError for weights that are missing, do not fit, or are
    not those of ``weights_sha256``."""
    builder, path = find_encoder(network.backbone), network.weights_path
    known = inspect.signature(builder).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    if not takes_all and (strange := sorted(set(network.options) - set(known))):
        can = ", ".join(sorted(set(known) - {"weights"}))
        raise StudyError(f"options: {network.backbone} takes {can}; got {', '.join(strange)}")
    if path and not path.exists():
        raise WeightsError(f"no weights at {path}; give a folder or file that exists")
    if path and network.weights_sha256 and (got := file_digest(path)) != network.weights_sha256:
        raise WeightsError(f"{path} is not what weights_sha256 names: expected {network.weights_sha256}, got {got}")
    keras.utils.set_random_seed(seed)
    return builder(weights=path or (None if network.weights == "random" else network.weights), **network.options)
