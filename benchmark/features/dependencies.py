"""What the features of a clip depend on, said in one place: for their cache, and for what makes a trial run again."""

import importlib.metadata
import os

import keras

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.models.forward import engine_of, identity
from benchmark.models.identity import architecture, builder_source
from benchmark.models.preprocessing import InputNormalization
from benchmark.models.weights.load import file_digest
from spectrograms import version
from spectrograms.params import content_hash

# Settings of a network that shape its features; the rest shapes the head, the training, or a table.
OF_FEATURES = {
    "reads", "backbone", "random", "input_size", "layer", "pooling", "crops", "resize", "options", "output", "key",
    "sound", "sample_rate",
}  # fmt: skip
# Modules of this suite by which clips become features, whatever is read of them; beside these those of the extractor.
MAKERS = ("benchmark.models.preprocessing", "benchmark.features.batches")
# What is read without a network, and the module that computes it: a trial depends on it as on the code of a builder.
COMPUTED_BY = {reads: f"benchmark.features.{reads}" for reads in ("pixels", "spectrogram", "low_level")}


def depends_on(network, study):
    """Return all that a clip's features depend on, by name, as far as it is known before the network is built.

    Values are sections of the study or plain JSON. The bytes of the clip's file are not among them."""
    dataset_kind = DATASET_KINDS[study.dataset.kind]
    path = network.weights_path
    return {
        **{name: getattr(study, name) for name in sorted(dataset_kind.sections(network.reads))},
        "network": network.model_dump(mode="json", include=OF_FEATURES),
        "weights": file_digest(path) if path and path.exists() else network.weights,
        "builder": _builder(network),
        "code": dataset_kind.functions().code(study, network.reads) if network.reads in dataset_kind.inputs else "",
    }


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
