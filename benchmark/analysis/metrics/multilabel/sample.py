"""All scores of one model of several labels, under any weights of the clips: those of the test clips, and of resamples.

Decisions and what is a mean over clips are pooled over folds and seeds, as everywhere. Areas, for which clips are
ranked by score, are computed in each trial and averaged over the trials in which the class has a positive clip: scores
of different trained models have no common scale (Forman & Scholz 2010, SIGKDD Explorations 12, 49-57). A unit is a
clip, or all clips of a group, with its predictions of every seed; its weight is how often it was drawn."""

from functools import cached_property

import numpy as np

from benchmark.analysis.metrics.multilabel.clipwise import clip_scores
from benchmark.analysis.metrics.multilabel.ranking import Ranking

OF_CLASSES = ("precision", "recall", "f1", "average_precision", "roc_auc")


def mean_known(values, axis, weights=None):
    """Return the mean over an axis of what is not NaN, weighted where ``weights``, of the shape of values, are given;
    NaN where nothing is known."""
    known = ~np.isnan(values)
    weights = known if weights is None else weights * known
    with np.errstate(invalid="ignore"):
        return (np.where(known, values, 0) * weights).sum(axis=axis) / weights.sum(axis=axis)


class Sample:
    """The test predictions of one model, ready to be scored.

    parts: :class:`benchmark.store.predictions.Predictions` of each trial; units: of each of them, (n_clips,) whole
    numbers below n_units. What is dear is prepared when first asked for."""

    def __init__(self, parts, units, n_units):
        self.parts, self.units, self.n_units = parts, units, n_units
        self.n_classes = len(parts[0].classes)

    @cached_property
    def counts(self):
        """Per unit and class the clips predicted right, predicted, and truly so, (n_units, 3, n_classes)."""
        counts = np.zeros((self.n_units, 3, self.n_classes))
        for part, unit in zip(self.parts, self.units, strict=True):
            for place, marked in enumerate((part.y_true & part.y_pred, part.y_pred, part.y_true)):
                np.add.at(counts[:, place], unit, marked)
        return counts

    @cached_property
    def of_clips(self):
        """The names of :func:`clip_scores`, and per unit their sums and the predictions, (n_units, n_scores + 1)."""
        scores = [clip_scores(part) for part in self.parts]
        unit = np.concatenate(self.units)
        columns = [np.concatenate([found[name] for found in scores]) for name in scores[0]]
        sums = [np.bincount(unit, column, self.n_units) for column in (*columns, np.ones(len(unit)))]
        return tuple(scores[0]), np.stack(sums, axis=1)

    @cached_property
    def rankings(self):
        """A :class:`Ranking` per trial and class."""
        return [
            [
                Ranking(truth, score, unit, self.n_units)
                for truth, score in zip(part.y_true.T, part.y_score.T, strict=True)
            ]
            for part, unit in zip(self.parts, self.units, strict=True)
        ]

    @cached_property
    def micro_rankings(self):
        """A :class:`Ranking` per trial, of all classes together: every score of every clip."""
        return [
            Ranking(part.y_true.ravel(), part.y_score.ravel(), np.repeat(unit, self.n_classes), self.n_units)
            for part, unit in zip(self.parts, self.units, strict=True)
        ]

    def decided(self, weights):
        """Return {precision, recall, f1: (n_classes, n_weightings)} of the decisions, with their means over classes.

        weights: (n_units, n_weightings). 0/0 counts as 0. A class that has positive clips but not under these weights
        is NaN and left out of the macro mean, so that no resample is blamed for the clips that it lacks."""
        sums = np.tensordot(self.counts.astype(weights.dtype), weights, axes=(0, 0))
        right, predicted, true = sums
        lacking = (true == 0) & self.counts[:, 2].any(axis=0)[:, None]
        scores = {}
        for name, part, whole in (("precision", right, predicted), ("recall", right, true),
                                  ("f1", 2 * right, predicted + true)):  # fmt: skip
            of_class = np.where(lacking, np.nan, part / np.where(whole > 0, whole, 1))
            scores |= {
                name: of_class,
                f"{name}_macro": mean_known(of_class, 0),
                f"{name}_micro": part.sum(axis=0) / np.maximum(whole.sum(axis=0), 1),
                f"{name}_weighted": mean_known(of_class, 0, true),
            }
        return scores

    def ranked(self, weights):
        """Return {average_precision, roc_auc: (n_classes, n_weightings)} with their macro means, and AP weighted by
        the positive clips; a class without a positive clip is NaN and left out."""
        areas = np.array([[ranking.areas(weights) for ranking in trial] for trial in self.rankings])
        precision, area = np.moveaxis(mean_known(areas, 0), 1, 0)
        true = self.counts[:, 2].T.astype(weights.dtype) @ weights
        return {
            "average_precision": precision,
            "average_precision_macro": mean_known(precision, 0),
            "average_precision_weighted": mean_known(precision, 0, true),
            "roc_auc": area,
            "roc_auc_macro": mean_known(area, 0),
        }

    def ranked_together(self, weights):
        """Return micro average precision and ROC area, (n_weightings,) each: means over the trials."""
        precision, area = mean_known(np.array([ranking.areas(weights) for ranking in self.micro_rankings]), 0)
        return {"average_precision_micro": precision, "roc_auc_micro": area}

    def of_each_clip(self, weights):
        """Return the weighted mean over clips of each of :func:`clip_scores`, {name: (n_weightings,)}."""
        names, sums = self.of_clips
        *found, n = sums.T.astype(weights.dtype) @ weights
        return {name: values / n for name, values in zip(names, found, strict=True)}

    def scores(self, weights=None):
        """Return every score by name under weights (n_units, n_weightings): (n_weightings,) each, and
        (n_classes, n_weightings) for :data:`OF_CLASSES`; without weights those of the clips as they are, one number or
        (n_classes,)."""
        if weights is None:
            return {name: values[..., 0] for name, values in self.scores(np.ones((self.n_units, 1))).items()}
        parts = (self.decided, self.ranked, self.ranked_together, self.of_each_clip)
        return {name: values for part in parts for name, values in part(weights).items()}
