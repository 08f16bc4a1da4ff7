"""All of the sound of a file: joined recordings, headers that lie, streams that change on the way; or a word on it.

The truth is a plain loop over all that PyAV decodes, samples counted and divided by the rate of their own frame."""

import struct

import av
import numpy as np
import pytest
import soundfile

from spectrograms.audio import load_clip, read_clip
from spectrograms.decoders import decode
from spectrograms.errors import AudioError
from spectrograms.params import ClipParams
from tests.support.bad_sounds import as_bytes, wav_header
from tests.support.sounds import encode

RATE = 44_100
JOINED = {  # extension: codec, container, seconds that ffmpeg decodes of 3 s and 5 s joined: all, or the first part
    "mp3": ("libmp3lame", "mp3", 8),
    "flac": ("flac", "flac", 8),
    "aac": ("aac", "adts", 8),
    "ac3": ("ac3", "ac3", 8),
    "opus": ("libopus", "opus", 8),
    "oga": ("flac", "ogg", 8),
    "ts": ("aac", "mpegts", 8),
    "mkv": ("flac", "matroska", 8),
    "avi": ("pcm_s16le", "avi", 8),
    "au": ("pcm_s16be", "au", 8),
    "wav": ("pcm_s16le", "wav", 3),
    "aiff": ("pcm_s16be", "aiff", 3),
    "m4a": ("aac", "ipod", 3),
    "caf": ("pcm_s16le", "caf", 3),
}


