"""What a killed process was writing is removed by the next one, and nothing else is."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from spectrograms import files
from spectrograms.files import draft, put, replacing, replacing_folder, sweep, sweep_cache

HOST = socket.gethostname()


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture(autouse=True)
def forgetful():
    files._sweep_once.cache_clear()


def left(folder, host, pid):
    """Write the draft of a process and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".tmp-{host}-{pid}-0123abcd.png"
    path.write_text("half")
    return path


def test_what_a_dead_process_of_this_machine_was_writing_goes(tmp_path, dead):
    path = left(tmp_path, HOST, dead)
    half = tmp_path / f".tmp-{HOST}-{dead}-0123abce"
    left(half / "trial", HOST, dead)
    sweep(tmp_path)
    assert not path.exists()
    assert not half.exists()


OLD, YOUNG = 25, 23  # hours: with a day a draft goes, whoever wrote it
PARENT, OWN = os.getppid(), os.getpid()  # in a container every run may have the number of this one


@pytest.mark.parametrize(
    ("host", "pid", "hours", "stays"),
    [("elsewhere", 1, YOUNG, True), ("elsewhere", 1, OLD, False), (HOST, PARENT, YOUNG, True),
     (HOST, PARENT, OLD, False), (HOST, OWN, 0, False)],
    ids=["elsewhere, young", "elsewhere, old", "living, young", "living, old", "own number"],
)  # fmt: skip
def test_what_living_processes_and_other_machines_are_writing_stays_for_a_day(tmp_path, host, pid, hours, stays):
    path = left(tmp_path, host, pid)
    os.utime(path, (time.time() - hours * 3600,) * 2)
    sweep(tmp_path)
    assert path.exists() == stays


def test_the_first_draft_in_a_folder_sweeps_it_and_is_swept_by_no_other(tmp_path, dead):
    left(tmp_path, HOST, dead)
    with draft(tmp_path / "mine.csv") as mine:
        mine.write_text("half")
        sweep(tmp_path)
        assert [mine] == list(tmp_path.iterdir())
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_nothing_else_goes(tmp_path, dead):
    names = [".0-0.checkpoint.npz", ".lock", ".tmp", ".tmp-notes", f"tmp-{HOST}-{dead}-0123abcd", f".{HOST}-{dead}-a",
             f".tmp-{HOST}-x{dead}-0123abcd", f".tmp-{HOST}-{dead}-0123"]  # fmt: skip
    for name in names:
        (tmp_path / name).write_text("")
    sweep(tmp_path, deep=True)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_folders_below_are_swept_on_demand(tmp_path, dead):
    path = left(tmp_path / "a" / "b", HOST, dead)
    sweep(tmp_path)
    assert path.exists()
    sweep(tmp_path, deep=True)
    assert not path.exists()


def test_a_cache_is_swept_without_a_look_into_its_large_folders(tmp_path, dead, monkeypatch):
    places = [tmp_path, *(tmp_path / name for name in files.CACHE_FOLDERS)]
    drafts = [left(place, HOST, dead) for place in places]
    (tmp_path / "images" / "0123456789abcdef" / "ab").mkdir(parents=True)
    walk, seen = os.walk, []

    def watched(folder, **named):
        for step in walk(folder, **named):
            seen.append(Path(step[0]))
            yield step

    monkeypatch.setattr(os, "walk", watched)
    sweep_cache(tmp_path)
    assert not [path for path in drafts if path.exists()]
    assert seen == places


def test_a_draft_elsewhere_gets_its_place_when_it_is_whole(tmp_path):
    with replacing(tmp_path / "deep" / "a.npy", tmp_path / "drafts") as temporary:
        assert (temporary.parent, temporary.suffix) == (tmp_path / "drafts", ".npy")
        assert files.TEMPORARY.fullmatch(temporary.name)["host"] == HOST
        temporary.write_text("whole")
    assert (tmp_path / "deep" / "a.npy").read_text() == "whole"
    assert list((tmp_path / "drafts").iterdir()) == []


def test_an_error_leaves_what_was_there_and_no_draft(tmp_path):
    (tmp_path / "a.txt").write_text("before")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_text("before")
    with suppress(ZeroDivisionError), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    with suppress(ZeroDivisionError), replacing_folder(tmp_path / "b") as temporary:
        (temporary / "c.txt").write_text("half")
        raise ZeroDivisionError
    assert ((tmp_path / "a.txt").read_text(), (tmp_path / "b" / "c.txt").read_text()) == ("before", "before")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


@pytest.mark.parametrize("old", ["nothing", "a file", "a folder"])
def test_what_was_made_takes_the_place_of_what_was_there(tmp_path, old):
    made, path = tmp_path / "made", tmp_path / "place"
    made.write_text("new")
    if old == "a file":
        path.write_text("old")
    if old == "a folder":
        (path / "in").mkdir(parents=True)
    put(made, path)
    assert [file.name for file in tmp_path.iterdir()] == ["place"]
    assert path.read_text() == "new"


def test_a_name_with_a_long_ending_fits():
    with draft(Path("/tmp") / f"a.{'x' * 250}") as path:
        assert len(path.name) < 128
