"""Which part of a split each group of clips goes to, so that the clips per label come near to given counts."""

import math

import numpy as np

FLOAT_ERROR = 1e-9  # a gain below this is none
STARTS = 20  # random ones; the best counts
EMPTY = 1e6  # cost of a part without a clip of a label: above any misfit


def assign_groups(sizes, targets, rng):
    """Return the part of each group, shape (n_groups,), so that the parts come near to ``targets``.

    ``sizes`` (n_groups, n_labels) counts the clips of each group, ``targets`` (n_parts, n_labels) those wanted. From
    several random starts, the group whose move helps most is moved until none helps; the misfit is chi-squared, and a
    part without any clip of a label is worse than all else."""
    best, least = None, math.inf
    for _ in range(STARTS):
        parts = _settle(sizes, targets, _fill(sizes, targets, rng))
        misfit = _misfit(counts_of(sizes, parts, targets), targets).sum()
        if misfit < least:
            best, least = parts, misfit
        if least == 0:
            break
    return best


def _fill(sizes, targets, rng):
    """Return a start: the groups in random order, each put where it lowers the misfit most."""
    counts, parts = np.zeros_like(targets), np.empty(len(sizes), int)
    for group in rng.permutation(len(sizes)):
        gain = _misfit(counts + sizes[group], targets) - _misfit(counts, targets)
        parts[group] = np.argmin(gain)
        counts[parts[group]] += sizes[group]
    return parts


def _settle(sizes, targets, parts):
    """Return ``parts`` after moving single groups, the most helpful first, until no move lowers the misfit."""
    counts, rows = counts_of(sizes, parts, targets), np.arange(len(sizes))
    while True:
        now = _misfit(counts, targets)
        without = _misfit(counts[parts] - sizes, targets[parts]) - now[parts]
        with_it = _misfit(counts + sizes[:, None], targets) - now
        change = without[:, None] + with_it
        change[rows, parts] = 0
        group, part = np.unravel_index(np.argmin(change), change.shape)
        if change[group, part] > -FLOAT_ERROR:
            return parts
        counts[parts[group]] -= sizes[group]
        counts[part] += sizes[group]
        parts[group] = part


def counts_of(sizes, parts, targets):
    """Return the clips of each label in each part, of the shape of ``targets``."""
    counts = np.zeros_like(targets)
    np.add.at(counts, parts, sizes)
    return counts


def _misfit(counts, targets):
    """Return the chi-squared distance of counts (..., n_labels) from targets, one number per part."""
    return ((counts - targets) ** 2 / np.maximum(targets, 1) + EMPTY * (counts == 0)).sum(axis=-1)
