"""Facts about clips that are films: each is decoded once for all that is asked, bad ones are set aside."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.config.frames import FrameParams
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.data import film_records, video_clips
from benchmark.data.digests import digests
from benchmark.data.film_copies import film_fingerprint, near_duplicate_films
from benchmark.data.findings import findings
from benchmark.data.leakage import find_copies
from benchmark.data.preparation import check_packages, gate, prepare
from benchmark.errors import StudyError
from benchmark.store import caveats
from benchmark.video.frames import forget_frames, frame_folder, load_frames
from spectrograms import processes
from spectrograms.audio import load_clip
from spectrograms.params import ClipParams
from spectrograms.waveforms import load_waveform, waveform_folder
from tests.support.films import noise, plain, tone, write_film

YAMNET = {"name": "yamnet", "label": "Y", "backbone": "tensorflow_hub:x", "weights": "audioset"}


class Network:
    """As much of a model as a kind of data set looks at."""

    def __init__(self, reads, waveform_rate=None, parts=(), **frames):
        self.reads, self.waveform_rate, self.frames = reads, waveform_rate, frames
        self.parts = parts or (self,)


class Plan:
    """As much of a study as a kind of data set looks at, whose models may read what networks cannot yet."""

    def __init__(self, cache, *models, leakage="refuse"):
        self.cache, self.models, self.leakage = cache, models, leakage
        self.clip, self.frames = ClipParams(duration=1.0), FrameParams(n=4)

    @property
    def read(self):
        return [(model, part) for model in self.models for part in model.parts]

    @property
    def waveform_rates(self):
        return sorted({model.waveform_rate for model in self.models} - {None})

    def for_part(self, model, part):
        own = Plan(self.cache, *self.models)
        own.frames = FrameParams(**(self.frames.changed_by(part.frames)))
        return own


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of four films: different pictures, a tone."""
    root = tmp_path_factory.mktemp("films")
    for number in range(8):
        label = "ab"[number % 2]
        (root / label).mkdir(exist_ok=True)
        frames = noise(3, [12, 12, 13 + number], seed=100 + number)
        write_film(root / label / f"f{number}.mp4", frames, sound=tone(2.0))
    return root


def table(files, tmp_path):
    known = digests([str(file) for file in files], tmp_path / "digests.csv")
    rows = [(file.stem, str(file), file.parent.name, known[str(file)]) for file in files]
    return pd.DataFrame(rows, columns=["clip_id", "path", "label", "sha256"])


def spread_here(function, tasks):
    return [function(*task) for task in tasks]


def draw(plan, clips, **options):
    said = []
    none = pd.DataFrame(columns=["path", "reason"])
    kept, rejected = video_clips.draw(plan, clips, none, said.append, **{"spread": spread_here} | options)
    return kept, rejected, said[0]


def counting(monkeypatch):
    """Count the passes over films."""
    passes, original = [], film_records.see_film
    monkeypatch.setattr(film_records, "see_film", lambda *a, **b: passes.append(a[0]) or original(*a, **b))
    return passes


def test_one_pass_gives_all_and_a_second_run_decodes_nothing(folder, tmp_path, monkeypatch):
    clips, passes = table(sorted(folder.rglob("*.mp4"))[:2], tmp_path), counting(monkeypatch)
    heard = [Network("waveform", rate) for rate in (16000, 12000, 32000)]
    models = Network("frames"), Network("frames", sample="scene"), *heard, Network("low_level")
    plan = Plan(tmp_path / "cache", *models)
    kept, rejected, said = draw(plan, clips, trains=True)
    assert len(passes) == 2
    assert said.startswith("2 films: 2 decoded")
    assert kept["n_frames"].tolist() == [4, 4]
    assert kept["seconds"].tolist() == pytest.approx([37 / 25, 39 / 25])
    assert rejected.empty
    for params, n in ((plan.frames, 4), (FrameParams(sample="scene"), 3)):
        kept_frames = frame_folder(plan.cache, params)
        for row in clips.itertuples():
            frames = load_frames(None, row.sha256, kept_frames, params)  # without a path there is nothing to decode
            assert len(frames.times) == n
    for rate in (16000, 12000, 32000):
        place = waveform_folder(plan.cache, plan.clip, rate)
        waveform = load_waveform(None, clips["sha256"][0], place, plan.clip, rate)
        np.testing.assert_array_equal(waveform, load_clip(clips["path"][0], plan.clip, rate))
    again, _, said = draw(plan, clips, trains=True)
    assert len(passes) == 2
    assert said.startswith("2 films: 0 decoded")
    pd.testing.assert_frame_equal(again, kept)
    forget_frames(plan.cache, plan.frames)
    assert not frame_folder(plan.cache, plan.frames).exists()
    draw(plan, clips, trains=True)
    assert len(passes) == 2  # the frames are decoded where a model has no features of them


