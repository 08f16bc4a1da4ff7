"""The table of predictions: what goes in comes out, and what is broken is named."""

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import StudyError
from benchmark.store.predictions import class_names, read_predictions, score_matrix, to_frame

CLASSES = ["Action", "NA", "007"]  # names that a CSV reader likes to turn into something else
SCORES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])


@pytest.fixture
def frame():
    return to_frame("test", ["a", "01"], ["Action", "007"], SCORES, CLASSES)


def test_the_predicted_class_has_the_highest_score(frame):
    assert frame["y_pred"].tolist() == ["Action", "NA"]


def test_a_round_trip_changes_nothing(frame, tmp_path):
    val = to_frame("val", ["c"], ["NA"], [[0.1 + 0.2, 1 / 3, 0.1]], CLASSES)
    pd.concat([val, frame]).to_csv(tmp_path / "p.csv", index=False)
    back = read_predictions(tmp_path / "p.csv")
    assert back.to_dict("list") == pd.concat([val, frame]).to_dict("list")  # exact: CSV keeps every digit
    assert class_names(back) == CLASSES
    np.testing.assert_array_equal(score_matrix(back)[1:], SCORES)


def test_float32_scores_keep_their_order(tmp_path):
    scores = np.random.default_rng(0).dirichlet(np.ones(3), 50).astype(np.float32)
    to_frame("val", range(50), ["NA"] * 50, scores, CLASSES).to_csv(tmp_path / "p.csv", index=False)
    back = score_matrix(read_predictions(tmp_path / "p.csv")).astype(np.float32)
    np.testing.assert_array_equal(back, scores)


@pytest.mark.parametrize(
    ("scores", "labels", "split", "message"),
    [
        (SCORES[:, :2], ["NA", "NA"], "val", r"shape \(2, 3\)"),
        (SCORES, ["NA"], "val", "2 labels; got"),
        (SCORES, ["NA", "Horror"], "val", "unknown class Horror"),
        (SCORES * np.nan, ["NA", "NA"], "val", "clip a has a score that is no number"),
        (SCORES, ["NA", "NA"], "training", "split must be one of val, test; got training"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(scores, labels, split, message):
    with pytest.raises(ValueError, match=message):
        to_frame(split, ["a", "b"], labels, scores, CLASSES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="y_true"), "missing column y_true"),
        (lambda frame: frame[["split", "clip_id", "y_true", "y_pred"]], "missing column score_<class>"),
        (lambda frame: frame.assign(score_NA=[0.2, ""]), "clip 01 has a score that is no number"),
        (lambda frame: frame.assign(score_NA=[np.inf, 0.6]), "clip a has a score that is no number"),
        (lambda frame: frame.assign(y_true=["Action", "Horror"]), "unknown class Horror"),
        (lambda frame: frame.assign(y_pred=["007", "NA"]), "y_pred of clip a has not the highest score"),
    ],
)
def test_a_broken_file_is_named(frame, tmp_path, change, message):
    path = tmp_path / "predictions.csv"
    change(frame).to_csv(path, index=False)
    with pytest.raises(StudyError, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_a_missing_or_empty_file_is_named(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    for name in ("absent.csv", "empty.csv"):
        with pytest.raises(StudyError, match=f"{name} cannot be read"):
            read_predictions(tmp_path / name)
