"""Intervals and tests, as pure functions of counts and scores; scipy and statsmodels do the mathematics.

Chance has two sources, and each function counts one of them or both. *Which clips were tested*: Wilson's interval, the
bootstrap over clips and the sign-flip test. *Which clips were trained on, and the seed*: the luck of training, of which
:func:`training_luck` is what is presumed and :func:`corrected_half_width` what several trials show."""

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

CONFIDENCE = 0.95
RESAMPLES = 2000
CHUNK = 250  # resamples at once: what is held in memory is CHUNK numbers per different unit
# What is presumed of the standard deviation of a network's accuracy over trainings. The second, a variance times
# training clips, lets it fall as 1/sqrt(n) where it is below the first, from 800 clips on.
LUCK, LUCK_VARIANCE = 0.025, 0.5


def wilson_interval(share, n, confidence=CONFIDENCE):
    """Return the (low, high) Wilson interval of a share 0..1 observed on ``n`` clips.

    It is scipy's ``binomtest(k, n).proportion_ci(method="wilson")``, open to a share that is a mean over seeds and so
    need not be a whole number of clips, and to arrays of both. Source: Wilson 1927, JASA 22, 209-212."""
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding may leave 1e-17 where the formula gives exactly 0 or 1.
    low, high = np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
    return (low, high) if np.ndim(low) else (float(low), float(high))


def newcombe_interval(share, n, other, m, luck=0.0, confidence=CONFIDENCE):
    """Return the (low, high) interval of share - other, shares 0..1 observed on n and m different clips.

    Without luck it is ``confint_proportions_2indep(method="newcomb")`` of statsmodels, open to numbers of clips that
    are not whole. luck: a further standard deviation of the difference, 0..1. Source: Newcombe 1998, Statistics in
    Medicine 17, 873-890, method 10."""
    (low, high), (other_low, other_high) = wilson_interval(share, n, confidence), wilson_interval(other, m, confidence)
    gain, further = share - other, float(ndtri((1 + confidence) / 2)) * luck
    below, above = (share - low, other_high - other, further), (high - share, other - other_low, further)
    return float(gain - np.linalg.norm(below)), float(gain + np.linalg.norm(above))


def newcombe_test(share, n, other, m, luck=0.0):
    """Return the p value of two alike shares of different clips: 1 - c of the :func:`newcombe_interval` of confidence c
    that ends at 0; not below 1e-12. Arguments as there."""
    if share < other:
        share, n, other, m = other, m, share, n

    from scipy.optimize import brentq

    def lower_end(p):
        return newcombe_interval(share, n, other, m, luck, 1 - p)[0]

    if share == other or lower_end(1 - 1e-12) <= 0:
        return 1.0
    return 1e-12 if lower_end(1e-12) >= 0 else float(brentq(lower_end, 1e-12, 1 - 1e-12))


def effective_size(share, variance, n_clips, n_units, degrees=None):
    """Return on how many independent clips a share 0..1 would vary as this score does, for Wilson's interval.

    variance: of the score over test clips, such as a macro F1 or an accuracy of clips in groups. It is
    share (1 - share) / variance, at most ``n_clips``; without any variance, as where all is right, it is ``n_units``,
    the clips or groups of clips. degrees: of freedom of the variance where units are few, as groups are; then Student's
    quantile takes the place of the normal one. Near 0 and 1 percentiles of a bootstrap are too narrow, Wilson's
    interval is not. Source: Korn & Graubard 1998, Survey Methodology 24, 193-201."""
    if variance < 1e-12:  # rounding
        return n_units
    size = min(share * (1 - share) / variance, n_clips)
    if degrees is not None:
        tail = (1 + CONFIDENCE) / 2
        size *= (ndtri(tail) / stdtrit(max(degrees, 1), tail)) ** 2
    return max(1.0, float(size))


def resample(units, n_resamples=RESAMPLES, seed=0, strata=None):
    """Return bootstrap sums of counts, shape (n_resamples, ...): units drawn with replacement, added up.

    units: counts of each unit (a clip, or a group of clips that belong together), shape (n_units, ...). strata: a
    whole number per unit, (n_units,): of the n units of a stratum n - 1 are drawn and count n / (n - 1), so that the
    variance is right for small strata (Rao & Wu 1988, JASA 83, 231-241); without them n of n are drawn of all units.
    Units with the same counts are drawn together, by a multinomial: the same distribution, at the cost of the
    different ones."""
    units = np.asarray(units, dtype=float)
    flat, rng = units.reshape(len(units), -1), np.random.default_rng(seed)
    sizes = np.diff([*range(0, n_resamples, CHUNK), n_resamples])
    if strata is None:
        total = _draws(flat, len(flat), sizes, rng)
    else:
        parts = [flat[strata == stratum] for stratum in np.unique(strata)]
        total = sum(_draws(part, max(len(part) - 1, 1), sizes, rng) for part in parts)
    return total.reshape(n_resamples, *units.shape[1:])


