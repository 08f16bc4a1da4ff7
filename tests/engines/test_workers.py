"""Worker processes: what they have to themselves, what happens when one dies, and that latency is measured alone.

The workers of these tests speak as real ones do but train nothing; tests/test_run.py has real ones."""

import json
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.config.study import EngineParams
from benchmark.engines import workers
from benchmark.engines.workers import Slot, processes, slots
from benchmark.models import backend


@dataclass(frozen=True)
class FakeTrial:
    """As much of a trial as an engine looks at."""

    name: str

    def folder(self, study):
        return Path(study) / self.name

    def record(self, study):
        return {"model": self.name}


@dataclass(frozen=True)
class FakeJob:
    """A job whose work is the name of a function below."""

    trial: FakeTrial
    study: str
    work: str = "answer"


class SilentBoard:
    """A board that keeps what it is told."""

    def __init__(self):
        self.told = []

    def begun(self, trial):
        self.told.append((trial.name, "begun"))

    def progress(self, trial, *stage):
        self.told.append((trial.name, *stage))


def answer(connection, job, slot):
    connection.send(("progress", ("train", 1, 2)))
    seen = {"cores": sorted(os.sched_getaffinity(0)), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "pid": os.getpid()}
    connection.send(("record", seen | {"status": "done"}))


def die(connection, job, slot):
    os.kill(os.getpid(), signal.SIGKILL)


def crash(connection, job, slot):
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(connection, job, slot):
    os._exit(3)


def measure(connection, job, slot):
    """Work until both of the first two trials have begun, then measure for a while; say when."""
    begun = time.monotonic()
    Path(job.study, f"{job.trial.name} has begun").touch()
    while len(list(Path(job.study).glob("* has begun"))) < 2:  # for ever where only one is begun at a time
        time.sleep(0.01)
        assert time.monotonic() - begun < 300
    worked = time.monotonic()
    with workers._alone(connection):
        asked = time.monotonic()
        time.sleep(0.2)
        done = time.monotonic()
    connection.send(("record", {"status": "done", "busy": [(begun, worked)], "timing": (asked, done)}))


def work(connection, job, slot, parent):
    backend.keep_to(slot.cores)
    os.environ["CUDA_VISIBLE_DEVICES"] = slot.gpu
    globals()[job.work](connection, job, slot)


def run(folder, works, **engine):
    board = SilentBoard()
    jobs = [FakeJob(FakeTrial(name), str(folder), what) for name, what in works.items()]
    found = processes(jobs, EngineParams(kind="processes", **engine), board, work)
    return {job.trial.name: record for job, record in found}, board


def test_each_trial_has_a_process_of_its_own_and_is_heard_of(tmp_path):
    records, board = run(tmp_path, {"a": "answer", "b": "answer"})
    pids = {record["pid"] for record in records.values()}
    assert len(pids | {os.getpid()}) == 3
    assert board.told == [(name, *what) for name in "ab" for what in (("begun",), ("train", 1, 2))]
    assert records["a"]["cores"] == backend.cores()  # one worker at a time has them all


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("die", "its process was killed by signal 9, most likely by the system, for want of memory"),
        ("crash", "its process was killed by signal 11, it crashed"),
        ("leave", "its process ended with code 3"),
    ],
)
def test_a_worker_that_dies_fails_its_trial_alone(tmp_path, how, reason):
    records, _ = run(tmp_path, {"a": how, "b": "answer"})
    assert (records["a"]["status"], records["a"]["error"]) == ("failed", reason)
    assert records["b"]["status"] == "done"
    assert json.loads((tmp_path / "a" / "trial.json").read_text())["error"] == reason


def test_latency_is_measured_while_nothing_else_runs(tmp_path):
    records, _ = run(tmp_path, dict.fromkeys("abcd", "measure"), workers=2)
    assert len(records) == 4
    timings = [record["timing"] for record in records.values()]
    others = [span for record in records.values() for span in (*record["busy"], record["timing"])]
    for begin, end in timings:
        assert not [span for span in others if span != (begin, end) and span[0] < end and begin < span[1]]
    (a, b) = (records[name]["busy"][0] for name in "ab")
    assert a[0] < b[1], "the trials themselves ran at the same time"
    assert b[0] < a[1]


def test_workers_end_when_the_run_is_left(tmp_path):
    found = processes([FakeJob(FakeTrial("a"), str(tmp_path)), FakeJob(FakeTrial("b"), str(tmp_path), "measure")],
                      EngineParams(kind="processes", workers=2), SilentBoard(), work)  # fmt: skip
    next(found)
    found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(str(tmp_path))]
    import multiprocessing

    assert not [child for child in multiprocessing.active_children() if child.name.startswith(str(tmp_path))]


@pytest.mark.parametrize(
    ("engine", "gpus", "cores", "expected"),
    [
        ({}, [], [0, 1], [Slot((0, 1))]),
        ({"workers": 2}, [], [0, 1, 2, 3], [Slot((0, 1)), Slot((2, 3))]),
        ({"workers": 2, "num_cpus": 1}, [], [0, 1, 2, 3], [Slot((0,)), Slot((1,))]),
        ({}, ["0", "1"], [0, 1, 2, 3], [Slot((0, 1), "0"), Slot((2, 3), "1")]),
        ({"workers": 4}, ["0", "1"], [0, 1], [Slot((0,), "0"), Slot((1,), "1"), Slot((0,), "0"), Slot((1,), "1")]),
        ({"num_cpus": 8}, [], [4, 5], [Slot((4, 5))]),
    ],
)
def test_slots_share_cores_and_gpus(engine, gpus, cores, expected):
    assert slots(EngineParams(kind="processes", **engine), gpus, cores) == expected


@pytest.mark.parametrize(("visible", "expected"), [("", []), ("2,3", ["2", "3"]), ("-1", []), ("GPU-ab", ["GPU-ab"])])
def test_the_gpus_are_those_that_the_user_lets_be_seen(monkeypatch, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert backend.gpu_ids.__wrapped__() == expected


def test_hidden_gpus_stay_known(monkeypatch):
    monkeypatch.setattr(backend, "gpu_ids", lambda: ["0"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    backend.hide_gpus()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_an_inline_trial_tells_the_board_of_its_stages(tmp_path, monkeypatch):
    from benchmark.trials import attempt

    def fake(job, surroundings):
        surroundings.progress("train", 2, 5)
        assert surroundings.is_alone
        return {"status": "done"}

    monkeypatch.setattr(attempt, "attempt", fake)
    board = SilentBoard()
    job = SimpleNamespace(trial=FakeTrial("a"))
    assert list(workers.inline([job], None, board)) == [(job, {"status": "done"})]
    assert board.told == [("a", "begun"), ("a", "train", 2, 5)]
