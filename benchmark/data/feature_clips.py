"""Clips that are given as features: read as they are, without a picture, and told from copies by their arrays alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from benchmark.data.feature_files import read_features, shape_of, stored_digest
from benchmark.errors import FeatureError
from spectrograms import version

COPIES = None  # the sha256 of a clip is of its arrays: what else is alike cannot be told from like films


def code(study, reads):
    """Return what stands for the code by which a file becomes features."""
    return version.source("benchmark.data.feature_files")


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with their steps, rejected with what holds no such features); there is no column ``image``.

    ``n_steps`` is the number of steps of a clip's features, of several keys a column ``n_steps_<key>`` for each. A clip
    is used where it holds the key of each model that reads given features, as many numbers a step as most clips do.
    Numbers are read only of clips that ``convert`` has not looked at."""
    kept = clips
    keys = list(dict.fromkeys(model.key for model in study.models if model.reads == "given"))
    for key in keys:
        with ThreadPoolExecutor() as pool:
            looks = list(pool.map(lambda path, key=key: _look(path, key), kept["path"]))
        looks = pd.DataFrame(looks, columns=["n_steps", "dim", "flaw"], index=kept.index)
        dim = looks["dim"][looks["flaw"] == ""].mode()
        odd = (looks["flaw"] == "") & (looks["dim"] != (dim.iloc[0] if len(dim) else 0))
        looks.loc[odd, "flaw"] = [
            f"{_named(key)} has {n} numbers a step, where most clips have {dim.iloc[0]}" for n in looks["dim"][odd]
        ]
        is_good = looks["flaw"] == ""
        bad = pd.DataFrame({"path": kept["path"], "reason": looks["flaw"]})[~is_good]
        rejected = pd.concat([rejected, bad], ignore_index=True)
        column = "n_steps" if len(keys) == 1 else f"n_steps_{key}"
        kept = kept.assign(**{column: looks["n_steps"]})[is_good]
        if len(kept):
            least, median, most = np.quantile(kept[column], [0, 0.5, 1], method="nearest")
            say(f"{_named(key)}: {dim.iloc[0]} numbers a step; {least} to {most} steps a clip, median {median}")
    say(f"{len(kept)} clips of features; {len(rejected)} set aside")
    return kept, rejected


def _named(key):
    return "features" if key is None else f"'{key}'"


def _look(path, key):
    """Return (steps, numbers a step, why a clip has no such features or '')."""
    try:
        n_steps, dim = shape_of(path, key)
        if stored_digest(path) is None:
            read_features(path, key)
        return n_steps, dim, ""
    except FeatureError as error:
        return 0, 0, error.reason