@pytest.mark.parametrize(("model", "heard", "kept"), [
    (Network("low_level"), 0, 0), (Network("low_level", waveform_rate=16000), 1, 1), (Network("spectrogram"), 1, 0),
    (Network("waveform", 16000), 1, 1), (Network("pixels"), 0, 0),
])  # fmt: skip
def test_sound_is_decoded_and_its_waveform_kept_where_a_model_reads_it(folder, tmp_path, model, heard, kept):
    clips = table(sorted(folder.rglob("*.mp4"))[:1], tmp_path)
    plan = Plan(tmp_path / "cache", model, leakage="off")
    draw(plan, clips, trains=True)
    place = film_records.sound_path(clips["sha256"][0], plan.cache, plan.clip)
    assert place.is_file() == bool(heard)
    assert len(list(plan.cache.glob("waveforms/*/*.npy"))) == kept


def test_the_record_says_what_was_found_and_the_sheet_shows_it(folder, tmp_path):
    clips = table(sorted(folder.rglob("*.mp4"))[:1], tmp_path)
    plan = Plan(tmp_path / "cache", Network("frames", sample="scene"))
    kept, _, _ = draw(plan, clips)
    image = kept["image"].iloc[0]
    record = json.loads(Path(image).with_suffix(".json").read_text())
    assert record["cuts"] == [0.48, 0.96]
    assert record["times"] == pytest.approx([0.24, 0.72, 1.2], abs=0.041)
    with Image.open(image) as sheet:
        assert sheet.text["source_sha256"] == clips["sha256"][0]
    os.remove(image)
    assert draw(plan, clips)[2].startswith("1 films: 1 decoded")


def test_another_setting_of_sound_leaves_the_frames_alone(folder, tmp_path, monkeypatch):
    clips, passes = table(sorted(folder.rglob("*.mp4"))[:1], tmp_path), counting(monkeypatch)
    plan = Plan(tmp_path / "cache", Network("frames"), leakage="off")
    draw(plan, clips)
    plan.clip = ClipParams(duration=0.7)
    draw(plan, clips)
    assert len(passes) == 1


