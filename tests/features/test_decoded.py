"""A film is decoded once for all features of a model that reads it outside a run."""

import numpy as np
import pytest
import soundfile

from benchmark.config.frames import FrameParams
from benchmark.features import decoded
from benchmark.features.decoded import EachTime, OnePass
from spectrograms.errors import AudioError, FilmError
from spectrograms.params import ClipParams
from tests.support.films import noise, tone, write_film

SETS = FrameParams(n=3, size=32), FrameParams(sample="every", every=0.5, size=16)
CLIP = ClipParams(duration=1.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_film(path, noise(3, [12, 12, 13], seed=1), sound=tone(2.0))
    return path


@pytest.fixture
def passes(monkeypatch):
    """Return the list of films that were decoded, one entry a pass."""
    found, see = [], decoded.see_film
    monkeypatch.setattr(decoded, "see_film", lambda path, *given: (found.append(path), see(path, *given))[1])
    return found


def test_one_pass_gives_what_each_gets_alone(film, passes):
    once, alone = OnePass(SETS, CLIP), EachTime()
    for params in SETS:
        got, expected = once.frames(film, params), alone.frames(film, params)
        np.testing.assert_array_equal(got.times, expected.times)
        np.testing.assert_array_equal(got.images, expected.images)
    for rate in (16000, 12000):
        np.testing.assert_array_equal(once.waveform(film, CLIP, rate), alone.waveform(film, CLIP, rate))
    assert passes == [film]
    once.forget()
    once.frames(film, SETS[0])
    assert passes == [film] * 2


def test_what_was_not_asked_for_in_time_is_decoded_for_itself(film, passes):
    once, other = OnePass(SETS[:1], CLIP), CLIP.model_copy(update={"offset": 0.5})
    np.testing.assert_array_equal(once.frames(film, SETS[1]).times, EachTime().frames(film, SETS[1]).times)
    np.testing.assert_array_equal(once.waveform(film, other, 16000), EachTime().waveform(film, other, 16000))
    assert passes == [film]


def test_a_film_without_sound_and_sound_without_a_film_say_what_they_lack(tmp_path):
    silent, sound = tmp_path / "silent.mp4", tmp_path / "sound.wav"
    write_film(silent, noise(1, [12], seed=2))
    soundfile.write(sound, np.sin(np.arange(16000) / 5), 16000)
    once = OnePass(SETS, CLIP)
    assert len(once.frames(silent, SETS[0]).times) == 3
    with pytest.raises(AudioError):
        once.waveform(silent, CLIP, 16000)
    with pytest.raises(FilmError):
        once.frames(sound, SETS[0])
    assert len(once.waveform(sound, CLIP, 16000)) == 16000
