"""The gate that keeps copies of a clip from being on two sides of a split."""

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from benchmark import prepare
from benchmark.cli import app
from benchmark.config import StudyError, load_study

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


def write_study(sound, folder, **changes):
    study = {
        "dataset": {"root": str(sound)},
        "clip": {"duration": 2.0},
        "mel": {"sample_rate": RATE, "n_fft": 512, "hop_length": 256, "n_mels": 32},
        "split": {"seeds": list(range(12))},  # in some of them the copies are apart
        "models": ["mobilenet_v2"],
        "results": str(folder / "results"),
        "cache": str(folder / "cache"),
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study | changes))
    return folder / "study.yaml"


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


def test_copies_of_one_group_pass(sound, tmp_path):
    rows = [(f"{label}/{path.name}", label, "twin" if path.name in ("0.wav", "copy.flac") and label == "bird" else "")
            for label in ("bird", "rain") for path in sorted((sound / label).iterdir())]  # fmt: skip
    shutil.copytree(sound, tmp_path / "sound")
    table = tmp_path / "sound" / "clips.csv"
    pd.DataFrame(rows, columns=["path", "label", "group"]).to_csv(table, index=False)
    study = load_study(write_study(table, tmp_path))
    ready = prepare.prepare(study, lambda line: None)
    assert ready.leaks.empty
    prepare.gate(study, ready)


def test_the_same_bytes_twice_are_refused(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "sound")
    (tmp_path / "sound" / "bird" / "copy.flac").unlink()
    shutil.copy(tmp_path / "sound" / "rain" / "3.wav", tmp_path / "sound" / "rain" / "again.wav")
    study = load_study(write_study(tmp_path / "sound", tmp_path))
    with pytest.raises(StudyError, match=r"same bytes, alike by 1\.00"):
        prepare.gate(study, prepare.prepare(study, lambda line: None))


def test_clips_csv_tells_the_split_of_each_clip_per_fold_and_seed(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "sound")
    (tmp_path / "sound" / "bird" / "copy.flac").unlink()
    split = {"protocol": "kfold", "folds": 3, "seeds": [0, 4]}
    study = load_study(write_study(tmp_path / "sound", tmp_path, split=split))
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
