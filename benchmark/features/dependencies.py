"""What the features of a clip depend on, said in one place: for their cache, and for what makes a trial run again."""

import importlib.metadata
import os

import keras

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.models.forward import engine_of, identity
from benchmark.models.identity import architecture, builder_source
from benchmark.models.preprocessing import InputNormalization
from benchmark.models.weights.load import file_digest
from benchmark.texts.kept import texts_code, transcript_folder
from spectrograms import version
from spectrograms.params import content_hash

# Settings of a network that shape its features; the rest shapes the head, the training, or a table.
OF_FEATURES = {
    "reads", "backbone", "random", "input_size", "layer", "pooling", "crops", "resize", "options", "output", "key",
    "sound", "sample_rate", "text",
}  # fmt: skip
# Modules of this suite by which clips become features, whatever is read of them; beside these those of the extractor.
MAKERS = ("benchmark.models.preprocessing", "benchmark.features.batches")
# What is read without a network, and the module that computes it: a trial depends on it as on the code of a builder.
COMPUTED_BY = {reads: f"benchmark.features.{reads}" for reads in ("pixels", "spectrogram", "low_level")}


def depends_on(network, study):
    """Return all that a clip's features depend on, by name, as far as it is known before the network is built.

    Values are sections of the study or plain JSON. The bytes of the clip's file are not among them."""
    path = network.weights_path
    return {
        **_what_is_read(network, study),
        "network": network.model_dump(mode="json", include=OF_FEATURES, exclude={"text": {"model"}}),
        "weights": file_digest(path) if path and path.exists() else network.weights,
        "builder": _builder(network),
        **({"recogniser": [texts_code(network.text), _model_digest(network.text)]} if network.text else {}),
    }


def transcripts_of(network, study):
    """Return the folder that the transcripts of clips lie in, ``<sha256>.json`` each, of a network that reads text.

    All that shapes a transcript is in its name; networks that differ in what they make of it share the folder."""
    return transcript_folder(study.cache, network.text, _what_is_read(network, study), _model_digest(network.text))


def _what_is_read(network, study):
    """Return the sections of a study that shape what is read of a clip, and what stands for the code that reads it."""
    dataset_kind = DATASET_KINDS[study.dataset.kind]
    return {
        **{name: getattr(study, name) for name in sorted(dataset_kind.sections(network.reads))},
        "code": dataset_kind.functions().code(study, network.reads) if network.reads in dataset_kind.inputs else "",
    }


def _model_digest(text):
    """Return the digest of a recogniser's model (TextParams), '' where it has none or that is not there."""
    return file_digest(text.model) if text.model and os.path.exists(text.model) else ""


def cache_key(extractor):
    """Return what stands for an extractor as it was built: :func:`depends_on`, and what can be known only now.

    That is the values of its weights, whatever they are called, its architecture with its preprocessing, and with what
    it computes."""
    graph = extractor.graph
    made_by = importlib.metadata.version(extractor.library) if graph is None else architecture(graph)
    return content_hash(
        depends_on(extractor.network, extractor.settings),
        extractor.weights["sha256"],
        identity(engine_of(extractor.settings.engine.inference, extractor.network.backbone)),
        [made_by, [] if graph is None else _preprocessing(graph)],
        {name: version.source(name) for name in _makers(extractor)},
        [keras.version(), keras.backend.backend(), keras.config.dtype_policy().name],
    )


def mark_key(network, study, seed, digests):
    """Return what stands for the features of a set of clips before the network is built.

    ``seed`` draws random weights; ``digests`` are those of the clips' files. :func:`cache_key` holds more: where the
    mark is wrong, a trial computes what is missing."""
    drawn = seed if network.weights == "random" else None
    precision = study.training.mixed_precision, os.environ.get("KERAS_BACKEND", "")
    engine = engine_of(study.engine.inference, network.backbone)
    return content_hash(depends_on(network, study), drawn, sorted(digests), engine, *precision)


def _builder(network):
    """Return the digest of the code that builds a network or, where there is none, computes what is read."""
    own = COMPUTED_BY.get(network.reads)
    return version.source(own) if own else builder_source(network)


def _makers(extractor):
    """Return the names of the modules of this suite by which an extractor makes features of what was read."""
    classes = [part.__module__ for part in type(extractor).__mro__ if part is not object]
    return sorted({*MAKERS, *extractor.makers, *classes})


def _preprocessing(graph):
    """Return the numbers by which a network prepares its pictures."""
    return [value.tolist() for layer in graph.layers if isinstance(layer, InputNormalization)
            for value in layer.get_weights()]  # fmt: skip
