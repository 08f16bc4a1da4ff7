"""Runs of the command line that are killed as they are about to change a certain file, each in a fork of one process.

``python -m tests.killing`` reads lines of JSON, {arguments, strike, record}, and starts a run for each."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.sources import ROOT

CHANGES = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir")  # of Python's audit events
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Runner:
    """Starts runs in ``folder``, where all imports are done once; ``results`` names what a run writes below it."""

    def __init__(self, folder):
        self.folder, self.tmp = folder, folder / "tmp"
        self.tmp.mkdir()
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TMPDIR": str(self.tmp)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killing"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout.readline() == "ready\n"

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def call(self, *arguments, strike=None, record=None, until=None):
        """Return the exit status of a command, None where it was killed.

        ``strike`` is the event of :func:`events` at which it kills itself, ``record`` a file for all its events;
        ``until()`` says when to kill it from here."""
        pid = self._ask(json.dumps({"arguments": arguments, "strike": strike, "record": record and str(record)}))
        while until is not None and _runs(pid):
            if until():
                os.kill(pid, signal.SIGKILL)  # harmless where it has ended: it was not yet waited for
                break
            time.sleep(0.001)
        status = self._ask("wait")
        return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def left(self, results):
        """Return the drafts below ``results``, and all there is in the folder for temporary files."""
        return [*(self.folder / results).rglob(".tmp-*"), *self.tmp.iterdir()]

    def end(self):
        """End the process."""
        self.process.kill()
        self.process.wait()


def events(record):
    """Return the events that a run wrote to a file, (what, path) each, in order, the same ones once."""
    return list(dict.fromkeys(tuple(json.loads(line)) for line in record.read_text().splitlines()))


def _runs(pid):
    """Return whether a process has not ended; one that nobody has waited for is a zombie then."""
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()


def _change(event, arguments, root):
    """Return (what, path) of an audit event that is about to change a file below ``root``; None of any other."""
    if event not in CHANGES or (event == "open" and not (arguments[2] or 0) & WRITES):
        return None
    path = arguments[1] if event == "os.rename" else arguments[0]
    if not isinstance(path, str | os.PathLike) or not (path := os.path.abspath(path)).startswith(root + os.sep):
        return None
    inside = os.path.relpath(path, root).partition(os.sep)[2]  # the name of the results is no matter
    # What a process calls by its number, drafts and its file of seconds, has another name in the next.
    return event, re.sub(r"\.tmp-.+-\d+-[0-9a-f]{8}|(?<=seconds-).+-\d+(?=\.csv)", "*", inside)


def _watch(strike, record):
    """From now on write down the changes that this process makes, or kill it before a certain one."""
    root, strike, log = os.getcwd(), strike and tuple(strike), record and os.open(record, os.O_WRONLY | os.O_CREAT)

    def hook(event, arguments):
        change = _change(event, arguments, root)
        if change and log:
            os.write(log, f"{json.dumps(change)}\n".encode())
        if change and change == strike:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main():
    """Start runs as the lines of the standard input say."""
    import librosa  # noqa: F401

    import tests.support.studies  # noqa: F401
    from benchmark import cli

    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if (pid := os.fork()) == 0:
            log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1), os.dup2(log, 2)
            sys.argv, code = ["run_benchmark.py", *asked["arguments"]], 0
            _watch(asked["strike"], asked["record"])
            try:
                cli.main()
            except SystemExit as end:
                code = end.code or 0
            os._exit(code)
        print(pid, flush=True)
        sys.stdin.readline()  # until it is waited for, its id belongs to nobody else
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
