"""Maps of saliency to numbers: which share of it lies in which band of frequency and which second."""

import numpy as np
import pandas as pd

MOST = 0.5  # share of the saliency that a range must hold to be named


def share(saliency):
    """Return the positive part of a map (rows, columns) divided by its sum; zeros where nothing is positive."""
    positive = np.maximum(np.asarray(saliency, float), 0)
    return positive / max(positive.sum(), np.finfo(float).tiny)


def mean_share(maps):
    """Return the mean of the :func:`share` of maps (n, rows, columns), which sums to 1: every clip counts alike.

    A map without anything positive is left out; zeros where there is no other."""
    return share(np.sum([share(saliency) for saliency in maps], axis=0))


def by_band(shares, axis):
    """Return a row per row of a map, lowest frequency first: its ends on ``axis`` (spectrograms.axes) and its share."""
    return _profile(shares.sum(axis=1)[::-1], axis)


def by_second(shares, axis):
    """Return a row per column of a map: its ends on ``axis`` and its share."""
    return _profile(shares.sum(axis=0), axis)


def _profile(shares, axis):
    edges = axis.edges(len(shares))
    return pd.DataFrame({f"from_{axis.unit}": edges[:-1], f"to_{axis.unit}": edges[1:], "share": shares})


def most(profile, part=MOST):
    """Return (first, last): the shortest run of rows of a profile that holds ``part`` of the saliency.

    Of several as short the one that holds most; (0, n - 1) where there is no saliency."""
    sums = np.concatenate([[0], np.cumsum(profile["share"])])
    for length in range(1, len(profile) + 1):
        held = sums[length:] - sums[:-length]
        if held.max() >= part - 1e-9:  # a sum of floats
            first = int(held.argmax())
            return first, first + length - 1
    return 0, len(profile) - 1


def summary(name, n_clips, bands, seconds):
    """Return two lines on a class: where most of its saliency lies, and how narrow that is beside an even spread."""
    if not bands["share"].any():
        return [f"{name} ({n_clips} clips): nothing in the pictures speaks for it"]
    spans = [(profile, *most(profile)) for profile in (bands, seconds)]
    places = ", ".join(_range(profile, first, last) for profile, first, last in spans)
    parts = [
        f"{profile['share'].iloc[first : last + 1].sum():.0%} in {last - first + 1} of {len(profile)} {what}"
        for (profile, first, last), what in zip(spans, ("bands", "columns"), strict=True)
    ]
    even = " and ".join(str(int(np.ceil(len(profile) * MOST))) for profile in (bands, seconds))
    return [
        f"{name} ({n_clips} clips): most weight at {places}",
        f"    {', '.join(parts)}; spread evenly, {MOST:.0%} would take {even}",
    ]


ROUND = {"hz": lambda x: f"{float(f'{max(x, 0):.2g}'):.0f}", "s": lambda x: f"{max(x, 0):.1f}", "px": "{:.0f}".format}
UNITS = {"hz": "Hz", "s": "s", "px": "pixels"}


def _range(profile, first, last):
    unit = profile.columns[0].removeprefix("from_")
    low, high = profile[f"from_{unit}"].iloc[first], profile[f"to_{unit}"].iloc[last]
    return f"{ROUND[unit](low)}-{ROUND[unit](high)} {UNITS[unit]}"
