"""A real run, killed at ten random moments and started again: nothing is lost, and the results are the same."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

ROOT = Path(__file__).resolve().parent.parent
KILLS = 10
RUNNER = """
import json, os, sys
import benchmark.engine, benchmark.analysis.report, benchmark.analysis.figures, librosa, tests.test_trial
from benchmark.cli import main
print("ready", flush=True)
for line in sys.stdin:  # each run is a fork of this process: the imports of ten runs would take minutes
    pid = os.fork()
    if pid == 0:
        log = os.open(os.path.join(os.getcwd(), "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.argv, code = ["run_benchmark.py", *json.loads(line)], 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        os._exit(code)
    print(pid, flush=True)
    sys.stdin.readline()  # until it is waited for, its id belongs to nobody else
    print(os.waitpid(pid, 0)[1], flush=True)
"""


def write_sound(root):
    """Write three classes of twelve tones of a second, with noise."""
    rng, t = np.random.default_rng(0), np.arange(16000) / 16000
    for label, pitch in {"low": 300, "middle": 1200, "high": 4000}.items():
        (root / label).mkdir(parents=True)
        for number in range(12):
            tone = np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.25) * t) + rng.normal(size=16000)
            soundfile.write(root / label / f"{number:02}.wav", 0.1 * tone, 16000)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with sound and a study of two models and two seeds, frozen and fine-tuned."""
    folder = tmp_path_factory.mktemp("killed")
    write_sound(folder / "sound")
    network = {"backbone": "tests.test_trial:SmallNet", "weights": "random", "input_size": 32}
    study = {
        "dataset": {"root": str(folder / "sound")},
        "clip": {"duration": 1.0},
        "mel": {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 32},
        "split": {"fractions": [0.5, 0.25, 0.25], "seeds": [0, 1]},
        "training": {"epochs": 8, "batch_size": 6, "learning_rate": 0.01, "save": "none"},
        "latency": {"calls": 2, "seconds": 0, "warmup": 1, "batch": None},
        "engine": {"num_cpus": 1},
        "models": [
            network | {"name": "frozen", "label": "Frozen"},
            network | {"name": "tuned", "label": "Tuned", "training": {"regime": "finetune"}},
        ],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return folder


class Runner:
    """Runs of the command line, each in a fork of one process that has everything imported."""

    def __init__(self, folder):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([sys.executable, "-c", RUNNER], cwd=folder, env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        self._expect("ready")

    def _expect(self, text):
        line = self.process.stdout.readline().strip()
        assert line == text, line

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def run(self, results, kill_after=None):
        """Run the study; return its exit status, or None where it was killed before its end, after so many seconds."""
        arguments = ["run", "study.yaml", "--set", f"results={results}", "--set", f"cache={results}/cache"]
        pid = self._ask(json.dumps(arguments))
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)  # harmless where it has ended: it was not yet waited for
        status = self._ask("wait")
        return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


@pytest.fixture(scope="module")
def runner(workplace):
    made = Runner(workplace)
    yield made
    made.process.kill()
    made.process.wait()


def predictions(results):
    return {
        str(path.relative_to(results)): path.read_bytes() for path in results.glob("study/trials/*/*/predictions.csv")
    }


def finished(results):
    return {path: path.stat().st_mtime_ns for path in results.glob("study/trials/*/*/trial.json")}


@pytest.fixture(scope="module")
def undisturbed(workplace, runner):
    """The predictions of a run that nobody disturbs, and the seconds it took."""
    start = time.monotonic()
    assert runner.run("whole") == 0, (workplace / "log.txt").read_text()
    return predictions(workplace / "whole"), time.monotonic() - start


def test_a_run_killed_at_ten_random_moments_ends_as_if_undisturbed(workplace, runner, undisturbed):
    expected, took = undisturbed
    rng, kills, places, whole = np.random.default_rng(int(os.environ.get("KILL_SEED", 0))), 0, [], workplace / "cut"
    while kills < KILLS:
        before = finished(whole)
        status = runner.run("cut", rng.uniform(0, 0.7 * took))
        kept = finished(whole)
        assert {path: kept.get(path) for path in before} == before, "a finished trial was done again"
        if status is None:
            kills += 1
            places.append(len(kept))
        else:
            assert status == 0
            shutil.rmtree(whole)  # it came through before it was to be killed: from the beginning
    assert runner.run("cut") == 0, (workplace / "log.txt").read_text()
    assert len(expected) == 4
    assert predictions(whole) == expected
    assert set(places) > {0}, "all kills came before the first trial was done"
    left = [path for path in (whole / "study").rglob(".*") if path.name != ".lock"]
    assert left == []


def test_the_same_seed_gives_the_same_bytes_on_one_thread(workplace, runner, undisturbed):
    assert runner.run("again") == 0
    assert predictions(workplace / "again") == undisturbed[0]
