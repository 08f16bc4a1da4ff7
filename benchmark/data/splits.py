"""Which clips are train, val and test: by label as MATLAB's splitEachLabel, by fold, or as the data set says."""

import math

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmark.errors import StudyError
from benchmark.store.labels import class_names, to_matrix

SPLITS = np.array(["train", "val", "test"])
ROUNDING = {"matlab": 0.5, "floor": 0.0}  # added before rounding down
FLOAT_ERROR = 1e-9  # 0.7 * 45 is 31.499999999999996 in floating point, and means 31.5
STARTS = 20  # random ones, of the search for whole groups; the best counts
EMPTY = 1e6  # cost of a part without a clip of a label: above any misfit


def protocol_of(clips, split):
    """Return the protocol by which clips are split: for 'auto' 'predefined' where the data set gives a split."""
    if split.protocol != "auto":
        return split.protocol
    return "predefined" if (clips["split"] != "").any() else "holdout"


def make_splits(clips, split, seed):
    """Return the folds of a study: arrays of 'train', 'val' or 'test', shape (n_clips,), aligned with the clips' rows.

    ``clips`` has clip_id, label, group, split and sha256; ``split`` is a :class:`SplitParams`. One fold for holdout
    and predefined, ``split.folds`` for kfold, where every clip is test once. No group is on two sides. The same seed
    gives the same bytes the same place, whatever their names, the names of groups and the order of the rows; only
    clips of the same bytes and label are told apart by clip_id. Raises :class:`StudyError` where a label has too few
    clips or groups, or a predefined split is not one."""
    ordered = clips.reset_index(drop=True).sort_values(["sha256", "label", "clip_id"], kind="stable")
    order = ordered.index.to_numpy()
    drawn = ordered.assign(group_number=pd.factorize(ordered["group"])[0]).reset_index(drop=True)
    folds = PROTOCOLS[protocol_of(clips, split)](drawn, split, seed)
    return [fold[np.argsort(order)] for fold in folds]


def holdout_counts(n, fractions, rounding="matlab"):
    """Return how many of ``n`` clips of one label each fraction takes; the last takes what is left.

    'matlab' rounds half up, as splitEachLabel does by its own examples, though its page says down; 'floor' rounds down.
    Each fraction is rounded by itself, not as a running total: inferred from the page's "the first p1 files ..., the
    next p2 files". (Both readings can give the counts of visutsak2025; rounding each fraction down cannot.)

    >>> holdout_counts(15, (0.7, 0.3))
    (11, 4)
    """
    counts = [math.floor(fraction * n + ROUNDING[rounding] + FLOAT_ERROR) for fraction in fractions[:-1]]
    return (*counts, n - sum(counts))


def divide(clips, fractions, rounding, rng):
    """Return the part, 0..len(fractions) - 1, of each clip: drawn at random per label, shape (n_clips,).

    ``clips`` has label and group_number, 0 for the group of the first row, then counted as they appear.
    Whole groups are drawn where clips share them; the counts per label then come as near to :func:`holdout_counts` as
    the search of :func:`assign_groups` gets. Raises :class:`StudyError` where a label would miss in a part."""
    classes = class_names(clips["label"])
    labels = to_matrix(clips["label"], classes)
    groups, of_group = np.unique(clips["group_number"].to_numpy(), return_inverse=True)
    targets = np.array([holdout_counts(n, fractions, rounding) for n in labels.sum(axis=0)]).T
    if len(groups) == len(clips):
        parts = np.empty(len(clips), int)
        for column, of_class in enumerate(labels.T):
            rows = rng.permutation(np.flatnonzero(of_class))
            parts[rows] = np.repeat(np.arange(len(fractions)), targets[:, column])
        return parts
    sizes = np.zeros((len(groups), len(classes)), int)
    np.add.at(sizes, of_group, labels)
    parts = assign_groups(sizes, targets, rng)
    for column in np.flatnonzero((_counts(sizes, parts, targets) == 0).any(axis=0)):
        raise StudyError(
            f"found no way to put whole groups with clips of '{classes[column]}' into each of {len(fractions)} splits; "
            f"its {sizes[:, column].sum()} clips are in {(sizes[:, column] > 0).sum()} groups, which other labels share"
        )
    return parts[of_group]


def assign_groups(sizes, targets, rng):
    """Return the part of each group, shape (n_groups,), so that the parts come near to ``targets``.

    ``sizes`` (n_groups, n_labels) counts the clips of each group, ``targets`` (n_parts, n_labels) those wanted. From
    several random starts, the group whose move helps most is moved until none helps; the misfit is chi-squared, and a
    part without any clip of a label is worse than all else."""
    best, least = None, math.inf
    for _ in range(STARTS):
        parts = _settle(sizes, targets, _fill(sizes, targets, rng))
        misfit = _misfit(_counts(sizes, parts, targets), targets).sum()
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
    counts, rows = _counts(sizes, parts, targets), np.arange(len(sizes))
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


