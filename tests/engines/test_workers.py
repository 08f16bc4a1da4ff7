"""Worker processes: what they have to themselves, and what happens when one dies.

The workers of these tests train nothing; tests/engines/test_run.py has real ones."""

import json
import multiprocessing
import os
import signal
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


def answer(job, progress):
    progress("train", 1, 2)
    seen = {"cores": sorted(os.sched_getaffinity(0)), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "pid": os.getpid()}
    return seen | {"status": "done"}


def die(job, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def crash(job, progress):
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(job, progress):
    os._exit(3)


def stay(job, progress):
    time.sleep(3600)


def work(job, progress):
    return globals()[job.work](job, progress)


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


KILLED = "its process was killed by signal "
DEATHS = {
    "die": f"{KILLED}9, most likely by the system, for want of memory",
    "crash": f"{KILLED}11, it crashed",
    "leave": "its process ended with code 3",
}


@pytest.mark.parametrize("how", DEATHS)
def test_a_worker_that_dies_fails_its_trial_alone(tmp_path, how):
    records, _ = run(tmp_path, {"a": how, "b": "answer"})
    assert (records["a"]["status"], records["a"]["error"]) == ("failed", DEATHS[how])
    assert records["b"]["status"] == "done"
    assert json.loads((tmp_path / "a" / "trial.json").read_text())["error"] == DEATHS[how]


def test_workers_end_when_the_run_is_left(tmp_path):
    found = processes([FakeJob(FakeTrial("a"), str(tmp_path)), FakeJob(FakeTrial("b"), str(tmp_path), "stay")],
                      EngineParams(kind="processes", workers=2), SilentBoard(), work)  # fmt: skip
    next(found)
    found.close()
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


def test_an_inline_trial_tells_the_board_of_its_stages(monkeypatch):
    def fake(job, progress):
        progress("train", 2, 5)
        return {"status": "done"}

    monkeypatch.setattr(workers, "train", fake)
    board = SilentBoard()
    job = SimpleNamespace(trial=FakeTrial("a"))
    assert list(workers.inline([job], None, board)) == [(job, {"status": "done"})]
    assert board.told == [("a", "begun"), ("a", "train", 2, 5)]
