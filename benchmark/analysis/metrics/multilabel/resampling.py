"""Bootstrap over clips, or over whole groups of them: the distribution and the interval of every score.

All models of a study are resampled alike, so that the difference of two of them is paired."""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.analysis.metrics.scores import units_of
from benchmark.analysis.metrics.statistics import CONFIDENCE

RESAMPLES = 1000
CHUNK = 250  # resamples at once: what is held in memory is some CHUNK numbers per positive label
BLOCKS = 200  # of units that the jackknife leaves out in turn, at most
SAMPLES, MODELS = 16, 64  # at hand: sorted predictions, and what is left of them


@lru_cache(maxsize=SAMPLES)
def sample_of(results, parts):
    """Return the :class:`Sample` of a tuple of Predictions of one model, one per trial; not to be changed.

    Units are numbered by name, so those of two models that were tested on the same clips are the same."""
    names = [units_of(pd.Series(part.clip_id), results.groups).astype(str) for part in parts]
    known, numbers = np.unique(np.concatenate(names), return_inverse=True)
    return Sample(parts, np.split(numbers, np.cumsum([len(part) for part in parts])[:-1]), len(known))


@lru_cache(maxsize=MODELS)
def resampled(results, parts):
    """Return every score of :meth:`Sample.scores` in each of :data:`RESAMPLES` resamples, and with each block of units
    left out: two dicts {name: (..., n)}, not to be changed."""
    sample = sample_of(results, parts)
    drawn = (sample.scores(weights) for weights in draw(sample.n_units))
    return joined(drawn), sample.scores(leave_out(sample.n_units))


def joined(chunks):
    """Return dicts of arrays as one, joined along their last axis."""
    chunks = list(chunks)
    return {name: np.concatenate([chunk[name] for chunk in chunks], axis=-1) for name in chunks[0]}


def draw(n_units, n_resamples=RESAMPLES, seed=0):
    """Yield how often each unit is drawn, n of n with replacement: (n_units, up to :data:`CHUNK`) float32 each time."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_resamples, CHUNK):
        drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units), min(CHUNK, n_resamples - start))
        yield np.ascontiguousarray(drawn.T, np.float32)


def leave_out(n_units, blocks=BLOCKS):
    """Return weights (n_units, n_blocks) of 1, but 0 for those of one block each; a block is a unit where they are few.

    The sums of a unit's influence to the second and third power, of which BCa's acceleration is made, are those of
    blocks drawn by chance, but for chance."""
    blocks = min(blocks, n_units)
    place = np.random.default_rng(0).permutation(n_units) % blocks
    return (place[:, None] != np.arange(blocks)).astype(np.float32)


def bca(values, observed, jackknife, confidence=CONFIDENCE):
    """Return (low, high), (...,) each, of bootstrap values (..., n_resamples): bias-corrected and accelerated.

    observed: (...,) the score itself; jackknife: (..., n_blocks) the scores without a block of units each. Resamples
    that are NaN, as those without a positive clip, are left out. Where all are alike, or none is known, the ends are
    the plain percentiles. Source: Efron 1987, JASA 82, 171-185, as ``scipy.stats.bootstrap(method="BCa")``."""
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    flat = [np.reshape(part, (-1, np.shape(part)[-1])) for part in (values, np.asarray(observed)[..., None], jackknife)]
    ends = np.array([_bca(*rows, tails) for rows in zip(*flat, strict=True)])
    return tuple(end.reshape(np.shape(observed)) for end in ends.T)


def _bca(values, observed, jackknife, tails):
    values, jackknife = values[np.isfinite(values)], jackknife[np.isfinite(jackknife)]
    if not len(values) or not np.isfinite(observed).all():
        return np.nan, np.nan
    # A score of whole clips takes few values: those equal to it, but for rounding, count half.
    near = np.isclose(values, observed, rtol=1e-6, atol=1e-9)
    below = ((values < observed) & ~near).mean() + near.mean() / 2
    influence = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = (influence**2).sum() ** 1.5
    if 0 < below < 1 and spread > 0:
        bias, acceleration = ndtri(below), (influence**3).sum() / (6 * spread)
        moved = bias + ndtri(tails)
        tails = ndtr(bias + moved / (1 - acceleration * moved))
    return np.quantile(values, tails)


def intervals(results, parts):
    """Return {name: value, name_low, name_high} of every score of one model, arrays where there is one per class."""
    observed = sample_of(results, parts).scores()
    drawn, jackknife = resampled(results, parts)
    found = {}
    for name, value in observed.items():
        low, high = bca(drawn[name], value, jackknife[name])
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return {name: value if np.ndim(value) else float(value) for name, value in found.items()}
