"""Which confusion matrices give printed scores? An exhaustive search in whole numbers, up to a size.

A class has a support s (clips of it), a number p of predictions of it, and t of them right: recall t/s, precision t/p,
F1-score 2t/(s+p). A matrix of n clips has sums of s and of p equal to n, and of t equal to n times the accuracy. First
every class alone gives its possible (s, p, t); then a table of reachable sums joins the classes one by one."""

import math
from dataclasses import dataclass
from itertools import islice

import numpy as np

from benchmark.analysis.audit.reported import Bounds


@dataclass(frozen=True)
class Layout:
    """Where a triple of sums (s, p, t) stands in a row of bits: digits s, then p - s, then t, in mixed bases.

    p - s needs fewer values than p, because a class's precision and recall fix p/s within narrow limits."""

    n_max: int
    least: int  # smallest p - s
    width: int  # values of p - s
    depth: int  # values of t

    def shift(self, s, p, t):
        """Return by how many places adding (s, p, t) moves a sum."""
        return (s * self.width + p - s) * self.depth + t

    @property
    def zero(self):
        """The place of the sum (0, 0, 0)."""
        return -self.least * self.depth

    @property
    def size(self):
        """The number of places."""
        return (self.n_max + 1) * self.width * self.depth


@dataclass(frozen=True)
class Search:
    """What :func:`search` found out; the functions below read it."""

    bounds: Bounds
    order: tuple[int, ...]  # the classes, those with the fewest choices first
    choices: tuple[np.ndarray, ...]  # per class in that order: (m, 3) columns s, p, t
    layout: Layout
    reached: tuple[np.ndarray, ...]  # for 0, 1, ... classes: which sums they reach, packed bits of the layout


def search(bounds, n_max):
    """Return the :class:`Search` of all matrices of at most ``n_max`` clips within a row's :class:`Bounds`.

    None where some class has no possible counts at all, so that there is nothing to join."""
    found = [
        class_choices(scores, n_max, support) for scores, support in zip(bounds.scores, bounds.supports, strict=True)
    ]
    if not all(len(choices) for choices in found):
        return None
    order = sorted(range(len(found)), key=lambda index: len(found[index]))
    choices = tuple(found[index] for index in order)
    layout = _layout(choices, n_max)
    states, reached = 1 << layout.zero, []
    for choice in choices:
        packed = states.to_bytes(layout.size // 8 + 1, "little")
        reached.append(np.frombuffer(packed, dtype=np.uint8))
        # The last class is joined at each size alone: only sums (n, n, right) are of interest then.
        states = _extend(states, choice, layout) if len(reached) < len(choices) else 0
    return Search(bounds, tuple(order), choices, layout, tuple(reached))


def class_choices(scores, n_max, support=None):
    """Return the (s, p, t) of at most ``n_max`` clips that one class's intervals allow, shape (m, 3), by s, t, p.

    Precision 0/0 (p = 0), recall 0/0 and F1 0/0 may be printed as such or as 0; t/0 with t > 0 does not exist."""
    recalls, precisions = (_fractions(scores[score], n_max) for score in ("recall", "precision"))
    if support is not None:
        recalls = recalls[recalls[:, 1] == support]
    found = []
    for t in np.intersect1d(recalls[:, 0], precisions[:, 0]):
        s, p = np.meshgrid(recalls[recalls[:, 0] == t, 1], precisions[precisions[:, 0] == t, 1], indexing="ij")
        found.append(np.column_stack([s.ravel(), p.ravel(), np.full(s.size, t)]))
    triples = np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)
    triples = triples[_allowed(scores["f1"], 2 * triples[:, 2], triples[:, 0] + triples[:, 1])]
    return triples[np.lexsort((triples[:, 1], triples[:, 2], triples[:, 0]))]


