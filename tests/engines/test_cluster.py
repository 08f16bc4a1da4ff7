"""The engine ``ray`` on a small cluster of this machine: a node dies, trials die, small tasks go in blocks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import pandas as pd
import pytest

from benchmark.config.study import EngineParams
from benchmark.data import preparation as prepare
from benchmark.engines import cluster
from benchmark.engines import schedule as engine
from benchmark.engines.cluster import session
from benchmark.engines.cluster.trials import DEATHS
from benchmark.engines.progress import Board
from benchmark.errors import StudyError
from tests.support.jobs import jobs_of
from tests.support.sources import ROOT
from tests.support.studies import folder_of, study_of
from tests.support.studies import run as run_here

FOLDS = {"split": {"protocol": "kfold", "folds": 3}, "training": {"epochs": 3}}
ON_RAY = {"kind": "ray", "num_cpus": 1, "retries": 1}
QUICK = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


@pytest.mark.parametrize(
    ("asked", "nodes", "cores"),
    [
        ({"num_cpus": 3}, [{"CPU": 16}], 3),
        ({}, [{"CPU": 16}, {"CPU": 8}], 8),  # the whole of the smallest
        ({"num_gpus": 1}, [{"CPU": 16, "GPU": 4}, {"CPU": 2}], 4),  # a node without GPU takes no part
        ({"num_gpus": 0.5}, [{"CPU": 16, "GPU": 4}], 2),
        ({"num_gpus": 4}, [{"CPU": 2, "GPU": 4}], 2),
        ({"num_gpus": 1}, [{"CPU": 16}], 1),  # none yet
    ],
)
def test_a_trial_gets_an_equal_share_of_the_smallest_node(asked, nodes, cores):
    given = EngineParams(kind="ray", **asked)
    assert session.cores_of_a_trial(given, [{"Resources": node} for node in nodes]) == cores


def test_processes_of_one_machine_claim_different_cores():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores")
    claim = "from benchmark.engines.cluster.session import claim_cores; claim_cores(1)"
    code = f"import os; {claim}; print(os.sched_getaffinity(0)); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(2)]
    claimed = [process.stdout.readline() for process in processes]
    for process in processes:
        process.communicate("\n")
    assert len(set(claimed)) == 2


def test_without_ray_the_engine_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StudyError, match="pip install ray"):
        list(cluster.spread(EngineParams(kind="ray"), divmod, [(1, 1)]))


@pytest.fixture(scope="module")
def ray():
    return pytest.importorskip("ray", reason="the engine ray is an extra: pip install ray")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"num_gpus": 999}, "no place here for a trial with 1 cores and 999 GPUs"),
        ({"address": "nowhere"}, r"no Ray cluster at 'nowhere'.*ray start --head"),
    ],
)
def test_a_cluster_without_room_or_that_is_not_there_is_an_error_and_is_ended(ray, monkeypatch, asked, said):
    monkeypatch.chdir(ROOT)
    with pytest.raises(StudyError, match=said), cluster.connected(EngineParams(kind="ray", **asked)):
        pass
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def machines(ray):
    """A cluster whose head has no cores, and its two worker nodes of one core each. This process is connected."""
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray")  # short: names of sockets are; for Ray's files and those of its tasks
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")  # else Ray ends tasks where others fill the memory
        patch.setenv("TMPDIR", folder)
        patch.chdir(ROOT)  # tasks import from the driver's current folder
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": QUICK}
        made = Cluster(initialize_head=True, head_node_args=head)
        workers = [made.add_node(num_cpus=1) for _ in range(2)]
        ray.init(made.address, log_to_driver=False, logging_level="ERROR")
        yield made, workers
        ray.shutdown()
        made.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


class Watched(Board):
    """A board that calls ``react`` with the number of beginnings so far."""

    begins, react = (), staticmethod(lambda number: None)

    def begun(self, trial):
        super().begun(trial)
        self.begins = *self.begins, trial.name
        self.react(len(self.begins))


def run(study, monkeypatch, react=lambda number: None):
    """Return the records of a run and its board."""
    boards = []

    def make(*given, **named):
        boards.append(Watched(*given, **named))
        boards[0].react = react
        return boards[0]

    monkeypatch.setattr(engine, "Board", make)
    ready = prepare.prepare(study, lambda text: None)
    return engine.run_all(study, ready.clips, ready.folds, say=lambda text: None), boards[0]


def predictions(study, fold):
    return pd.read_csv(folder_of(study).with_name(f"{fold}-0") / "predictions.csv")


@pytest.fixture(scope="module")
def inline(pictures, tmp_path_factory):
    """A study of three folds that has run in this process."""
    study = study_of(pictures, tmp_path_factory.mktemp("inline"), name="inline", **FOLDS)
    run_here(study)
    return study


def test_a_study_outlives_a_node_and_gives_the_results_of_inline(machines, inline, tmp_path, monkeypatch):
    made, workers = machines

    def kill(number):
        if number == 2:  # both nodes run a trial
            made.remove_node(workers[0], allow_graceful=False)

    here = {"results": tmp_path / "results", "cache": tmp_path / "cache"}
    study = inline.model_copy(update={"engine": EngineParams(**ON_RAY), **here})
    records, board = run(study, monkeypatch, kill)
    assert [record["status"] for record in records] == ["done"] * 3
    assert len(board.begins) == 4  # one of the three began twice
    assert len(set(board.begins)) == 3
    assert {row.state for row in board.rows.values()} == {"done"}
    for fold in range(3):
        # float32: another number of threads may add in another order
        pd.testing.assert_frame_equal(predictions(study, fold), predictions(inline, fold), rtol=0, atol=1e-6)
    assert len(list((tmp_path / "cache").glob("features/complete/*"))) == 1  # one network, for all of its folds


def test_a_trial_whose_process_dies_or_that_cannot_start_fails_alone(machines, inline, tmp_path):
    study = inline.model_copy(update={"results": tmp_path})
    jobs, tries = jobs_of(study), tmp_path / "tries"

    def work(make_job, progress):
        fold = make_job.args[0].trial.fold
        with open(tries, "a", encoding="utf-8") as file:
            file.write(str(fold))
        if fold == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if fold == 1:
            raise LookupError("no such thing here")
        return {"status": "done"}

    board = Board(study.folder, [job.trial for job in jobs], say=lambda text: None)
    ended = cluster.run(jobs, EngineParams(**ON_RAY), board, work)
    errors = {job.trial.fold: record.get("error") for job, record in ended}
    assert errors == {0: DEATHS["WorkerCrashedError"], 1: "no such thing here", 2: None}
    assert sorted(tries.read_text()) == ["0", "0", "1", "2"]  # a death is worth one more try, as retries says
    assert json.loads((folder_of(study) / "trial.json").read_text())["status"] == "failed"


def test_small_tasks_are_spread_in_blocks_and_their_errors_come_back(machines):
    given = EngineParams(**ON_RAY)
    tasks = [(number, 7) for number in range(200)]
    assert sorted(cluster.spread(given, divmod, tasks)) == sorted(divmod(*task) for task in tasks)
    assert list(cluster.spread(given, divmod, [])) == []
    assert list(cluster.spread(given, os.path.exists, [("run_benchmark.py",)])) == [True]  # relative to the driver
    with pytest.raises(ZeroDivisionError):
        list(cluster.spread(given, divmod, [(1, 0)]))


def test_of_small_tasks_the_one_that_kills_its_process_is_named(machines):
    def half(number):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number, None

    results = dict(cluster.spread(EngineParams(**ON_RAY | {"retries": 0}), half, [(number,) for number in range(6)]))
    assert "kills the process that reads it" in results.pop(3)
    assert results == dict.fromkeys([0, 1, 2, 4, 5])
