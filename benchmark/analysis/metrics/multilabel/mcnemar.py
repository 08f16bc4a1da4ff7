"""Class by class: whether one model of a pair decides more clips right than the other does, by chance or not."""

from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.multilabel.pairs import common_parts
from benchmark.analysis.metrics.multilabel.resampling import sample_of
from benchmark.analysis.metrics.pairwise import LEVEL
from benchmark.analysis.metrics.statistics import holm, sign_flip_test

MCNEMAR_COLUMNS = (
    "model_a", "model_b", "label_a", "label_b", "class", "only_a", "only_b", "p_clips", "p_holm", "separable",
)  # fmt: skip


def mcnemar_table(results):
    """Return a row per pair of models and class with :data:`MCNEMAR_COLUMNS`.

    only_a, only_b: predictions in which one model alone is right about the class; p_clips: McNemar's exact test where
    every clip is tested once, in general the exact sign-flip test of clips or groups (it asks about these trained
    models: without the luck of training); p_holm: corrected over all rows."""
    labels = {model["name"]: model["label"] for model in results.models}
    rows = []
    for a, b in combinations(labels, 2):
        if parts := common_parts(results.done(a), results.done(b)):
            names = {"model_a": a, "model_b": b, "label_a": labels[a], "label_b": labels[b]}
            rows += [names | row for row in _of_classes(results, *parts)]
    table = pd.DataFrame(rows, columns=MCNEMAR_COLUMNS)
    table["p_holm"] = holm(table["p_clips"])
    table["separable"] = table["p_holm"] < LEVEL
    return table


def _of_classes(results, parts_a, parts_b):
    sample = sample_of(results, parts_a)
    unit = np.concatenate(sample.units)
    right = [np.concatenate([part.y_true == part.y_pred for part in parts]).astype(int) for parts in (parts_a, parts_b)]
    for name, gain in zip(parts_a[0].classes, (right[0] - right[1]).T, strict=True):
        sums = np.bincount(unit, gain, sample.n_units).astype(int)
        (p_clips,) = sign_flip_test(sums)
        yield {"class": name, "only_a": (gain > 0).sum(), "only_b": (gain < 0).sum(), "p_clips": p_clips}
