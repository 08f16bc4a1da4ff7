"""The table of predictions: what goes in comes out, and what is broken is named; labels as text and as a matrix."""

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import StudyError
from benchmark.store.labels import class_names, to_matrix, to_text
from benchmark.store.predictions import as_written, pooled, predictions, read_predictions
from benchmark.tasks.thresholds import tune_per_class

CLASSES = ["Action", "NA", "007"]  # names that a CSV reader likes to turn into something else
SCORES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])


@pytest.fixture
def found():
    return predictions("test", ["a", "01"], to_matrix(["Action", "007"], CLASSES), SCORES, CLASSES)


def test_the_predicted_class_has_the_highest_score_and_a_round_trip_changes_nothing(found, tmp_path):
    assert found.names("y_pred").tolist() == ["Action", "NA"]
    val = predictions("val", ["c"], to_matrix(["NA"], CLASSES), [[0.1 + 0.2, 1 / 3, 0.1]], CLASSES)
    whole = pooled([val, found])
    whole.frame().to_csv(tmp_path / "p.csv", index=False)
    back = read_predictions(tmp_path / "p.csv")
    assert back.frame().to_dict("list") == whole.frame().to_dict("list")  # exact: CSV keeps every digit
    assert back.classes == tuple(CLASSES)
    np.testing.assert_array_equal(back.of("test").y_score, SCORES)


def test_columns_come_in_the_order_of_the_classes_that_are_asked_for(found):
    turned = found.ordered(CLASSES[::-1])
    assert turned.names("y_true").tolist() == found.names("y_true").tolist()
    np.testing.assert_array_equal(turned.y_score, SCORES[:, ::-1])


def test_float32_scores_keep_their_order(tmp_path):
    scores = np.random.default_rng(0).dirichlet(np.ones(3), 50).astype(np.float32)
    made = predictions("val", range(50), to_matrix(["NA"] * 50, CLASSES), scores, CLASSES)
    made.frame().to_csv(tmp_path / "p.csv", index=False)
    np.testing.assert_array_equal(read_predictions(tmp_path / "p.csv").y_score.astype(np.float32), scores)


def test_a_score_at_its_threshold_is_decided_alike_when_it_is_read_again(tmp_path):
    middle = np.float32([0.1, 0.3, 0.6, 0.7])  # 0.6 and 0.7 are a little less than the binary numbers nearest to them
    scores = np.stack([np.nextafter(middle, np.float32(0)), middle, np.nextafter(middle, np.float32(1))])
    y_true = np.repeat([[False], [True], [True]], 4, axis=1)
    tuned = tune_per_class(y_true[::2], as_written(scores)[::2])  # midway between the outer two: at the inner one
    thresholds = dict(zip("abcd", tuned, strict=True))
    made = predictions("val", range(3), y_true, scores, "abcd", "multilabel", thresholds)
    made.frame().to_csv(tmp_path / "p.csv", index=False)
    read = read_predictions(tmp_path / "p.csv", "multilabel", thresholds)  # refuses what the scores do not decide
    np.testing.assert_array_equal(read.y_pred, made.y_pred)


@pytest.mark.parametrize(
    ("scores", "labels", "split", "message"),
    [
        (SCORES[:, :2], ["NA", "NA"], "val", r"shape \(2, 3\)"),
        (SCORES, ["NA"], "val", r"got \(1, 3\)"),
        (SCORES * np.nan, ["NA", "NA"], "val", "clip a has a score that is no number"),
        (SCORES, ["NA", "NA|007"], "val", "clip b has a y_true that is no label of the task multiclass"),
        (SCORES, ["NA", "NA"], "training", "split must be one of val, test; got training"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(scores, labels, split, message):
    with pytest.raises(ValueError, match=message):
        predictions(split, ["a", "b"], to_matrix(labels, CLASSES), scores, CLASSES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="y_true"), "missing column y_true"),
        (lambda frame: frame[["split", "clip_id", "y_true", "y_pred"]], "missing column score_<class>"),
        (lambda frame: frame.assign(score_NA=[0.2, ""]), "clip 01 has a score that is no number"),
        (lambda frame: frame.assign(score_NA=[np.inf, 0.6]), "clip a has a score that is no number"),
        (lambda frame: frame.assign(y_true=["Action", "Horror"]), "unknown class Horror"),
        (lambda frame: frame.assign(y_pred=["007", "NA"]), "clip a has a y_pred that its scores do not decide"),
        (lambda frame: frame.assign(y_true=["Action", ""]), "clip 01 has a y_true that is no label"),
        (lambda frame: frame.iloc[:0, :0], "predictions.csv cannot be read"),  # a file without a column
        (None, "predictions.csv cannot be read"),
    ],
)
def test_a_broken_or_missing_file_is_named(found, tmp_path, change, message):
    path = tmp_path / "predictions.csv"
    if change:
        change(found.frame()).to_csv(path, index=False)
    with pytest.raises(StudyError, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_labels_are_the_same_as_text_and_as_a_matrix():
    labels = ["b", "a|c", "", "c", "a|c"]
    classes = class_names(labels)
    assert classes == ["a", "b", "c"]
    matrix = to_matrix(labels, classes)
    assert matrix.astype(int).tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0], [0, 0, 1], [1, 0, 1]]
    assert to_text(matrix, classes).tolist() == labels
    assert to_matrix(pd.Series([], dtype=str), classes).shape == (0, 3)
    with pytest.raises(KeyError):
        to_matrix(["d"], classes)
