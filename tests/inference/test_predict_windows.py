"""A recording scored window by window: which windows there are, and that each is what the study would have seen."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from benchmark.errors import StudyError
from benchmark.inference.predictor import CALLS, Predictor, check_trial, window_starts
from benchmark.inference.score_lines import print_scores
from benchmark.store.predictions import read_predictions
from spectrograms.audio import load_clip
from spectrograms.params import ClipParams
from tests.support.studies import folder_of, run, study_of

RATE = 16000  # Hz
PITCHES = {"high": 2000, "low": 200}  # Hz
OFFSET = 0.5  # seconds
TRAINING = {"epochs": 20, "batch_size": 7, "learning_rate": 0.05}


def tone(pitch, seconds, seed=0):
    """Return ``seconds`` of a tone in noise."""
    time = np.arange(round(RATE * seconds)) / RATE
    return 0.4 * np.sin(2 * np.pi * pitch * time) + 0.05 * np.random.default_rng(seed).normal(size=len(time))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the study and the folder of a network trained to tell tones apart, from clips at 0.5 s."""
    root = tmp_path_factory.mktemp("tones")
    for label, pitch in PITCHES.items():
        (root / "sounds" / label).mkdir(parents=True)
        for number in range(10):
            soundfile.write(root / "sounds" / label / f"{number}.wav", tone(pitch, 1.6, seed=number), RATE)
    clip = {"duration": 1.0, "offset": OFFSET}
    study = study_of(root / "sounds", root, kind="audio", clip=clip, training=TRAINING)
    (record,), _ = run(study)
    assert record["status"] == "done", record["error"]
    return study, folder_of(study)


@pytest.fixture(scope="module")
def predictor(trained):
    return Predictor(trained[1], check_trial(trained[1]))


@pytest.fixture
def film(tmp_path):
    """Return a recording: from the study's offset on 1.97 s high, 1.05 s nothing, 2.28 s low."""
    # The silence is longer than a window: resampling rings across its edges.
    parts = [np.zeros(round(RATE * OFFSET)), tone(2000, 1.97), np.zeros(round(1.05 * RATE)), tone(200, 2.28)]
    soundfile.write(tmp_path / "film.wav", np.concatenate(parts), RATE)
    return tmp_path / "film.wav"


STARTS = [  # seconds of sound, clip, hop: starts of the windows
    (30.0, {}, None, [0, 15]),
    (15.0, {}, None, [0]),
    (4.0, {}, None, [0]),  # shorter than a window: one, lengthened as in training
    (22.0, {}, None, [0]),  # 7 s are less than half a window
    (23.0, {}, None, [0, 15]),
    (23.0, {"short": "reject"}, None, [0]),
    (30.0, {"short": "reject"}, None, [0, 15]),
    (30.0, {}, 5.0, [0, 5, 10, 15]),  # the one at 20 s would show nothing new
    (31.0, {}, 5.0, [0, 5, 10, 15, 20]),
    (30.0, {}, 20.0, [0, 20]),
    (30.0, {"offset": 2.0}, 10.0, [2, 12, 22]),
    (1.0, {"offset": 2.0}, None, [2]),  # nothing there: that window says so
]


@pytest.mark.parametrize(("seconds", "clip", "hop", "expected"), STARTS)
@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_windows_cover_the_sound_and_little_else(tmp_path, seconds, clip, hop, expected, suffix):
    path = tmp_path / f"noise.{suffix}"
    soundfile.write(path, np.random.default_rng(0).normal(size=round(8000 * seconds)) / 10, 8000)
    assert list(window_starts(path, ClipParams(**clip), hop)) == expected


@pytest.mark.parametrize("content", [None, b"", b"no sound"])
def test_a_file_that_is_no_sound_is_one_window(tmp_path, content):
    if content is not None:
        (tmp_path / "film.mp4").write_bytes(content)
    assert list(window_starts(tmp_path / "film.mp4", ClipParams(), 0.1)) == [0]


def test_windows_of_a_trailer_whose_sound_lies_in_a_video(shared):
    (trailer,) = (shared / "data" / "trailer").glob("*.webm")
    assert list(window_starts(trailer, ClipParams())) == [0, 15]  # 33 s: the last 3 are less than half a window


