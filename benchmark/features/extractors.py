"""The two kinds of pretrained extractor behind one set of names: networks over pictures, networks over waveforms.

An extractor gives ``features`` (n_clips, dim) of clips, ``read`` turns one file into the network's input, ``model``
joins it with a head, and ``score`` is the compiled forward pass of such a model for one input."""

import importlib.metadata
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.features.batches import load_images
from benchmark.features.cache import cached_features
from benchmark.features.hub import HubNetwork
from benchmark.models import audio_networks
from benchmark.models.catalogue import build_backbone, find_function
from benchmark.models.identity import architecture, builder_source
from benchmark.models.weights import load as weights
from spectrograms import version
from spectrograms.audio import load_clip
from spectrograms.image import is_picture, read_image, resize, to_image
from spectrograms.mel import log_mel
from spectrograms.params import fingerprint

# Modules of this suite by which a picture or a waveform becomes features.
MAKERS = (
    "benchmark.features.extractors",
    "benchmark.models.preprocessing",
    "benchmark.features.batches",
    "benchmark.features.hub",
)


def read_picture(path, settings):
    """Return the picture (height, width, 3) uint8 of any file: a picture as it is, sound as its mel spectrogram."""
    if is_picture(path):
        return read_image(path)
    waveform = load_clip(path, settings.clip, settings.mel.sample_rate)
    return to_image(log_mel(waveform, settings.mel), settings.image, settings.mel)


def batch_norm(network, training):
    """Return 'frozen' or 'moving': 'auto' keeps pretrained statistics and lets those of random weights move."""
    auto = "moving" if network.weights == "random" else "frozen"
    return auto if training.batch_norm == "auto" else training.batch_norm


def _common(extractor):
    """Return what the features of every kind depend on; plain JSON."""
    network = extractor.network
    return {
        "weights": extractor.weights["sha256"],
        "network": [network.backbone, network.random],
        "builder": builder_source(network),
        "suite": {name: version.source(name) for name in MAKERS},
        "computed": [keras.version(), keras.backend.backend(), keras.config.dtype_policy().name],
    }


def kept_features(extractor, kind, clips, compute, batch_size):
    """Return one array per clip as :func:`cached_features` does, under the key of all that the arrays depend on."""
    place = extractor.settings.cache / kind
    folder = place / extractor.network.name / fingerprint(extractor.depends_on())
    return cached_features(clips, folder, compute, batch_size, place)


class ImageExtractor:
    """A backbone of :mod:`benchmark.models.catalogue` over spectrogram pictures."""

    trains = ("frozen", "finetune")

    def __init__(self, network, settings, seed=0, load=True):
        self.network, self.settings = network, settings
        self.backbone = build_backbone(
            network, seed, load, batch_norm(network, settings.training), settings.training.freeze_layers
        )
        self.weights, self.parameters = self.backbone.weights, self.backbone.parameters
        self.core = self.backbone.model.layers[-1]
        self.dim = self.backbone.model.output_shape[-1]

    def features(self, clips, batch_size):
        """Return the backbone's outputs (n_clips, dim), cached per clip."""
        return np.stack(
            kept_features(self, "features", clips, lambda rows: self._forward(rows["image"], batch_size), batch_size)
        )

    def depends_on(self):
        """Return all that a clip's features depend on but the bytes of its file; plain JSON."""
        model, s = self.backbone.model, self.settings
        sound = [fingerprint(s.clip, s.mel, s.image), version.pictures(s.image)]
        return _common(self) | {
            "picture": [s.dataset.kind, version.reading()] if s.dataset.kind == "images" else sound,
            "architecture": architecture(model),
            "preprocessing": [value.tolist() for value in model.get_layer("input_normalization").get_weights()],
            "input": [self.backbone.input_size, self.network.features, self.network.options],
        }

    def _forward(self, paths, batch_size):
        """Return the features of one batch, padded to its full size: another shape would be compiled anew."""
        images = load_images(paths, self.backbone.input_size).astype("float32")
        padded = np.concatenate([images, np.zeros((batch_size - len(images), *images.shape[1:]), "float32")])
        return keras.ops.convert_to_numpy(self.backbone.model.predict_on_batch(padded))[: len(images)]

    def read(self, path):
        """Return the input (1, size, size, 3) float32 for one file."""
        size = self.backbone.input_size
        return resize(read_picture(path, self.settings), (size, size))[None].astype("float32")

    def model(self, head):
        """Return the complete model: raw RGB to class probabilities."""
        return keras.Model(self.backbone.model.input, head(self.backbone.model.output), name="model")

    def score(self, model, x):
        """Return the class probabilities (n_classes,) of one input, compiled and synchronised."""
        return np.asarray(model.predict_on_batch(x))[0]

    def score_many(self, model, inputs):
        """Return the class probabilities (n_inputs, n_classes) of a list of inputs, in one batch."""
        return np.asarray(model.predict_on_batch(np.concatenate(inputs)))


