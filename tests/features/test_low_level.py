"""Low-level measures as features: of sounds whose answer is known, and of films with and without sound."""

import numpy as np
import pandas as pd
import pytest

from benchmark.features.extractors import EXTRACTORS
from benchmark.features.low_level import OVER_TIME, SOUND, sound_measures, spectral_flux
from benchmark.models.weights.load import file_digest
from benchmark.video.measures import MEASURES, load_measures
from tests.support.films import noise, tone, write_film
from tests.support.studies import study_of

RATE = 16000
SECONDS = np.arange(4 * RATE) / RATE


def measured(waveform):
    return dict(zip(SOUND, sound_measures(waveform.astype("float32")), strict=True))


def test_a_tone_has_its_own_loudness_centroid_and_zero_crossings():
    found = measured(0.5 * np.sin(2 * np.pi * 1000 * SECONDS))
    assert found["rms_mean"] == pytest.approx(0.5 / np.sqrt(2), rel=0.02)  # windows at both ends are half silence
    assert found["centroid_mean"] == pytest.approx(1000, rel=0.02)
    assert found["zero_crossings_mean"] == pytest.approx(2 * 1000 / RATE, rel=0.02)
    assert 900 < found["rolloff_mean"] < 1100
    assert found["rms_sd"] < 0.05


def test_white_noise_has_its_centroid_in_the_middle_and_its_rolloff_at_85_percent():
    found = measured(np.random.default_rng(0).normal(0, 0.1, len(SECONDS)))
    assert found["centroid_mean"] == pytest.approx(RATE / 4, rel=0.02)
    assert found["rolloff_mean"] == pytest.approx(0.85 * RATE / 2, rel=0.02)
    assert found["rms_mean"] == pytest.approx(0.1, rel=0.03)


@pytest.mark.parametrize("bpm", [90, 120])
def test_clicks_have_their_tempo(bpm):
    waveform = np.zeros(12 * RATE)
    for beat in np.arange(0, len(waveform), 60 / bpm * RATE).astype(int):
        waveform[beat : beat + 200] = np.random.default_rng(1).normal(0, 0.5, len(waveform[beat : beat + 200]))
    assert measured(waveform)["tempo"] == pytest.approx(bpm, rel=0.04)  # of windows of 32 ms


def test_flux_is_the_sum_of_squared_differences():
    np.testing.assert_array_equal(spectral_flux(np.array([[0.0, 1, 1], [2, 2, 5]])), [1, 9])
    steady = np.sin(2 * np.pi * 500 * SECONDS)
    beating = steady * (np.sin(2 * np.pi * 3 * SECONDS) > 0)
    assert measured(beating)["flux_mean"] > 5 * measured(steady)["flux_mean"]
    assert len(SOUND) == 2 * len(OVER_TIME) + 1 == 37


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    frames = noise(3, [20, 10, 20])
    return folder, {
        "loud": write_film(folder / "loud.mp4", frames, sound=tone(2.0)),
        "mute": write_film(folder / "mute.mp4", frames),
    }


@pytest.mark.parametrize("name", ["loud", "mute"])
def test_a_film_has_four_measures_and_those_of_its_sound_or_zeros(films, tmp_path, name):
    folder, paths = films
    model = {"name": "av", "label": "AV", "reads": "low_level", "sound": True}
    study = study_of(folder, tmp_path, kind="video", clip={"duration": 2.0}, models=[model])
    extractor = EXTRACTORS["low_level"](study.models[0], study)
    found = extractor.read(paths[name])
    assert found.shape == (1, extractor.dim) == (1, 41)
    digest = file_digest(paths[name])
    seen = load_measures(paths[name], digest, tmp_path / "measures", study.frames)
    np.testing.assert_array_equal(found[0, :4], seen)
    assert found[0, MEASURES.index("average_shot_length")] == pytest.approx(2.0 / 3, rel=0.02)
    assert (found[0, 4:] == 0).all() == (name == "mute")


@pytest.mark.parametrize(("n_clips", "kept"), [(1, 1), (10**9, 0)])
def test_a_film_is_read_anew_each_time_and_nothing_of_it_is_left(films, tmp_path, n_clips, kept):
    """What is timed with decoding must not come from a cache, and predictions must not fill that of a study.

    In a run the waveform is kept, as that of other models is, where those of all films fit on disk."""
    folder, paths = films
    model = {"name": "av", "label": "AV", "reads": "low_level", "sound": True}
    study = study_of(folder, tmp_path, kind="video", clip={"duration": 2.0}, models=[model])
    extractor = EXTRACTORS["low_level"](study.models[0], study)
    found = extractor.read(paths["loud"])
    assert not study.cache.exists()
    rows = pd.DataFrame([{"path": str(paths["loud"]), "sha256": file_digest(paths["loud"])}])
    np.testing.assert_array_equal(extractor._compute(rows, n_clips, 8)[0], found)
    assert len(list(study.cache.glob("waveforms/*/*.npy"))) == kept
