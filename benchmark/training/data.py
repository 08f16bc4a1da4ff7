"""The clips of one trial as what its model trains on: features for a head, pictures for all layers."""

from functools import cached_property

import numpy as np

from benchmark.features.batches import image_batches
from benchmark.tasks import TASKS
from benchmark.training.augmentation import make_mix, make_transform
from benchmark.training.imbalance import balance, one_label_each
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
        """Return the targets (n_clips, n_classes) of the clips in some splits, in the order of the table.

        Those of training alone have one label a clip where the study says so."""
        targets = self.all_targets[self._rows(splits)]
        alone = splits == ("train",) and self.study.training.one_label
        return one_label_each(targets, self.seed) if alone else targets

    @cached_property
    def balanced(self):
        """What the training makes of unlike classes: a :class:`benchmark.training.imbalance.Balance` of its examples.

        These are the training clips, or their steps where the head trains on them."""
        found = balance(self.targets("train"), self.study.training, self.seed)
        reader = self.classifier.reader
        if reader.trains_on == "clips":
            return found
        return found.over(reader.examples(self._features, self._rows(["train"])))

    @cached_property
    def loss(self):
        """What the training minimises: a :class:`benchmark.training.losses.Loss`, weighed by the training clips."""
        return make_loss(self.study.training.loss, TASKS[self.study.task], self.targets("train"), self.classes)

    @cached_property
    def _features(self):
        return self.classifier.extractor.features(self.clips, self.study.training.batch_size)

    def features(self, *splits):
        """Return the mean of each clip's features over its steps, (n_clips, dim), of the clips in some splits."""
        return self._features.means[self._rows(splits)]

    def training_blocks(self, layer=None):
        """Return arrays (n, dim) of all that a layer of the head reads of the training clips, one after the other."""
        return self.classifier.reader.blocks(self._features, self._rows(["train"]), layer)

    def batches(self, trains, *splits):
        """Return the :class:`features.batches.Batches` of some splits for a stage that trains 'head' or 'all'.

        Those of training alone may be drawn, or hold the steps of clips; training pictures are augmented as the study
        says."""
        targets, batch_size = self.targets(*splits), self.study.training.batch_size
        rows, is_training = self._rows(splits), splits == ("train",)
        if trains == "head":
            return self.classifier.reader.batches(self._features, rows, targets, batch_size, is_training)
        changes = (make_transform(self.study.augment), make_mix(self.study.augment)) if is_training else ()
        extractor, paths = self.classifier.extractor, self.clips["image"].to_numpy()[rows]
        resize = extractor.network.resize
        return image_batches(paths, targets, extractor.backbone.input_size, batch_size, *changes, resize=resize)
