"""The clips of one trial as what its model trains on: features for a head, pictures for all layers."""

from functools import cached_property

import keras
import numpy as np

from benchmark.features.batches import Batches, image_batches
from benchmark.tasks import TASKS
from benchmark.training.augmentation import make_mix, make_transform
from benchmark.training.imbalance import balance
from benchmark.training.losses import make_loss


class TrialData:
    """Inputs and targets of a trial, by split; nothing is computed or read before it is asked for.

    ``clips`` has the columns of :func:`data.preparation.prepare` and ``split``; ``targets`` (n_clips, n_classes)
    are its rows' classes, named by ``classes``; ``study`` holds the settings."""

    def __init__(self, classifier, clips, targets, study, seed, classes=()):
        self.classifier, self.clips, self.all_targets, self.study, self.seed = classifier, clips, targets, study, seed
        self.classes = classes

    def _rows(self, splits):
        return np.flatnonzero(self.clips["split"].isin(splits))

    def targets(self, *splits):
        """Return the targets (n_clips, n_classes) of the clips in some splits, in the order of the table."""
        return self.all_targets[self._rows(splits)]

    @cached_property
    def balanced(self):
        """What the training makes of unlike classes: a :class:`benchmark.training.imbalance.Balance`."""
        return balance(self.targets("train"), self.study.training, self.seed)

    @cached_property
    def loss(self):
        """What the training minimises: a :class:`benchmark.training.losses.Loss`, weighed by the training clips."""
        return make_loss(self.study.training.loss, TASKS[self.study.task], self.targets("train"), self.classes)

    @cached_property
    def _features(self):
        extractor, batch_size = self.classifier.extractor, self.study.training.batch_size
        return self.classifier.reads(extractor.features(self.clips, batch_size))

    def features(self, *splits):
        """Return what the head reads of the clips in some splits: (n_clips, ...), or a dict of such arrays."""
        rows = self._rows(splits)
        return keras.tree.map_structure(lambda part: part[rows], self._features)

    def batches(self, trains, *splits):
        """Return the :class:`Batches` of some splits for a stage that trains 'head' or 'all'.

        Training pictures are augmented as the study says."""
        targets, batch_size = self.targets(*splits), self.study.training.batch_size
        if trains == "head":
            x = self.features(*splits)
            return Batches(lambda rows: keras.tree.map_structure(lambda part: part[rows], x), targets, batch_size)
        changes = (make_transform(self.study.augment), make_mix(self.study.augment)) if splits == ("train",) else ()
        paths = self.clips["image"].to_numpy()[self._rows(splits)]
        return image_batches(paths, targets, self.classifier.extractor.backbone.input_size, batch_size, *changes)
