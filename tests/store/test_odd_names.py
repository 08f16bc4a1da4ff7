"""A folder with everything that can be wrong in it: each bad file is named with its reason, in one line, everywhere."""

import errno
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmark import cli
from benchmark.config.load import load_study
from benchmark.data import digests as digests_module
from benchmark.data import preparation as prepare
from benchmark.errors import StudyError
from spectrograms.names import printable, safe_name
from tests.support.bad_sounds import BAD, as_bytes, tone, wav_header
from tests.support.clip_tables import put
from tests.support.study_files import write_study

# names a file may have, and how they are shown
NAMES = {
    "my clip (1)": "my clip (1)",
    'it\'s "quoted"': 'it\'s "quoted"',
    "rocket 🚀 café": "rocket 🚀 café",
    "<script>alert(1)<b>": "<script>alert(1)<b>",
    "a,b;c": "a,b;c",
    "line\nbreak": r"line\nbreak",
    "carriage\rreturn": r"carriage\rreturn",
    "tab\tstop": r"tab\tstop",
    "red\x1b[31m": r"red\x1b[31m",
    "line\u2028separator": r"line\u2028separator",
    "turned\u202egpj": r"turned\u202egpj",
}
UNTABLED = {"carriage\rreturn": "the name holds a carriage return"}  # which pandas' tables do not keep
FILE_FLAWS = {  # made in the file system, what is said of them
    "dir.wav": (lambda path: path.mkdir(), "is a folder, not a file"),
    "broken.wav": (lambda path: path.symlink_to("nowhere.wav"), "broken link"),
    "circle.wav": (lambda path: path.symlink_to("circle.wav"), "broken link"),
    "secret.wav": (lambda path: path.write_bytes(b"secret"), "cannot be read: permission denied"),
    "pipe.wav": (os.mkfifo, "is no regular file"),
    "odd.x\ny": (lambda path: path.write_text("?"), r"unknown extension '\.x\\ny'"),
}


def eight_channels(path):
    soundfile.write(path, np.stack([tone(1)] * 8, axis=1), 22050, format="WAV")


def cut(path):
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 44100), 22050, format="WAV")
    path.write_bytes(path.read_bytes()[:60000])


