"""How long recordings are by their headers, nothing decoded; and how long a clip of them should be."""

import os

import av
import numpy as np
import soundfile

from spectrograms.audio import MIN_DURATION
from spectrograms.params import ClipParams
from spectrograms.tracks import OPTIONS

SAMPLE = 200  # recordings that are looked at
LONGEST = ClipParams().duration  # seconds of a clip: what is longer is cut


def sample_seconds(paths, seed=0):
    """Return the seconds of at most SAMPLE of some files, drawn by the seed; those whose header tells none left out."""
    drawn = np.random.default_rng(seed).permutation(sorted(paths))[:SAMPLE]
    seconds = np.array([header_seconds(str(path)) for path in drawn], float)
    return seconds[np.isfinite(seconds)]


def header_seconds(path):
    """Return how many seconds the sound of a file lasts as its header says, NaN where it says nothing."""
    try:
        return soundfile.info(path).duration
    except (soundfile.SoundFileError, TypeError):  # TypeError: a name ending in .raw
        pass
    try:
        with av.open(os.path.abspath(path), **OPTIONS) as container:
            track = container.streams.best("audio")
            if track is None:
                return np.nan
            if track.duration:
                return float(track.duration * track.time_base)
            return container.duration / av.time_base if container.duration else np.nan
    except (av.FFmpegError, IndexError):
        return np.nan


def clip_seconds(seconds):
    """Return a duration in s that half of the recordings, (n,) s, fill: rounded down, at most LONGEST.

    Labels are of whole recordings: silence behind a shorter one costs less than what would be cut off most others.

    >>> clip_seconds([5.0, 5.01, 5.004, 1.2])
    5.0
    """
    filled = min(np.quantile(seconds, 0.5, method="lower"), LONGEST)
    step = 1.0 if filled >= 10 else 0.1
    # To three digits first: 5 s are 4.9999 s in files whose last block of samples is cut.
    return max(float(round(np.floor(round(filled, 3) / step + 1e-9) * step, 1)), MIN_DURATION)