def _counts(sizes, parts, targets):
    counts = np.zeros_like(targets)
    np.add.at(counts, parts, sizes)
    return counts


def _misfit(counts, targets):
    """Return the chi-squared distance of counts (..., n_labels) from targets, one number per part."""
    return ((counts - targets) ** 2 / np.maximum(targets, 1) + EMPTY * (counts == 0)).sum(axis=-1)


def _holdout(clips, split, seed):
    def is_enough(n):
        return min(holdout_counts(n, split.fractions, split.rounding)) > 0

    what = f"train, val and test in fractions {', '.join(f'{f:g}' for f in split.fractions)}"
    _check_enough(clips, is_enough, 3, what)
    return [SPLITS[divide(clips, split.fractions, split.rounding, np.random.default_rng(seed))]]


def _kfold(clips, split, seed):
    """Test is the fold; val is drawn from the rest, train and val keeping the ratio of their fractions."""
    inner = _inner(split)

    def is_enough(n):
        rests = {n - n // split.folds, n - -(-n // split.folds)}  # what the smallest and the largest fold leave
        return n >= split.folds and all(min(holdout_counts(rest, inner, split.rounding)) > 0 for rest in rests)

    _check_enough(clips, is_enough, max(split.folds, 3), f"{split.folds} folds with train and val in each")
    groups = None if clips["group"].is_unique else clips["group_number"].to_numpy()
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = splitter(split.folds, shuffle=True, random_state=seed)
    labels, folds = clips["label"].to_numpy(str), []
    for number, (rest, test) in enumerate(splitter.split(labels, labels, groups)):
        missing = sorted(set(class_names(labels)) - set(class_names(labels[test])))
        if missing:
            raise StudyError(f"fold {number} of {split.folds} got no group of '{missing[0]}'; take fewer folds")
        fold = np.full(len(clips), "test", SPLITS.dtype)
        fold[rest] = SPLITS[divide(clips.iloc[rest], inner, split.rounding, np.random.default_rng([seed, number]))]
        folds.append(fold)
    return folds


def _inner(split):
    """Return the shares of train and val in what is not test."""
    train, val, _ = split.fractions
    return train / (train + val), val / (train + val)


def _predefined(clips, split, seed):
    """The split as it is given: train must hold every label, test some clip, and no group be on two sides.

    Where none is val, val is drawn from train, by the seed, train and val keeping the ratio of their fractions."""
    fold = clips["split"].to_numpy(str)
    unplaced = clips[~np.isin(fold, SPLITS)]
    if len(unplaced):
        raise StudyError(
            f"{len(unplaced)} of {len(clips)} clips have no split, such as '{unplaced['clip_id'].min()}'. A split that "
            "is given places all, by train, val or test in the CSV's column split or by folders of these names; or set "
            "split.protocol: holdout to draw one"
        )
    absent = sorted({"train", "test"} - set(fold))
    if absent:
        raise StudyError(
            f"the split that is given puts no clip into {' and '.join(absent)}; train and test need some. Set "
            "split.protocol: holdout to draw another"
        )
    untrained = sorted(set(class_names(clips["label"])) - set(class_names(clips["label"][fold == "train"])))
    if untrained:
        raise StudyError(f"the split that is given puts no clip of '{untrained[0]}' into train; it cannot be learned")
    sides = clips["split"].groupby(clips["group"]).agg(lambda column: sorted(set(column)))
    for group, split_of in sides[sides.str.len() > 1].items():
        raise StudyError(f"group '{group}' is in {' and '.join(split_of)}; clips of one group must be on one side")
    fold = fold.astype(SPLITS.dtype)
    if "val" not in fold:
        rows, inner = np.flatnonzero(fold == "train"), _inner(split)
        what = "without a val that is given, train and a val drawn from it"
        _check_enough(clips.iloc[rows], lambda n: min(holdout_counts(n, inner, split.rounding)) > 0, 2, what)
        fold[rows] = SPLITS[divide(clips.iloc[rows], inner, split.rounding, np.random.default_rng(seed))]
    return [fold]


PROTOCOLS = {"holdout": _holdout, "kfold": _kfold, "predefined": _predefined}


def _check_enough(clips, is_enough, groups_needed, what):
    """Raise where a label has too few clips (``is_enough`` of their number is false) or too few groups."""
    classes = class_names(clips["label"])
    for label, of_class in zip(classes, to_matrix(clips["label"], classes).T, strict=True):
        n, groups = of_class.sum(), clips["group"][of_class].nunique()
        if not is_enough(n):
            needed = next(more for more in range(n + 1, 10**9) if is_enough(more))
            raise StudyError(f"'{label}' has {n} clips; {what} need at least {needed}")
        if groups < groups_needed:
            raise StudyError(
                f"'{label}' has {n} clips in {groups} groups; {what} need at least {groups_needed} groups, "
                f"for a group is never on two sides"
            )