BAD = {
    "cannot be decoded as video": lambda path: path.write_bytes(b"\0" * 5000),
    "is a picture, and no film": lambda path: Image.new("RGB", (9, 9)).save(path, "PNG"),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_film_is_set_aside_with_its_reason(folder, tmp_path, reason):
    BAD[reason](tmp_path / "bad.mp4")
    clips = table([*sorted(folder.rglob("*.mp4"))[:1], tmp_path / "bad.mp4"], tmp_path)
    kept, rejected, _ = draw(Plan(tmp_path / "cache", Network("frames")), clips)
    assert len(kept) == 1
    assert rejected["path"].tolist() == [str(tmp_path / "bad.mp4")]
    assert rejected["reason"].iloc[0].startswith(reason)


def test_a_film_without_sound_is_set_aside_where_a_model_hears(tmp_path):
    clips = table([write_film(tmp_path / "a.mp4", plain((9, 200, 9), (200, 9, 9), n=5))], tmp_path)
    seen, heard, said, columns = map(Network, ("frames", "waveform", "speech", "spectrogram"))
    found = {
        **{Network(reads): 1 for reads in ("frames", "low_level", "speech")},
        **{Network(reads): 0 for reads in ("waveform", "spectrogram")},
        Network("several", parts=(seen, heard)): 1,
        Network("several", parts=(heard, said)): 1,
        Network("several", parts=(heard, columns)): 0,  # it would have nothing at all
    }
    for network, n in found.items():
        kept, rejected, _ = draw(Plan(tmp_path / "cache", network), clips)
        assert len(kept) == n
        if not n:
            assert rejected["reason"].tolist() == ["has no audio track; a model of the study reads sound"]


def crash(sha256, path, asked):
    """Kill the process where the film's name says so."""
    if Path(path).stem == "crash":
        os.abort()
    return film_records.look(sha256, path, asked)


def test_a_decoder_that_crashes_costs_that_film_alone(folder, tmp_path, monkeypatch):
    for name, film in zip(("crash", "good"), sorted(folder.rglob("*.mp4")), strict=False):
        (tmp_path / f"{name}.mp4").write_bytes(film.read_bytes())
    clips = table(sorted(tmp_path.glob("*.mp4")), tmp_path)
    monkeypatch.setattr(video_clips, "look", crash)
    kept, rejected, _ = draw(Plan(tmp_path / "cache", Network("frames")), clips, spread=None)
    assert kept["clip_id"].tolist() == ["good"]
    assert rejected["reason"].tolist() == ["crashes its decoder (SIGABRT)"]


def test_the_time_limit_grows_with_the_film(tmp_path):
    (tmp_path / "small").write_bytes(b"0" * 1000)
    with open(tmp_path / "large", "wb") as large:
        large.truncate(10**9)
    small, large = (video_clips.time_limit(("", str(tmp_path / name))) for name in ("small", "large"))
    assert small == pytest.approx(processes.TIME_LIMIT, abs=0.1)
    assert large > 100 * small


def lighter(frames):
    return [np.clip(frame.astype(int) * 0.8 + 30, 0, 255).astype(np.uint8) for frame in frames]


def smaller(frames):
    return [np.asarray(Image.fromarray(frame).resize((80, 48))) for frame in frames]


@pytest.mark.parametrize("change", [list, lighter, smaller], ids=["encoded anew", "lighter", "smaller"])
def test_a_copy_is_found_and_others_are_not(tmp_path, change):
    films = [noise(4, [20, 30, 15, 40], seed=seed) for seed in range(6)]
    for number, frames in enumerate(films):
        write_film(tmp_path / f"{number}.mp4", frames)
    write_film(tmp_path / "copy.webm", change(films[2]), codec="libvpx")
    clips = table(sorted([*tmp_path.glob("*.mp4"), *tmp_path.glob("*.webm")]), tmp_path)
    pairs = find_copies(clips, ClipParams(), tmp_path / "cache", "video", n_jobs=1)
    assert pairs[["clip_a", "clip_b", "relation"]].to_numpy().tolist() == [["2", "copy", "same film"]]


def test_a_logo_in_many_films_makes_no_copies(tmp_path):
    logo = noise(1, [20], seed=99)
    paths = [write_film(tmp_path / f"{n}.mp4", logo + noise(4, [30] * 4, seed=n)) for n in range(3)]
    assert near_duplicate_films([film_fingerprint(path) for path in paths]) == []


def test_films_with_nothing_in_them_are_no_copies(tmp_path):
    paths = [write_film(tmp_path / f"{n}.mp4", plain((n, n, n), n=20)) for n in range(3)]
    prints = [film_fingerprint(path) for path in paths]
    assert [len(each) for each in prints] == [0, 0, 0]
    assert near_duplicate_films(prints) == []


def study(folder, tmp_path, **changes):
    raw = {
        "name": "films", "dataset": {"root": str(folder), "kind": "video"}, "models": [YAMNET],
        "clip": {"duration": 1.0}, "split": {"fractions": [0.5, 0.25, 0.25]}, "cache": str(tmp_path / "cache"),
        "results": str(tmp_path / "results"),
    }  # fmt: skip
    return read_section(Study, raw | changes)


def test_check_says_frames_per_clip(folder, tmp_path):
    plan = study(folder, tmp_path, frames={"sample": "every", "every": 0.5})
    ready = prepare(plan, lambda line: None)
    gate(plan, ready)
    said = "\n".join(findings(plan, ready))
    assert "frames per clip: at least 3, in the median 4, at most 4" in said
    assert "padding" not in said  # films shorter than a clip are none


def test_frames_per_clip_of_pictures_are_not_told():
    assert caveats.on_frames(pd.DataFrame({"image": ["a.png"]})) == ""


@pytest.mark.parametrize("missing", ["scenedetect", "cv2"])
def test_a_detector_names_the_package_that_it_lacks(folder, tmp_path, monkeypatch, missing):
    plan = study(folder, tmp_path, frames={"sample": "scene", "detector": "content"})
    monkeypatch.setattr(
        "benchmark.data.preparation.find_spec", lambda name: None if name == missing else find_spec(name)
    )
    said = rf"frames.detector: content needs the package {missing}, .*pip install scenedetect opencv-python-headless$"
    with pytest.raises(StudyError, match=said):
        check_packages(plan)
    check_packages(study(folder, tmp_path, frames={"sample": "scene"}))
