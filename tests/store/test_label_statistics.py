"""Facts about what the labels of a data set are like, of a hand-made case of six clips."""

import numpy as np
import pytest
from sklearn.metrics import multilabel_confusion_matrix

from benchmark.store.label_statistics import (
    co_occurrence,
    commonest_pairs,
    commonest_sets,
    have_one_each,
    label_statistics,
    positives,
)
from benchmark.store.labels import to_matrix

CLASSES = ["a", "b", "c"]
LABELS = to_matrix(["a|b", "a|b", "a", "", "b|c", ""], CLASSES)


def test_cardinality_and_density():
    assert label_statistics(LABELS) == {
        "clips": 6, "classes": 3, "cardinality": 7 / 6, "density": pytest.approx(7 / 18), "most": 2, "unlabelled": 2,
        "label_sets": 4,
    }  # fmt: skip


def test_the_commonest_label_sets_come_first_and_equal_ones_by_name():
    assert commonest_sets(LABELS, CLASSES).to_dict() == {"(no label)": 2, "a|b": 2, "a": 1, "b|c": 1}
    assert list(commonest_sets(LABELS, CLASSES, 2)) == [2, 2]


def test_co_occurrence_counts_clips_with_both():
    assert co_occurrence(LABELS, CLASSES).to_numpy().tolist() == [[3, 2, 0], [2, 3, 1], [0, 1, 1]]
    assert commonest_pairs(LABELS, CLASSES).to_dict() == {("a", "b"): 2, ("b", "c"): 1}


def test_co_occurrence_is_what_scikit_learn_counts_as_true_positives():
    labels = np.random.default_rng(0).random((200, 5)) < 0.3
    pairs = co_occurrence(labels, list("abcde")).to_numpy()
    for one in range(5):
        of_one = np.tile(labels[:, [one]], 5)
        assert multilabel_confusion_matrix(labels, of_one)[:, 1, 1].tolist() == pairs[one].tolist()


def test_positives_per_class_and_part_with_the_clips_without_any():
    split = np.array(["train", "test", "train", "val", "test", "train"])
    counts = positives(LABELS, CLASSES, split)
    assert counts.to_dict("index") == {
        "a": {"train": 2, "val": 0, "test": 1},
        "b": {"train": 1, "val": 0, "test": 2},
        "c": {"train": 0, "val": 0, "test": 1},
        "(no label)": {"train": 1, "val": 1, "test": 0},
    }
    assert list(positives(LABELS[:3], CLASSES, split[:3]).index) == CLASSES


def test_one_label_each_is_told_from_several_and_none():
    assert have_one_each(np.eye(3, dtype=bool))
    assert not have_one_each(LABELS)
    assert not have_one_each(LABELS[2:4])