def test_the_first_window_is_the_clip_of_the_study(trained, predictor):
    study, folder = trained
    said = read_predictions(folder / "predictions.csv")
    clips = pd.read_csv(study.folder / "clips.csv", dtype=str).set_index("clip_id")
    for clip_id, expected in zip(said.clip_id[:4], said.y_score[:4], strict=True):
        row = predictor.predict(clips.loc[clip_id, "path"])
        assert [window["start"] for window in row["windows"]] == [OFFSET]  # 1.1 s from there on are one window
        # The study scored 32 clips at once, which adds up in another order; six digits are printed.
        np.testing.assert_allclose(list(row["scores"].values()), expected, atol=1e-5)
        assert row["scores"] == row["windows"][0]["scores"]


def test_a_window_is_read_as_the_study_reads_a_clip_that_begins_there(predictor, film):
    as_trained = predictor.classifier.extractor.read(film)
    np.testing.assert_array_equal(predictor._reader(OFFSET).read(film), as_trained)  # bit by bit
    sound, rate = soundfile.read(film)
    later = film.with_name("cut.wav")
    soundfile.write(later, sound[3 * rate :], rate)
    read = predictor._reader(OFFSET + 3.0).read(film)
    assert predictor.classifier.extractor.settings.clip.offset == OFFSET  # the trial's own is left as it was
    assert not np.array_equal(read, as_trained)
    np.testing.assert_allclose(read, predictor._reader(OFFSET).read(later), atol=12)  # a step or two of 256 colours


def test_a_film_is_scored_window_by_window_and_silence_is_said(predictor, film):
    row = predictor.predict(film)
    assert [window["start"] for window in row["windows"]] == [0.5, 1.5, 2.5, 3.5, 4.5]
    best = [max(w["scores"], key=w["scores"].get) if w["scores"] else w["error"] for w in row["windows"]]
    assert best == ["high", "high", "is silent throughout", "low", "low"]
    assert row["error"] is None
    scored = [list(window["scores"].values()) for window in row["windows"] if window["scores"]]
    np.testing.assert_allclose(list(row["scores"].values()), np.mean(scored, axis=0), atol=2e-6)  # six digits
    assert row["predicted"] == max(row["scores"], key=row["scores"].get)
    assert len(predictor.predict(film, hop=0.5)["windows"]) == 10  # 0.5 to 5.0 s: one at 5.5 would show nothing new


def test_the_keys_of_a_row_are_those_that_are_documented(predictor, film, tmp_path):
    (tmp_path / "bad.mp3").write_text("no sound")
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(tmp_path / "picture.png")
    for path in (film, tmp_path / "bad.mp3", tmp_path / "picture.png", tmp_path / "gone.wav"):
        row = json.loads(json.dumps(predictor.predict(path), allow_nan=False))
        assert set(row) == {
            "file", "predicted", "thresholds", "scores", "error", "caveat", "windows", "seconds", "latency_ms"
        }  # fmt: skip
        assert row["thresholds"] is None  # one label: the highest score decides
        assert all(set(window) == {"start", "predicted", "scores", "error"} for window in row["windows"])
        assert (row["scores"] is None) == (row["error"] is not None)
    assert "exist" in row["error"]


def test_samples_at_integer_scale_give_the_same_scores_and_that_is_said(predictor, tmp_path, capsys):
    samples = tone(2000, 3).astype("float32")
    for name, factor in (("one", 1), ("loud", 32768)):
        soundfile.write(tmp_path / f"{name}.wav", samples * factor, RATE, subtype="FLOAT")
    one, loud = (predictor.predict(tmp_path / f"{name}.wav") for name in ("one", "loud"))
    np.testing.assert_allclose(list(loud["scores"].values()), list(one["scores"].values()), atol=1e-5)
    assert (one["caveat"], loud["caveat"]) == ("", "samples at integer scale, divided by 32768")
    print_scores([loud])
    assert "  caveat: samples at integer scale, divided by 32768" in capsys.readouterr().out


def test_a_recording_that_is_joined_to_another_and_cannot_be_read_whole_is_said(predictor, tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(2000, 2.6), RATE)
    part = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(part + part)
    row = predictor.predict(tmp_path / "a.wav")
    assert [window["start"] for window in row["windows"]] == [0.5, 1.5]
    assert row["caveat"] == "several files joined in one, of which only the first is read"


