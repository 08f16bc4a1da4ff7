"""Any audio or video file -> waveform (n_samples,) float32: mono, at one sample rate, of a fixed duration."""

from typing import NamedTuple

import numpy as np
import soxr

from spectrograms.decoders import decode
from spectrograms.errors import AudioError

MIN_DURATION = 0.5  # seconds of sound below which a file is set aside
SILENCE = 1e-7  # below the last bit of 24-bit audio
MARGIN = 0.04  # seconds decoded on either side of a clip, so that the resampling filter has no edge within it
# Mean power of all channels over that of their mean. Channels that have nothing in common give their number, and so
# does one of them that sounds alone. 1000 (30 dB) is two channels that are each other's reverse within 6 %: what is
# left then is less than what codecs add.
CANCELLED = 1000.0
FULL_SCALE = 8.0  # the highest peak at full scale 1: loud codecs reach 3, and no one mixes 18 dB too loud
# Full scale of integers: (lowest, highest peak that is taken for it, full scale). The lowest are 42 dB below it.
INTEGERS = [(2.0 ** (bits - 8), 2.0**bits, 2.0 ** (bits - 1)) for bits in (16, 24, 32)]
LOUDEST = INTEGERS[-1][1]  # above it samples are no sound, and their power would overflow


class Clip(NamedTuple):
    """The clip of a file."""

    waveform: np.ndarray  # (n_samples,) float32
    seconds: float  # of it that are the file's; the rest is padding or repetition
    caveat: str  # what a reader of results must know of it, '' if nothing


def load_clip(path, clip, sample_rate):
    """Return the waveform of :func:`read_clip` alone, shape (n_samples,) float32."""
    return read_clip(path, clip, sample_rate).waveform


def read_clip(path, clip, sample_rate):
    """Return the seconds of a file that ``clip`` (ClipParams) asks for as a :class:`Clip` at ``sample_rate`` (Hz).

    A damaged or cut file gives what can be decoded. Raises AudioError as :func:`decode_clip` and :func:`clip_of` do."""
    return clip_of(decode_clip(path, clip), clip, sample_rate)


def decode_clip(path, clip):
    """Return the :class:`spectrograms.tracks.Sound` that a clip is cut from, at the file's own rate.

    Raises AudioError if there is nothing to decode."""
    lead = min(clip.offset, MARGIN)
    return decode(path, clip.offset - lead, lead + clip.duration + MARGIN)


def clip_of(sound, clip, sample_rate):
    """Return the :class:`Clip` at ``sample_rate`` (Hz) that :func:`decode_clip` decoded, as ``clip`` asks for it.

    Its waveform has round(duration * sample_rate) samples. Channels are averaged, then resampled as ``librosa.load``
    does. Samples keep their scale: full scale is 1.0, and peaks above it stay; but samples at the scale of integers are
    divided by it, which the caveat tells. Raises AudioError if the sound is too short, silent, not finite, of no known
    scale, or if the channels cancel each other in their mean.
    """
    lead = min(clip.offset, MARGIN)
    _check_channels(sound)
    mono, scaled = _to_full_scale(sound)
    if sound.rate != sample_rate and mono.size:
        mono = soxr.resample(mono, sound.rate, sample_rate, quality="HQ")
    n_samples = round(clip.duration * sample_rate)
    waveform = mono[round(lead * sample_rate) :][:n_samples]
    _check_waveform(waveform, clip, sample_rate)
    # Resampling rounds to whole samples, so a file of exactly the duration may come out one short.
    if len(waveform) >= n_samples - 1:
        return Clip(_pad(waveform, n_samples), clip.duration, scaled)
    if clip.short == "reject":
        raise AudioError(f"{len(waveform) / sample_rate:.3f} s of sound; {clip.duration:g} s are needed")
    lengthened = LENGTHEN[clip.short](waveform, n_samples)
    return Clip(lengthened, len(waveform) / sample_rate, "; ".join(filter(None, [scaled, sound.note])))


def _check_channels(sound):
    """Raise AudioError where the channels of a Sound cancel each other in their mean."""
    left = float(np.vdot(sound.mono, sound.mono)) / max(1, len(sound.mono))
    if sound.power > CANCELLED * left and sound.power > SILENCE**2:
        softer = f"{10 * np.log10(sound.power / left):.0f} dB softer than they are" if left else "silence"
        raise AudioError(f"the channels cancel: their mean is {softer}; is one of them turned over?")


def _to_full_scale(sound):
    """Return (mono of a Sound at full scale 1, what was done to it or '')."""
    peak = max(sound.peak, float(np.abs(sound.mono).max(initial=0)))
    if not FULL_SCALE < peak <= LOUDEST:  # NaN too: looked for later
        return sound.mono, ""
    full_scale = next((full for low, high, full in INTEGERS if low < peak <= high), None)
    if full_scale is None:
        raise AudioError(f"samples reach {peak:.0f}, neither at full scale 1 nor at that of integers; scale them")
    return sound.mono / np.float32(full_scale), f"samples at integer scale, divided by {full_scale:.0f}"


def _check_waveform(waveform, clip, sample_rate):
    """Raise AudioError unless the sound found in a file can be a clip."""
    seconds = len(waveform) / sample_rate
    after = f" after the offset of {clip.offset:g} s" if clip.offset else ""
    if not len(waveform):
        raise AudioError(f"has no sound{after}")
    if seconds < min(MIN_DURATION, clip.duration) - 1 / sample_rate:
        raise AudioError(f"only {seconds:.3f} s of sound{after}; at least {MIN_DURATION} s are needed")
    peak = np.abs(waveform).max()
    if not peak <= LOUDEST:  # written so that NaN fails too
        raise AudioError(f"has samples that are NaN, infinite or above {LOUDEST:g}")
    if peak < SILENCE:
        raise AudioError("is silent throughout")


def _pad(waveform, n_samples):
    """Return the waveform followed by silence."""
    return np.pad(waveform, (0, n_samples - len(waveform)))


def _keep(waveform, n_samples):
    """Return the waveform."""
    return waveform


LENGTHEN = {"pad": _pad, "loop": np.resize, "keep": _keep}  # by ClipParams.short; 'reject' gives no clip
