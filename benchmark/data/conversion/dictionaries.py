"""Features that were published as a dict of arrays in a pickle: those of LMTD-9, and of MovieNet's trailers."""

import re

import numpy as np

from benchmark.data.conversion.clip import Clip, Flaw
from benchmark.data.conversion.label_files import Label, read_label_table
from benchmark.data.conversion.pickles import read_pickle
from benchmark.data.feature_files import UNNAMED
from benchmark.errors import StudyError

PREFIX = re.compile(r"is_?(?=\w)")  # of the columns of classes in LMTD's table


def read_lmtd(source, labels=None):
    """Yield the clips of LMTD-9's features: {id: (n_steps, 2048) float32}, ids of six digits, as '000123'.

    The layout is that of lmtd9_resnet152.pickle (https://github.com/jwehrmann/lmtd, lmtd9/lmtd9.py and database.py),
    written by Python 2. ``labels`` is a table with a column id, a column per class (is_action ...; 'is' goes) or one of
    labels, and set, where 0, 1 and 2 are train, val and test. A clip without a row is a Flaw."""
    if labels is None:
        raise StudyError("the labels of LMTD are not in its features: --labels TABLE.csv")
    table = read_label_table(labels, lambda cell: cell.zfill(6))
    is_prefixed = all(PREFIX.match(name) for said in table.values() for name in said.labels)
    features = _mapping(source, read_pickle(source))
    for clip_id in list(features):
        array, said = features.pop(clip_id), table.get(clip_id)  # let go of as it is written
        if said is None:
            yield Flaw(clip_id, f"has no row in {labels}")
            continue
        names = tuple(PREFIX.sub("", name, count=1) if is_prefixed else name for name in said.labels)
        yield Clip(clip_id, {UNNAMED: np.asarray(array)}, names, said.group, said.split)


def read_sulun2024(source, labels=None):
    """Yield the trailers of MovieNet with the features that Sulun et al. published as features.pkl.

    It is {'samples': {youtube_id: {'features': {name: array}, 'label': (21,) of 0 and 1}}, 'idx_to_label': {index:
    genre}, ...} (https://github.com/serkansulun/trailer-genre-classification, preprocessing/src/extract_features.py); a
    plain {id: {name: array}} is taken too. A feature that a trailer lacks is an empty list there, and no array here.
    ``labels`` is trailers_genres_clean.csv, whose genres then count."""
    table = read_label_table(labels) if labels else {}
    loaded = _mapping(source, read_pickle(source))
    genres = loaded.get("idx_to_label", {})
    samples = loaded.get("samples", loaded)
    for clip_id in list(_mapping(source, samples)):
        sample = samples.pop(clip_id)
        if labels and clip_id not in table:
            yield Flaw(clip_id, f"has no row in {labels}")
            continue
        try:
            arrays = _present(sample.get("features", sample))
            said = table.get(clip_id) or Label(_genres(sample, genres))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            yield Flaw(str(clip_id), f"is not {{'features': {{name: array}}, 'label': ...}}: {error}")
            continue
        yield Clip(clip_id, arrays, *said)


def _mapping(source, loaded):
    if not isinstance(loaded, dict):
        raise StudyError(f"{source} must hold a dict by clip; it holds a {type(loaded).__name__}")
    return loaded


def _present(features):
    """Return the arrays that a trailer has: what was not found in it is None, or empty."""
    arrays = {key: np.asarray(value) for key, value in features.items() if value is not None and key != "label"}
    return {key: array for key, array in arrays.items() if array.size}


def _genres(sample, genres):
    """Return the genres that a row of 0 and 1 means."""
    row = sample.get("label", sample.get("labels")) if "features" in sample else None
    return () if row is None else tuple(genres[index] for index in np.flatnonzero(np.asarray(row)).tolist())
