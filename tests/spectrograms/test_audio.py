"""Sound in: the right seconds of any file, mono, at the right rate.

Of files that are broken, empty or odd a readable reason, or what sound there is."""

import librosa
import numpy as np
import pytest
import soundfile
from scipy.signal import correlate

from spectrograms import decoders, tracks
from spectrograms.audio import MARGIN, MIN_DURATION, load_clip
from spectrograms.decoders import decode
from spectrograms.errors import AudioError
from spectrograms.params import ClipParams
from spectrograms.tracks import SAMPLE_RATES
from tests.support.bad_sounds import BAD
from tests.support.sounds import BEEPS, RATE, beeps, encode, tone

FILES = {  # extension: audio and video codec, container where the extension does not say it; or soundfile's options
    "mp3": ("libmp3lame",),
    "m4a": ("aac", None, "ipod"),
    "opus": ("libopus",),
    "mp4": ("aac", "mpeg4"),
    "mkv": ("flac", "mpeg4", "matroska"),
    "webm": ("libopus", "libvpx"),
    "mov": ("alac", "mpeg4"),
    "avi": ("pcm_s16le", "mpeg4"),
    **{extension: {} for extension in ("wav", "flac", "ogg", "MP3", "aiff")},
    "WAV": {"subtype": "PCM_U8"},
}


def onsets(waveform, rate):
    """Return the seconds at which sound begins after at least 0.1 s of silence."""
    loud = np.flatnonzero(np.abs(waveform) > 0.15)
    return loud[np.diff(loud, prepend=-rate) > 0.1 * rate] / rate


@pytest.mark.parametrize("offset", [0, 0.3, 2.2])
@pytest.mark.parametrize("extension", FILES)
def test_the_right_seconds_come_out_of_every_kind_of_file(tmp_path, extension, offset):
    path, how = tmp_path / f"sound.{extension}", FILES[extension]
    soundfile.write(path, beeps(), RATE, **how) if isinstance(how, dict) else encode(path, beeps(), *how)
    waveform = load_clip(path, ClipParams(duration=3, offset=offset), 22050)
    assert waveform.shape == (3 * 22050,)
    assert waveform.dtype == np.float32
    expected = [at - offset for at in BEEPS if 0 < at - offset < 3]
    # 2 ms: Matroska's time stamps are whole milliseconds, and lossy codecs blur an onset by about one.
    assert onsets(waveform, 22050) == pytest.approx(expected, abs=2e-3)
    assert np.abs(waveform).max() == pytest.approx(0.6, rel=0.15)  # lossy codecs overshoot at onsets


@pytest.mark.parametrize("wrong", ["mp3", "wav", "txt", "raw", "mp4"])
@pytest.mark.parametrize("right", ["wav", "mp3", "m4a"])
def test_the_extension_does_not_matter(tmp_path, right, wrong):
    path = tmp_path / f"sound.{right}"
    encode(path, beeps(2), {"wav": "pcm_s16le", "mp3": "libmp3lame", "m4a": "aac"}[right])
    renamed = path.rename(tmp_path / f"renamed.{wrong}")
    assert onsets(load_clip(renamed, ClipParams(duration=2), 22050), 22050) == pytest.approx(BEEPS[:2], abs=2e-3)


@pytest.mark.parametrize(
    ("name", "n_channels"), [*(("many.wav", n) for n in (1, 2, 3, 6, 8, 12)), ("separate.flac", 8)]
)
@pytest.mark.parametrize("decoder", [decoders.decode_soundfile, tracks.decode_av], ids=["soundfile", "av"])
def test_mono_is_the_mean_over_any_number_of_channels(tmp_path, name, n_channels, decoder):
    levels = np.arange(1, n_channels + 1) / 20
    subtype = "FLOAT" if name == "many.wav" else None  # PyAV 18's own ``to_ndarray`` reads past the end of FLAC's
    soundfile.write(tmp_path / name, np.tile(levels, (22050, 1)), 22050, subtype=subtype)
    mono, rate, *_ = decoder(tmp_path / name, 0, 1)
    assert rate == 22050
    np.testing.assert_allclose(
        mono, np.full(22050, levels.mean()), atol=1e-6 if subtype else 3e-5
    )  # float32 sums, or 16-bit steps


@pytest.mark.parametrize("file_rate", [8000, 22050, 44100, 48000])
def test_waveform_is_that_of_librosa_load(tmp_path, file_rate):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (4 * file_rate, 2))
    soundfile.write(tmp_path / "noise.wav", noise, file_rate)
    expected, _ = librosa.load(tmp_path / "noise.wav", sr=22050)
    waveform = load_clip(tmp_path / "noise.wav", ClipParams(duration=2), 22050)
    np.testing.assert_allclose(waveform, expected[: len(waveform)], atol=1e-5)  # float32 filters, another block length
    middle = load_clip(tmp_path / "noise.wav", ClipParams(duration=1, offset=2), 22050)
    # With an offset the filter starts within the sound: 3e-3 is the tail of the filter beyond the margin.
    np.testing.assert_allclose(middle, expected[2 * 22050 : 3 * 22050], atol=3e-3)


