"""What the labels of a data set are like: how many a clip has, which come together, how many a split gets.

Cardinality and density are those of Tsoumakas and Katakis, "Multi-label classification: an overview", 2007."""

import numpy as np
import pandas as pd

from benchmark.store.labels import to_text

NONE = "(no label)"


def label_statistics(labels):
    """Return a dict of what labels, (n_clips, n_classes) bool, are like.

    clips, classes; cardinality, the mean labels of a clip; density, that as a share of the classes, 0..1; most, the
    labels of the clip with most; unlabelled, clips without any; label_sets, the number of different ones."""
    per_clip = labels.sum(axis=1)
    return {
        "clips": labels.shape[0],
        "classes": labels.shape[1],
        "cardinality": float(per_clip.mean()),
        "density": float(labels.mean()),
        "most": int(per_clip.max()),
        "unlabelled": int((per_clip == 0).sum()),
        "label_sets": len(np.unique(labels, axis=0)),
    }


def commonest_sets(labels, classes, n=10):
    """Return the ``n`` commonest label sets, as text, and how many clips have each: a Series, commonest first."""
    sets = pd.Series(to_text(labels, classes)).value_counts()
    return sets.rename({"": NONE}).sort_index().sort_values(ascending=False, kind="stable").head(n)


def co_occurrence(labels, classes):
    """Return how many clips have both of two classes, a frame (n_classes, n_classes); its diagonal are positives."""
    counted = labels.astype(int)
    return pd.DataFrame(counted.T @ counted, pd.Index(classes, name="class"), list(classes))


def commonest_pairs(labels, classes, n=10):
    """Return the ``n`` pairs of classes that come together most often: a Series of clips, by (class, class)."""
    counts = co_occurrence(labels, classes).to_numpy()
    rows, columns = np.triu_indices(len(classes), 1)
    names = [(classes[a], classes[b]) for a, b in zip(rows, columns, strict=True)]
    pairs = pd.Series(counts[rows, columns], pd.MultiIndex.from_tuples(names, names=["class", "and"]), dtype=int)
    return pairs[pairs > 0].sort_values(ascending=False, kind="stable").head(n)


def positives(labels, classes, split):
    """Return the clips of each class in each part of a split, a frame with the columns train, val and test.

    ``split`` is (n_clips,) text. A last row counts the clips without a label, where there are any."""
    parts = {part: labels[split == part] for part in ("train", "val", "test")}
    counts = pd.DataFrame({part: held.sum(axis=0) for part, held in parts.items()}, pd.Index(classes, name="label"))
    if not labels.any(axis=1).all():
        counts.loc[NONE] = [int((~held.any(axis=1)).sum()) for held in parts.values()]
    return counts


def have_one_each(labels):
    """Return whether each clip has exactly one label, so that there is nothing to tell of label sets."""
    return bool((labels.sum(axis=1) == 1).all())
