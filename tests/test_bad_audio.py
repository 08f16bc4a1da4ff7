"""Files that are broken, empty or odd: a readable reason, or what sound there is."""

import struct

import av
import numpy as np
import pytest
import soundfile

from spectrograms.audio import MIN_DURATION, AudioError, load_clip
from spectrograms.decoders import decode
from spectrograms.params import ClipParams
from spectrograms.sound import SAMPLE_RATES
from tests.test_audio import RATE, beeps, encode, tone


def wav_header(rate=22050, data_bytes=0xFFFFFF00, n_channels=1):
    block = 2 * n_channels
    form = struct.pack("<HHIIHH", 1, n_channels, rate, min(rate * block, 2**32 - 1), block, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 0xFFFFFFF0)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", data_bytes)
    )


def as_bytes(signal):
    return (signal * 32767).astype("<i2").tobytes()


def write_sound(signal, **options):
    return lambda path: soundfile.write(path, signal, 22050, format="WAV", **options)


def write_silent_video(path):
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode(None))


NOISE = np.random.default_rng(1).bytes(100_000)
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n"
BAD = {
    "missing": (lambda path: None, "does not exist"),
    "directory": (lambda path: path.mkdir(), "is a directory"),
    "zero bytes": (lambda path: path.touch(), r"is empty \(0 bytes\)"),
    "text": (lambda path: path.write_text("not a sound\n" * 500), "cannot be decoded as audio: Invalid data"),
    # ffmpeg may take a stretch of noise for a frame of MP3
    "noise": (lambda path: path.write_bytes(NOISE), "cannot be decoded|only"),
    "web page": (lambda path: path.write_text("<!doctype html><html>404</html>" * 50), "cannot be decoded as audio"),
    "playlist": (lambda path: path.write_bytes(PLAYLIST), "cannot be decoded as audio"),
    "header alone": (lambda path: path.write_bytes(wav_header()), "has no sound|cannot be decoded"),
    "low rate": (lambda path: path.write_bytes(wav_header(3) + as_bytes(tone(1))), "sample rate must be in 1000"),
    "high rate": (lambda path: path.write_bytes(wav_header(2**31 - 1) + as_bytes(tone(1))), "sample rate must be in"),
    "video without sound": (write_silent_video, "has no audio track"),
    "too short": (write_sound(tone(0.3)), r"only 0\.300 s of sound; at least 0\.5 s"),
    "silent": (write_sound(np.zeros(22050)), "is silent throughout"),
    "NaN": (write_sound(np.where(np.arange(22050) == 9000, np.nan, tone(1)), subtype="FLOAT"), "NaN, infinite"),
    "infinite": (write_sound(np.where(np.arange(22050) == 9000, np.inf, tone(1)), subtype="DOUBLE"), "NaN, infinite"),
    "absurd": (write_sound(tone(1, peak=1e30), subtype="FLOAT"), "NaN, infinite or above"),
}


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


@pytest.mark.parametrize("extension", ["wav", "mp3", "flac"])
def test_an_offset_behind_the_end_finds_no_sound(tmp_path, extension):
    soundfile.write(tmp_path / f"a.{extension}", tone(2), 22050)
    with pytest.raises(AudioError, match="has no sound after the offset of 5 s"):
        load_clip(tmp_path / f"a.{extension}", ClipParams(duration=1, offset=5), 22050)


def test_little_sound_behind_the_offset_is_too_short(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(2), 22050)
    with pytest.raises(AudioError, match=r"only 0\.200 s of sound after the offset of 1\.8 s"):
        load_clip(tmp_path / "a.wav", ClipParams(duration=1, offset=1.8), 22050)


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


def test_a_header_that_claims_hours_is_not_believed(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header() + as_bytes(tone(1)))
    waveform = load_clip(path, ClipParams(duration=2), 22050)
    np.testing.assert_allclose(waveform[:22050], tone(1), atol=1e-4)  # 16-bit steps
    assert not waveform[22050:].any()


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
