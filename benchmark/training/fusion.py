"""Late fusion: the weighted mean of several models' scores, with the weights that are best on validation clips."""

import math

import numpy as np

EQUAL = 1e-12  # scores of the headline that differ by less are equal: sums of the same numbers in another order
TOLD_EVERY = 100  # weights


def weight_grid(n_members, n_steps):
    """Return all weights (n, n_members) in steps of 1 / n_steps that sum to 1, most for the first member first."""
    parts = [()]
    for _ in range(n_members - 1):
        parts = [(*part, count) for part in parts for count in range(n_steps - sum(part), -1, -1)]
    return np.array([(*part, n_steps - sum(part)) for part in parts]) / n_steps


def fused(y_scores, weights):
    """Return the weighted mean (n_clips, n_classes) of scores (n_members, n_clips, n_classes)."""
    return np.tensordot(weights, y_scores, axes=1)


def best_weights(y_true, y_scores, n_steps, headline, tried=lambda done, total: None):
    """Return (the weights (n_members,) of the grid with the best headline, that score; None where it is unknown).

    y_true: (n_clips, n_classes) bool; y_scores: (n_members, n_clips, n_classes); headline(y_true, y_score) returns a
    score, more is better. Of equals those nearest to equal weights count, then those with most of the first member.
    ``tried`` is told how many weights have been."""
    grid, found = weight_grid(len(y_scores), n_steps), []
    for number, weights in enumerate(grid, 1):
        found.append(headline(y_true, fused(y_scores, weights)))
        if number % TOLD_EVERY == 0 or number == len(grid):
            tried(number, len(grid))
    found = np.array(found, float)
    best = found >= np.max(found, initial=-np.inf, where=~np.isnan(found)) - EQUAL
    if not best.any():  # no class has a positive clip: nothing tells weights apart
        best[:] = True
    unlike = ((grid - 1 / len(y_scores)) ** 2).sum(axis=1).round(12)
    chosen = min(np.flatnonzero(best), key=lambda number: unlike[number])
    return grid[chosen], None if math.isnan(found[chosen]) else float(found[chosen])
