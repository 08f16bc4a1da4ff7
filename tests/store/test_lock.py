"""The lock of a results folder: one run at a time, and none is ever stale."""

import os
import signal
import subprocess
import sys

import pytest

from benchmark.errors import StudyError
from benchmark.store.lock import held
from tests.support.sources import ROOT

HOLD = """import sys; from benchmark.store.lock import held
with held(sys.argv[1]): print("held", flush=True); sys.stdin.read()"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of ``tmp_path``."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_run_says_who_holds_the_folder(tmp_path, holder):
    with pytest.raises(StudyError, match=rf"in use: process {holder.pid} on .+ has run a study there since"):
        held(tmp_path).__enter__()


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with held(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / ".lock.json").read_text()


def test_a_lock_is_given_back_and_can_be_taken_again(tmp_path):
    for _ in range(2):
        with held(tmp_path):
            pass


def test_a_run_that_wrote_nothing_leaves_no_folder(tmp_path):
    with held(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    with held(tmp_path / "new"):
        (tmp_path / "new" / "study.yaml").write_text("")
    assert (tmp_path / "new").exists()


def test_an_unreadable_note_in_the_lock_is_no_crash(tmp_path, holder):
    (tmp_path / ".lock.json").write_text("{")
    with pytest.raises(StudyError, match="another process is running a study there"):
        held(tmp_path).__enter__()
