"""Waveforms kept on disk while a run goes on: a clip is decoded once, however many networks read it."""

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from spectrograms.audio import clip_of, decode_clip
from spectrograms.errors import AudioError
from spectrograms.files import replacing
from spectrograms.params import fingerprint
from spectrograms.version import decoding

SAMPLE_RATE = 16000  # Hz: what networks over waveforms read
MOST = 8 << 30  # bytes of a run: of more clips none is kept, and each network decodes them for itself


def waveform_folder(cache, clip):
    """Return where the waveforms of clips under ``clip`` (ClipParams) lie while a run goes on."""
    return Path(cache) / "waveforms" / fingerprint(clip, SAMPLE_RATE, decoding())


def are_kept(n_clips, clip):
    """Return whether the waveforms of so many clips fit on disk."""
    return n_clips * clip.duration * SAMPLE_RATE * 4 <= MOST


def keep_waveform(sound, sha256, folder, clip):
    """Keep the clip of a decoded file with the digest ``sha256``; one that is no clip at this rate is left out."""
    with suppress(AudioError):
        _write(clip_of(sound, clip, SAMPLE_RATE).waveform, Path(folder) / f"{sha256}.npy")


def load_waveform(path, sha256, folder, clip):
    """Return the waveform (n_samples,) float32 of a file's clip, decoded where ``folder`` lacks it, and then kept."""
    target = Path(folder) / f"{sha256}.npy"
    with suppress(OSError, ValueError, EOFError):
        return np.load(target, allow_pickle=False)
    waveform = clip_of(decode_clip(path, clip), clip, SAMPLE_RATE).waveform
    _write(waveform, target)
    return waveform


def forget_waveforms(cache, clip):
    """Remove what was kept, at the end of a run; a run beside this one decodes what it misses."""
    shutil.rmtree(waveform_folder(cache, clip), ignore_errors=True)


def _write(waveform, target):
    with replacing(target, scratch=target.parents[1]) as temporary, open(temporary, "wb") as out:
        np.save(out, waveform)
