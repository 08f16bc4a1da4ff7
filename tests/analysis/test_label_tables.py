"""Tables of several labels: a report runs whole, its numbers agree with each other, and what must be said is said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.metrics.unpaired import NORMAL
from benchmark.analysis.report.compare import compare, rows_table
from benchmark.analysis.report.report import print_comparison, report
from benchmark.analysis.tables.registry import TABLES, Tables
from benchmark.analysis.tables.specs.costs import costs_columns
from benchmark.analysis.tables.specs.label_comparison import LABEL_COMPARISON_COLUMNS
from benchmark.errors import StudyError
from benchmark.store.predictions import predictions
from benchmark.store.results import read_results
from tests.support.fake_results import build_results, results_of

TRIO = ("vgg16", "vgg19", "yamnet")
AP = "average_precision_macro"
OURS = [spec for spec in TABLES if spec.tasks in ((), ("multilabel",)) and not spec.published]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "several"
    folder = build_results(path, models=TRIO, folds=1, seeds=(0, 1), task="multilabel", published=None)
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(report(folder), console)
    (folder / "terminal.txt").write_text(console.export_text())
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return read_results(folder)


@pytest.fixture(scope="module")
def tables(results):
    return Tables(results)


def read(folder, name):
    return pd.read_csv(folder / f"{name}.csv")


def one_trial(y_true, y_score, classes, thresholds=None):
    ids = [f"c{k:02d}" for k in range(len(y_true))]
    said = predictions("test", ids, y_true, y_score, classes, "multilabel", thresholds)
    return results_of({"m": {(0, 0): said}}, classes=classes, task="multilabel")


def test_every_table_of_the_task_is_written_and_none_of_another(folder):
    parts = {spec.extra for spec in OURS}
    shown = {spec.name for spec in OURS if spec.columns and spec.name not in parts}
    # The study names no paper, has no late fusion, no ablation and no sweep, and extracts nothing.
    shown -= {"parity", "fusion", "ablation", "sweep", "extraction"}
    written = {path.stem for path in folder.glob("*.md")}
    assert written == shown
    assert not {"parity", "ranking", "reliability", "table_3"} & {path.stem for path in folder.glob("*.csv")}
    assert (folder / "report.html").is_file()


def test_the_comparison_has_a_row_per_model_and_one_for_the_shares_of_the_classes(folder):
    table = read(folder, "comparison")
    assert table["model"].tolist() == [*TRIO, "prior"]
    expected = [*LABEL_COMPARISON_COLUMNS, "caveats"]
    expected.insert(expected.index(f"{AP}_std"), "best")
    assert table.columns.tolist() == expected
    assert table["thresholds"].tolist()[0] == "tuned on val (per class)"
    assert table.loc[1, "status"] == "failed"
    assert table.loc[0, "best"] == "best"


def test_scores_are_scikit_learns_of_the_stored_predictions(results, tables):
    row = tables["comparison"].set_index("model").loc["vgg16"]
    trials = results.done("vgg16")
    aps = [average_precision_score(trial.test.y_true, trial.test.y_score, average=None) for trial in trials]
    assert row[AP] == pytest.approx(np.mean(aps))
    assert row[f"{AP}_std"] == pytest.approx(np.std([ap.mean() for ap in aps], ddof=1))
    y_true, y_pred, y_score = (np.concatenate([getattr(trial.test, name) for trial in trials])
                               for name in ("y_true", "y_pred", "y_score"))  # fmt: skip
    assert row["f1_macro"] == pytest.approx(f1_score(y_true, y_pred, average="macro"))
    assert row["f1_macro_at_half"] == pytest.approx(f1_score(y_true, y_score >= 0.5, average="macro"))
    assert row["n_test"] == len(y_true) // 2  # clips per seed


def test_the_prior_has_the_mean_share_of_the_classes(results, tables):
    prior = tables["baseline"].iloc[0]
    shares = [trial.test.y_true.mean(axis=0) for trial in results.done("vgg16")]
    assert prior[AP] == pytest.approx(np.mean(shares))
    assert prior["roc_auc_macro"] == pytest.approx(0.5)
    assert f"Chance level {np.mean(shares):.3f}" in (results.folder / "comparison.md").read_text()


def test_tuning_on_test_is_never_below_what_other_thresholds_give():
    rng = np.random.default_rng(0)
    y_true = rng.random((40, 3)) < 0.4
    y_score = 1 / (1 + np.exp(1 - y_true - rng.normal(size=y_true.shape)))
    tables = Tables(one_trial(y_true, y_score, tuple("abc"), {"a": 0.3, "b": 0.4, "c": 0.7}))
    table, scores = tables["thresholds"], tables["comparison"]
    assert (table["f1_tuned_on_test"] >= table[["f1", "f1_at_half"]].max(axis=1)).all()
    assert (scores["f1_macro_tuned_on_test"] > scores[["f1_macro", "f1_macro_at_half"]].max(axis=1)).all()


def test_thresholds_are_those_of_the_trials(results, tables):
    table = tables["thresholds"].set_index(["model", "class"])
    recorded = pd.DataFrame([trial.info["thresholds"] for trial in results.done("yamnet")])
    for name in results.classes:
        row = table.loc[("yamnet", name)]
        expected = recorded[name].agg(["min", "mean", "max"]).tolist()
        assert row[["threshold_low", "threshold", "threshold_high"]].tolist() == pytest.approx(expected)
    text = (results.folder / "thresholds.md").read_text()
    assert "| Class | Threshold | Precision | Recall | F1 |" in text  # as Table 10 of posters2025, and the scores


def test_macro_scores_are_the_means_of_the_classes(tables):
    classes, scores = tables["per_class"], tables["comparison"].set_index("model")
    for score in ("average_precision", "f1", "precision", "recall", "roc_auc"):
        assert classes.groupby("model")[score].mean()["vgg16"] == pytest.approx(scores.loc["vgg16", f"{score}_macro"])


def test_one_number_stands_in_every_table(tables):
    scores = tables["comparison"].set_index("model")
    long = tables["uncertainty"].set_index(["model", "score"])
    for name in ("vgg16", "yamnet"):
        for score in set(long.loc[name].index) & set(scores.columns):
            assert long.loc[(name, score), "value"] == pytest.approx(scores.loc[name, score])
        assert tables["costs"].set_index("model").loc[name, AP] == scores.loc[name, AP]
    pair = tables["pairwise"].iloc[0]
    assert pair[f"{AP}_a"] == pytest.approx(scores.loc["vgg16", AP])
    assert tables["costs"].columns.tolist() == [*costs_columns(AP), "caveats"]


def test_brier_of_a_class_is_scikit_learns(results, tables):
    table = tables["calibration_classes"].set_index(["model", "class"])
    test = [trial.test for trial in results.done("vgg16")]
    for place, name in enumerate(results.classes):
        truth, score = (np.concatenate([getattr(part, which)[:, place] for part in test])
                        for which in ("y_true", "y_score"))  # fmt: skip
        assert table.loc[("vgg16", name), "brier"] == pytest.approx(brier_score_loss(truth, score))
    means = tables["calibration"].set_index("model")
    assert means.loc["vgg16", "ece"] == pytest.approx(table.loc["vgg16", "ece"].mean())


def test_scores_that_are_the_shares_are_calibrated():
    y_true = np.arange(40)[:, None] % [2, 4, 5] == 0
    table = Tables(one_trial(y_true, np.tile(y_true.mean(axis=0), (40, 1)), tuple("abc")))["calibration_classes"]
    assert table["ece"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert table["brier"].to_numpy() == pytest.approx(table["share"] * (1 - table["share"]))


def test_classes_that_come_together_by_hand():
    y_true = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]], bool)
    y_score = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 0]], float)
    table = Tables(one_trial(y_true, y_score, tuple("abc")))["cooccurrence"].set_index(["class", "other"])
    assert table["true"].to_dict() == {
        ("a", "a"): 2, ("a", "b"): 2, ("b", "b"): 2, ("c", "c"): 2, ("a", "c"): 1, ("b", "c"): 1,
    }  # fmt: skip
    assert table["predicted_m"].to_dict() == {
        ("a", "a"): 2, ("a", "b"): 1, ("b", "b"): 2, ("c", "c"): 1, ("a", "c"): 0, ("b", "c"): 1,
    }  # fmt: skip


def test_the_hardest_clips_by_hand():
    y_true = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], bool)
    y_score = np.array([[0.9, 0.1, 0.8], [0.1, 0.1, 0.9], [0.2, 0.2, 0.2]])
    table = Tables(one_trial(y_true, y_score, tuple("abc")))["per_clip"].set_index("clip_id")
    assert table.index[0] == "c00"
    assert table.loc["c00", ["right", "f1", "missed", "added"]].tolist() == [0, 0.5, "b", "c"]
    assert table.loc["c00", "score_true"] == pytest.approx(0.5)
    assert table.loc["c02", ["right", "f1", "missed", "added"]].tolist() == [1, 1.0, "", ""]


def test_a_class_without_a_positive_test_clip_is_named_in_every_table_that_leaves_it_out():
    y_true = np.arange(12)[:, None] % [2, 3, 5] == 0
    full = one_trial(y_true, y_true * 0.8 + 0.1, tuple("abc"))
    lacking = full.trials[0].test
    lacking = replace(lacking, y_true=lacking.y_true & [True, True, False])
    results = replace(full, trials=(replace(full.trials[0], predictions=lacking),))
    tables = Tables(results)
    assert tables["comparison"].iloc[0][AP] == 1
    for spec in OURS:
        if spec.name in ("comparison", "per_class", "uncertainty", "pairwise"):
            assert any("Without a positive test clip" in said and said.endswith(": c.") for said in spec.about(tables))


CAVEATS = {
    "constant": (lambda y_true: np.tile([0.9, 0.9, 0.1], (len(y_true), 1)), "a|b, fold-seed 0-0"),
    "unpredicted": (lambda y_true: y_true * [0.9, 0.9, 0.4], "c"),
    "guessing": (lambda y_true: 0.9 - 0.8 * y_true, "of scores that say nothing"),
}


@pytest.mark.parametrize("caveat", CAVEATS)
def test_what_is_doubtful_is_found(caveat):
    scores, said = CAVEATS[caveat]
    y_true = np.arange(12)[:, None] % [2, 3, 5] == 0
    found = find_caveats(one_trial(y_true, scores(y_true), tuple("abc"))).found["m"]
    assert said in found[caveat]
    good = find_caveats(one_trial(y_true, y_true * 0.8 + 0.1, tuple("abc"))).found["m"]
    assert good == {}


def test_the_terminal_names_the_score_that_models_are_ranked_by(folder):
    text = (folder / "terminal.txt").read_text()
    assert "Macro AP [95 %]" in text
    assert "*: the highest macro average precision" in text


def test_two_studies_are_compared_by_the_score_of_the_task(folder, tmp_path):
    same = compare(folder, folder).rows.set_index("model")
    assert same.loc["vgg16", "difference"] == 0
    assert same.loc["vgg16", "test"] == "permutation of clips"
    assert same.loc["vgg16", "score_a"] == pytest.approx(read(folder, "comparison").set_index("model").loc["vgg16", AP])
    other = build_results(tmp_path / "one", models=TRIO, folds=1)
    with pytest.raises(StudyError, match="no score in common"):
        compare(folder, other)


def test_other_clips_have_a_normal_interval(results):
    trials = results.done("vgg16")
    shorter = [replace(trial, predictions=trial.test.take(np.arange(20))) for trial in trials]
    row = rows_table(results, replace(results, trials=tuple(shorter)), ["vgg16"]).iloc[0]
    assert row["test"] == NORMAL
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(row["score_b"] - row["score_a"])
