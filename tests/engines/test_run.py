"""Runs that go wrong in part: what fails is named, the rest is done, and what was done stays.

Latency: timed once per model, after all trials, and made up for where it lacks."""

import contextlib
import json
import os
import resource
import signal
import socket

import numpy as np
import pytest

from benchmark.analysis.report.report import report
from benchmark.analysis.tables.registry import Tables
from benchmark.data import preparation as prepare
from benchmark.engines import schedule as engine
from benchmark.store.predictions import read_predictions
from benchmark.store.results import read_results
from benchmark.trials import latency
from benchmark.trials import run as trial
from tests.support.studies import FAST, NETWORK, SmallNet, folder_of, run, study_of

OTHER = NETWORK | {"name": "other", "label": "Other"}
QUICK = {"epochs": 2, "save": "none"}


def KilledNet(**arguments):
    """A network that takes its process with it."""
    os.kill(os.getpid(), signal.SIGKILL)


def GreedyNet(**arguments):
    """A network that is too large."""
    raise MemoryError("Unable to allocate 3 EiB")


KilledNet.preprocess_input = GreedyNet.preprocess_input = SmallNet.preprocess_input
KILLED = NETWORK | {"name": "killed", "label": "Killed", "backbone": "tests.engines.test_run:KilledNet"}
GREEDY = NETWORK | {"name": "greedy", "label": "Greedy", "backbone": "tests.engines.test_run:GreedyNet"}


def test_processes_give_the_results_of_inline_and_survive_one_that_is_killed(pictures, tmp_path):
    inline = study_of(pictures, tmp_path, name="inline", training=QUICK)
    run(inline)
    apart = study_of(pictures, tmp_path, name="apart", training=QUICK, models=[KILLED, NETWORK],
                     engine={"kind": "processes", "workers": 2})  # fmt: skip
    records, _ = run(apart)
    assert [record["status"] for record in records] == ["failed", "done"]
    assert "killed by signal 9" in records[0]["error"]
    expected, found = (read_predictions(folder_of(study) / "predictions.csv") for study in (inline, apart))
    # The two processes may sum with other numbers of threads, in another order.
    np.testing.assert_allclose(found.y_score, expected.y_score, atol=1e-5)
    assert (folder_of(apart) / "latency.csv").is_file()
    status = json.loads((apart.folder / "status.json").read_text())
    assert (status["state"], status["counts"]["done"], status["counts"]["failed"]) == ("failed", 1, 1)


def test_a_trial_without_memory_says_what_may_help(pictures, tmp_path):
    records, _ = run(study_of(pictures, tmp_path, models=[GREEDY, NETWORK], training=QUICK))
    assert [record["status"] for record in records] == ["failed", "done"]
    assert records[0]["error"] == "out of memory; a smaller training.batch_size may help: Unable to allocate 3 EiB"


@contextlib.contextmanager
def files_below(size):
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_fails_the_trial_with_that_reason_and_keeps_what_is_done(pictures, tmp_path):
    first = study_of(pictures, tmp_path, training=QUICK)
    run(first)
    before = (folder_of(first) / "predictions.csv").read_bytes()
    both = study_of(pictures, tmp_path, training=QUICK, models=[NETWORK, OTHER])
    ready = prepare.prepare(both, lambda line: None)
    prepare.write_study(both, ready)
    with files_below(1000):
        records = engine.run_all(both, ready.clips, ready.folds, say=lambda line: None)
    assert [record["status"] for record in records] == ["done", "failed"]
    assert "File too large" in records[1]["error"]
    assert (folder_of(first) / "predictions.csv").read_bytes() == before
    assert not list((both.folder / "trials").glob("*/.*"))


def test_a_full_disk_leaves_a_readable_report_and_damaged_predictions_run_again(pictures, tmp_path):
    study = study_of(pictures, tmp_path, training=QUICK)
    run(study)
    summary = report(study.folder)
    table = (study.folder / "comparison.md").read_bytes()
    with files_below(500), pytest.raises(OSError, match="File too large"):
        report(study.folder)
    assert summary.comparison["accuracy"].notna().all()
    assert (study.folder / "comparison.md").read_bytes() == table
    checkpoint = folder_of(study).with_name(".0-0.checkpoint.npz")
    checkpoint.write_text("left where a run was killed between the two")
    run(study)
    assert not checkpoint.exists()  # of a trial that is done
    (folder_of(study) / "predictions.csv").write_text("split,clip_id\n")
    _, said = run(study)
    assert "again, since" in said
    assert "predictions.csv: missing column" in said
    read_predictions(folder_of(study) / "predictions.csv")


def test_a_reason_that_cannot_be_written_is_still_told(pictures, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trial, "write_folder", full)
    monkeypatch.setattr("benchmark.trials.failures.write_folder", full)
    records, said = run(study_of(pictures, tmp_path, models=[NETWORK, OTHER], training=QUICK))
    assert [record["error"] for record in records] == ["writing results: No space left on device"] * 2
    assert said.count("FAILED: writing results: No space left on device") == 2


def test_what_a_killed_run_left_is_swept_and_checkpoints_stay(pictures, tmp_path):
    study = study_of(pictures, tmp_path, training=QUICK)
    parent = folder_of(study).parent
    name = f".tmp-{socket.gethostname()}-{os.getpid()}-0123abcd"  # of a process that had the number of this one
    (parent / name).mkdir(parents=True)
    (parent / name / "predictions.csv").write_text("half")
    (parent / ".9-0.checkpoint.npz").write_text("kept")
    for place in (parent, study.folder / "figures", study.cache, study.cache / "images", study.cache / "features"):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.npz").write_text("half")
    run(study)
    assert sorted(path.name for path in parent.iterdir()) == [".9-0.checkpoint.npz", "0-0"]
    assert not [*study.folder.rglob(".tmp-*"), *study.cache.rglob(".tmp-*")]


TWO = {
    "split": {"seeds": [0, 1]},
    "models": [NETWORK, NETWORK | {"name": "other", "label": "Other"}],
    "training": {"epochs": 1, "save": "none"},
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
    said = {"load", "stable", "rounds", "threads", "processor", "seconds", "settings"}
    assert set(records[0]["latency"]) == said
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
