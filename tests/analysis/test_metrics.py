"""Scores against a published table, other libraries and matrices counted by hand; the majority class as a baseline."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.dummy import DummyClassifier

from benchmark.analysis.metrics import scores as metrics
from benchmark.analysis.metrics.baseline import BASELINES, baseline_trials, trained_labels
from benchmark.analysis.metrics.further import METRICS
from benchmark.analysis.metrics.statistics import wilson_interval
from benchmark.analysis.tables.description import majority_share
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.errors import StudyError
from benchmark.store.labels import to_matrix
from benchmark.store.predictions import predictions
from benchmark.store.results import TrialResult
from benchmark.tasks.scores import accuracy
from tests.benchmarks.interval_coverage import coverage
from tests.support.fake_results import results_of

GENRES = ["Action", "Comedy", "Drama", "Romance", "Thriller"]
# visutsak2025, Table 3, VGG-16. The paper prints no counts: the supports (rows) and numbers of predictions (columns)
# are those that its precisions and recalls come from, the errors within them are laid out freely.
VGG16 = [
    [23, 1, 0, 0, 2],
    [0, 23, 0, 0, 1],
    [1, 0, 31, 0, 3],
    [3, 0, 1, 25, 4],
    [2, 1, 1, 1, 30],
]
PUBLISHED = {
    "precision": [0.7931, 0.92, 0.93939, 0.96154, 0.75],
    "recall": [0.88462, 0.95833, 0.88571, 0.75758, 0.85714],
    "f1": [0.83636, 0.93878, 0.91176, 0.84746, 0.80],
}


def labels(matrix, classes):
    """Return y_true and y_pred, matrices, that have this confusion matrix."""
    cells = np.array([(row, column) for (row, column), n in np.ndenumerate(np.array(matrix)) for _ in range(n)])
    return tuple(np.eye(len(classes), dtype=bool)[cells[:, side]] for side in (0, 1))


def trial(fold, seed, y_true, y_pred):
    """Return a done trial that tested these clips; y_true and y_pred are matrices or names."""
    y_true, y_pred = (to_matrix(y, GENRES) if isinstance(y, list) else y for y in (y_true, y_pred))
    ids = [f"{fold}-{n}" for n in range(len(y_true))]
    return TrialResult("m", fold, seed, {}, None, predictions("test", ids, y_true, y_pred.astype(float), GENRES))


def test_vgg16_scores_are_those_of_the_paper():
    table = metrics.per_class(*labels(VGG16, GENRES), GENRES)
    assert table["support"].tolist() == [26, 24, 35, 33, 35]
    for score, published in PUBLISHED.items():
        np.testing.assert_allclose(table[score], published, atol=6e-6)  # five printed decimals
    assert accuracy(*labels(VGG16, GENRES)) == pytest.approx(0.8627, abs=5e-5)  # four printed decimals
    headline = {"precision_macro": 0.8728, "recall_macro": 0.8687, "f1_macro": 0.8669}
    assert metrics.macro(table) == pytest.approx(headline, abs=5e-5)  # the abstract, in percent with two decimals


def test_confusion_counts_rows_true_columns_predicted():
    np.testing.assert_array_equal(metrics.confusion(*labels(VGG16, GENRES)), VGG16)
    one = (to_matrix([name], "abc") for name in "ba")
    np.testing.assert_array_equal(metrics.confusion(*one), [[0, 0, 0], [1, 0, 0], [0, 0, 0]])


def test_a_class_never_predicted_counts_as_zero_in_the_macro_average():
    table = metrics.per_class(to_matrix(["a", "a", "b"], "ab"), to_matrix(["a", "a", "a"], "ab"), "ab")
    assert table["precision"].tolist() == [pytest.approx(2 / 3), 0]
    assert metrics.macro(table)["precision_macro"] == pytest.approx(1 / 3)  # MATLAB, leaving NaN out, has 2/3


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 20), (1, 29), (15, 148), (132, 153), (153, 153)])
def test_wilson_interval_is_that_of_scipy(k, n):
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(k / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)  # rounding


def test_folds_are_pooled():
    y_true, y_pred = labels(VGG16, GENRES)
    whole = metrics.summarise([trial(0, 0, y_true, y_pred)])
    folds = [trial(0, 0, y_true[:50], y_pred[:50]), trial(1, 0, y_true[50:], y_pred[50:])]
    pooled = metrics.summarise(folds)
    assert np.isnan(whole.pop("accuracy_std"))
    assert pooled.pop("accuracy_std") > 0
    assert pooled == whole
    assert whole["n_test"] == 153


def test_repeating_seeds_never_shrinks_the_interval():
    y_true, y_pred = labels(VGG16, GENRES)
    one = metrics.summarise([trial(0, 0, y_true, y_pred)])
    ten = metrics.summarise([trial(0, seed, y_true, y_pred) for seed in range(10)])
    assert ten.pop("accuracy_std") == pytest.approx(0, abs=1e-12)  # rounding
    del one["accuracy_std"]
    assert ten == pytest.approx(one, abs=1e-12)  # a mean of ten equal numbers


def test_deviation_of_two_trials():
    trials = [trial(0, 0, ["Drama"] * 4, ["Drama"] * 4), trial(0, 1, ["Drama"] * 4, ["Drama"] * 2 + ["Comedy"] * 2)]
    summary = metrics.summarise(trials)
    assert summary["accuracy"] == 0.75
    assert summary["accuracy_std"] == pytest.approx(0.5 / np.sqrt(2))  # two points d apart: d / sqrt(2) with ddof 1
    np.testing.assert_array_equal(metrics.total_confusion(trials)[2], [0, 2, 6, 0, 0])


def test_latency_keeps_the_first_call_apart():
    rows = [("first", 900.0), *(("forward", float(ms)) for ms in range(1, 102)), ("file", 50.0)]
    rows += [("batch", 160.0), ("head", 3.0)]
    summary = metrics.summarise_latency(pd.DataFrame(rows, columns=["stage", "ms"]))
    expected = {"latency_ms_first": 900, "latency_ms_p50": 51, "latency_ms_p90": 91, "latency_ms_p99": 100}
    expected |= {"latency_ms_mean": 51, "calls": 101, "file_ms_p50": 50, "head_ms_p50": 3}
    assert summary == {**expected, "batch_clips": 32, "throughput": 200}  # 32 clips in 160 ms


def test_throughput_counts_the_clips_of_a_batch():
    rows = [("forward", 1.0, 1), ("batch", 20.0, 8), ("batch", 40.0, 8), ("batch", 400.0, 8)]
    summary = metrics.summarise_latency(pd.DataFrame(rows, columns=["stage", "ms", "clips"]))
    assert (summary["batch_clips"], summary["throughput"]) == (8, 200)  # of the median batch: 8 clips in 40 ms


def test_latency_of_a_stage_not_timed_is_missing():
    summary = metrics.summarise_latency(pd.DataFrame({"stage": ["first", "forward"], "ms": [9.0, 3.0]}))
    assert np.isnan([summary["file_ms_p50"], summary["throughput"]]).all()


def test_the_interval_of_forty_clips_is_around_the_score():
    # 40 clips of 5 classes, three wrong: with absent classes counted 0 the bootstrap's mean was 0.05 below the score.
    matrix = np.diag([8, 7, 8, 6, 8])
    matrix[1, 0] = matrix[3, 4] = matrix[3, 2] = 1
    found = metrics.summarise([trial(0, 0, *labels(matrix, GENRES))])
    low, score, high = (found[f"f1_macro{end}"] for end in ("_low", "", "_high"))
    assert score == pytest.approx(0.925, abs=0.01)
    # As Wilson's interval of 37 right clips of 40, which macro recall is here.
    assert (low, high) == pytest.approx(wilson_interval(37 / 40, 40), abs=0.02)
    assert found["recall_macro"] == pytest.approx(37 / 40)


def test_where_all_is_right_the_interval_is_no_point():
    groups = pd.Series(np.arange(40) // 4, [f"0-{n}" for n in range(40)])
    for given, n in ((None, 40), (groups, 10)):
        found = metrics.summarise([trial(0, 0, *labels(np.diag([8] * 5), GENRES))], given)
        assert (found["f1_macro_low"], found["f1_macro_high"]) == pytest.approx(wilson_interval(1, n))


# The whole table, with more studies: tests/benchmarks/interval_coverage.py.
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("recall", [0.6, 0.92])
def test_intervals_of_macro_averages_hold_the_true_scores(recall, grouped):
    held, plain = coverage((8,) * 5, recall, grouped, 100)
    # 93 to 97 %, and three standard errors of these few studies.
    assert (held >= 0.93 - 3 * np.sqrt(0.05 * 0.95 / 100)).all()
    assert grouped or recall < 0.9 or plain.mean() < 0.93  # what percentiles of the same bootstrap hold


@pytest.mark.parametrize("predicted", ["b" * 30, None], ids=["constant", "random"])
def test_further_scores_of_classes_never_tested_and_never_predicted_count_them_as_the_formulas_say(predicted):
    rng = np.random.default_rng(0)
    y_true = rng.choice(list("abd"), 30, p=(0.2, 0.5, 0.3))  # no clip of class c
    y_pred = np.array(list(predicted) if predicted else rng.choice(list("abcd"), 30))
    said = predictions("test", range(30), *(to_matrix(y, "abcd") * 1 for y in (y_true, y_pred)), "abcd")
    found = {name: metric.compute(said) for name, metric in METRICS.items()}
    assert found["balanced_accuracy"] == pytest.approx(np.mean([(y_pred[y_true == k] == k).mean() for k in "abd"]))
    # Gorodkin 2004: the correlation of the two matrices, 0 for a constant prediction.
    x, y = (matrix - matrix.mean(axis=0) for matrix in (said.y_true, said.y_pred))
    spread = np.sqrt((x * x).sum() * (y * y).sum())
    assert found["mcc"] == pytest.approx((x * y).sum() / spread if spread else 0)


def frame_of(labels):
    """Return test predictions of these classes, all of them wrong."""
    ids = [f"c{number}" for number in labels.index]
    return pd.DataFrame({"clip_id": ids, "y_true": labels, "y_pred": np.where(labels == "a", "b", "a")})


@pytest.mark.parametrize("recorded", [True, False])
def test_the_baseline_of_classes_spread_unevenly_over_two_folds_is_scikit_learns_dummy(recorded):
    rng = np.random.default_rng(0)
    labels = pd.Series(rng.choice(list("abc"), 24, p=(0.3, 0.3, 0.4)))
    parts = np.array_split(rng.permutation(24), 2)
    results = results_of({"m": {(fold, 0): frame_of(labels[part]) for fold, part in enumerate(parts)}},
                         "kfold", folds=2, classes=tuple("abc"))  # fmt: skip
    number = results.clips["clip_id"].str[1:].astype(int)
    right = 0
    for fold, part in enumerate(parts):
        if recorded:
            results.clips[f"split_{fold}-0"] = np.where(number.isin(part), "test", "train")
        train = np.setdiff1d(np.arange(24), part) if recorded else np.arange(24)
        dummy = DummyClassifier().fit(np.zeros((len(train), 1)), labels[train])
        right += (dummy.predict(np.zeros((len(part), 1))) == labels[part]).sum()
    assert majority_share(results) == pytest.approx(right / 24)


def test_of_equal_classes_the_first_by_name_is_predicted():
    clips = pd.DataFrame({"label": ["b", "a", "a", "b", "c"], "split_0-0": ["train"] * 5})
    for splits, largest in ((["train"] * 5, "a"), (["train", "test", "val", "train", "train"], "b")):
        labels, classes = trained_labels(clips.assign(**{"split_0-0": splits}), 0, 0)
        assert classes[BASELINES["majority"].scores(labels).argmax()] == largest


def test_every_fold_and_seed_that_any_model_has_done_counts_once():
    labels = pd.Series(list("aab"))
    results = results_of({"m": {(0, 0): frame_of(labels)}, "n": {(0, 0): frame_of(labels), (0, 1): frame_of(labels)}},
                         "predefined", (0, 1))  # fmt: skip
    assert [(trial.fold, trial.seed) for trial in baseline_trials(results)] == [(0, 0), (0, 1)]
    assert majority_share(results) == pytest.approx(2 / 3)


def test_a_model_cannot_be_called_as_the_baseline_is():
    raw = {"name": "s", "dataset": {"root": "data"}}
    raw["models"] = [{"name": "majority", "label": "M", "backbone": "keras.applications.VGG16"}]
    with pytest.raises(StudyError, match="cannot be named 'majority'"):
        read_section(Study, raw)
    assert not read_section(Study, raw | {"baseline": False}).baseline