def tone(seconds, frequency, rate=RATE, peak=0.3):
    return (peak * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def seconds_of(path):
    """Return how long ffmpeg decodes a file's sound, counted frame by frame."""
    seconds = 0.0
    with av.open(str(path), metadata_errors="ignore") as container:
        for packet in container.demux(container.streams.best("audio")):
            try:
                seconds += sum(frame.samples / frame.sample_rate for frame in packet.decode())
            except av.FFmpegError:
                continue
    return seconds


def joined(folder, extension, first, second, rates):
    """Write two sounds (n_samples, n_channels), each at its rate, one behind the other; return the path."""
    codec, container, _ = JOINED[extension]
    for name, sound, rate in zip("ab", (first, second), rates, strict=True):
        encode(folder / name, sound, codec, container=container, rate=rate)
    path = folder / f"joined.{extension}"
    path.write_bytes((folder / "a").read_bytes() + (folder / "b").read_bytes())
    return path


def two_tones(folder, extension, frequency=880, n_channels=1, rate=None):
    """Write 3 s of 440 Hz, and 5 s of another tone, channels and rate behind it; return the path."""
    own = 48_000 if extension == "opus" else RATE
    second = np.stack([tone(5, frequency, rate or own)] * n_channels, axis=1)
    return joined(folder, extension, tone(3, 440, own)[:, None], second, (own, rate or own))


def loudest(mono, rate, start, stop):
    """Return the frequency in Hz that is strongest between two seconds."""
    part = mono[round(start * rate) : round(stop * rate)]
    return np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax() * rate / len(part)


@pytest.mark.parametrize("extension", JOINED)
def test_joined_recordings_give_every_second_that_ffmpeg_decodes_or_a_word(tmp_path, extension):
    path, (*_, expected) = two_tones(tmp_path, extension), JOINED[extension]
    sound = decode(path, 0, 60)
    assert len(sound.mono) / sound.rate == pytest.approx(seconds_of(path), abs=0.001)
    clip = read_clip(path, ClipParams(duration=20), 22050)
    assert clip.seconds == pytest.approx(expected, abs=0.1)  # delay and padding of encoders
    if expected == 8:
        assert clip.caveat == ""
        assert loudest(clip.waveform, 22050, 0.5, 2.5) == pytest.approx(440, abs=1)
        assert loudest(clip.waveform, 22050, 3.5, 7.5) == pytest.approx(880, abs=1)
        assert not clip.waveform[round(8.2 * 22050) :].any()
    else:
        assert clip.caveat == "several files joined in one, of which only the first is read"


@pytest.mark.parametrize("second", [(880, 2, None), (880, 1, 48_000), (880, 2, 32_000)], ids=str)
@pytest.mark.parametrize("extension", ["mp3", "aac", "ac3", "ts", "mkv", "oga"])
def test_what_changes_its_rate_or_channels_on_the_way_stays_in_time_and_in_tune(tmp_path, extension, second):
    path = two_tones(tmp_path, extension, *second)
    whole = decode(path, 0, 60)
    assert whole.rate == RATE
    assert len(whole.mono) / RATE == pytest.approx(seconds_of(path), abs=0.01)
    assert loudest(whole.mono, RATE, 3.5, 7.5) == pytest.approx(880, abs=1)
    later = decode(path, 4.5, 1)
    assert len(later.mono) == RATE
    assert np.std(later.mono) == pytest.approx(np.std(whole.mono[round(4.5 * RATE) :][:RATE]), rel=0.02)
    assert loudest(later.mono, RATE, 0, 1) == pytest.approx(880, abs=1)


@pytest.mark.parametrize("offset", [0.0, 2.5, 3.5, 6.0])
@pytest.mark.parametrize("extension", ["mp3", "flac", "ts", "oga", "mkv"])
def test_a_jump_into_joined_recordings_finds_what_decoding_from_the_start_finds(tmp_path, extension, offset):
    """In each second another pitch, so that a second at the wrong place is seen."""
    sound = np.concatenate([tone(1, 500 + 150 * number) for number in range(9)])[:, None]
    path = joined(tmp_path, extension, sound[: 3 * RATE], sound[3 * RATE :], (RATE, RATE))
    waveform = load_clip(path, ClipParams(duration=1, offset=offset), 22050)
    # Frames of MP3 and AAC at the joint add up to 0.05 s.
    expected = [500 + 150 * int(offset), 500 + 150 * int(offset + 0.9)]
    assert loudest(waveform, 22050, 0.15, 0.4) == pytest.approx(expected[0], abs=5)
    assert loudest(waveform, 22050, 0.65, 0.9) == pytest.approx(expected[1], abs=5)


@pytest.mark.parametrize("frames", [0, 10, 100_000])
def test_an_mp3_whose_header_counts_too_few_or_too_many_frames_is_read_to_its_end(tmp_path, frames):
    encode(tmp_path / "a.mp3", tone(9, 880)[:, None], "libmp3lame", rate=RATE)
    content = bytearray((tmp_path / "a.mp3").read_bytes())
    place = max(content.find(b"Info"), content.find(b"Xing"))
    content[place + 8 : place + 12] = struct.pack(">I", frames)
    (tmp_path / "a.mp3").write_bytes(content)
    clip = read_clip(tmp_path / "a.mp3", ClipParams(duration=12), 22050)
    assert clip.seconds == pytest.approx(9, abs=0.06)  # the encoder's delay and padding
    assert clip.seconds == pytest.approx(seconds_of(tmp_path / "a.mp3"), abs=0.06)
    assert loudest(clip.waveform, 22050, 1, 8.5) == pytest.approx(880, abs=1)


WHOLE = 36 + 9 * 44100  # bytes
UNREAD = "more samples than its header gives, which are not read"
HEADERS = {  # bytes that the chunk and the file claim; seconds that ffmpeg decodes; what is told
    "right": (9 * 44100, WHOLE, 9, ""),
    "zero, as a stream": (0, 0, 9, ""),
    "zero": (0, WHOLE, 9, ""),
    "all bits, as a stream": (2**32 - 1, 2**32 - 1, 9, ""),
    "too much": (18 * 44100, WHOLE, 9, ""),
    "a second": (44100, WHOLE, 1, UNREAD),
    "a second, and so the file": (44100, 44136, 1, UNREAD),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_wav_whose_header_lies_is_read_as_ffmpeg_reads_it_or_told(tmp_path, what):
    says, riff_says, expected, told = HEADERS[what]
    (tmp_path / "a.wav").write_bytes(wav_header(22050, says, riff_says) + as_bytes(tone(9, 880, 22050)))
    assert seconds_of(tmp_path / "a.wav") == pytest.approx(expected)
    clip = read_clip(tmp_path / "a.wav", ClipParams(duration=12), 22050)
    assert (round(clip.seconds, 3), clip.caveat) == (expected, told)


@pytest.mark.parametrize(
    "behind",
    [b"", b"LIST\x04\0\0\0INFO", b"ID3\x04" + bytes(9000) + b"\x01" * 9000, bytes(20_000), b"TAG" + b"x" * 125],
    ids=["nothing", "a chunk", "an ID3 tag", "zeros", "an old tag"],
)
def test_what_programs_put_behind_the_sound_is_not_told(tmp_path, behind):
    (tmp_path / "a.wav").write_bytes(
        wav_header(22050, 2 * 44100, 36 + 2 * 44100) + as_bytes(tone(2, 880, 22050)) + behind
    )
    clip = read_clip(tmp_path / "a.wav", ClipParams(duration=3), 22050)
    assert (clip.seconds, clip.caveat) == (2.0, "")


def test_nothing_is_told_of_a_clip_that_is_whole(tmp_path):
    path = two_tones(tmp_path, "wav")
    assert read_clip(path, ClipParams(duration=2), 22050).caveat == ""


@pytest.mark.parametrize(("bits", "full_scale"), [(16, 2**15), (24, 2**23), (32, 2**31)])
@pytest.mark.parametrize("level", [1.0, 0.05])
@pytest.mark.parametrize("extension", ["wav", "aiff", "caf"])
def test_floats_at_the_scale_of_integers_are_divided_by_it(tmp_path, bits, full_scale, level, extension):
    sound = tone(2, 440, peak=0.9 * level)
    soundfile.write(tmp_path / f"a.{extension}", sound, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / f"b.{extension}", sound * np.float32(full_scale), RATE, subtype="FLOAT")
    one, other = (read_clip(tmp_path / f"{name}.{extension}", ClipParams(duration=2), 22050) for name in "ab")
    np.testing.assert_allclose(other.waveform, one.waveform, atol=1e-6)  # float32
    assert (one.caveat, other.caveat) == ("", f"samples at integer scale, divided by {full_scale}")


def test_a_soft_second_of_a_file_at_integer_scale_is_divided_like_the_rest(tmp_path):
    sound = np.concatenate([tone(1, 440, peak=0.5), tone(1, 440, peak=0.0001)])
    soundfile.write(tmp_path / "a.wav", sound * 32768, RATE, subtype="FLOAT")
    clip = read_clip(tmp_path / "a.wav", ClipParams(duration=0.9, offset=1.05), 22050)
    assert np.abs(clip.waveform).max() == pytest.approx(0.0001, rel=0.02)


@pytest.mark.parametrize("peak", [1.0, 3.0, 7.9])
def test_peaks_above_full_scale_stay_as_they_are(tmp_path, peak):
    soundfile.write(tmp_path / "a.wav", tone(1, 440, peak=peak), RATE, subtype="FLOAT")
    clip = read_clip(tmp_path / "a.wav", ClipParams(duration=1), RATE)
    assert np.abs(clip.waveform).max() == pytest.approx(peak, rel=1e-3)
    assert clip.caveat == ""


def test_samples_of_no_known_scale_are_set_aside(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1, 440, peak=100), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="samples reach 100, neither at full scale 1 nor at that of integers"):
        load_clip(tmp_path / "a.wav", ClipParams(duration=1), RATE)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("extension", ["wav", "caf", "mka"])
def test_channels_that_cancel_set_a_file_aside_whatever_its_samples(tmp_path, subtype, extension):
    sound = tone(2, 440)
    if extension == "mka":
        codec = {"PCM_16": "pcm_s16le", "PCM_24": "pcm_s24le", "FLOAT": "pcm_f32le"}[subtype]
        encode(tmp_path / "a.mka", np.stack([sound, -sound], 1), codec, container="matroska", rate=RATE)
    else:
        soundfile.write(tmp_path / f"a.{extension}", np.stack([sound, -sound], 1), RATE, subtype=subtype)
    with pytest.raises(AudioError, match="the channels cancel: their mean is"):
        load_clip(tmp_path / f"a.{extension}", ClipParams(duration=2), 22050)


CHANNELS = {  # what is alike in a mean, and what is not: no file of these is set aside
    "alike": lambda x, y: [x, x],
    "one alone": lambda x, y: [x, 0 * x],
    "one of eight alone": lambda x, y: [x] + [0 * x] * 7,
    "nothing in common": lambda x, y: [x, y],
    "reversed and half as loud": lambda x, y: [x, -x / 2],
    "reversed, 1 dB softer": lambda x, y: [x, -0.89 * x],
    "soft": lambda x, y: [0.001 * x, 0.001 * y],
}


@pytest.mark.parametrize("what", CHANNELS)
def test_channels_that_do_not_cancel_are_averaged(tmp_path, what):
    rng = np.random.default_rng(0)
    channels = np.stack(CHANNELS[what](*rng.uniform(-0.5, 0.5, (2, 22050))), axis=1)
    soundfile.write(tmp_path / "a.wav", channels, 22050)
    waveform = load_clip(tmp_path / "a.wav", ClipParams(duration=1), 22050)
    np.testing.assert_allclose(waveform, channels.mean(axis=1), atol=4e-5)  # steps of 16 bits
