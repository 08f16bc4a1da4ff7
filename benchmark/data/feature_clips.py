"""Clips that are given as features: read as they are, without a picture, and told from copies by their arrays alone."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from benchmark.data.feature_files import read_features, shape_of, stored_digest
from benchmark.errors import FeatureError, LacksFeatures
from spectrograms import version

COPIES = None  # the sha256 of a clip is of its arrays; what are copies beyond that, numbers of any kind do not tell


def code(study, reads):
    """Return what stands for the code by which a file becomes features."""
    return version.source("benchmark.data.feature_files")


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with their steps, rejected with what holds no such features); there is no column ``image``.

    ``n_steps`` is the number of steps of a clip's features, of several keys a column ``n_steps_<key>`` for each. A clip
    is used where it holds the key of each model that reads given features, as many numbers a step as most clips do;
    of models that read several, where it holds one of their keys. Numbers are read only of clips that ``convert`` has
    not looked at."""
    needed = {part.key: False for _, part in study.read if part.reads == "given"}
    needed |= {model.key: True for model in study.models if model.reads == "given"}
    keys = list(needed)
    with ThreadPoolExecutor() as pool:
        flaws, *shapes = zip(*pool.map(partial(_look, needed=needed), clips["path"]), strict=True)
    flaws, kept = np.array(flaws, object), clips
    for key, of_key in zip(keys, np.array(shapes).reshape(len(keys), len(clips), 2), strict=True):
        steps, dims = of_key.T
        kept = kept.assign(**{"n_steps" if len(keys) == 1 else f"n_steps_{key}": steps})
        there = (flaws == "") & (steps > 0)
        common = np.bincount(dims[there], minlength=1).argmax()
        for row in np.flatnonzero(there & (dims != common)):
            flaws[row] = f"{_named(key)} has {dims[row]} numbers a step, where most clips have {common}"
        if (flaws == "").any():
            least, median, most = np.quantile(steps[flaws == ""], [0, 0.5, 1], method="nearest")
            lacking = int((steps[flaws == ""] == 0).sum())
            without = f"; {lacking} clips have none" if lacking else ""
            say(f"{_named(key)}: {common} numbers a step; {least} to {most} steps a clip, median {median}{without}")
    bad = pd.DataFrame({"path": clips["path"], "reason": flaws})[flaws != ""]
    kept, rejected = kept[flaws == ""], pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} clips of features; {len(rejected)} set aside")
    return kept, rejected


def _named(key):
    return "features" if key is None else f"'{key}'"


def _look(path, needed):
    """Return (why a clip is not used or '', (steps, numbers a step) of each key, (0, 0) where it lacks it).

    ``needed`` is {key: whether a clip without it is not used}; one without any key is not."""
    shapes, lacks = [], ""
    try:
        for key, is_needed in needed.items():
            try:
                shapes.append(shape_of(path, key))
                if stored_digest(path) is None:
                    read_features(path, key)
            except LacksFeatures as error:
                if is_needed:
                    raise
                shapes.append((0, 0))
                lacks = lacks or error.reason
    except FeatureError as error:
        return error.reason, *[(0, 0)] * len(needed)
    return ("" if any(n_steps for n_steps, _ in shapes) else lacks), *shapes
