"""Bootstrap over clips, or over whole groups of them: the distribution and the interval of every score.

All models of a study are resampled alike, so that the difference of two of them is paired."""

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.analysis.metrics.scores import units_of
from benchmark.analysis.metrics.statistics import CONFIDENCE, wilson_interval

RESAMPLES = 1000
CHUNK = 250  # resamples at once: what is held in memory is some CHUNK numbers per positive label
UNBOUNDED = {"coverage"}  # scores that may be above 1
NONE = 1e-12  # a variance that rounding leaves
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
    """Return every score of :meth:`Sample.scores` in each of :data:`RESAMPLES` resamples, {name: (..., n)}.

    Not to be changed."""
    sample = sample_of(results, parts)
    return joined(sample.scores(weights) for weights in draw(sample.n_units))


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


def ends(name, value, drawn, n_units):
    """Return (low, high) of a score by the variance of its bootstrap values, (...,) each.

    value: (...,); drawn: (..., n_resamples), of which NaN, as of resamples without a positive clip, are left out. A
    score 0..1 has Wilson's interval on as many clips as would vary so, as macro averages of one label have; what may
    be above 1 has Student's. Percentiles of the bootstrap would not do, nor BCa: in a resample the few positives of a
    class come twice, which raises its average precision, and the interval may lie beside the score."""
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a class that no test clip has
        variance = np.nanvar(drawn, axis=-1)
    quantile = stdtrit(max(n_units - 1, 1), (1 + CONFIDENCE) / 2)
    if name in UNBOUNDED:
        half = quantile * np.sqrt(variance)
        return np.maximum(value - half, 0), value + half
    # Without any variance, as where all is right, it is as sure as that many units make it.
    size = np.where(variance < NONE, n_units, value * (1 - value) / np.maximum(variance, NONE))
    size = np.maximum(size * (ndtri((1 + CONFIDENCE) / 2) / quantile) ** 2, 1)
    return wilson_interval(value, size)


def intervals(results, parts):
    """Return {name: value, name_low, name_high} of every score of one model, arrays where there is one per class."""
    sample = sample_of(results, parts)
    observed, drawn, found = sample.scores(), resampled(results, parts), {}
    for name, value in observed.items():
        low, high = ends(name, value, drawn[name], sample.n_units)
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return {name: value if np.ndim(value) else float(value) for name, value in found.items()}
