"""Clips that are given as features: read as they are, without a picture, and told from copies by their arrays alone."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from benchmark.data.feature_files import read_features, shape_of, stored_digest
from benchmark.errors import FeatureError
from spectrograms import version

COPIES = None  # the sha256 of a clip is of its arrays; what are copies beyond that, numbers of any kind do not tell


def code(study, reads):
    """Return what stands for the code by which a file becomes features."""
    return version.source("benchmark.data.feature_files")


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with their steps, rejected with what holds no such features); there is no column ``image``.

    ``n_steps`` is the number of steps of a clip's features, of several keys a column ``n_steps_<key>`` for each. A clip
    is used where it holds the key of each model that reads given features, as many numbers a step as most clips do.
    Numbers are read only of clips that ``convert`` has not looked at."""
    keys = list(dict.fromkeys(model.key for model in study.models if model.reads == "given"))
    with ThreadPoolExecutor() as pool:
        flaws, *shapes = zip(*pool.map(partial(_look, keys=keys), clips["path"]), strict=True)
    flaws, kept = np.array(flaws, object), clips
    for key, of_key in zip(keys, np.array(shapes).reshape(len(keys), len(clips), 2), strict=True):
        steps, dims = of_key.T
        kept = kept.assign(**{"n_steps" if len(keys) == 1 else f"n_steps_{key}": steps})
        common = np.bincount(dims[flaws == ""], minlength=1).argmax()
        for row in np.flatnonzero((flaws == "") & (dims != common)):
            flaws[row] = f"{_named(key)} has {dims[row]} numbers a step, where most clips have {common}"
        if (flaws == "").any():
            least, median, most = np.quantile(steps[flaws == ""], [0, 0.5, 1], method="nearest")
            say(f"{_named(key)}: {common} numbers a step; {least} to {most} steps a clip, median {median}")
    bad = pd.DataFrame({"path": clips["path"], "reason": flaws})[flaws != ""]
    kept, rejected = kept[flaws == ""], pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} clips of features; {len(rejected)} set aside")
    return kept, rejected


def _named(key):
    return "features" if key is None else f"'{key}'"


def _look(path, keys):
    """Return (why a clip has no such features or '', (steps, numbers a step) of each key)."""
    try:
        shapes = [shape_of(path, key) for key in keys]
        for key in keys if stored_digest(path) is None else ():
            read_features(path, key)
        return "", *shapes
    except FeatureError as error:
        return error.reason, *[(0, 0)] * len(keys)
