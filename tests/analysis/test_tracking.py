"""What MLflow is told of a study: the numbers that lie on disk, once."""

import json
import os
import sys

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.report.tracking import STORE, track
from benchmark.errors import StudyError
from benchmark.store.predictions import read_predictions
from tests.support.fake_results import build_results

mlflow = pytest.importorskip("mlflow", reason="tracking needs mlflow-skinny")


@pytest.fixture
def results(tmp_path):
    """Return a results folder of two models, one of which failed, and two seeds, under a name that needs quoting."""
    folder = build_results(tmp_path / "résultats 1" / "demo", ("vgg16", "vgg19"), folds=1, seeds=(0, 1), epochs=4)
    trial = folder / "trials" / "vgg16" / "0-0"
    info = json.loads((trial / "trial.json").read_text())
    settings = {"training": {"epochs": 4, "patience": None}, "model": {"options": {}}, "models": ["vgg16"]}
    info |= {"solver": {"converged": True}, "note": "x" * 20_000}
    info |= {"settings": settings, "versions": {"keras": "3.15"}, "test_accuracy": 0.5, "flops": None}
    (trial / "trial.json").write_text(json.dumps(info))
    return folder


def runs(folder):
    """Return {name: run} of what MLflow reads back."""
    client = mlflow.MlflowClient(tracking_uri=(folder / STORE).as_uri())
    (place,) = [e for e in client.search_experiments() if e.name == "demo"]
    return {run.info.run_name: run for run in client.search_runs([place.experiment_id])}


def silently(folder):
    return track(folder, say=lambda line: None)


def test_a_run_holds_the_numbers_and_settings_of_its_trial(results):
    from sklearn.metrics import f1_score

    assert silently(results) == 4
    run, place = runs(results)["vgg16/0-0"], results / "trials" / "vgg16" / "0-0"
    test = read_predictions(place / "predictions.csv").of("test")
    latency = pd.read_csv(place / "latency.csv").query("stage == 'forward'")["ms"]
    assert run.data.metrics["f1_macro"] == pytest.approx(f1_score(test.y_true, test.y_pred, average="macro"))
    assert run.data.metrics["latency_ms_p50"] == pytest.approx(np.percentile(latency, 50))
    assert run.data.metrics["test_accuracy"] == 0.5
    assert run.data.metrics["seconds.train"] == 12.5
    assert "flops" not in run.data.metrics  # null: not known
    assert run.data.params == {"training.epochs": "4", "models": "[vgg16]"}  # what is null or empty is left out
    assert run.data.tags["versions.keras"] == "3.15"
    assert run.data.tags["label"] == "VGG-16"
    assert run.data.tags["solver.converged"] == "true"
    assert "solver.converged" not in run.data.metrics
    assert set(run.data.tags["note"].rstrip(".")) == {"x"}  # too long for MLflow, which cuts it
    assert run.data.tags["folder"] == str(place)
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 12_500  # ms: its seconds
    assert run.info.end_time == pytest.approx(1000 * (place / "predictions.csv").stat().st_mtime, abs=60_000)


def test_the_history_is_there_step_by_step_without_gaps_filled(results):
    place = results / "trials" / "vgg16" / "0-0"
    history = pd.read_csv(place / "history.csv")
    history.loc[history.index[1], ["val_loss", "val_accuracy"]] = np.nan  # no validation took place
    history.to_csv(place / "history.csv", index=False)
    silently(results)
    client = mlflow.MlflowClient(tracking_uri=(results / STORE).as_uri())
    key = runs(results)["vgg16/0-0"].info.run_id
    for name in ("loss", "val_loss"):
        logged = {metric.step: metric.value for metric in client.get_metric_history(key, f"history.{name}")}
        assert logged == pytest.approx(history.dropna(subset=[name]).set_index("iteration")[name].to_dict())


def test_a_failed_trial_is_a_failed_run_with_its_reason(results):
    silently(results)
    run = runs(results)["vgg19/0-1"]
    assert run.info.status == "FAILED"
    assert "out of memory" in run.data.tags["error"]


def test_the_comparison_is_a_run_per_model(results):
    table = pd.DataFrame({"model": ["vgg16", "vgg19"], "label": ["A", "B"], "f1_macro": [0.5, np.nan], "100 %": [1, 2]})
    table.to_csv(results / "comparison.csv", index=False)
    assert silently(results) == 6
    found = runs(results)
    assert found["vgg16"].data.metrics == {"f1_macro": 0.5, "100 _": 1}
    assert found["vgg19"].data.metrics == {"100 _": 2}
    assert found["vgg19"].data.tags["label"] == "B"
    table.to_csv(results / "comparison.csv", index=False)  # a report anew, of the same numbers
    os.utime(results / "comparison.csv", (0, 0))
    assert silently(results) == 0


def test_a_model_may_be_called_na(results):
    table = pd.DataFrame({"model": ["NA"], "label": ["null"], "accuracy": [0.5]})
    table.to_csv(results / "comparison.csv", index=False)
    silently(results)
    assert runs(results)["NA"].data.tags["label"] == "null"


def test_a_second_time_nothing_is_logged_twice(results, capsys):
    silently(results)
    before = {name: run.info.run_id for name, run in runs(results).items()}
    assert track(results) == 0
    assert "0 runs logged, 4 there before" in capsys.readouterr().out
    assert {name: run.info.run_id for name, run in runs(results).items()} == before


def test_a_trial_that_was_run_again_takes_the_place_of_its_run(results):
    silently(results)
    before = {name: run.info.run_id for name, run in runs(results).items()}
    path = results / "trials" / "vgg16" / "0-1" / "trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"test_accuracy": 0.25}))
    assert silently(results) == 1
    after = runs(results)
    assert after["vgg16/0-1"].data.metrics["test_accuracy"] == 0.25
    assert [name for name, run in after.items() if run.info.run_id != before[name]] == ["vgg16/0-1"]


def test_a_run_cut_off_half_way_is_logged_again(results, monkeypatch):
    def interrupt(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(mlflow.MlflowClient, "set_tag", interrupt)
        with pytest.raises(KeyboardInterrupt):
            silently(results)
    assert len(runs(results)) == 1
    assert silently(results) == 4
    assert {run.info.status for run in runs(results).values()} == {"FINISHED", "FAILED"}


def test_more_iterations_than_fit_one_request_are_all_logged(results):
    place = results / "trials" / "vgg16" / "0-0"
    n = 1200
    history = pd.DataFrame({"iteration": range(1, n + 1), "epoch": 1, "seconds": 0.1, "loss": np.linspace(2, 1, n)})
    history.assign(accuracy=np.nan, val_loss=np.nan, val_accuracy=np.nan).to_csv(place / "history.csv", index=False)
    silently(results)
    client = mlflow.MlflowClient(tracking_uri=(results / STORE).as_uri())
    assert len(client.get_metric_history(runs(results)["vgg16/0-0"].info.run_id, "history.loss")) == n


def test_without_mlflow_the_way_to_install_it_is_said(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(StudyError, match="pip install mlflow-skinny"):
        track(results)
    assert not (results / STORE).exists()


def test_a_store_that_cannot_be_used_is_a_readable_error(results, tmp_path):
    (results / STORE).write_text("no folder")
    with pytest.raises((StudyError, OSError), match=STORE):
        track(results)
    with pytest.raises(StudyError):
        track(tmp_path / "nowhere")
