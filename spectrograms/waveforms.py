"""Waveforms kept on disk while a run goes on: a clip is decoded once, however many networks read it."""

import shutil
from contextlib import suppress
from pathlib import Path

from spectrograms.audio import clip_of, decode_clip
from spectrograms.errors import AudioError
from spectrograms.files import read_array, write_array
from spectrograms.params import content_hash
from spectrograms.version import decoding

SAMPLE_RATE = 16000  # Hz: what networks over waveforms read
MOST = 8 << 30  # bytes of a run: of more clips none is kept, and each network decodes them for itself


def waveform_folder(cache, clip):
    """Return where the waveforms of clips under ``clip`` (ClipParams) lie while a run goes on."""
    return Path(cache) / "waveforms" / content_hash(clip, SAMPLE_RATE, decoding())


def are_kept(n_clips, clip):
    """Return whether the waveforms of so many clips fit on disk."""
    return n_clips * clip.duration * SAMPLE_RATE * 4 <= MOST


def keep_waveform(sound, sha256, folder, clip):
    """Keep the clip of a decoded file with the digest ``sha256``; one that is no clip at this rate is left out."""
    with suppress(AudioError):
        waveform = clip_of(sound, clip, SAMPLE_RATE).waveform
        write_array(waveform, Path(folder) / f"{sha256}.npy", scratch=Path(folder).parent)


def load_waveform(path, sha256, folder, clip):
    """Return the waveform (n_samples,) float32 of a file's clip, decoded where ``folder`` lacks it, and then kept."""
    target = Path(folder) / f"{sha256}.npy"
    waveform = read_array(target)
    if waveform is None:
        waveform = clip_of(decode_clip(path, clip), clip, SAMPLE_RATE).waveform
        write_array(waveform, target, scratch=target.parents[1])
    return waveform


def forget_waveforms(cache, clip):
    """Remove what was kept, at the end of a run; a run beside this one decodes what it misses."""
    shutil.rmtree(waveform_folder(cache, clip), ignore_errors=True)