class WaveformExtractor:
    """A frozen audio network; its patch embeddings are cached and their mean goes into the head."""

    trains = ("frozen",)

    def __init__(self, network, settings, seed=0, load=True):
        self.network, self.settings = network, settings
        keras.utils.set_random_seed(seed)
        if network.weights == "random":
            if network.random is None:
                raise StudyError(f"{network.name} names no builder for weights: random")
            self.embed = find_function(network.random, "random")()
            self.weights = {"name": "random", "sha256": weights.value_digest(self.embed.core), "sha256_of": "values"}
        else:
            handle = network.weights_path or network.backbone.partition(":")[2]
            self.embed = HubNetwork(handle, network.output, self._check)
            digest = weights.file_digest(self.embed.folder)
            self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "files"}
        self.parameters = self.embed.parameters
        self.dim = self.embed(np.zeros(audio_networks.SAMPLE_RATE, "float32")).shape[1]

    def features(self, clips, batch_size):
        """Return the mean over patches (n_clips, dim) of the cached patch embeddings (n_patches, dim)."""
        patches = kept_features(self, "embeddings", clips, self._embed_all, batch_size)
        return np.stack([array.mean(axis=0) for array in patches])

    def depends_on(self):
        """Return all that a clip's embeddings depend on but the bytes of its file; plain JSON."""
        core = getattr(self.embed, "core", None)  # of random weights; a SavedModel's files hold its graph
        return _common(self) | {
            "sound": [fingerprint(self.settings.clip), version.decoding()],
            "architecture": architecture(core) if core is not None else None,
            "input": [self.network.output, importlib.metadata.version("tensorflow") if core is None else None],
        }

    def _check(self, folder):
        """Raise :class:`StudyError` unless a module's files are those that the study means."""
        wanted = self.network.weights_sha256
        if wanted is not None and (got := weights.file_digest(folder)) != wanted:
            raise StudyError(f"{folder} is not what weights_sha256 names: expected {wanted}, got {got}")

    def _embed_all(self, rows):
        with ThreadPoolExecutor(2) as pool:  # decoding releases the interpreter while the network runs
            return [self.embed(waveform) for waveform in pool.map(self.read, rows["path"])]

    def read(self, path):
        """Return the 16 kHz waveform (n_samples,) float32 of one file's clip."""
        return load_clip(path, self.settings.clip, audio_networks.SAMPLE_RATE)

    def model(self, head):
        """Return the head: the audio network before it is a module of its own and is not saved with it."""
        return head

    def score(self, model, x):
        """Return the class probabilities (n_classes,) of one waveform, compiled and synchronised."""
        return self.score_many(model, [x])[0]

    def score_many(self, model, inputs):
        """Return the class probabilities (n_inputs, n_classes): waveform by waveform, then the head in one batch."""
        return np.asarray(model.predict_on_batch(np.stack([self.embed(x).mean(axis=0) for x in inputs])))


EXTRACTORS = {"image": ImageExtractor, "waveform": WaveformExtractor}
