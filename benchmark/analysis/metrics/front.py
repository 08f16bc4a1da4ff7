"""The Pareto front of a score over latency, and which steps along it may be chance."""

from itertools import pairwise as neighbours

import numpy as np

from benchmark.analysis.metrics.statistics import pareto


def pareto_front(table, pairwise, score="accuracy"):
    """Return the rows of a comparison table on the Pareto front, the fastest first, with a further column ``tie``.

    table: columns model, ``score`` and latency_ms_p50; pairwise: a row per pair with model_a, model_b and separable. On
    the front are models than which no other has as high a score and is as fast. tie: the model is slower than the one
    before it, but its gain may be chance: the two are not separable, or could not be compared. The first one is no tie.
    """
    on_front = pareto(table[score], table["latency_ms_p50"])
    front = table[on_front].sort_values(["latency_ms_p50", score], kind="stable").reset_index(drop=True)
    told = pairwise[pairwise["separable"].astype(bool)]
    separable = {frozenset(pair) for pair in zip(told["model_a"], told["model_b"], strict=True)}
    models = front["model"].tolist()
    ties = [frozenset(pair) not in separable for pair in neighbours(models)]
    return front.assign(tie=np.array([False, *ties][: len(models)], dtype=bool))


def steps(front, score="accuracy"):
    """Return (x, y, tie) of each step between neighbours of a :func:`pareto_front`: three points of a stair, data."""
    x, y = (front[name].to_numpy(float) for name in ("latency_ms_p50", score))
    return [
        ((x[i], x[i + 1], x[i + 1]), (y[i], y[i], y[i + 1]), bool(front["tie"].iloc[i + 1]))
        for i in range(len(front) - 1)
    ]
