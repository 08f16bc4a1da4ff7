"""What docs/extending.md promises: a row and, where it needs code, a file."""

import sys
from functools import partial
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.metrics.further import METRICS, Metric
from benchmark.analysis.plots import figures
from benchmark.analysis.plots import scatter as plots
from benchmark.analysis.plots.figure import Chart, FigureSpec
from benchmark.analysis.report.report import report
from benchmark.config.dataset_kinds import DATASET_KINDS, DatasetKind
from benchmark.data import image_clips
from tests.support.fake_results import build_results
from tests.support.studies import run, study_of


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "study", ("vgg16", "resnet18"), folds=1, failed=(), random=())


ANEW = "benchmark.analysis.tables"


@pytest.fixture
def tables_anew():
    """Import the tables as in a process that starts with a new row; then all is as it was, none is left of the new."""
    before = {name: module for name, module in sys.modules.items() if name.startswith(ANEW)}
    for name in before:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.startswith(ANEW)]:
        del sys.modules[name]
    sys.modules.update(before)
    for name, module in before.items():
        package, _, part = name.rpartition(".")
        setattr(sys.modules[package], part, module)


def test_a_score_is_a_row(folder, monkeypatch, tables_anew):
    monkeypatch.setitem(
        METRICS, "n_wrong", Metric("Wrong", lambda found: float((found.y_true != found.y_pred).sum() / 2))
    )
    from benchmark.analysis.tables.files import write_tables
    from benchmark.store.results import read_results

    write_tables(read_results(folder))
    table = pd.read_csv(folder / "comparison.csv").iloc[0]
    assert table["n_wrong"] == round((1 - table["accuracy"]) * table["n_test"])
    assert "| Wrong |" in (folder / "comparison.md").read_text().replace(": |", " |")


def test_a_figure_is_a_row(folder, monkeypatch):
    chart = Chart("line", partial(plots.example_figure, np.eye(3), "a", "b", 0.5, "title"), "a line that rises")
    row = FigureSpec("line", lambda results, tables: [chart], "summary", "A line")
    monkeypatch.setattr(figures, "FIGURES", (*figures.FIGURES, row))
    report(folder)
    assert (folder / "figures" / "line.png").is_file()
    assert "a line that rises" in (folder / "report.html").read_text()


def test_a_kind_of_data_set_is_a_row_and_a_module(pictures, tmp_path, monkeypatch):
    module = ModuleType("mirrored_clips")
    module.COPIES, module.code = image_clips.COPIES, lambda study, reads: "mirrored 1"
    module.draw = image_clips.draw
    monkeypatch.setitem(sys.modules, module.__name__, module)
    row = DatasetKind(DATASET_KINDS["images"].extensions, {"picture": frozenset()}, module.__name__)
    monkeypatch.setitem(DATASET_KINDS, "mirrored", row)
    study = study_of(pictures, tmp_path, training={"epochs": 1})
    study = study.model_copy(update={"dataset": study.dataset.model_copy(update={"kind": "mirrored"})})
    (record,), _ = run(study)
    assert record["status"] == "done", record["error"]
    assert np.isfinite(record["test_accuracy"])
