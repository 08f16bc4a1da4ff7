"""Waveforms kept on disk while a run goes on: a clip is decoded once, however many networks read it."""

import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

from spectrograms.audio import clip_of, decode_clip
from spectrograms.errors import AudioError
from spectrograms.files import read_array, write_array
from spectrograms.params import content_hash
from spectrograms.version import decoding

MOST = 8 << 30  # bytes of a sample rate in a run: of more clips none is kept, and each network decodes them for itself


def waveform_folder(cache, clip, sample_rate):
    """Return where waveforms at ``sample_rate`` (Hz) of clips under ``clip`` (ClipParams) lie while a run goes on."""
    return Path(cache) / "waveforms" / content_hash(clip, sample_rate, decoding())


def are_kept(n_clips, clip, sample_rate):
    """Return whether the waveforms of so many clips at ``sample_rate`` (Hz) fit on disk."""
    return n_clips * clip.duration * sample_rate * 4 <= MOST


def keepers(cache, clip, sample_rates, n_clips):
    """Return functions, each of which keeps a decoded clip (Sound, sha256) at one of the sample rates (Hz)."""
    return tuple(
        partial(keep_waveform, folder=waveform_folder(cache, clip, rate), clip=clip, sample_rate=rate)
        for rate in sample_rates
        if are_kept(n_clips, clip, rate)
    )


def keep_waveform(sound, sha256, folder, clip, sample_rate):
    """Keep the clip of a decoded file with the digest ``sha256``; one that is no clip at this rate is left out."""
    with suppress(AudioError):
        waveform = clip_of(sound, clip, sample_rate).waveform
        write_array(waveform, Path(folder) / f"{sha256}.npy", scratch=Path(folder).parent)


def load_waveform(path, sha256, folder, clip, sample_rate):
    """Return the waveform (n_samples,) float32 of a file's clip at ``sample_rate`` (Hz).

    It is decoded where ``folder``, that of the rate, lacks it, and then kept."""
    target = Path(folder) / f"{sha256}.npy"
    waveform = read_array(target)
    if waveform is None:
        waveform = clip_of(decode_clip(path, clip), clip, sample_rate).waveform
        write_array(waveform, target, scratch=target.parents[1])
    return waveform


def forget_waveforms(cache, clip, sample_rates):
    """Remove what was kept at these sample rates (Hz), at the end of a run; a run beside it decodes what it misses."""
    for rate in sample_rates:
        shutil.rmtree(waveform_folder(cache, clip, rate), ignore_errors=True)
