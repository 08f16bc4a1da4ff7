"""Extractor and head joined into what is trained, scored and saved."""

from dataclasses import dataclass, field

import keras
import numpy as np

from benchmark.features.extractor import Extractor
from benchmark.features.extractors import EXTRACTORS
from benchmark.features.fused import StepsOfSeveral
from benchmark.features.reading import Means, Steps, reader_of
from benchmark.models.flops import count_flops
from benchmark.models.heads import HEADS
from benchmark.tasks import TASKS


@dataclass(frozen=True)
class Classifier:
    """An extractor, the head on it, and the model that both make."""

    extractor: Extractor
    head: keras.Model
    model: keras.Model
    regime: str  # a row of benchmark.training.regimes.REGIMES
    reader: Means | Steps | StepsOfSeveral = field(default_factory=Means)  # of what the head reads of a clip's features

    @property
    def parameters(self):
        """Number of parameters of extractor and head."""
        return self.extractor.parameters + self.head.count_params()

    @property
    def flops(self):
        """Floating-point operations of one prediction; None where the model is its head alone."""
        return None if self.model is self.head else count_flops(self.model)

    def trained(self, trains):
        """Return the Keras model that a stage trains: the 'head', or 'all'."""
        return {"head": self.head, "all": self.model}[trains]

    def reads(self, features):
        """Return what the head reads of clips whose ``features`` are a list of (n_steps, dim)."""
        return self.reader(features)

    def inputs(self, inputs):
        """Return what the model takes for a list of inputs from ``extractor.read``, in one batch.

        Of a head that draws from a clip it holds each draw, see :class:`benchmark.features.reading.Steps`."""
        return self.extractor.model_inputs(inputs, self.reads)

    def score(self, x):
        """Return the class probabilities (n_classes,) of one input from ``extractor.read``."""
        return self.score_many([x])[0]

    def score_in_stages(self, extractor, path, clock):
        """Return the class probabilities (n_classes,) of one file, read by ``extractor``.

        ``clock(stage)`` is a context that times a stage: decode and each of several features by name, else read and
        features; then head, or model where the network is part of the model."""
        if self.model is not self.head:
            with clock("read"):
                x = extractor.read(path)
            with clock("model"):
                return self.score(x)
        if extractor.network.reads == "several":
            features = extractor.embed([extractor.read(path, clock)], clock)
        else:
            with clock("read"):
                x = extractor.read(path)
            with clock("features"):
                features = extractor.embed([x])
        with clock("head"):
            return self._scores(self.reads(features), 1)[0]

    def score_many(self, inputs):
        """Return the class probabilities (n_inputs, n_classes) of a list of inputs, in one batch, synchronised."""
        return self._scores(self.inputs(inputs), len(inputs))

    def _scores(self, inputs, n_clips):
        """Return the class probabilities (n_clips, n_classes) of what the model takes for some clips."""
        scores = np.asarray(self.model.predict_on_batch(inputs))
        return scores.reshape(n_clips, -1, scores.shape[1]).mean(axis=1)


def build_classifier(network, settings, n_classes, seed=0, load=True):
    """Return the :class:`Classifier` of a network for ``n_classes`` under a study's settings.

    ``load=False`` leaves an image network's weights random, to be set afterwards."""
    extractor = EXTRACTORS[network.reads](network, settings, seed, load)
    regime = settings.training.regime_of(network.reads)
    activation = TASKS[settings.task].activation
    standardize = regime == "frozen" and network.head.standardize is not False
    dim, names = extractor.dim, ()
    if network.reads == "several":
        names = tuple(dim)
        dim = dim if network.head.reads_steps else sum(dim.values())
    shape = dim, n_classes, network.dropout, standardize, activation
    head = HEADS[network.head.kind](*shape, **network.head.layers)
    return Classifier(extractor, head, extractor.model(head), regime, reader_of(network.head, seed, names))
