"""Which clips are train, val and test: by label as MATLAB's splitEachLabel, by fold, or as the data set says.

Where clips have several labels or none there is no count per label to draw: they are stratified iteratively."""

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmark.data.group_search import assign_groups
from benchmark.data.stratification import stratify
from benchmark.errors import StudyError
from benchmark.store.label_statistics import have_one_each
from benchmark.store.labels import class_names, to_matrix

SPLITS = np.array(["train", "val", "test"])
ROUNDING = {"matlab": 0.5, "floor": 0.0}  # added before rounding down
FLOAT_ERROR = 1e-9  # 0.7 * 45 is 31.499999999999996 in floating point, and means 31.5


def protocol_of(clips, split):
    """Return the protocol by which clips are split: for 'auto' 'predefined' where the data set gives a split."""
    if split.protocol != "auto":
        return split.protocol
    return "predefined" if (clips["split"] != "").any() else "holdout"


def make_splits(clips, split, seed, rare="error"):
    """Return the folds of a study: arrays of 'train', 'val' or 'test', shape (n_clips,), aligned with the clips' rows.

    ``clips`` has clip_id, label, group, split and sha256; ``split`` is a :class:`SplitParams`. One fold for holdout
    and predefined, ``split.folds`` for kfold, where every clip is test once. No group is on two sides. The same seed
    gives the same bytes the same place, whatever their names, the names of groups and the order of the rows; only
    clips of the same bytes and label are told apart by clip_id. Raises :class:`StudyError` where a predefined split is
    not one, where a part gets no clip, or a label has too few clips or groups: unless ``rare`` (classes.rare) is
    'keep'."""
    ordered = clips.reset_index(drop=True).sort_values(["sha256", "label", "clip_id"], kind="stable")
    order = ordered.index.to_numpy()
    drawn = ordered.assign(group_number=pd.factorize(ordered["group"])[0]).reset_index(drop=True)
    protocol, lacks = PROTOCOLS[protocol_of(clips, split)], rare == "keep"
    short = list(protocol.shortages(drawn, split))
    if short and not lacks:
        more = f"; {len(short) - 1} more classes are too rare" if len(short) > 1 else ""
        raise StudyError(f"{short[0][1]}{more}. Take more, or set classes.rare: drop, or keep")
    folds = protocol.draw(drawn, split, seed, lacks)
    for part in SPLITS:
        if not all((fold == part).any() for fold in folds):
            raise StudyError(f"the split leaves no clip for {part}, of {len(clips)} in all; take more clips")
    return [fold[np.argsort(order)] for fold in folds]


def too_rare(clips, split):
    """Return {class: why} of the classes with too few clips or groups for a split."""
    return dict(PROTOCOLS[protocol_of(clips, split)].shortages(clips, split))


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


def _labels(clips):
    classes = class_names(clips["label"])
    return classes, to_matrix(clips["label"], classes)


def divide_by_label(clips, fractions, rounding, rng):
    """Return the part, 0..len(fractions) - 1, of each clip: drawn at random per label, shape (n_clips,).

    ``clips`` has label, one each, and group_number, 0 for the group of the first row, then counted as they appear.
    Whole groups are drawn where clips share them; the counts per label then come as near to :func:`holdout_counts` as
    the search of :func:`assign_groups` gets."""
    _, labels = _labels(clips)
    groups, of_group = np.unique(clips["group_number"].to_numpy(), return_inverse=True)
    targets = np.array([holdout_counts(n, fractions, rounding) for n in labels.sum(axis=0)]).T
    if len(groups) == len(clips):
        parts = np.empty(len(clips), int)
        for column, of_class in enumerate(labels.T):
            rows = rng.permutation(np.flatnonzero(of_class))
            parts[rows] = np.repeat(np.arange(len(fractions)), targets[:, column])
        return parts
    sizes = np.zeros((len(groups), labels.shape[1]), int)
    np.add.at(sizes, of_group, labels)
    return assign_groups(sizes, targets, rng)[of_group]


def divide_by_sets(clips, fractions, rounding, rng):
    """Return the same of clips with any number of labels, by :func:`stratify`; there are no counts to round."""
    _, of_group = np.unique(clips["group_number"].to_numpy(), return_inverse=True)
    return stratify(_labels(clips)[1], of_group, np.array(fractions), rng)


def _folds_by_label(clips, n_folds, seed):
    """Return the fold in which each clip is test, shape (n_clips,), as scikit-learn draws it."""
    groups = None if clips["group"].is_unique else clips["group_number"].to_numpy()
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    labels, folds = clips["label"].to_numpy(str), np.empty(len(clips), int)
    with warnings.catch_warnings(action="ignore"):  # of classes with fewer clips than folds, which are told before
        parts = splitter(n_folds, shuffle=True, random_state=seed).split(labels, labels, groups)
        for number, (_, test) in enumerate(parts):
            folds[test] = number
    return folds


def _folds_by_sets(clips, n_folds, seed):
    return divide_by_sets(clips, np.full(n_folds, 1 / n_folds), None, np.random.default_rng(seed))


class Way(NamedTuple):
    """How clips are shared out."""

    divide: Callable  # (clips, fractions, rounding, rng) -> part of each clip
    folds: Callable  # (clips, n_folds, seed) -> the fold in which each is test
    is_enough: Callable  # (clips of a class, fractions, rounding) -> whether each part gets one


