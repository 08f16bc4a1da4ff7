"""Facts about digests: those of hashlib, for a file as it is, however it came to its place."""

import csv
import hashlib
import os
from pathlib import Path

import pytest

from benchmark.data import digests as module
from benchmark.data.digests import digests
from benchmark.errors import StudyError

PAST = (1_577_836_800, 1_577_836_800)  # the whole second that tar and unzip restore


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def put(path, content, times=PAST):
    path.write_bytes(content)
    os.utime(path, times)
    return str(path)


def swapped(one, other):
    os.rename(one, one + ".x")
    os.rename(other, one)
    os.rename(one + ".x", other)


def overwritten(one, other):
    contents = [Path(file).read_bytes() for file in (other, one)]
    for file, content in zip((one, other), contents, strict=True):
        put(Path(file), content)


def renamed_over(one, other):
    put(Path(one + ".new"), b"new content")
    os.replace(one + ".new", one)


@pytest.mark.parametrize("replace", [swapped, overwritten, renamed_over])
def test_a_file_of_equal_size_and_time_in_the_place_of_another_is_noticed(tmp_path, replace):
    paths = [put(tmp_path / name, content) for name, content in (("a", b"content one"), ("b", b"content two"))]
    memo = tmp_path / "cache" / "digests.csv"
    digests(paths, memo)
    states = [(os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    replace(*paths)
    assert [(os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths] == states  # all that was looked at
    assert digests(paths, memo) == {path: sha256(path) for path in paths}


def test_a_file_that_is_the_same_is_not_read_again(tmp_path, monkeypatch):
    paths = [put(tmp_path / name, name.encode()) for name in "ab"]
    first = digests(paths, tmp_path / "digests.csv")
    monkeypatch.setattr(module, "_sha256", lambda path: pytest.fail(f"read {path}"))
    assert digests(paths, tmp_path / "digests.csv") == first


def test_what_another_process_wrote_meanwhile_is_kept(tmp_path, monkeypatch):
    memo, one, other = tmp_path / "digests.csv", put(tmp_path / "a", b"a"), put(tmp_path / "b", b"b")
    read = module._sha256

    def meanwhile(path):
        monkeypatch.setattr(module, "_sha256", read)
        digests([other], memo)
        return read(path)

    monkeypatch.setattr(module, "_sha256", meanwhile)
    digests([one], memo)
    assert {row[0] for row in csv.reader(memo.open())} == {one, other}


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    file = put(tmp_path / "a", b"a")
    put(tmp_path / "cache", b"a file")
    with pytest.raises(StudyError, match=r"the cache folder .* cannot be written"):
        digests([file], tmp_path / "cache" / "digests.csv")
