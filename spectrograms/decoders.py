"""Any audio or video file -> its sound at its own rate: soundfile where it is quick and certain, PyAV for all else."""

import math
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from spectrograms.errors import AudioError
from spectrograms.joined import what_follows
from spectrograms.tracks import Sound, check_rate, decode_av, lasts_beyond

BLOCK = 2**21  # values read at once: 8 MB, whatever length a damaged header claims
CERTAIN = 0.1  # seconds by which two ways of counting a file's sound may differ: delay and padding of an encoder
SURVEYED = 60.0  # seconds from a file's start whose peak tells at which scale its floats are
# Formats of soundfile that name the place of their samples: ffmpeg reads these and no other. In the rest it goes on
# where a header is wrong or a recording joined to another.
PLACED = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF"}
FLOATS = {"FLOAT", "DOUBLE"}  # subtypes of soundfile whose scale is a convention, which some files do not keep


def decode(path, start, duration, thorough=decode_av):
    """Return the :class:`Sound` of ``duration`` seconds of a file from ``start``, at the file's own rate in Hz.

    It is shorter or empty where the file ends early. The end is where ffmpeg's decoding ends: neither headers nor the
    first of several joined recordings tell it. Where the rate changes on the way, all has that of the first sample.
    Names and extensions do not matter. ``thorough`` does what :func:`spectrograms.tracks.decode_av` does, for who has
    the file open already. Raises AudioError if the file is missing, empty or not decodable.
    """
    path = Path(path)
    _check_file(path)
    quick = decode_soundfile(path, start, duration)
    if quick and _is_all(quick, duration):
        return quick
    if quick is None or not (quick.sure or not lasts_beyond(path, start + len(quick.mono) / quick.rate + CERTAIN)):
        quick = _longer(quick, thorough, path, start, duration)
    if _is_all(quick, duration):
        return quick
    return quick._replace(note="; ".join(filter(None, [quick.note, what_follows(path)])))


def _is_all(sound, duration):
    """Return whether a Sound has all samples of so many seconds."""
    return len(sound.mono) >= math.ceil(duration * sound.rate)


def _longer(quick, thorough, path, start, duration):
    """Return what PyAV decodes, or the Sound ``quick`` where that has as much."""
    try:
        sound = thorough(path, start, duration)
    except AudioError:
        if quick is None:
            raise
        return quick
    seconds = len(sound.mono) / sound.rate
    longer = quick is None or seconds > len(quick.mono) / quick.rate + CERTAIN
    return sound._replace(peak=quick.peak if quick else 0.0) if longer else quick._replace(note=sound.note)


def _check_file(path):
    """Raise AudioError unless ``path`` is a file with something in it."""
    try:
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "is not a regular file"
            raise AudioError(what if path.exists() else "does not exist")
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError("is empty (0 bytes)")
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}") from error


def decode_soundfile(path, start, duration):
    """Return the Sound that soundfile finds, or None where it finds none."""
    # TypeError: a name ending in .raw makes soundfile ask for a sample rate.
    with suppress(soundfile.SoundFileError, TypeError), soundfile.SoundFile(path) as file:
        rate = check_rate(file.samplerate)
        peak = _peak(file) if file.subtype in FLOATS else 0.0
        if start and file.format == "MP3":  # it jumps over a change of rate or channels without a word
            return None
        begin = min(round(start * rate), file.frames)
        if file.tell() != begin and file.seek(begin) != begin:  # a damaged MP3 may land behind its own end
            return None
        mono, power = _read_mono(file, math.ceil(duration * rate))
        return Sound(mono, rate, power, peak, sure=file.format in PLACED) if mono.size else None
    return None


def _blocks(file, wanted):
    """Yield the next ``wanted`` samples of a SoundFile as blocks (n, channels) float32, fewer where it ends.

    ``SoundFile.blocks`` would go on to the end that a damaged header claims."""
    while wanted and len(block := file.read(min(wanted, BLOCK // file.channels), dtype="float32", always_2d=True)):
        yield block
        wanted -= len(block)


def _read_mono(file, wanted):
    """Return (mean over channels, mean square) of the next ``wanted`` samples of a SoundFile, fewer where it ends."""
    weights = np.full(file.channels, 1 / file.channels, np.float32)
    means, energy = [np.empty(0, np.float32)], 0.0
    for block in _blocks(file, wanted):
        means.append(block @ weights)  # 100 times faster than block.mean(axis=1)
        energy += float(np.vdot(block, block)) / file.channels
    mono = np.concatenate(means)
    return mono, energy / max(1, len(mono))


def _peak(file):
    """Return the largest finite absolute value in the first SURVEYED seconds of a SoundFile."""
    sizes = map(np.abs, _blocks(file, round(SURVEYED * file.samplerate)))
    return max((float(size.max(initial=0, where=np.isfinite(size))) for size in sizes), default=0.0)
