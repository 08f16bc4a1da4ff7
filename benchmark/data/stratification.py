"""Clips with several labels, or none, into parts that each hold a class' share of every class.

Iterative stratification of Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD
2011, over units: a unit is a clip, or a group of clips that stays together. Then units are moved and swapped while
that helps, and of several random starts the best counts."""

import math

import numpy as np

EMPTY = 1e6  # cost of a part without a clip of a class: above any misfit
STARTS = 100  # random ones, of few units; of many one is as good as another
PLACED = 1500  # units, in all starts together
SWAPPED = 2_000_000  # numbers that the search for a swap may weigh at once
DIGITS = 9  # to which gains are compared: in the last ones sums differ between machines


def stratify(labels, of_unit, fractions, rng):
    """Return the part, 0..len(fractions) - 1, of each clip, shape (n_clips,): units are never on two sides.

    labels: (n_clips, n_classes) bool; of_unit: the unit of each clip, (n_clips,) int from 0; fractions: shares of the
    clips, which sum to 1. Clips without any label are shared out as a class of their own, and so are all clips."""
    columns = np.column_stack([labels, ~labels.any(axis=1), np.ones(len(labels), bool)])
    sizes = np.zeros((of_unit.max() + 1, columns.shape[1]))
    np.add.at(sizes, of_unit, columns)
    sizes = sizes[:, sizes.any(axis=0)]
    targets = np.outer(fractions, sizes.sum(axis=0))
    best, least = None, math.inf
    for start in range(max(1, min(STARTS, PLACED // len(sizes)))):
        # Every other start is at random: from those that are good at once the search may not reach the best.
        parts = rng.integers(len(targets), size=len(sizes)) if start % 2 else _iterate(sizes, targets, rng)
        parts = improve(sizes, targets, parts)
        now = round(misfit(counts(sizes, parts, len(targets)), targets).sum(), DIGITS)
        if now < least:
            best, least = parts, now
    return best[of_unit]


def misfit(held, targets):
    """Return the chi-squared distance of counts (..., n_parts, n_classes) from those wanted, one number per part."""
    return ((held - targets) ** 2 / targets + EMPTY * (held == 0)).sum(axis=-1)


def counts(sizes, parts, n_parts):
    """Return the clips of each class in each part, (n_parts, n_classes), of units (n_units, n_classes)."""
    held = np.zeros((n_parts, sizes.shape[1]))
    np.add.at(held, parts, sizes)
    return held


def _iterate(sizes, targets, rng):
    """Return a start: the class with fewest clips left first, each of its units to the part that lacks it most.

    Of equal parts the one that lacks clips most is taken, of equal ones again a random one."""
    lack, left = targets.copy(), sizes.sum(axis=0)
    parts, order = np.full(len(sizes), -1), rng.permutation(len(sizes))
    while (parts < 0).any():
        rarest = np.argmin(np.where(left > 0, left, np.inf))
        for unit in order[(parts[order] < 0) & (sizes[order, rarest] > 0)]:
            wants = np.round(lack[:, rarest], DIGITS)
            equal = np.flatnonzero(wants == wants.max())
            if len(equal) > 1:
                wants = np.round(lack[equal, -1], DIGITS)
                equal = equal[wants == wants.max()]
            parts[unit] = equal[0] if len(equal) == 1 else rng.choice(equal)
            lack[parts[unit]] -= sizes[unit]
            left -= sizes[unit]
        left[rarest] = 0
    return parts


def improve(sizes, targets, parts):
    """Return ``parts`` after moves of single units, and swaps of two where units are few, until none helps.

    The most helpful comes first. Units of the same clips per class are one kind: any of them will do."""
    kinds, of_kind = np.unique(sizes, axis=0, return_inverse=True)
    of_kind, parts, held = of_kind.reshape(-1), parts.copy(), counts(sizes, parts, len(targets))
    looks = (_moves, _swaps) if len(kinds) ** 2 * targets.size <= SWAPPED else (_moves,)
    while True:
        is_there = np.zeros((len(kinds), len(targets)), bool)
        is_there[of_kind, parts] = True
        for look in looks:
            gain, steps = look(kinds, is_there, held, targets)
            if gain < 0:
                break
        else:
            return parts
        units = [np.flatnonzero((of_kind == kind) & (parts == source))[0] for kind, source, _ in steps]
        for unit, (kind, source, part) in zip(units, steps, strict=True):
            held[source] -= kinds[kind]
            held[part] += kinds[kind]
            parts[unit] = part


def _moves(kinds, is_there, held, targets):
    """Return (change of the misfit, [(kind, from part, to part)]) of the best move of one unit."""
    now = misfit(held, targets)
    without = misfit(held - kinds[:, None], targets) - now  # (n_kinds, n_parts)
    within = misfit(held + kinds[:, None], targets) - now
    change = np.where(is_there[:, :, None], without[:, :, None] + within[:, None], np.inf)
    change[:, np.eye(len(targets), dtype=bool)] = np.inf
    gain, place = _least(change)
    return gain, [place]


def _swaps(kinds, is_there, held, targets):
    """Return (change of the misfit, [(kind, from part, to part), ...]) of the best swap of two units."""
    instead = kinds[None] - kinds[:, None]  # (n_kinds that leaves, n_kinds that comes, n_classes)
    within = misfit(held + instead[:, :, None], targets) - misfit(held, targets)  # (leaves, comes, n_parts)
    change = within[:, :, :, None] + within.transpose(1, 0, 2)[:, :, None]
    change = np.where(is_there[:, None, :, None] & is_there[None, :, None], change, np.inf)
    gain, (one, other, part, beyond) = _least(change)
    return gain, [(one, part, beyond), (other, beyond, part)]


def _least(change):
    change = np.round(change, DIGITS)
    place = np.unravel_index(np.argmin(change), change.shape)
    return change[place], place
