"""Areas under the precision-recall and ROC curves of one class, under many weightings of its clips at once.

Scores are sorted once. What a weighting needs is then the weight between one positive and the next, which is a sparse
matrix times the weights, and sums along it: so a thousand resamples cost little more than one."""

import numpy as np
from scipy.sparse import csr_array


class Ranking:
    """The test clips of one class in one trial, in the order of their scores."""

    def __init__(self, truth, score, unit, n_units):
        """truth: (n,) bool; score: (n,); unit: (n,) whole numbers below n_units, whose weight each prediction has."""
        order = np.argsort(-score, kind="stable")
        truth, unit, score = truth[order], unit[order], score[order]
        tie = np.cumsum(np.concatenate([[False], np.diff(score) != 0]))  # equal scores are one point of a curve
        holding = np.unique(tie[truth])
        segment = np.searchsorted(holding, tie)  # of each clip: which tie with a positive ends it
        shape = (len(holding), n_units)

        def weighed(rows):
            ones = np.ones(np.count_nonzero(rows), np.float32)
            return csr_array((ones, (segment[rows], unit[rows])), shape=shape)

        self.reached = weighed(segment < len(holding))
        self.positive = weighed(truth)
        self.tied = weighed(~truth & np.isin(tie, holding))  # negatives whose score a positive has too
        self.clips = np.bincount(unit, minlength=n_units)

    def areas(self, weights):
        """Return average precision and ROC area, (n_weightings,) each, NaN without a positive, or a negative, clip.

        weights: (n_units, n_weightings), whole numbers or shares. Average precision is scikit-learn's step function,
        tied scores being one step; a tie counts half in the ROC area. With weights of 1 they are scikit-learn's."""
        reached, positive, tied = (part @ weights for part in (self.reached, self.positive, self.tied))
        found, reached = positive.cumsum(axis=0), reached.cumsum(axis=0)
        positives = positive.sum(axis=0)
        negatives = self.clips.astype(weights.dtype) @ weights - positives
        precision = np.divide(found, reached, out=np.zeros_like(found), where=reached > 0)
        below = negatives - (reached - found) + tied / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = (positive * precision).sum(axis=0) / positives
            area = (positive * below).sum(axis=0) / (positives * negatives)
        return precision, np.where(negatives > 0, area, np.nan)