def _fractions(interval, n_max):
    """Return the (t, whole) with t <= whole <= n_max whose share lies in the interval, shape (m, 2)."""
    if interval is None:
        return np.zeros((1, 2), dtype=np.int64)
    t, whole = np.indices((n_max + 1, n_max + 1)).reshape(2, -1)
    fits = (t <= whole) & _allowed(interval, t, whole)
    return np.column_stack([t[fits], whole[fits]])


def _allowed(interval, part, whole):
    """Return where part/whole may be printed as it is; 0/0 is printed as such or as 0."""
    if interval is None:
        # With precision = recall = 0 some programs print F1 as 0/0 although 2t/(s+p) is 0.
        return part == 0
    return interval.holds(part, np.maximum(whole, 1))


def _layout(choices, n_max):
    """Return the :class:`Layout` in which no sum of at most ``n_max`` clips runs into another's place.

    A sum of more than n_max clips comes to stand behind the last place, where it is cut off, if only p - s is not too
    small for its digit: hence room for the least p - s of 2 n_max clips, as much as a sum and one more class have."""
    every = np.concatenate(choices)
    supported = every[every[:, 0] > 0]
    s, p, t = supported.T
    least = math.floor(min(0, (2 * n_max * (p - s) // s).min(initial=0)))
    most = math.ceil(max(0, (-(-n_max * (p - s) // s)).max(initial=0)))
    # A class without clips can be predicted all the same, which no ratio bounds.
    most += sum(int(choice[choice[:, 0] == 0, 1].max(initial=0)) for choice in choices)
    return Layout(n_max, int(least), int(most - least) + 1, int((-(-n_max * t // s)).max(initial=0)) + 1)


def _extend(states, choice, layout):
    """Return the sums reached with one class more; sets of sums are the bits of one whole number."""
    grown, runs = 0, {1: states}
    for s, first, t, length in _runs(choice):
        if length not in runs:
            runs[length] = _smeared(states, length, layout.depth)
        grown |= runs[length] << layout.shift(s, first, t)
    return grown & ((1 << layout.size) - 1)


def _runs(choice):
    """Yield (s, first p, t, length) of runs of successive p; the choices are sorted by s, t, p."""
    breaks = np.flatnonzero((np.diff(choice[:, [0, 2]], axis=0) != 0).any(axis=1) | (np.diff(choice[:, 1]) != 1)) + 1
    for run in np.split(choice, breaks):
        yield *(int(number) for number in run[0]), len(run)


def _smeared(states, length, step):
    """Return the bits of ``states`` moved by 0, 1, ... length - 1 steps, all together."""
    covered = 1
    while covered < length:
        more = min(covered, length - covered)
        states |= states << (more * step)
        covered += more
    return states


def _reachable(found, count, sums):
    """Return which sums, shape (..., 3) of s, p, t, the first ``count`` classes reach."""
    s, p, t = np.moveaxis(sums, -1, 0)
    layout = found.layout
    digit = p - s - layout.least
    inside = (s >= 0) & (p >= 0) & (t >= 0) & (digit >= 0) & (digit < layout.width) & (t < layout.depth)
    place = np.where(inside, (s * layout.width + digit) * layout.depth + t, 0)
    return inside & ((found.reached[count][place >> 3] >> (place & 7) & 1) == 1)


def sizes(found, wanted):
    """Return those of the sizes ``wanted`` (whole numbers up to n_max) for which a matrix exists."""
    return tuple(n for n in wanted if example(found, n) is not None)


def example(found, n, supports=None):
    """Return (s, p, t) of each class, shape (n_classes, 3), for a matrix of n clips; None where there is none.

    supports: the clips per class, if they are to be these; otherwise the most even ones come first."""
    wanted = None if supports is None else [supports[index] for index in found.order]
    for right in _right_clips(found, n):
        solution = _solve(found, np.array([n, n, right]), n - right, len(found.choices) - 1, wanted, set())
        if solution is not None:
            return np.array(solution)[np.argsort(found.order)]
    return None


def _right_clips(found, n):
    right = np.arange(n + 1)
    return right[found.bounds.accuracy.holds(right, n)]


def _solve(found, rest, errors, last, supports, dead):
    """Return choices of the classes 0..last that add up to ``rest``, None where there are none.

    dead: the (class, rest) already known to lead nowhere, kept across the branches of one search."""
    if last < 0:
        return ()
    key = (last, *rest.tolist())
    if key in dead:
        return None
    options = _margins_fit(found.choices[last], errors)
    if supports is not None:
        options = options[options[:, 0] == supports[last]]
    options = options[_reachable(found, last, rest - options)]
    for option in options[np.argsort(np.abs(options[:, 0] * (last + 1) - rest[0]), kind="stable")]:
        solution = _solve(found, rest - option, errors, last - 1, supports, dead)
        if solution is not None:
            return (*solution, option)
    dead.add(key)
    return None


def _margins_fit(choice, errors):
    """Return the choices whose clips missed and false alarms fit among the errors; see :func:`confusion`."""
    return choice[choice[:, 0] + choice[:, 1] - 2 * choice[:, 2] <= errors]


def support_vectors(found, n, limit):
    """Return all supports, as tuples in the order of the classes, of matrices of n clips; None if beyond ``limit``."""
    vectors = set()
    for right in _right_clips(found, n):
        rest, last = np.array([[n, n, right]]), len(found.choices) - 1
        vectors.update(islice(_vectors(found, rest, n - right, last), limit + 1))
        if len(vectors) > limit:
            return None
    back = np.argsort(found.order)
    return sorted(tuple(int(vector[index]) for index in back) for vector in vectors)


def _vectors(found, rests, errors, last):
    """Yield each support vector of the classes 0..last once; rests: (m, 3) sums of which any may be met."""
    if last < 0:
        yield ()
        return
    options = _margins_fit(found.choices[last], errors)
    left = rests[:, None, :] - options
    open_ways = _reachable(found, last, left)
    for support in np.unique(options[open_ways.any(axis=0), 0]):
        same = options[:, 0] == support
        after = np.unique(left[:, same][open_ways[:, same]], axis=0)
        for vector in _vectors(found, after, errors, last - 1):
            yield (*vector, support)


def confusion(counts):
    """Return a confusion matrix, rows true classes, with given (s, p, t) of each class, shape (n_classes, 3).

    With a = s - t clips missed and b = p - t false alarms of each class, and E = sum a = sum b, the errors form a
    matrix of row sums a, column sums b and an empty diagonal. It exists exactly where a_i + b_i <= E for every class:
    row i can only go to the columns of other classes, which take E - b_i. That this is enough is shown by laying one
    error at a time so that a_i + b_i <= E - 1 holds afterwards. At most two classes have a_i + b_i = E, since all a + b
    make 2E: an error in the row or column of such a class lowers it. With two, all other margins are 0, and
    a_1 = b_2, a_2 = b_1: an error from one to the other lowers both. (A case of the Gale-Ryser theorem's kind, for
    transportation with forbidden cells.) Raises ValueError where the condition fails."""
    s, p, t = np.asarray(counts).T
    missed, alarms = s - t, p - t
    errors = int(missed.sum())
    if errors != alarms.sum() or (missed < 0).any() or (alarms < 0).any() or (missed + alarms > errors).any():
        raise ValueError(f"no confusion matrix has supports {s}, predictions {p} and right clips {t}")
    matrix = np.diag(t)
    for _ in range(errors):
        tightest = int(np.argmax(missed + alarms))
        from_it = missed[tightest] > 0
        others = np.where(alarms if from_it else missed, missed + alarms, -1)
        others[tightest] = -1
        other = int(np.argmax(others))
        true, predicted = (tightest, other) if from_it else (other, tightest)
        matrix[true, predicted] += 1
        missed[true] -= 1
        alarms[predicted] -= 1
    return matrix
