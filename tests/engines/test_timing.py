"""Latency: timed once per model, after all trials, and made up for where it lacks."""

import json

import pytest

from benchmark.analysis.tables.registry import Tables
from benchmark.store.results import read_results
from benchmark.trials import latency
from tests.support.studies import FAST, NETWORK, folder_of, run, study_of

QUICK = {"epochs": 1, "save": "none"}
TWO = {
    "split": {"seeds": [0, 1]},
    "models": [NETWORK, NETWORK | {"name": "other", "label": "Other"}],
    "training": QUICK,
}


@pytest.fixture
def study(pictures, tmp_path):
    return study_of(pictures, tmp_path, **TWO)


def timings(study):
    return sorted(str(path.parent.relative_to(study.folder / "trials")) for path in study.folder.rglob("latency.csv"))


def test_each_model_is_timed_once_when_all_trials_have_ended(study):
    records, said = run(study)
    lines = said.splitlines()
    assert lines[-3:] == ["latency: 2 to time, one after the other …", "Small: timed", "Other: timed"]
    assert timings(study) == ["other/0-0", "small/0-0"]
    assert [("latency" in record) for record in records] == [True, False, True, False]
    assert records[0] == json.loads((folder_of(study) / "trial.json").read_text())
    assert set(records[0]["latency"]) == {
        "load", "stable", "rounds", "threads", "processor", "seconds", "settings"
    }  # fmt: skip
    results = read_results(study.folder)
    assert [len(results.timed(name)) for name in ("small", "other")] == [1, 1]
    _, said = run(study)
    assert "latency" not in said


def test_other_settings_of_latency_time_again_and_train_nothing(pictures, tmp_path):
    run(study_of(pictures, tmp_path, **TWO))
    other = study_of(pictures, tmp_path, latency=FAST | {"calls": 4}, **TWO)
    (folder_of(other).with_name("0-1") / "latency.csv").write_text("stage,call,ms\nforward,0,9\n")  # of an older run
    _, said = run(other)
    assert said.count("done before, kept") == 4
    assert said.count(": timed") == 2
    assert timings(other) == ["other/0-0", "small/0-0"]


def test_a_model_that_cannot_be_timed_is_told_and_its_trial_stays(study, monkeypatch):
    def broken(job):
        raise ValueError("no such thing")

    with monkeypatch.context() as patch:
        patch.setattr(latency, "time_model", broken)
        records, said = run(study)
    assert [record["status"] for record in records] == ["done"] * 4
    assert "Small: not timed: ValueError: no such thing" in said
    assert timings(study) == []
    table = Tables(read_results(study.folder))["comparison"]
    assert table["accuracy"].notna().all()
    assert table["latency_ms_p50"].isna().all()
    _, said = run(study)
    assert (said.count("done before, kept"), said.count(": timed")) == (4, 2)
