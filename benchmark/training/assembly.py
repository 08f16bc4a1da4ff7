"""Extractor and head joined into what is trained, scored and saved."""

from dataclasses import dataclass

import keras

from benchmark.features.extractors import EXTRACTORS, ImageExtractor, WaveformExtractor, batch_norm
from benchmark.models import preprocessing
from benchmark.models.flops import count_flops
from benchmark.models.heads import linear
from benchmark.training.batch_norm import PopulationStatistics, is_folded, unfold


def prepare_backbone(extractor, train, training):
    """Fit an image network to its training pictures as the study says; return what to call before each validation.

    Input normalisation is reset, folded batch norm is unfolded where it would be trained, and under 'population' the
    returned function brings the statistics up to date."""
    model, core = extractor.backbone.model, extractor.core
    if training.input_normalization == "matlab-reset":
        images = (inputs[:n] for inputs, n in train.in_order())
        preprocessing.reset(model.get_layer("input_normalization"), images, extractor.network.normalization)
    how = batch_norm(extractor.network, training)
    if how != "frozen" and extractor.network.weights != "random" and is_folded(core):
        unfold(model, core, train)
    return PopulationStatistics(model, core, train) if how == "population" else lambda: None


@dataclass(frozen=True)
class Assembly:
    """An extractor, the head on it, and the model that both make."""

    extractor: ImageExtractor | WaveformExtractor
    head: keras.Model
    model: keras.Model
    regime: str

    @property
    def parameters(self):
        """Number of parameters of extractor and head."""
        return self.extractor.parameters + self.head.count_params()

    @property
    def flops(self):
        """Floating-point operations of one prediction; None for networks over waveforms, whose graph is not Keras'."""
        return count_flops(self.model) if self.extractor.network.takes == "image" else None

    def score(self, x):
        """Return the class probabilities (n_classes,) of one input from ``extractor.read``."""
        return self.extractor.score(self.model, x)

    def score_many(self, inputs):
        """Return the class probabilities (n_inputs, n_classes) of a list of inputs."""
        return self.extractor.score_many(self.model, inputs)


def assemble(network, settings, n_classes, seed=0, load=True):
    """Return the :class:`Assembly` of a network for ``n_classes`` under a study's settings.

    ``load=False`` leaves an image network's weights random, to be set afterwards. A network that cannot be trained in
    the study's regime is trained in its own first one (audio networks stay frozen)."""
    extractor = EXTRACTORS[network.takes](network, settings, seed, load)
    wanted = settings.training.regime
    regime = wanted if wanted in extractor.trains else extractor.trains[0]
    head = linear(extractor.dim, n_classes, network.dropout, standardize=regime == "frozen")
    return Assembly(extractor, head, extractor.model(head), regime)