@pytest.mark.parametrize("name", ["picture", "picture.ppm", "picture.jfif", "picture.wav"])
def test_a_picture_is_one_by_its_content_and_one_window_without_a_start(predictor, tmp_path, name):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (128, 44, 3), dtype="uint8"))
    picture.save(tmp_path / "picture.png")
    picture.save(tmp_path / name, "PPM")
    row = predictor.predict(tmp_path / name, hop=0.1)
    assert row["error"] is None
    assert row["scores"] == predictor.predict(tmp_path / "picture.png")["scores"]
    (window,) = row["windows"]
    assert window["start"] is None
    assert window["scores"]


def test_a_silent_file_is_an_error_of_the_file(predictor, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(4 * RATE), RATE)
    row = predictor.predict(tmp_path / "silent.wav")
    assert row["error"] == "is silent throughout"
    assert len(row["windows"]) == 4  # 3.5 s from the offset on


@pytest.mark.parametrize("hop", [0, -1.0, float("nan"), float("inf")])
def test_a_hop_that_is_none_is_refused(predictor, film, hop):
    with pytest.raises(StudyError, match="seconds above 0"):
        predictor.predict(film, hop)


def test_latency_is_the_median_of_timed_windows_and_decoding_comes_on_top(predictor, film, capsys, monkeypatch):
    row = predictor.predict(film, timed=True)
    assert row["latency_ms"]["file"] > row["latency_ms"]["forward"] > 0
    assert row["latency_ms"]["calls"] == CALLS
    assert predictor.predict(film)["latency_ms"] is None
    ticks = iter(np.cumsum([0.0, 0.004, 0.002] * CALLS))  # seconds: decoding takes 4 ms, the network 2
    monkeypatch.setattr("benchmark.inference.predictor.time.perf_counter", lambda: next(ticks))
    # Of each three ticks: began, read (4 ms later), done (2 ms later); the next begins at once.
    assert predictor.latency(film, [OFFSET]) == {"forward": 2.0, "file": 6.0, "calls": CALLS}
    print_scores([row])
    assert "p50 of 20 windows" in capsys.readouterr().out


def test_the_table_has_a_line_for_a_file_and_one_for_each_of_several_windows(predictor, film, tmp_path, capsys):
    soundfile.write(tmp_path / "short.wav", tone(200, 1.5), RATE)
    print_scores([predictor.predict(path) for path in (film, tmp_path / "short.wav", tmp_path / "gone.wav")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 5 + 1 + 1
    assert lines[3] == "       2.50 s  is silent throughout"
    assert lines[6].startswith(f"{tmp_path / 'short.wav'}: low  (low ")
    assert lines[7].endswith("gone.wav: does not exist")


def test_sound_is_refused_where_the_study_had_pictures_only(predictor, film, monkeypatch):
    dataset = predictor.study.dataset.model_copy(update={"kind": "images"})
    monkeypatch.setattr(predictor, "study", predictor.study.model_copy(update={"dataset": dataset}))
    monkeypatch.setattr(predictor.classifier.extractor, "settings", predictor.study)
    assert "pictures that were made elsewhere" in predictor.predict(film)["error"]


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "a mapping; got list"), ('{"status": "done"}', "does not hold classes, seed"), ("[" * 100_000, "no trial")],
)
def test_an_odd_record_is_a_readable_error(tmp_path, content, words):
    (tmp_path / "trial.json").write_text(content)
    (tmp_path / "head.keras").write_text("")
    with pytest.raises(StudyError, match=words):
        check_trial(tmp_path)


@pytest.mark.parametrize("settings", [None, [1], {"model": {}}, {"model": {"name": "x"}, "mel": {"n_fft": -1}}])
def test_odd_settings_are_a_readable_error(trained, settings):
    record = check_trial(trained[1]) | {"settings": settings}
    with pytest.raises(StudyError, match="does not hold the settings"):
        Predictor(trained[1], record)


def test_a_window_of_a_long_recording_needs_no_more_memory_than_a_clip(tmp_path):
    """Decode the last window of half an hour; the whole would be 115 MB as 32-bit floats."""
    import tracemalloc

    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        minute = tone(200, 60)
        for _ in range(30):
            file.write(minute)
    load_clip(path, ClipParams(), RATE)
    tracemalloc.start()
    starts = list(window_starts(path, ClipParams(), 60.0))
    load_clip(path, ClipParams(offset=starts[-1]), RATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert starts == [60.0 * number for number in range(30)]
    assert peak < 20e6  # bytes: 15 s are 1 MB, with its copies
