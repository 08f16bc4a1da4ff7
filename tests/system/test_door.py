"""The package as a notebook uses it: the page of the documentation is run, line by line."""

import json
import re

import pandas as pd
import pytest
import yaml

import benchmark
from benchmark.config import networks
from benchmark.errors import StudyError
from tests.support.fake_results import build_results
from tests.support.sources import ROOT, python
from tests.support.studies import FAST, NETWORK


@pytest.fixture
def project(pictures, tmp_path, monkeypatch):
    """A folder with the study mine.yaml and a picture, and the process in it; its network is one of the user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(networks, "own_networks", lambda: [networks.resolve_network(NETWORK)])
    raw = {"dataset": {"root": str(pictures), "kind": "images"}, "latency": FAST, "models": [NETWORK]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(raw))
    (tmp_path / "new.png").write_bytes((pictures / "red" / "00.png").read_bytes())
    return tmp_path


def test_the_lines_of_the_page_run_one_after_the_other(project, capsys, monkeypatch):
    page = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    results, test = names["results"], names["test"]
    trials = results.trials[["model", "seed", "status"]]
    assert trials.to_numpy().tolist() == [["small", 0, "done"], ["small", 1, "done"]]
    accuracy = names["right"].groupby([test["model"], test["seed"]]).mean()
    assert accuracy.tolist() == pytest.approx(results.trials["test_accuracy"].tolist())
    row = names["comparison"].set_index("model").loc["small"]
    assert row["accuracy"] == pytest.approx(accuracy.mean())  # as many clips under each seed
    assert names["answer"]["predicted"] in {"blue", "green", "red"}
    assert sum(names["answer"]["scores"].values()) == pytest.approx(1, abs=1e-5)  # rounded to six digits
    assert "Small" in capsys.readouterr().out
    record = json.loads((project / "results/mine/trials/small/0-0/trial.json").read_text())
    assert record["origin"]["file"]["path"] == str(project / "mine.yaml")
    monkeypatch.setattr(networks, "own_networks", lambda: [])
    with pytest.raises(StudyError, match="trust=True"):
        benchmark.load_model(results.trials["folder"][0])
    assert benchmark.load_model(results.trials["folder"][0], trust=True).predict("new.png") == names["answer"]


def test_settings_reach_as_deep_as_they_name_and_no_further(project):
    study = benchmark.load_study(
        "mine.yaml", split={"seeds": (3, 4)}, models={"small": {"dropout": 0.5}}, cache=project
    )
    assert (study.split.seeds, study.split.fractions, study.cache) == ((3, 4), (0.7, 0.1, 0.2), project)
    assert (study.models[0].dropout, study.models[0].input_size) == (0.5, 32)
    assert benchmark.load_study("mine.yaml", models=["vgg16", NETWORK], only=["vgg16"]).models[0].label == "VGG-16"
    with pytest.raises(StudyError, match="did you mean 'epochs'"):
        benchmark.load_study("mine.yaml", training={"epoch": 3})
    with pytest.raises(StudyError, match=r"no place 'models\.vgg16\.dropout'"):
        benchmark.load_study("mine.yaml", models={"vgg16": {"dropout": 0.5}})


def test_results_are_the_files_of_a_folder_with_a_row_for_each_trial(tmp_path, capsys):
    folder = build_results(tmp_path / "some", models=("vgg16", "yamnet"), folds=2, failed=("yamnet",))
    assert benchmark.read_results(folder).tables == {}
    lines = []
    assert folder / "report.html" in benchmark.report(folder, lines.append)
    assert capsys.readouterr().out == ""
    assert lines == [f"results: {folder}"]
    results = benchmark.read_results(folder)
    assert results.trials["status"].tolist() == ["done", "done", "failed", "failed"]
    assert results.trials["error"].iloc[2].startswith("out of memory")
    assert set(results.predictions["model"]) == set(results.latency["model"]) == {"vgg16"}
    files = [pd.read_csv(place / "predictions.csv") for place in results.trials["folder"][:2]]
    assert len(results.predictions) == sum(map(len, files))
    assert results.predictions.columns[:7].tolist() == ["model", "fold", "seed", "split", "clip_id", "y_true", "y_pred"]
    assert "comparison" in repr(results)
    with pytest.raises(StudyError, match=r"no study\.yaml"):
        benchmark.read_results(tmp_path)


def test_the_package_is_imported_without_any_other():
    code = "import sys; before = set(sys.modules); import benchmark; print(*sorted(set(sys.modules) - before))"
    assert python("-c", code).stdout.split() == [
        "benchmark",
        "benchmark.store",
        "benchmark.store.version",
    ]  # a number alone
