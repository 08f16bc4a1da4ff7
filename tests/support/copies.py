"""Copies of a recording: the ways in which one is changed before it is posted again."""

import numpy as np
import soundfile
import soxr

from tests.support.sounds import encode


def coded(codec, extension, rate, bit_rate=64_000):
    """Return a function that writes a waveform (n_samples,) in a lossy format of ``bit_rate`` bit/s at ``rate`` Hz."""

    def write(stem, sound, file_rate):
        sound = np.clip(soxr.resample(sound, file_rate, rate), -1, 1)
        encode(f"{stem}.{extension}", sound[:, None], codec, rate=rate, options={"b": str(bit_rate)})

    return write


def saved(change=lambda sound, rate: sound, rate=None, extension="wav"):
    """Return a function that writes what ``change`` makes of a waveform, at ``rate`` Hz if that is given."""

    def write(stem, sound, file_rate):
        sound = change(sound, file_rate)
        sound = soxr.resample(sound, file_rate, rate) if rate else sound
        soundfile.write(f"{stem}.{extension}", np.clip(sound, -1, 1), rate or file_rate)

    return write


def part(start, stop):
    """Return a function that keeps the sound from ``start`` to ``stop``, both in parts of its whole."""
    return lambda sound, rate: sound[round(start * len(sound)) : round(stop * len(sound))]


def gain(decibels):
    """Return a function that makes a sound louder; what goes above full scale is clipped when it is written."""
    return lambda sound, rate: sound * 10 ** (decibels / 20)


def cut_soft_mp3(stem, sound, rate):
    """Write all but the first 27 %, 6 dB softer, as MP3 of 64 kbit/s."""
    coded("libmp3lame", "mp3", 44100)(stem, gain(-6)(part(0.27, 1)(sound, rate), rate), rate)


COPIES = {  # (family, name): how it is written
    ("coded", "mp3 64k"): coded("libmp3lame", "mp3", 44100),
    ("coded", "mp3 128k"): coded("libmp3lame", "mp3", 44100, 128_000),
    ("coded", "ogg vorbis"): saved(extension="ogg"),
    ("coded", "opus 64k"): coded("libopus", "opus", 48000),
    ("coded", "aac 64k"): coded("aac", "m4a", 44100),
    ("coded", "16 kHz"): saved(rate=16_000),
    ("coded", "11 kHz"): saved(rate=11_025),
    ("coded", "8 kHz"): saved(rate=8_000),
    ("coded", "stereo, right softer"): saved(lambda sound, rate: np.stack([sound, sound / 2], axis=1)),
    ("volume", "-12 dB"): saved(gain(-12)),
    ("volume", "+12 dB, clipped"): saved(gain(12)),
    ("cut", "first 20 % gone"): saved(part(0.2, 1)),
    ("cut", "first 35 % gone"): saved(part(0.35, 1)),
    ("cut", "first 50 % gone"): saved(part(0.5, 1)),
    ("cut", "last 20 % gone"): saved(part(0, 0.8)),
    ("cut", "last 35 % gone"): saved(part(0, 0.65)),
    ("cut", "last 50 % gone"): saved(part(0, 0.5)),
    ("cut", "0.73 s of silence before"): saved(lambda sound, rate: np.pad(sound, (round(0.73 * rate), rate))),
    ("cut", "first 27 % gone, -6 dB, mp3 64k"): cut_soft_mp3,
    ("beyond", "opus 32k"): coded("libopus", "opus", 48000, 32_000),
}
