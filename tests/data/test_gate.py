"""The gate that keeps copies of a clip from being on two sides of a split."""

import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.config.load import load_study
from benchmark.data import preparation as prepare
from benchmark.data.findings import findings
from benchmark.data.leakage import ACROSS
from benchmark.errors import StudyError
from spectrograms.params import ClipParams
from tests.support import study_files

RATE = 16000


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Two classes of ten recordings of 2 s; of the first of one class there is a copy in a file half as loud."""
    root, rng = tmp_path_factory.mktemp("sound"), np.random.default_rng(0)
    t = np.arange(2 * RATE) / RATE
    for label in ("bird", "rain"):
        (root / label).mkdir()
        for number in range(10):
            pitches = 200 * 2 ** rng.uniform(0, 5, (2 * RATE // 1600, 3)).repeat(1600, 0)
            waveform = np.sin(2 * np.pi * pitches * t[:, None]).mean(1) * rng.uniform(0.1, 1, 20).repeat(1600)
            soundfile.write(root / label / f"{number}.wav", 0.5 * waveform, RATE)
    waveform, _ = soundfile.read(root / "bird" / "0.wav")
    soundfile.write(root / "bird" / "copy.flac", 0.5 * waveform, RATE)
    return root


SETTINGS = {
    "clip": {"duration": 2.0},
    "mel": {"sample_rate": RATE, "n_fft": 512, "hop_length": 256, "n_mels": 32},
    "split": {"seeds": list(range(12))},  # in some of them the copies are apart
    "models": [{"extends": "mobilenet_v2", "weights": "random", "input_size": 64}],
}


def write_study(sound, folder, **changes):
    return study_files.write_study(folder, sound, **SETTINGS | changes)


def write_table(sound, columns, row):
    """Write clips.csv into a folder of sounds, with ``row(path)`` for the files in it; return its path."""
    rows = [row(path) for path in sorted(sound.glob("*/*"))]
    pd.DataFrame(rows, columns=columns).to_csv(sound / "clips.csv", index=False)
    return sound / "clips.csv"


PLACES = {"copy.flac": "test", "8.wav": "val", "9.wav": "test"}  # of a split that is given; the others are train
PARTED = (
    ["path", "label", "split"],
    lambda path: (f"{path.parent.name}/{path.name}", path.parent.name, PLACES.get(path.name, "train")),
)
TWINS = (
    ["path", "label", "group"],
    lambda path: (
        f"{path.parent.name}/{path.name}", path.parent.name, "twin" if path.name in ("0.wav", "copy.flac") else ""
    ),
)  # fmt: skip


def test_check_names_the_pair_and_refuses(sound, tmp_path):
    answer = CliRunner().invoke(app, ["check", str(write_study(sound, tmp_path))])
    assert isinstance(answer.exception, StudyError)
    assert "copies of the same clip are on two sides of a split" in str(answer.exception)
    assert "leakage: warn" in str(answer.exception)
    (line,) = [line for line in answer.output.splitlines() if "same sound" in line]
    assert "0.wav" in line
    assert "copy.flac" in line
    assert "copies on two sides of a split: 1 pair" in answer.output


@pytest.mark.parametrize(("mode", "rows"), [("warn", 1), ("off", 0)])
def test_otherwise_the_run_goes_on_and_the_pairs_are_written(sound, tmp_path, mode, rows):
    study, said = load_study(write_study(sound, tmp_path, leakage=mode)), []
    ready = prepare.prepare(study, said.append)
    prepare.gate(study, ready, said.append)
    prepare.write_study(study, ready)
    assert len(pd.read_csv(study.folder / "leakage.csv")) == rows
    assert [line.startswith("WARNING: copies of the same clip") for line in said[-1:]] == [mode == "warn"]
    assert f"leakage: {mode}" in (study.folder / "study.yaml").read_text().replace("'", "")


@pytest.fixture
def own(sound, tmp_path):
    """Return a copy of the recordings that a test may change."""
    return shutil.copytree(sound, tmp_path / "sound")


def test_clips_csv_tells_the_split_of_each_clip_per_fold_and_seed(own, tmp_path):
    (own / "bird" / "copy.flac").unlink()
    split = {"protocol": "kfold", "folds": 3, "seeds": [0, 4]}
    study = load_study(write_study(own, tmp_path, split=split))
    ready = prepare.prepare(study, lambda line: None)
    prepare.write_study(study, ready)
    clips = pd.read_csv(study.folder / "clips.csv", index_col="clip_id")
    columns = [column for column in clips if column.startswith("split_")]
    assert columns == [f"split_{fold}-{seed}" for seed in (0, 4) for fold in range(3)]  # as the trials' folders
    for seed in (0, 4):  # in a k-fold split every clip is test once
        assert ((clips[[f"split_{fold}-{seed}" for fold in range(3)]] == "test").sum(axis=1) == 1).all()
    for seed, parts in ready.folds.items():
        for fold, part in enumerate(parts):
            assert clips.loc[ready.clips["clip_id"], f"split_{fold}-{seed}"].tolist() == part.tolist()


def prepared(study, said=None):
    return prepare.prepare(study, (said if said is not None else []).append)


@pytest.mark.parametrize("mode", ["refuse", "warn", "group", "off"])
def test_the_same_bytes_under_two_labels_are_told_on_one_side_of_a_split_too(own, tmp_path, mode):
    (own / "bird" / "copy.flac").unlink()
    shutil.copy(own / "bird" / "3.wav", own / "rain" / "again.wav")  # on the same side of the split
    study = load_study(write_study(write_table(own, *PARTED), tmp_path, leakage=mode, split={}))
    ready, said = prepared(study), []
    (pair,) = ready.leaks.to_dict("records")
    digests = {hashlib.sha256(Path(pair[side]).read_bytes()).hexdigest() for side in ("path_a", "path_b")}
    assert len(digests) == 1
    assert {pair["label_a"], pair["label_b"]} == {"bird", "rain"}
    assert pair["n_folds"] == 0
    assert any("again.wav" in line and "(rain)" in line for line in findings(study, ready))
    named = r"two labels: 1 pair, the first .*bird/3\.wav \('bird'\) and .*rain/again\.wav \('rain'\), same bytes"
    if mode == "refuse":
        with pytest.raises(StudyError, match=named):
            prepare.gate(study, ready)
        return
    prepare.gate(study, ready, said.append)
    (line,) = said
    assert line.startswith("WARNING")
    assert "again.wav" in line
    prepare.write_study(study, ready)
    assert len(pd.read_csv(study.folder / "leakage.csv")) == 1


def test_copies_of_one_group_pass_and_under_two_labels_are_told_and_not_refused(own, tmp_path):
    study, said = load_study(write_study(write_table(own, *TWINS), tmp_path)), []
    ready = prepared(study)
    assert ready.leaks.empty
    prepare.gate(study, ready, said.append)
    assert not said
    shutil.move(own / "bird" / "copy.flac", own / "rain" / "copy.flac")
    write_table(own, *TWINS)
    prepare.gate(study, prepared(study), said.append)
    assert len(said) == 1
    assert "copy.flac" in said[0]
    assert "two labels" in said[0]


def test_grouped_copies_are_on_one_side_and_the_study_says_what_it_grouped(sound, tmp_path):
    study, said = load_study(write_study(sound, tmp_path, leakage="group")), []
    ready = prepared(study, said)
    prepare.gate(study, ready, said.append)
    (line,) = [line for line in said if line.startswith("leakage: group")]
    assert "1 pair of copies, the first" in line
    assert "copy.flac" in line
    assert ready.leaks.empty
    prepare.write_study(study, ready)
    clips = pd.read_csv(study.folder / "clips.csv")
    twins = clips[clips["path"].str.endswith(("bird/0.wav", "copy.flac"))]
    assert twins["group"].nunique() == 1
    assert clips["group"].nunique() == len(clips) - 1
    splits = [column for column in clips if column.startswith("split_")]
    assert len(splits) == 12
    assert (twins[splits].nunique() == 1).all()
    grouped = pd.read_csv(study.folder / "grouped.csv")
    assert grouped["group"].tolist() == [twins["group"].iloc[0]]
    assert any("copies put into one group: 1 pair" in line for line in findings(study, ready))
    refused = load_study(write_study(sound, tmp_path))
    with pytest.raises(StudyError, match="set leakage: group"):
        prepare.gate(refused, prepared(refused))
    prepare.write_study(refused, prepared(refused))
    assert not (refused.folder / "grouped.csv").exists()  # nothing of an earlier run is left


def test_copies_that_a_given_split_parts_cannot_be_grouped(own, tmp_path):
    study = load_study(write_study(write_table(own, *PARTED), tmp_path, leakage="group", split={}))
    with pytest.raises(StudyError, match="leakage: group cannot help, for the split is given"):
        prepare.gate(study, prepared(study))


def test_one_group_for_all_of_a_class_is_an_error_that_names_the_setting(own, tmp_path):
    for number in range(1, 10):
        shutil.copy(own / "rain" / "0.wav", own / "rain" / f"{number}.wav")
    study = load_study(write_study(own, tmp_path, leakage="group"))
    with pytest.raises(StudyError, match=r"'rain' has 10 clips in 1 groups.*leakage: group had joined 46 pairs"):
        prepared(study)  # 45 of rain, 1 of bird


@pytest.mark.parametrize(
    ("protocol", "taken", "sentence"),
    [
        (None, "predefined", "the split is the one that the data set gives; set split.protocol: holdout or kfold"),
        ("predefined", "predefined", None),
        ("holdout", "holdout", "WARNING: the data set gives a split, which is not used, for split.protocol is holdout"),
    ],
)
def test_a_split_by_folders_is_taken_and_said(sound, tmp_path, protocol, taken, sentence):
    for number, part in enumerate(["train"] * 6 + ["validation"] * 2 + ["test"] * 2):
        for label in ("bird", "rain"):
            place = tmp_path / "data" / part / label
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(sound / label / f"{number}.wav", place)
    split = {"protocol": protocol} if protocol else {}
    study, said = load_study(write_study(tmp_path / "data", tmp_path, split=split)), []
    ready = prepared(study, said)
    assert ready.protocol == taken
    assert "the classes are bird, rain" in said[0]
    assert bool(sentence) == any(line.startswith(sentence or "the split is") for line in said)
    prepare.write_study(study, ready)
    assert yaml.safe_load((study.folder / "study.yaml").read_text())["split"]["protocol"] == taken
    clips = pd.read_csv(study.folder / "clips.csv")
    assert (clips["split_0-0"] == clips["split"]).all() == (taken == "predefined")
    assert set(clips["label"]) == {"bird", "rain"}


@pytest.mark.parametrize(
    ("sizes", "few", "times"), [((60, 6), "'b' 1", True), ((60, 12), "'b' 2", False), ((50, 25), None, False)]
)
def test_few_test_clips_and_classes_of_unlike_size_are_warned_of(sizes, few, times):
    labels = ["a"] * sizes[0] + ["b"] * sizes[1]
    clips = pd.DataFrame({"clip_id": range(len(labels)), "label": labels, "group": range(len(labels))})
    tenths = np.concatenate([np.arange(size) * 10 // size for size in sizes])
    fold = np.where(tenths > 7, "test", np.where(tenths > 6, "val", "train"))
    ready = SimpleNamespace(
        clips=clips, folds={0: [fold]}, leaks=pd.DataFrame(columns=ACROSS), grouped=clips.head(0),
        rejected=pd.DataFrame(columns=["path", "reason"]),
    )  # fmt: skip
    lines = list(findings(SimpleNamespace(leakage="refuse", models=(), clip=ClipParams()), ready))
    assert [few in line for line in lines if "fewer than 5 test clips" in line] == ([True] if few else [])
    told = [line for line in lines if "always is right in 91 % of all clips" in line]  # 60 of 66
    assert bool(told) == times
    assert all("class_weight: balanced" in line for line in told)
