"""One page, one number: scores of several seeds of unequal size agree in every table, on the page and in figures."""

import shutil

import pandas as pd
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from benchmark.analysis.plots.figures import charts
from benchmark.analysis.report.page.page import content
from benchmark.analysis.tables.files import write_tables
from benchmark.store.results import read_results
from tests.support.fake_results import CLASSES, build_results, change_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return folder, results and tables of a study whose seeds test 31, 23 and 12 clips; yamnet is vgg16's double."""
    folder = build_results(tmp_path_factory.mktemp("one") / "study", models=("vgg16", "resnet18", "yamnet"), folds=1,
                           seeds=(0, 1, 2), failed=(), random=())  # fmt: skip
    for model in ("vgg16", "resnet18"):
        for seed, n in enumerate((31, 23, 12)):
            path = folder / "trials" / model / f"0-{seed}" / "predictions.csv"
            frame = pd.read_csv(path, dtype={"clip_id": str})
            test = frame[frame["split"] == "test"].head(n)
            pd.concat([test, frame[frame["split"] == "val"]]).to_csv(path, index=False)
    for seed in range(3):
        shutil.copy(folder / f"trials/vgg16/0-{seed}/predictions.csv", folder / f"trials/yamnet/0-{seed}")
    results = read_results(folder)
    return folder, results, write_tables(results)[0]


def predicted(folder, model):
    """Return y_true and y_pred of all seeds together, read anew."""
    frames = [pd.read_csv(path) for path in sorted((folder / "trials" / model).glob("*/predictions.csv"))]
    frame = pd.concat(frames).query("split == 'test'")
    return frame["y_true"], frame["y_pred"]


MODELS = pytest.mark.parametrize("model", ["vgg16", "resnet18"])


@MODELS
def test_every_table_has_the_accuracy_of_all_predictions_together(study, model):
    folder, _, _ = study
    expected = accuracy_score(*predicted(folder, model))
    for name in ("comparison", "uncertainty", "costs", "calibration", "parity"):
        table = pd.read_csv(folder / f"{name}.csv").set_index("model")
        assert table.loc[model, "accuracy"] == pytest.approx(expected), name
    pairs = pd.read_csv(folder / "pairwise.csv")
    for side in "ab":
        mine = pairs.loc[pairs[f"model_{side}"] == model, f"accuracy_{side}"]
        assert mine.tolist() == pytest.approx([expected] * len(mine))
    # A mean over seeds would be another number: the test can fail.
    seeds = pd.read_csv(folder / "comparison.csv").set_index("model").loc[model]
    assert seeds["n_test"] == (31 + 23 + 12) // 3


@MODELS
def test_scores_per_class_and_their_means_are_of_the_same_matrix(study, model):
    folder, _, _ = study
    y_true, y_pred = predicted(folder, model)
    scores = precision_recall_fscore_support(y_true, y_pred, labels=CLASSES, zero_division=0)
    table = pd.read_csv(folder / "per_class.csv").query("model == @model")
    for name, values in zip(("precision", "recall", "f1", "support"), scores, strict=True):
        assert table[name].tolist() == pytest.approx(values.tolist())
    row = pd.read_csv(folder / "comparison.csv").set_index("model").loc[model]
    for name, values in zip(("precision", "recall", "f1"), scores[:3], strict=True):
        assert row[f"{name}_macro"] == pytest.approx(values.mean())
    assert row["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y_true, y_pred))
    assert row["mcc"] == pytest.approx(matthews_corrcoef(y_true, y_pred))


@MODELS
def test_page_and_figure_show_the_numbers_of_the_csv(study, model):
    folder, results, tables = study
    y_true, y_pred = predicted(folder, model)
    shown, matrix = f"{accuracy_score(y_true, y_pred):.3f}", confusion_matrix(y_true, y_pred, labels=CLASSES)
    page = content(results, tables, [])
    (part,) = (part for part in page["models"] if part["name"] == model)
    assert part["headline"].startswith(f"{shown} [")
    place = page["comparison"].header.index("Accuracy [95 %]")
    assert [row[place].text[:5] for row in page["comparison"].rows if row[0].text == part["label"]] == [shown]
    drawn = {chart.name: chart for _, chart in charts(results, tables)}
    ((title, counts),), _ = drawn[f"confusion_{model}"].draw.args
    assert counts.tolist() == matrix.tolist()
    assert f"accuracy {shown}, 66 predictions" in title
    rows, *_ = drawn["accuracy_intervals"].draw.args
    assert [f"{row['accuracy']:.3f}" for row in rows if row["label"] == part["label"]] == [shown]
    assert f"{part['label']} {shown} (" in drawn["accuracy_intervals"].words
    for name, digits in (("per_class", 3), ("table_3", 4)):
        block = (folder / f"{name}.md").read_text().split(f"**{part['label']}**")[1]
        accuracy = next(line for line in block.splitlines() if line.startswith("| Accuracy"))
        assert f"{accuracy_score(y_true, y_pred):.{digits}f}" in accuracy


@pytest.fixture(scope="module")
def double(study):
    """The folder of the study with an ensemble of the model and its double, and without a baseline."""
    path = shutil.copytree(study[0], study[0].parent / "double")
    change_study(path, ensembles=[["vgg16", "yamnet"]], baseline=False)
    write_tables(read_results(path))
    return path


def test_an_ensemble_of_a_model_and_its_double_has_the_models_numbers(double):
    rows = pd.read_csv(double / "ensembles.csv").set_index("ensemble")
    comparison = pd.read_csv(double / "comparison.csv").set_index("model").loc["vgg16"]
    for name in ("accuracy", "accuracy_low", "f1_macro", "f1_macro_high", "n_test"):
        assert rows.loc["mean_named", name] == pytest.approx(comparison[name])


def test_captions_name_the_convention(study):
    folder, *_ = study
    for name in ("comparison", "per_class", "uncertainty", "costs", "ensembles", "table_3"):
        assert "of the confusion matrix summed over folds and seeds" in (folder / f"{name}.md").read_text()
    assert "pooled over the folds and seeds" in (folder / "pairwise.md").read_text()


def test_the_majority_class_ends_the_comparison_and_is_no_model(study):
    folder, results, tables = study
    written = pd.read_csv(folder / "comparison.csv").set_index("model")
    assert written.index.tolist() == ["vgg16", "resnet18", "yamnet", "majority"]
    row, largest = written.loc["majority"], results.clips["label"].mode()[0]
    y_true, _ = predicted(folder, "vgg16")
    assert row["accuracy"] == pytest.approx((y_true == largest).mean())
    assert row["balanced_accuracy"] == pytest.approx(1 / y_true.nunique())
    assert (row["mcc"], row["status"]) == (0, "baseline")
    assert row[["weights", "best", "latency_ms_p50", "parameters"]].isna().all()
    assert "Majority class" in (folder / "comparison.md").read_text()
    for name, table in tables.items():
        if name != "baseline":
            assert not (table == "majority").any().any(), name
    page = content(results, tables, [])
    assert page["comparison"].models == ("vgg16", "resnet18", "yamnet", "")
    assert page["comparison"].rows[-1][0].text == "Majority class"
    assert len(page["models"]) == 3


def test_a_study_without_a_baseline_has_no_such_row(double):
    assert "majority" not in pd.read_csv(double / "comparison.csv")["model"].tolist()
    assert "Majority class" not in (double / "comparison.md").read_text()
