"""A study that comes upon finished trials of another study of the same name leaves them, unless it is told to."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.studies import FAST, NETWORK


def write(folder, root, **changes):
    """Write a study without a name, as they lie in many folders."""
    raw = {"dataset": {"root": str(root), "kind": "images"}, "training": {"epochs": 1, "save": "none"}, "latency": FAST,
           "models": [NETWORK]} | changes  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(raw))
    return folder / "study.yaml"


@pytest.fixture
def first(pictures, tmp_path, monkeypatch, command):
    """A project with a finished study and another about the same pictures without their last, each in its folder."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    for name in ("data", "other"):
        shutil.copytree(pictures, name)
    (tmp_path / "project" / "other" / "red" / "19.png").unlink()
    study = write(tmp_path / "project" / "exp1", "data")
    assert command("run", study)[0] == 0
    return study


def trial():
    return json.loads(Path("results/study/trials/small/0-0/trial.json").read_text())


def test_another_study_about_other_data_is_refused_naming_both_and_runs_when_told_to(first, tmp_path, command):
    before, described = trial(), Path("results/study/study.yaml").read_text()
    second = write(tmp_path / "project" / "exp2", "other")
    code, _, error = command("run", second)
    assert code == 2
    for part in (f"{first} about {first.parents[1] / 'data'}", f"{second} about {first.parents[1] / 'other'}",
                 "small/0-0 again, since clips changed", "--set name=", "--force"):  # fmt: skip
        assert part in error
    assert (trial(), Path("results/study/study.yaml").read_text()) == (before, described)
    assert command("run", second, "--set", "name=second")[0] == 0
    assert trial() == before
    assert command("run", second, "--force")[0] == 0
    assert trial()["origin"]["file"]["path"] == str(second)


def test_another_study_file_alone_or_other_data_alone_is_refused_too(first, tmp_path, command):
    assert command("run", write(tmp_path / "project" / "exp2", "data", training={"epochs": 2, "save": "none"}))[0] == 2
    assert command("run", first, "--set", "dataset.root=other")[0] == 2


def test_another_study_file_that_asks_for_the_same_trials_takes_them_as_they_are(first, tmp_path, command):
    before = trial()
    assert command("run", write(tmp_path / "project" / "exp2", "data"))[0] == 0
    assert trial() == before


def test_a_project_that_was_moved_goes_on_also_when_it_is_edited_there(first, tmp_path, command, monkeypatch):
    (tmp_path / "project").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    before = trial()
    assert command("run", "exp1/study.yaml")[0] == 0
    assert trial() == before
    write(tmp_path / "moved" / "exp1", "data", training={"epochs": 2, "save": "none"})
    assert command("run", "exp1/study.yaml")[0] == 0
    assert trial()["settings"]["training"]["epochs"] == 2


def test_results_that_were_moved_alone_go_on(first, command):
    shutil.move("results", "elsewhere")
    assert command("run", first, "--set", "results=elsewhere", "--set", "training.epochs=2")[0] == 0
