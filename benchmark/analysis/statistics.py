"""Intervals and tests, as pure functions of counts and scores; scipy and statsmodels do the mathematics.

Chance has two sources, and each function counts one of them or both. *Which clips were tested*: Wilson's interval, the
bootstrap over clips and the exact sign test hold the trained models fixed. *Which clips were trained on, and the seed*:
the corrected resampled t statistic of several trials."""

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest, t

CONFIDENCE = 0.95
RESAMPLES = 2000
CHUNK = 250  # resamples at once: what is held in memory is CHUNK numbers per different unit


def wilson_interval(share, n, confidence=CONFIDENCE):
    """Return the (low, high) Wilson interval of a share 0..1 observed on ``n`` clips.

    It is scipy's ``binomtest(k, n).proportion_ci(method="wilson")``, open to a share that is a mean over seeds and so
    need not be a whole number of clips. Source: Wilson 1927, JASA 22, 209-212."""
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding may leave 1e-17 where the formula gives exactly 0 or 1.
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def resample(units, n_resamples=RESAMPLES, seed=0):
    """Return bootstrap sums of counts, shape (n_resamples, ...): n_units units drawn with replacement, added up.

    units: counts of each unit (a clip, or a group of clips that belong together), shape (n_units, ...). Units with the
    same counts are drawn together, by a multinomial: the same distribution, at the cost of the different ones."""
    units = np.asarray(units, dtype=float)
    kinds, numbers = np.unique(units.reshape(len(units), -1), axis=0, return_counts=True)
    rng, shares = np.random.default_rng(seed), numbers / len(units)
    sizes = np.diff([*range(0, n_resamples, CHUNK), n_resamples])
    sums = [rng.multinomial(len(units), shares, size) @ kinds for size in sizes]
    return np.concatenate(sums).reshape(n_resamples, *units.shape[1:])


def percentiles(values, confidence=CONFIDENCE):
    """Return the (low, high) percentile interval of bootstrap values, shape (n_resamples,); NaN values are left out."""
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    low, high = np.nanquantile(values, tails) if np.isfinite(values).any() else (np.nan, np.nan)
    return float(low), float(high)


def sign_test(differences):
    """Return (n_first, n_second, p) of paired differences, shape (n_units,): units won by the first, the second.

    The exact two-sided sign test; ties count for neither. Where a unit is a clip and its difference is right or wrong
    of one model minus that of another, it is McNemar's exact test (statsmodels' ``mcnemar(table, exact=True)``).
    Without any unit won the p value is 1."""
    first, second = int(np.sum(np.asarray(differences) > 0)), int(np.sum(np.asarray(differences) < 0))
    return first, second, float(binomtest(first, first + second).pvalue) if first + second else 1.0


def corrected_t(values, ratio, confidence=CONFIDENCE):
    """Return mean, std (ddof 1), low, high and the p value of mean 0 of repeated trials, as a dict.

    values: a score, or a difference of two models, of each of J trials whose training clips overlap; ratio: test clips
    over training clips of a trial. The variance of the mean is (1/J + ratio) std^2, not std^2/J, since the trials are
    no independent experiments; the statistic is compared with Student's t of J-1 degrees of freedom. With one trial
    all but the mean are NaN. Values all alike have no spread: the interval is a point, and p is 1 where they are 0,
    else 0, as the limit is.

    Source: Nadeau & Bengio 2003, Machine Learning 52, 239-281, corrected resampled t-test; over repeated
    cross-validation, Bouckaert & Frank 2004, PAKDD, 3-12."""
    values = np.asarray(values, dtype=float)
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return {"mean": mean, "std": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
    # Equal shares may differ in the last bit after subtraction.
    std = 0.0 if np.ptp(values) < 1e-12 else float(values.std(ddof=1))
    error = np.sqrt(1 / n + ratio) * std
    half = float(t.ppf((1 + confidence) / 2, n - 1) * error)
    p = float(2 * t.sf(abs(mean) / error, n - 1)) if error else float(abs(mean) < 1e-12)
    return {"mean": mean, "std": std, "low": mean - half, "high": mean + half, "p": p}


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
