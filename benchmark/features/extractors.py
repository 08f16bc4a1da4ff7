"""Pretrained extractors behind one set of names: networks over pictures, networks over waveforms.

:data:`EXTRACTORS` says what each reads. ``features`` gives (n_steps, dim) of each clip, ``read`` turns one file into
the network's input, and ``model`` joins the network with a head. What features depend on stands in
:mod:`benchmark.features.dependencies`."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.features.batches import load_images
from benchmark.features.cache import cached_features
from benchmark.features.dependencies import cache_key
from benchmark.features.hub import HubNetwork
from benchmark.models.catalogue import build_backbone, find_function
from benchmark.models.weights import load as weights
from spectrograms.audio import load_clip
from spectrograms.image import is_picture, read_image, resize, to_image
from spectrograms.mel import log_mel
from spectrograms.waveforms import SAMPLE_RATE, are_kept, load_waveform, waveform_folder


def read_picture(path, settings):
    """Return the picture (height, width, 3) uint8 of any file: a picture as it is, sound as its mel spectrogram."""
    if is_picture(path):
        return read_image(path)
    waveform = load_clip(path, settings.clip, settings.mel.sample_rate)
    return to_image(log_mel(waveform, settings.mel), settings.image, settings.mel)


def batch_norm(network, setting):
    """Return 'frozen' or 'moving': 'auto' keeps pretrained statistics and lets those of random weights move."""
    auto = "moving" if network.weights == "random" else "frozen"
    return auto if setting == "auto" else setting


class Extractor:
    """What all extractors do: keep the features of a clip, computed once."""

    def features(self, clips, batch_size):
        """Return the features of each clip, :class:`benchmark.features.cache.Features`, cached per clip."""
        place = self.settings.cache / "features"
        folder = place / cache_key(self)
        compute = partial(self._compute, n_clips=len(clips), batch_size=batch_size)
        return cached_features(clips, folder, compute, batch_size, place)


class ImageExtractor(Extractor):
    """A backbone of :mod:`benchmark.models.catalogue` over pictures: one vector, so n_steps is 1."""

    trainable = True  # with its head, on pictures

    def __init__(self, network, settings, seed=0, load=True):
        self.network, self.settings = network, settings
        training = settings.training
        how = batch_norm(network, training.batch_norm)
        self.backbone = build_backbone(network, seed, load, how, training.freeze_layers)
        self.weights, self.parameters = self.backbone.weights, self.backbone.parameters
        self.graph = self.backbone.model
        self.core = self.graph.layers[-1]
        self.dim = self.graph.output_shape[-1]

    def _compute(self, rows, n_clips, batch_size):
        """Return the features of one batch, padded to its full size: another shape would be compiled anew."""
        images = load_images(rows["image"], self.backbone.input_size).astype("float32")
        padded = np.concatenate([images, np.zeros((batch_size - len(images), *images.shape[1:]), "float32")])
        return keras.ops.convert_to_numpy(self.graph.predict_on_batch(padded))[: len(images), None]

    def read(self, path):
        """Return the input (1, size, size, 3) float32 for one file."""
        size = self.backbone.input_size
        return resize(read_picture(path, self.settings), (size, size))[None].astype("float32")

    def model(self, head):
        """Return the complete model: raw RGB to class probabilities."""
        return keras.Model(self.graph.input, head(self.graph.output), name="model")

    def model_inputs(self, inputs, reads):
        """Return a list of inputs from :meth:`read` as one batch of :meth:`model`; ``reads`` is for heads alone."""
        return np.concatenate(inputs)


def random_builder(network):
    """Return what builds an audio network with random weights; raise :class:`StudyError` where none is named."""
    if network.random is None:
        raise StudyError(f"{network.name} names no builder for weights: random")
    return find_function(network.random, "random")


class WaveformExtractor(Extractor):
    """A frozen audio network: one embedding per patch of a waveform, so n_steps is that of the patches."""

    trainable = False

    def __init__(self, network, settings, seed=0, load=True):
        self.network, self.settings = network, settings
        keras.utils.set_random_seed(seed)
        if network.weights == "random":
            self.embed = random_builder(network)()
            self.weights = {"name": "random", "sha256": weights.value_digest(self.embed.core), "sha256_of": "values"}
        else:
            handle = network.weights_path or network.backbone.partition(":")[2]
            self.embed = HubNetwork(handle, network.output, self._check)
            digest = weights.file_digest(self.embed.folder)
            self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "files"}
        self.parameters = self.embed.parameters
        self.graph = getattr(self.embed, "core", None)  # of random weights; a SavedModel's files hold its graph
        self.dim = self.embed(np.zeros(SAMPLE_RATE, "float32")).shape[1]

    def _check(self, folder):
        """Raise :class:`StudyError` unless a module's files are those that the study means."""
        wanted = self.network.weights_sha256
        if wanted is not None and (got := weights.file_digest(folder)) != wanted:
            raise StudyError(f"{folder} is not what weights_sha256 names: expected {wanted}, got {got}")

    def _compute(self, rows, n_clips, batch_size):
        """Return the embeddings (n_patches, dim) of each clip."""
        clip, load, files = self.settings.clip, self.read, [rows["path"]]
        if are_kept(n_clips, clip):
            load = partial(load_waveform, folder=waveform_folder(self.settings.cache, clip), clip=clip)
            files.append(rows["sha256"])
        with ThreadPoolExecutor(2) as pool:  # decoding releases the interpreter while the network runs
            return [self.embed(waveform) for waveform in pool.map(load, *files)]

    def read(self, path):
        """Return the 16 kHz waveform (n_samples,) float32 of one file's clip."""
        return load_clip(path, self.settings.clip, SAMPLE_RATE)

    def model(self, head):
        """Return the head: the audio network before it is a module of its own and is not saved with it."""
        return head

    def model_inputs(self, inputs, reads):
        """Return what the head reads (``reads``) of a list of waveforms, which are embedded one by one."""
        return reads([self.embed(waveform) for waveform in inputs])


EXTRACTORS = {"picture": ImageExtractor, "waveform": WaveformExtractor}  # by NetworkParams.reads
