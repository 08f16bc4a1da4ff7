"""Tasks in other processes: one that kills or stalls its process is named, and all others are done."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spectrograms import processes
from spectrograms.processes import in_processes


def lost(task, reason):
    return task, reason


def test_every_task_is_done_once_in_other_processes():
    own = set(in_processes(os.getppid, [()] * 20, 2, lost))
    assert own == {os.getpid()}
    assert sorted(in_processes(abs, [(-i,) for i in range(20)], 2, lost)) == list(range(20))


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT], ids=lambda how: how.name)
def test_a_task_that_kills_its_process_is_named_with_the_signal(how):
    tasks = [(0,), (0,), (how,), (0,)]  # signal 0 does nothing
    answers = list(in_processes(signal.raise_signal, tasks, 1, lost))
    assert answers.count(None) == 3
    assert ((how,), f"crashes its decoder ({how.name})") in answers


def test_a_process_that_ends_itself_is_named_with_its_exit_code():
    assert list(in_processes(os._exit, [(3,)], 1, lost)) == [((3,), "crashes its decoder (EXIT(3))")]


def stall(folder):
    """Leave a file in a folder and never end; without a folder do nothing."""
    if folder:
        os.mkdir(os.path.join(folder, str(time.monotonic_ns())))
        time.sleep(600)


def test_a_task_that_never_ends_is_given_up_and_the_others_are_done(tmp_path):
    tasks = [(str(tmp_path),), ("",), ("",)]
    answers = list(in_processes(stall, tasks, 1, lost, lambda task: 4 if task[0] else processes.TIME_LIMIT))  # seconds
    assert answers == [None, None, ((str(tmp_path),), "takes its decoder more than 4 s")]


def killed_at_first(marker):
    """Die as a process does whose memory others have taken; the second time live."""
    if not os.path.exists(marker):
        os.mkdir(marker)
        signal.raise_signal(signal.SIGKILL)
    return "done"


def test_a_task_that_was_only_in_the_way_is_done_when_it_is_alone(tmp_path):
    tasks = [(str(tmp_path / name),) for name in "ab"]
    assert list(in_processes(killed_at_first, tasks, 2, lost)) == ["done", "done"]


def fail_telling_where(folder):
    """Leave the number of this process in a folder, and fail as a full disk does."""
    os.mkdir(os.path.join(folder, str(os.getpid())))
    raise OSError(errno.ENOSPC, "No space left on device", "picture.png")


def test_an_exception_ends_all_as_it_is_and_leaves_no_process(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught:
        list(in_processes(fail_telling_where, [(str(tmp_path),)], 1, lost))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "picture.png")
    (process,) = map(int, os.listdir(tmp_path))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


ORPHANS = """
import os, time
from spectrograms.processes import in_processes
def work(number):
    print(os.getpid(), flush=True)
    time.sleep(3600)
"""
START = "import orphans; list(orphans.in_processes(orphans.work, [(0,)], 1, print))"


def test_processes_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "orphans.py").write_text(ORPHANS)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", START], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    killed = time.monotonic()
    while _runs(child):  # a child that stays would be waited for until its sleep ends, and be seen below
        time.sleep(0.1)
        assert time.monotonic() - killed < 300


def _runs(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
