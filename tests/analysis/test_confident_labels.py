"""The most confident errors of several labels: wrong decisions by how far they are from the threshold."""

import numpy as np
import pytest

from benchmark.analysis.metrics.multilabel.confident import CONFIDENT_COLUMNS, confident_labels_table
from benchmark.store.layout import THRESHOLDS
from benchmark.store.predictions import predictions
from tests.support.fake_results import results_of

LIMITS = {"a": 0.5, "b": 0.3, "c": 0.9}


def study(y_true, y_score, thresholds=None):
    """Return the results of one trial on made-up clips."""
    ids = [f"c{number}" for number in range(len(y_true))]
    said = predictions("test", ids, np.array(y_true, bool), np.array(y_score), tuple("abc"), "multilabel", thresholds)
    results = results_of({"m": {(0, 0): said}}, classes=tuple("abc"), task="multilabel")
    if thresholds:
        results.trials[0].info[THRESHOLDS] = thresholds
    return results


def test_errors_are_ranked_by_their_margin_and_not_by_the_highest_score():
    # The first clip's highest score is of a class that it has; its error is a near miss.
    table = confident_labels_table(study([[1, 1, 0], [0, 0, 1]], [[0.99, 0.29, 0.1], [0.1, 0.6, 0.2]], LIMITS))
    assert table[["clip_id", "class", "error"]].to_numpy().tolist() == [
        ["c1", "c", "missed"], ["c1", "b", "added"], ["c0", "b", "missed"]
    ]  # fmt: skip
    assert table["margin"].tolist() == pytest.approx([0.7, 0.3, 0.01])
    assert table["threshold"].tolist() == [0.9, 0.3, 0.3]


def test_a_trial_without_thresholds_decides_at_half():
    table = confident_labels_table(study([[1, 0, 0]], [[0.4, 0.5, 0.1]]))
    assert table[["class", "margin"]].to_numpy().tolist() == [["a", pytest.approx(0.1)], ["b", 0.0]]


def test_without_errors_there_are_no_rows():
    table = confident_labels_table(study([[1, 0, 0]], [[0.9, 0.1, 0.1]]))
    assert table.empty
    assert tuple(table.columns) == CONFIDENT_COLUMNS


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_the_first_of_all_errors_are_kept(most):
    rng = np.random.default_rng(0)
    y_true, y_score = rng.random((60, 3)) < 0.4, rng.random((60, 3))
    expected = np.sort(np.abs(y_score - 0.5)[y_true != (y_score >= 0.5)])[::-1]
    table = confident_labels_table(study(y_true, y_score), most)
    np.testing.assert_allclose(table["margin"], expected[:most])