WAYS = {  # by whether each clip has one label, so that there are counts per label to draw
    True: Way(divide_by_label, _folds_by_label, lambda n, *given: min(holdout_counts(n, *given)) > 0),
    False: Way(divide_by_sets, _folds_by_sets, lambda n, fractions, rounding: n >= len(fractions)),
}


def _way(clips):
    return WAYS[have_one_each(_labels(clips)[1])]


def _check_parts(clips, parts, n_parts, lacks):
    """Raise where a class misses in a part, unless it may; return the parts."""
    classes, labels = _labels(clips)
    for name, of_class in zip(classes, labels.T, strict=True):
        if not lacks and len(set(parts[of_class])) < n_parts:
            raise StudyError(
                f"found no way to put whole groups with clips of '{name}' into each of {n_parts} splits; its "
                f"{of_class.sum()} clips are in {clips['group'][of_class].nunique()} groups, which other labels share"
            )
    return parts


def _holdout(clips, split, seed, lacks):
    parts = _way(clips).divide(clips, split.fractions, split.rounding, np.random.default_rng(seed))
    return [SPLITS[_check_parts(clips, parts, 3, lacks)]]


def _short_of_holdout(clips, split):
    way, what = _way(clips), f"train, val and test in fractions {', '.join(f'{f:g}' for f in split.fractions)}"
    return _shortages(clips, lambda n: way.is_enough(n, split.fractions, split.rounding), 3, what)


def _kfold(clips, split, seed, lacks):
    """Test is the fold; val is drawn from the rest, train and val keeping the ratio of their fractions."""
    way, folds, classes = _way(clips), [], class_names(clips["label"])
    try:
        number_of = way.folds(clips, split.folds, seed)
    except ValueError as error:
        raise StudyError(f"{split.folds} folds cannot be drawn: {error}") from None
    for number in range(split.folds):
        is_test = number_of == number
        missing = sorted(set(classes) - set(class_names(clips["label"][is_test])))
        if missing and not lacks:
            raise StudyError(f"fold {number} of {split.folds} got no group of '{missing[0]}'; take fewer folds")
        fold, rest = np.full(len(clips), "test", SPLITS.dtype), clips[~is_test]
        parts = way.divide(rest, _inner(split), split.rounding, np.random.default_rng([seed, number]))
        fold[~is_test] = SPLITS[_check_parts(rest, parts, 2, lacks)]
        folds.append(fold)
    return folds


def _short_of_kfold(clips, split):
    way, inner = _way(clips), _inner(split)

    def is_enough(n):
        rests = {n - n // split.folds, n - -(-n // split.folds)}  # what the smallest and the largest fold leave
        return n >= split.folds and all(way.is_enough(rest, inner, split.rounding) for rest in rests)

    return _shortages(clips, is_enough, max(split.folds, 3), f"{split.folds} folds with train and val in each")


def _inner(split):
    """Return the shares of train and val in what is not test."""
    train, val, _ = split.fractions
    return train / (train + val), val / (train + val)


def _predefined(clips, split, seed, lacks):
    """The split as it is given: train must hold every label, test some clip, and no group be on two sides.

    Where none is val, val is drawn from train, by the seed, train and val keeping the ratio of their fractions."""
    fold = _given(clips).astype(SPLITS.dtype)
    if "val" not in fold:
        rows = np.flatnonzero(fold == "train")
        rng, train = np.random.default_rng(seed), clips.iloc[rows]
        parts = _way(clips).divide(train, _inner(split), split.rounding, rng)
        fold[rows] = SPLITS[_check_parts(train, parts, 2, lacks)]
    return [fold]


def _short_of_predefined(clips, split):
    fold, way = _given(clips), _way(clips)
    for name in sorted(set(class_names(clips["label"])) - set(class_names(clips["label"][fold == "train"]))):
        yield name, f"the split that is given puts no clip of '{name}' into train; it cannot be learned"
    if "val" not in fold:
        what = "without a val that is given, train and a val drawn from it"
        train = clips[fold == "train"]
        yield from _shortages(train, lambda n: way.is_enough(n, _inner(split), split.rounding), 2, what)


def _given(clips):
    """Return the split that the data set gives, (n_clips,) text; raise where it is none."""
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
    sides = clips["split"].groupby(clips["group"]).agg(lambda column: sorted(set(column)))
    for group, split_of in sides[sides.str.len() > 1].items():
        raise StudyError(f"group '{group}' is in {' and '.join(split_of)}; clips of one group must be on one side")
    return fold


class Protocol(NamedTuple):
    """How a split is drawn."""

    draw: Callable  # (clips, split, seed, lacks: classes may miss in a part) -> folds
    shortages: Callable  # (clips, split) -> (class, why) of those with too few clips or groups


PROTOCOLS = {
    "holdout": Protocol(_holdout, _short_of_holdout),
    "kfold": Protocol(_kfold, _short_of_kfold),
    "predefined": Protocol(_predefined, _short_of_predefined),
}


def _shortages(clips, is_enough, groups_needed, what):
    """Yield (class, why) of those with too few clips (``is_enough`` of their number is false) or too few groups."""
    classes, labels = _labels(clips)
    for label, of_class in zip(classes, labels.T, strict=True):
        n, groups = of_class.sum(), clips["group"][of_class].nunique()
        if not is_enough(n):
            needed = next(more for more in range(n + 1, 10**9) if is_enough(more))
            yield label, f"'{label}' has {n} clips; {what} need at least {needed}"
        elif groups < groups_needed:
            yield (
                label,
                f"'{label}' has {n} clips in {groups} groups; {what} need at least {groups_needed} groups, for a group "
                "is never on two sides",
            )