GOOD = {  # odd, and yet sound
    "eight channels.wav": eight_channels,
    "wave by another name.mp3": lambda path: soundfile.write(path, tone(1), 22050, format="WAV"),
    "flac by another name.mp4": lambda path: soundfile.write(path, tone(1), 22050, format="FLAC"),
    "cut.wav": cut,
    "claims hours.wav": lambda path: path.write_bytes(wav_header() + as_bytes(tone(1))),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return (the study, its file, what prepare makes of it, the expected reasons, the good files)."""
    folder = tmp_path_factory.mktemp("odd")
    root = folder / "data"
    reasons, good = {}, []  # {path as shown: reason}, names of the good ones
    for label in ("odd", "plain"):
        (root / label).mkdir(parents=True)
        for number in range(8):
            soundfile.write(root / label / f"{number}.wav", tone(1, frequency=300 + 50 * number), 22050)
    for name, shown in NAMES.items():
        soundfile.write(root / "odd" / "new.wav", tone(1), 22050)
        os.rename(root / "odd" / "new.wav", root / "odd" / f"{name}.wav")
        (root / "odd" / f"bad {name}.wav").write_text("no sound" * 100)
        reasons[f"{root}/odd/bad {shown}.wav"] = UNTABLED.get(name, "cannot be decoded as audio")
        if name in UNTABLED:
            reasons[f"{root}/odd/{shown}.wav"] = UNTABLED[name]
        else:
            good.append(f"{root}/odd/{name}.wav")
    for name, make in GOOD.items():
        make(root / "odd" / name)
        good.append(str(root / "odd" / name))
    for name, (make, reason) in FILE_FLAWS.items():
        make(root / "odd" / name)
        reasons[f"{root}/odd/{printable(name)}"] = reason
    for kind in BAD.keys() - {"missing", "directory"}:
        path = root / "plain" / f"{kind}.mp3"
        BAD[kind][0](path)
        reasons[str(path)] = BAD[kind][1]
    study = load_study(write_study(folder, root, clip={"duration": 1.0}))
    with pytest.MonkeyPatch.context() as patch:
        unreadable(patch)
        ready = prepare.prepare(study, say=lambda text: None)
    prepare.write_study(study, ready)
    return study, folder / "study.yaml", ready, reasons, good


def unreadable(patch):
    """Let no one read secret.wav: root, as whom tests may run, is refused nothing."""
    access = os.access
    patch.setattr(os, "access", lambda path, mode: "secret" not in str(path) and access(path, mode))


def test_every_bad_file_is_set_aside_with_its_reason_and_no_other(prepared):
    _, _, ready, reasons, good = prepared
    told = dict(zip(ready.rejected["path"], ready.rejected["reason"], strict=True))
    assert told.keys() == reasons.keys()
    assert [path for path in reasons if not re.search(reasons[path], told[path])] == []
    assert set(good) <= set(ready.clips["path"])
    assert len(ready.clips) == len(good) + 16


def test_both_tables_come_back_as_they_were_and_rejected_has_a_line_for_each_file(prepared):
    study, _, ready, reasons, _ = prepared
    rejected = pd.read_csv(study.folder / "rejected.csv", dtype=str, keep_default_na=False)
    assert rejected.to_numpy().tolist() == ready.rejected.to_numpy().tolist()
    assert len((study.folder / "rejected.csv").read_text().splitlines()) == 1 + len(reasons)
    clips = pd.read_csv(study.folder / "clips.csv", dtype=str, keep_default_na=False)
    assert clips["path"].tolist() == ready.clips["path"].tolist()
    assert all(Path(path).is_file() for path in clips["path"])


def test_check_names_every_bad_file_in_one_line(prepared, capsys, monkeypatch):
    _, file, _, reasons, _ = prepared
    unreadable(monkeypatch)
    cli.check(file, ["leakage=off"], (), offline=True)  # the good files of this folder are copies of each other
    lines = [line for line in capsys.readouterr().out.split("\n") if line.startswith("set aside: ")]
    assert len(lines) == len(reasons)
    assert all(printable(line) == line for line in lines)
    for path, reason in reasons.items():
        assert any(re.fullmatch(rf"set aside: {re.escape(path)}: .*({reason}).*", line) for line in lines), path


def test_names_that_are_not_utf8_can_be_told(tmp_path):
    root = tmp_path / "data"
    for label in "ab":
        put(root / label / "good.wav")
    for name in (b"s\xff.wav", b"s.x\xff"):
        try:
            Path(os.fsdecode(os.fsencode(root / "a") + b"/" + name)).write_bytes(b"sound")
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
    study = load_study(write_study(tmp_path, tmp_path / "data"))
    _, rejected = prepare.find(study)
    told = dict(zip(rejected["path"].map(os.path.basename), rejected["reason"], strict=True))
    assert told == {r"s\xff.wav": "the name is not valid UTF-8", r"s.x\xff": r"unknown extension '.x\xff'"}


@pytest.mark.parametrize("label", ["two\nlines", "red\x1b[31m"])
def test_a_label_that_cannot_be_printed_is_an_error_that_shows_it(tmp_path, label):
    for name in (label, "plain"):
        put(tmp_path / "data" / name / "a.wav")
    study = load_study(write_study(tmp_path, tmp_path / "data"))
    with pytest.raises(StudyError, match=re.escape(f"{printable(label)} has a name that cannot be printed")):
        prepare.find(study)
    table = tmp_path / "clips.csv"
    table.write_text(f'path,label\ndata/plain/a.wav,"{label}"\n', newline="")
    listed = study.model_copy(update={"dataset": study.dataset.model_copy(update={"root": table})})
    with pytest.raises(StudyError, match=r"the label cannot be printed on one line") as caught:
        prepare.find(listed)
    assert printable(str(caught.value)) == str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_one_line_and_stays_as_it_is(name):
    assert printable(name) == NAMES[name]
    assert printable(NAMES[name]) == NAMES[name]
    assert safe_name(name).isprintable()


def test_a_file_that_cannot_be_read_through_is_set_aside(tmp_path, monkeypatch):
    """A disk may fail in the middle of a file: the digest is told so, and the file is no clip."""
    for name in ("a/good.wav", "a/bad.wav", "b/good.wav"):
        put(tmp_path / "data" / name, name.encode())
    digest = digests_module.hashlib.file_digest

    def fails(file, kind):
        if "bad" in file.name:
            raise OSError(errno.EIO, "Input/output error")
        return digest(file, kind)

    monkeypatch.setattr(digests_module.hashlib, "file_digest", fails)
    clips, rejected = prepare.find(load_study(write_study(tmp_path, tmp_path / "data")))
    assert len(clips) == 2
    assert rejected["reason"].tolist() == ["cannot be read: Input/output error"]


def test_predict_tells_of_a_file_in_one_line(capsys):
    from benchmark.inference.score_lines import print_scores

    print_scores([{"file": "two\nlines\x1b[31m.wav", "error": "is silent", "windows": [], "latency_ms": None}])
    assert capsys.readouterr().out == printable("two\nlines\x1b[31m.wav") + ": is silent\n"