def _draws(units, n, sizes, rng):
    """Return sums of n units drawn with replacement, counted as if all were drawn, shape (sum of sizes, n_counts)."""
    kinds, numbers = np.unique(units, axis=0, return_counts=True)
    drawn = [rng.multinomial(n, numbers / len(units), size) @ kinds for size in sizes]
    return np.concatenate(drawn) * (len(units) / n)


def percentiles(values, confidence=CONFIDENCE):
    """Return the (low, high) percentile interval of bootstrap values, shape (n_resamples,); NaN values are left out."""
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    low, high = np.nanquantile(values, tails) if np.isfinite(values).any() else (np.nan, np.nan)
    return float(low), float(high)


def sign_flip_test(sums, spreads=(0.0,)):
    """Return the p values, two-sided, of paired differences that add up to nothing but by chance, one per spread.

    sums: whole numbers, (n_units,): clips that one model alone got right minus those of the other, of each unit. Where
    both are alike each sum has either sign as likely: the distribution of the total under all 2^n signs is computed
    exactly. Where a unit is a clip that was tested once, it is McNemar's exact test; in general scipy's
    ``permutation_test(permutation_type="samples")``. spreads: standard deviations, in clips, of what else may have
    moved the total, added to it as a normal number; 0 for nothing. Source: Fisher 1935, The Design of Experiments,
    section 21."""
    sums = np.asarray(sums, dtype=int)
    values, chances = _flipped(np.abs(sums[sums != 0]))
    observed = abs(int(sums.sum()))

    def beyond(spread):
        if spread == 0:
            return np.abs(values) >= observed
        return ndtr((values - observed) / spread) + ndtr((-values - observed) / spread)

    return [float(min(1.0, chances @ beyond(spread))) for spread in spreads]


def _flipped(sizes):
    """Return the totals that numbers > 0 can have under all choices of their signs, and the chance of each total.

    The k of them that are m give m (2 B - k), B binomial (k, 1/2); over different m the distributions are convolved."""
    from scipy.signal import convolve
    from scipy.stats import binom

    chances = np.ones(1)
    for size, number in zip(*np.unique(sizes, return_counts=True), strict=True):
        spaced = np.zeros(2 * size * number + 1)
        spaced[:: 2 * size] = binom.pmf(np.arange(number + 1), number, 0.5)
        # By FFT where long: then chances are exact to 1e-16 alone, and a few of them below 0 by as much.
        chances = np.maximum(convolve(chances, spaced), 0)
    most = len(chances) // 2
    return np.arange(-most, most + 1), chances


def training_luck(n_train):
    """Return the standard deviation of an accuracy 0..1 over trainings that is presumed of a network.

    2.5 points up to 800 training clips, beyond that falling with the root of their number. A single training cannot
    show it, two or three hardly; so it is presumed, not measured. On where it comes from: Bouthillier et al. 2021,
    Accounting for variance in machine learning benchmarks, MLSys."""
    return float(min(LUCK, np.sqrt(LUCK_VARIANCE / max(n_train, 1))))


def corrected_half_width(values, ratio, confidence=CONFIDENCE):
    """Return half the width of the corrected resampled t interval of the mean of repeated trials, NaN for one trial.

    values: a score of each of J trials whose training clips overlap; ratio: test clips over training clips of a trial.
    The variance of the mean is (1/J + ratio) std^2, not std^2/J, since the trials are no independent experiments; the
    quantile is Student's of J-1 degrees of freedom. Values all alike give 0, which is no evidence that others would be:
    see :mod:`benchmark.analysis.metrics.uncertainty` for what stands against that.

    Source: Nadeau & Bengio 2003, Machine Learning 52, 239-281; over repeated cross-validation, Bouckaert & Frank 2004,
    PAKDD, 3-12."""
    n = len(values)
    if n < 2:
        return np.nan
    return float(stdtrit(n - 1, (1 + confidence) / 2) * np.sqrt(1 / n + ratio) * np.std(values, ddof=1))


def holm(p_values):
    """Return p values corrected for their number, shape (n,): Holm 1979, Scandinavian J. of Statistics 6, 65-70.

    NaN, a test that was not possible, stays NaN and is not counted."""
    from statsmodels.stats.multitest import multipletests

    corrected = np.array(p_values, dtype=float)
    known = np.isfinite(corrected)
    if known.any():
        corrected[known] = multipletests(corrected[known], method="holm")[1]
    return corrected


def pareto(scores, costs):
    """Return for each point whether no other has a score as high at a cost as low, and one of them better, (n,) bool.

    scores, costs: (n,); a point with a NaN is not on the front."""
    scores, costs = np.asarray(scores, dtype=float), np.asarray(costs, dtype=float)
    no_worse = (scores[None] >= scores[:, None]) & (costs[None] <= costs[:, None])
    better = (scores[None] > scores[:, None]) | (costs[None] < costs[:, None])
    return np.isfinite(scores) & np.isfinite(costs) & ~(no_worse & better).any(axis=1)
