"""Image networks over pictures, and the picture of any file."""

from functools import cached_property

import keras
import numpy as np

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.features.batches import load_images
from benchmark.features.extractor import Extractor
from benchmark.models.catalogue import build_backbone
from benchmark.models.forward import ENGINES, engine_of
from spectrograms.audio import load_clip
from spectrograms.errors import ImageError
from spectrograms.image import RESIZES, is_picture, read_image, to_image
from spectrograms.mel import log_mel


def read_picture(path, settings):
    """Return the picture (height, width, 3) uint8 of any file: a picture as it is, sound as its mel spectrogram."""
    if is_picture(path):
        return read_image(path)
    if "clip" not in DATASET_KINDS[settings.dataset.kind].sections("picture"):
        raise ImageError("is no picture, and the network was trained on pictures that were made elsewhere")
    waveform = load_clip(path, settings.clip, settings.mel.sample_rate)
    return to_image(log_mel(waveform, settings.mel), settings.image, settings.mel)


def batch_norm(network, setting):
    """Return 'frozen' or 'moving': 'auto' keeps pretrained statistics and lets those of random weights move."""
    auto = "moving" if network.weights == "random" else "frozen"
    return auto if setting == "auto" else setting


class PictureExtractor(Extractor):
    """A backbone of :mod:`benchmark.models.catalogue` over pictures: one vector, so n_steps is 1."""

    def __init__(self, network, settings, seed=0, load=True):
        super().__init__(network, settings)
        training = settings.training
        how = batch_norm(network, training.batch_norm)
        self.backbone = build_backbone(network, seed, load, how, training.freeze_layers)
        self.weights, self.parameters = self.backbone.weights, self.backbone.parameters
        self.graph = self.backbone.model
        self.core = self.graph.layers[-1]
        self.dim = self.graph.output_shape[-1]

    def _compute(self, rows, n_clips, batch_size):
        """Return the features of one batch, padded to its full size: another shape would be compiled anew."""
        images = load_images(rows["image"], self.backbone.input_size, self.network.resize).astype("float32")
        padded = np.concatenate([images, np.zeros((batch_size - len(images), *images.shape[1:]), "float32")])
        return self.forward(padded)[: len(images), None]

    @cached_property
    def forward(self):
        """What takes the forward pass: a function from a batch of pictures to their features (n, dim)."""
        engine = engine_of(self.settings.engine.inference, self.network.backbone)
        return ENGINES[engine](self.graph)

    def read(self, path):
        """Return the input (1, size, size, 3) float32 for one file."""
        resize = RESIZES[self.network.resize]
        return resize(read_picture(path, self.settings), self.backbone.input_size)[None].astype("float32")

    def embed(self, inputs):
        """Return the features (1, dim) of each of a list of inputs from :meth:`read`."""
        return list(self.forward(np.concatenate(inputs))[:, None])

    def model(self, head):
        """Return the complete model: raw RGB to class probabilities."""
        return keras.Model(self.graph.input, head(self.graph.output), name="model")

    def model_inputs(self, inputs, reads):
        """Return a list of inputs from :meth:`read` as one batch of :meth:`model`; ``reads`` is for heads alone."""
        return np.concatenate(inputs)
