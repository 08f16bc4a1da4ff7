"""Calibration and ranking: counted by hand, and as scikit-learn has them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, top_k_accuracy_score

from benchmark.analysis.metrics import calibration
from benchmark.store.predictions import SCORE
from tests.support.fake_results import predictions_of, results_of, scored_clips

CLASSES = ["a", "b", "c"]


def table_of(frames):
    """Return the calibration table of a model whose trials have these test clips, as a dict."""
    results = results_of({"m": {(0, seed): frame for seed, frame in enumerate(frames)}}, "predefined",
                         range(len(frames)), classes=CLASSES)  # fmt: skip
    table = calibration.calibration_table(results, calibration.ranking_table(results))
    assert table.columns.tolist() == list(calibration.CALIBRATION_COLUMNS)
    return table.to_dict("records")[0], results


def test_ece_by_hand():
    # Two bins of two: confidence 0.65 against accuracy 0.5, and 0.95 against 1: (2 * 0.15 + 2 * 0.05) / 4.
    confidence, right = [0.62, 0.68, 0.94, 0.96], [True, False, True, True]
    assert calibration.ece(confidence, right) == pytest.approx(0.1)


@pytest.mark.parametrize(("confidence", "place"), [(0.0, 0), (0.1, 0), (0.1000001, 1), (0.95, 9), (1.0, 9)])
def test_a_bin_holds_its_upper_end(confidence, place):
    table = calibration.reliability([confidence], [True])
    assert table["n"].tolist() == [int(number == place) for number in range(10)]
    assert table["accuracy"].isna().sum() == 9


def test_top_2_is_that_of_scikit_learn():
    frame = scored_clips(200, 0.4, classes=list("abcdef"))
    said = predictions_of(frame, list("abcdef"))
    y_true, y_score = said.y_true.argmax(axis=1), said.y_score
    expected = top_k_accuracy_score(y_true, y_score, k=2)
    assert calibration.top_k(y_true, y_score) == pytest.approx(expected)
    assert calibration.top_k(y_true, y_score, 6) == 1


def test_areas_are_those_of_scikit_learn_averaged_over_trials_and_of_the_drawn_curves():
    frames = [scored_clips(60, 0.4, seed) for seed in range(3)]
    row, results = table_of(frames)
    ranked = calibration.ranking_table(results).set_index("class")
    for name in CLASSES:
        drawn = calibration.curves(results.trials, name)
        # Steps of 1/60 clips, drawn at 201 points.
        area = np.trapezoid(drawn["true_positive_rate"], calibration.GRID)
        assert area == pytest.approx(ranked.loc[name, "roc_auc"], abs=0.01)
        assert drawn["precision"].mean() == pytest.approx(ranked.loc[name, "average_precision"], abs=0.01)
        pairs = [(frame["y_true"] == name, frame[SCORE + name]) for frame in frames]
        assert ranked.loc[name, "roc_auc"] == pytest.approx(np.mean([roc_auc_score(*pair) for pair in pairs]))
        expected = np.mean([average_precision_score(*pair) for pair in pairs])
        assert ranked.loc[name, "average_precision"] == pytest.approx(expected)
    assert row["roc_auc_macro"] == pytest.approx(ranked["roc_auc"].mean())
    assert row["average_precision_macro"] == pytest.approx(ranked["average_precision"].mean())


def test_a_class_absent_from_the_test_clips_has_no_area():
    frame = scored_clips(60, 0.4)
    _, results = table_of([frame[frame["y_true"] != "c"]])
    results = replace(results, clips=pd.DataFrame({"clip_id": list("xyz"), "label": CLASSES}))
    ranked = calibration.ranking_table(results).set_index("class")["roc_auc"]
    assert np.isnan(ranked["c"])
    assert ranked[["a", "b"]].notna().all()
    assert calibration.curves(results.trials, "c") == {"true_positive_rate": None, "precision": None}


def test_the_drawn_precision_by_hand():
    # Ranked: right, wrong, right: precision 1 up to recall 1/2, then 2/3.
    frame = pd.DataFrame({"clip_id": list("xyz"), "y_true": ["a", "b", "a"]})
    frame = frame.assign(score_a=[0.9, 0.8, 0.7], score_b=[0.1, 0.2, 0.3], score_c=0.0)
    _, results = table_of([frame])
    precision = calibration.curves(results.trials, "a")["precision"]
    assert precision[calibration.GRID <= 0.5] == pytest.approx(1)
    assert precision[calibration.GRID > 0.5] == pytest.approx(2 / 3)


def test_a_model_by_hand():
    frame = pd.DataFrame({"clip_id": list("xy"), "y_true": ["a", "b"]})
    frame = frame.assign(score_a=[0.6, 0.5], score_b=[0.3, 0.1], score_c=[0.1, 0.4])
    row, _ = table_of([frame])
    assert (row["predictions"], row["accuracy"], row["top2"]) == (2, 0.5, 0.5)
    assert row["confidence"] == pytest.approx(0.55)
    assert row["ece"] == pytest.approx((0.4 + 0.5) / 2)  # bins (0.5, 0.6] and (0.4, 0.5]
    assert row["brier"] == pytest.approx((0.4**2 + 0.3**2 + 0.1**2 + 0.5**2 + 0.9**2 + 0.4**2) / 2)


def test_scores_that_are_no_probabilities_have_no_calibration():
    frame = scored_clips(30, 0.4)
    row, results = table_of([frame.assign(score_a=frame["score_a"] + 1)])
    assert np.isnan([row["ece"], row["brier"], row["confidence"]]).all()
    assert 0 <= row["top2"] <= 1
    assert calibration.reliability_table(results).empty
