"""Labels as text, as tables on disk hold them, and as a matrix, as everything computes with them."""

import numpy as np
import pandas as pd

SEPARATOR = "|"  # between the classes of a clip


def class_names(labels):
    """Return the classes that labels, a sequence of text such as 'a' or 'a|b', name, sorted."""
    return sorted({name for label in set(labels) for name in _parts(label)})


def to_matrix(labels, classes):
    """Return labels as a matrix (n_clips, n_classes) bool, columns as in ``classes``.

    labels: (n_clips,) text. A class that is not among ``classes`` raises KeyError."""
    place = {name: column for column, name in enumerate(classes)}
    codes, kinds = pd.factorize(np.asarray(labels, dtype=object))  # a table has few different labels
    known = np.zeros((len(kinds), len(place)), dtype=bool)
    for row, label in enumerate(kinds):
        known[row, [place[name] for name in _parts(label)]] = True
    return known[codes]


def to_text(matrix, classes):
    """Return a matrix (n_clips, n_classes) as text per clip, (n_clips,) object: the inverse of :func:`to_matrix`."""
    kinds, codes = np.unique(matrix, axis=0, return_inverse=True)
    names = np.asarray(classes, dtype=object)
    texts = np.array([SEPARATOR.join(names[row]) for row in kinds], dtype=object)
    return texts[codes.reshape(-1)] if len(codes) else np.empty(0, dtype=object)


def _parts(label):
    return [name for name in str(label).split(SEPARATOR) if name]
