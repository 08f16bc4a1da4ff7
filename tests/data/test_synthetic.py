"""Facts about the synthetic trailers: what the files are, that they repeat, and that their genres can be told apart."""

import numpy as np
import pytest
import soundfile
from scipy import signal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.config.study import DatasetParams
from benchmark.data import synthetic
from benchmark.data.clips import find_clips
from benchmark.data.synthetic import GENRES, synthesise, waveform
from benchmark.errors import StudyError

RATE = 11025  # Hz; enough for what is measured here


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two clips of 0.6 s per genre, in a folder that was empty."""
    return synthesise(tmp_path_factory.mktemp("synthetic"), 2, seed=3, duration=0.6)


def test_a_linear_classifier_does_well_but_not_for_free():
    clips = [waveform(genre, 0, number, 6.0, RATE).mean(axis=0) for genre in GENRES for number in range(12)]
    x, edges = [], np.unique(np.geomspace(2, 200, 20).astype(int))
    for clip in clips:
        _, _, power = signal.spectrogram(clip, RATE, nperseg=512)
        bands = np.log([band.sum(axis=0) for band in np.split(power, edges)])
        x.append([*bands.mean(axis=1), *bands.std(axis=1)])
    y = np.repeat(list(GENRES), 12)
    splits = StratifiedShuffleSplit(10, test_size=0.3, random_state=0)
    scores = cross_val_score(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), np.array(x), y, cv=splits
    )
    assert 0.5 < scores.mean() < 0.95  # chance is 0.2


@pytest.mark.parametrize("genre", GENRES)
def test_a_waveform_is_stereo_finite_and_within_full_scale(genre):
    clip = waveform(genre, seed=1, index=0, duration=1.0)
    assert clip.shape == (2, 44100)
    assert clip.dtype == np.float32
    assert 0.2 < np.abs(clip).max() <= 1.0  # -12 dB is 0.25
    assert not np.array_equal(clip[0], clip[1])


@pytest.mark.parametrize("genre", GENRES)
def test_a_waveform_is_its_seed_genre_and_index(genre):
    once = waveform(genre, 5, 2, 0.5, RATE)
    assert np.array_equal(once, waveform(genre, 5, 2, 0.5, RATE))
    others = [waveform(genre, 6, 2, 0.5, RATE), waveform(genre, 5, 3, 0.5, RATE)]
    others += [waveform(other, 5, 2, 0.5, RATE) for other in GENRES if other != genre]
    assert not any(np.array_equal(once, other) for other in others)


def test_files_are_mp3_of_the_wanted_length_and_make_a_data_set(made, tmp_path):
    clips, rejected = find_clips(DatasetParams(root=made), tmp_path)
    assert clips["label"].value_counts().to_dict() == dict.fromkeys(GENRES, 2)
    assert clips["clip_id"].tolist()[:2] == ["action_000", "action_001"]
    assert rejected.empty
    for info in map(soundfile.info, clips["path"]):
        assert (info.format, info.channels, info.samplerate) == ("MP3", 2, 44100)
        # Whole MP3 frames of 1152 samples; some readers do not cut the padding off.
        assert 0.6 * 44100 <= info.frames <= 0.6 * 44100 + 2 * 1152


def test_a_file_sounds_like_its_waveform(made):
    decoded, _ = soundfile.read(made / "comedy" / "comedy_001.mp3", always_2d=True)
    original = waveform("comedy", 3, 1, 0.6)
    n = original.shape[1]
    lag = np.argmax(signal.correlate(decoded[:n, 0], original[0], "full")) - (n - 1)
    assert 0 <= lag < 2400  # what an encoder and a decoder may delay, where the reader does not cut it off
    a, b = decoded[lag:n, 0], original[0][: n - lag]
    assert np.corrcoef(a, b)[0, 1] > 0.95  # lossy, but the same sound


def test_the_same_seed_gives_the_same_files(made, tmp_path):
    again = synthesise(tmp_path / "again", 2, seed=3, duration=0.6)
    for path in made.glob("*/*.mp3"):
        assert path.read_bytes() == (again / path.relative_to(made)).read_bytes()


def test_a_finished_root_is_left_as_it_is(made, monkeypatch):
    monkeypatch.setattr(synthetic, "_write_clip", lambda *_: pytest.fail("written again"))
    assert synthesise(made, 2, seed=3, duration=0.6) == made


@pytest.mark.parametrize("other", [{"clips_per_genre": 3}, {"seed": 4}, {"duration": 0.7}])
def test_a_root_of_other_clips_is_an_error_and_stays(made, other):
    before = sorted(made.rglob("*"))
    with pytest.raises(StudyError, match="remove it to have it made again"):
        synthesise(**({"root": made, "clips_per_genre": 2, "seed": 3, "duration": 0.6} | other))
    assert sorted(made.rglob("*")) == before


def test_a_folder_of_the_users_own_is_an_error_and_stays(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(StudyError, match="files of another origin"):
        synthesise(tmp_path / "mine", 1, duration=0.2)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_run_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "_write_clip", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        synthesise(tmp_path / "half", 2, duration=0.2)
    assert list(tmp_path.iterdir()) == []
