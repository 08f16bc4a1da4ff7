"""Clips that are not what they seem: counted by check, kept in clips.csv, told on the data card and by predict."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from typer.testing import CliRunner

from benchmark.analysis.report.page.data_card import facts
from benchmark.cli import app
from benchmark.config.load import load_study
from benchmark.data import preparation as prepare
from benchmark.store import caveats
from benchmark.store.results import read_results
from tests.support.fake_results import build_results, change_study
from tests.support.study_files import write_study

CLIP = {"duration": 15.0, "short": "pad"}
PADDED = "12 of 20 clips are mostly padding: 2.0 s of sound in clips of 15 s (median); set clip.duration"
SCALED = "3 of 20 clips: samples at integer scale, divided by 32768"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Two classes of ten recordings: 12 of 2 s, 8 of 16 s, three of them floats at the scale of 16 bits."""
    root, rng = tmp_path_factory.mktemp("sound"), np.random.default_rng(0)
    for number in range(20):
        (root / "ab"[number % 2]).mkdir(exist_ok=True)
        samples, subtype = rng.uniform(-0.5, 0.5, (2 if number < 12 else 16) * 8000), "PCM_16"
        if number >= 17:
            samples, subtype = samples * 32768, "FLOAT"
        soundfile.write(root / "ab"[number % 2] / f"{number}.wav", samples, 8000, subtype=subtype)
    return root


def test_check_counts_clips_that_are_mostly_padding_and_those_that_were_changed(sound, tmp_path):
    answer = CliRunner().invoke(app, ["check", "--offline", str(write_study(tmp_path, sound))], catch_exceptions=False)
    assert {PADDED, SCALED} <= set(answer.output.splitlines())


def test_clips_csv_has_the_seconds_and_the_caveat_of_each_clip_also_of_a_second_run(sound, tmp_path):
    study = load_study(write_study(tmp_path, sound))
    for _ in range(2):
        prepare.write_study(study, prepare.prepare(study, lambda line: None))
        clips = pd.read_csv(study.folder / "clips.csv", keep_default_na=False)
        numbers = clips["path"].str.extract(r"(\d+)\.wav")[0].astype(int)
        assert (clips["seconds"] == np.where(numbers < 12, 2.0, 15.0)).all()
        assert ((clips["caveat"] != "") == (numbers >= 17)).all()
        assert caveats.on_padding(clips, CLIP) == PADDED
        assert caveats.on_clips(clips) == [SCALED]


def test_pictures_have_no_seconds_and_dark_ones_a_caveat(tmp_path):
    rng = np.random.default_rng(0)
    for label, white in (("dark", 16), ("light", 255)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, white, (20, 30, 3), endpoint=True, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{number}.png")
    study = load_study(write_study(tmp_path, "", dataset={"root": str(tmp_path / "data"), "kind": "images"}))
    clips = prepare.prepare(study, lambda line: None).clips
    assert clips["seconds"].isna().all()
    assert ((clips["caveat"] != "") == (clips["label"] == "dark")).all()
    assert caveats.on_padding(clips, CLIP) == ""
    assert caveats.on_clips(clips) == ["10 of 20 clips: almost black: no value above 16 of 255"]


def test_the_data_card_says_what_check_says(tmp_path):
    folder = build_results(tmp_path)
    clips = pd.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)
    change_study(folder, clip=CLIP | {"offset": 0.0})
    before = dict(facts(read_results(folder)))
    assert not {"Mostly padding", "Caveats"} & set(before)  # results of before these columns
    clips = clips.assign(seconds="15.0", caveat="")
    clips.loc[:9, "seconds"] = "5.0"
    clips.loc[:3, "caveat"] = "samples at integer scale, divided by 32768"
    clips.to_csv(folder / "clips.csv", index=False)
    told = dict(facts(read_results(folder)))
    seconds = 10 * 5 + (len(clips) - 10) * 15
    assert told["Mostly padding"].startswith(f"10 of {len(clips)} clips are mostly padding: 5.0 s of sound")
    assert told["Caveats"] == f"4 of {len(clips)} clips: samples at integer scale, divided by 32768"
    assert told["Duration"].endswith(f"{seconds / 60:.1f} minutes of sound in all")


def test_half_a_clip_of_sound_is_not_mostly_padding_and_loops_are_repetition():
    clips = pd.DataFrame({"seconds": [7.5, 15.0, 7.4], "caveat": ""})
    assert caveats.on_padding(clips.iloc[:2], CLIP) == ""
    assert caveats.on_padding(clips, CLIP | {"short": "loop"}).startswith("1 of 3 clips are mostly repetition: 7.4 s")


def test_many_kinds_of_caveats_are_told_by_number():
    clips = pd.DataFrame({"caveat": [f"kind {number // 2}" for number in range(16)]})
    told = caveats.on_clips(clips)
    assert len(told) == 6
    assert told[0] == "2 of 16 clips: kind 0"
    assert told[-1] == "6 clips with other caveats, see clips.csv"