@pytest.mark.parametrize("duration", [0.5, 0.7777, 1.00003, 54441 / 44100])  # the last: the whole file, not short
@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_n_samples_is_exact_for_any_duration(tmp_path, duration, rate):
    soundfile.write(tmp_path / "a.wav", tone(1.2345, 44100), 44100)
    clip = ClipParams(duration=duration, short="reject")
    assert load_clip(tmp_path / "a.wav", clip, rate).shape == (round(duration * rate),)


@pytest.mark.parametrize(
    ("short", "rest"), [("pad", np.zeros(33075)), ("loop", np.concatenate([tone(1), tone(1)[:11025]]))]
)
def test_a_short_file_is_followed_by_silence_or_repeated(tmp_path, short, rest):
    soundfile.write(tmp_path / "a.wav", tone(1), 22050, subtype="FLOAT")
    waveform = load_clip(tmp_path / "a.wav", ClipParams(duration=2.5, short=short), 22050)
    np.testing.assert_array_equal(waveform, np.concatenate([tone(1), rest]))


def test_a_short_file_is_rejected_with_both_lengths(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1.25), 22050)
    with pytest.raises(AudioError, match=r"1\.250 s of sound; 3 s are needed"):
        load_clip(tmp_path / "a.wav", ClipParams(duration=3, short="reject"), 22050)


def test_what_lies_outside_the_clip_is_not_decoded(tmp_path):
    signal = np.full(10 * 22050, np.nan)
    around = slice(round((4 - MARGIN) * 22050), round((5 + MARGIN) * 22050) + 1)
    signal[around] = tone(10)[around]
    soundfile.write(tmp_path / "a.wav", signal, 22050, subtype="FLOAT")
    assert np.isfinite(load_clip(tmp_path / "a.wav", ClipParams(duration=1, offset=4), 22050)).all()


def test_a_jump_into_a_video_decodes_little_more_than_the_clip(tmp_path, monkeypatch):
    encode(tmp_path / "a.mp4", np.tile(beeps(), (5, 1)), "aac", "mpeg4")
    decoded, frames = [], tracks._frames

    def counted(*args):
        for frame in frames(*args):
            decoded.append(frame.samples)
            yield frame

    monkeypatch.setattr(tracks, "_frames", counted)
    load_clip(tmp_path / "a.mp4", ClipParams(duration=2, offset=20), 22050)
    # The first frame, the run-up, the clip with its margins, and one piece given out by the converter.
    assert sum(decoded) < RATE * (2 + 2 * MARGIN + tracks.PREROLL + 0.1) + tracks.FRAME_SIZE


def test_an_mp3_that_hides_its_length_is_read_to_its_end(tmp_path):
    """Without a Xing header soundfile guesses: a loud start at a high bit rate makes it stop too early."""
    signal = np.zeros((30 * RATE, 2), np.float32)
    signal[: 3 * RATE] = np.random.default_rng(0).uniform(-0.5, 0.5, (3 * RATE, 2))
    signal[25 * RATE : 26 * RATE] = beeps(1)[:, :1].max()
    variable_rate = {"global_quality": "200", "flags": "+qscale"}
    bare = {"write_xing": "0", "id3v2_version": "0"}
    encode(tmp_path / "a.mp3", signal, "libmp3lame", options=variable_rate, muxer=bare)
    assert soundfile.info(tmp_path / "a.mp3").duration < 20
    waveform = load_clip(tmp_path / "a.mp3", ClipParams(duration=4, offset=23), 22050)
    assert onsets(waveform, 22050)[0] == pytest.approx(2, abs=0.06)  # the encoder's delay is not written down either


def test_a_jump_into_a_real_trailer_lands_in_time(shared):
    path = next((shared / "data" / "trailer").glob("*.webm"), None)
    if path is None:
        pytest.skip("no trailer")
    whole = load_clip(path, ClipParams(duration=20), 22050)
    later = load_clip(path, ClipParams(duration=5, offset=12), 22050)
    match = correlate(whole, later, "valid", method="fft")
    lag = match.argmax() - 12 * 22050
    # A track of Vorbis notes times to half the difference of its two block sizes: (2048 - 256) / 4 samples at 44.1 kHz.
    assert abs(lag) / 22050 < 0.011
    np.testing.assert_allclose(later, whole[match.argmax() :][: len(later)], atol=0.05)  # half a sample aside


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
