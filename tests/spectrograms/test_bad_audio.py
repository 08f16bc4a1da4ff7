"""Files that are broken, empty or odd: a readable reason, or what sound there is."""

import numpy as np
import pytest
import soundfile

from spectrograms.audio import MIN_DURATION, load_clip
from spectrograms.decoders import decode
from spectrograms.errors import AudioError
from spectrograms.params import ClipParams
from spectrograms.sound import SAMPLE_RATES
from tests.support.bad_sounds import BAD
from tests.support.sounds import RATE, beeps, encode, tone


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", ["sound.wav", "sound.mp3", "sound.mp4"])
def test_a_bad_file_gives_one_short_reason_without_its_path(tmp_path, kind, name):
    make, reason = BAD[kind]
    make(tmp_path / name)
    with pytest.raises(AudioError, match=reason) as caught:
        load_clip(tmp_path / name, ClipParams(duration=2), 22050)
    assert str(tmp_path) not in str(caught.value)
    assert len(str(caught.value)) < 120
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("extension", ["wav", "flac"])
@pytest.mark.parametrize(
    ("offset", "reason"),
    [(5, "has no sound after the offset of 5 s"), (1.8, r"only 0\.200 s of sound after the offset of 1\.8 s")],
)
def test_no_or_little_sound_behind_the_offset_is_told(tmp_path, extension, offset, reason):
    soundfile.write(tmp_path / f"a.{extension}", tone(2), 22050)
    with pytest.raises(AudioError, match=reason):
        load_clip(tmp_path / f"a.{extension}", ClipParams(duration=1, offset=offset), 22050)


def test_the_shortest_sound_that_counts(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(MIN_DURATION), 22050)
    assert load_clip(tmp_path / "a.wav", ClipParams(duration=2), 22050).shape == (44100,)


@pytest.mark.parametrize("extension", ["wav", "mp3", "flac", "ogg", "aac", "ts"])
def test_a_cut_file_gives_what_is_there(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    if extension in ("aac", "ts"):
        encode(path, beeps(), "aac", None, {"aac": "adts", "ts": "mpegts"}[extension])
    else:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * RATE)  # whose bytes lie evenly over the file
        soundfile.write(path, noise, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    mono, rate, *_ = decode(path, 0, 6)
    assert 1.5 < len(mono) / rate < 4.5
    assert load_clip(path, ClipParams(duration=6), 22050).shape == (6 * 22050,)


@pytest.mark.parametrize("rate", SAMPLE_RATES)
def test_the_extreme_sample_rates_are_read(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(1, rate, 100), rate)
    assert np.abs(load_clip(tmp_path / "a.wav", ClipParams(duration=1), 22050)).max() == pytest.approx(0.5, abs=0.02)


def test_a_jump_that_lands_elsewhere_is_not_trusted(tmp_path, monkeypatch):
    """In a damaged MP3 libsndfile may land behind the place that was asked for, even behind the end."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * 22050)
    soundfile.write(tmp_path / "a.wav", noise, 22050)
    clip, seek = ClipParams(duration=1, offset=1), soundfile.SoundFile.seek
    expected = load_clip(tmp_path / "a.wav", clip, 22050)
    monkeypatch.setattr(soundfile.SoundFile, "seek", lambda file, frames, *whence: seek(file, frames + 5000, *whence))
    np.testing.assert_allclose(load_clip(tmp_path / "a.wav", clip, 22050), expected, atol=1e-6)  # the same samples
