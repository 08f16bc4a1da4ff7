"""What decoding gives: a sound, or the reason why there is none."""

from typing import NamedTuple

import numpy as np

from spectrograms.errors import AudioError

SAMPLE_RATES = (1_000, 768_000)  # Hz; a header that says anything else is damaged


class Sound(NamedTuple):
    """Decoded seconds of a file."""

    mono: np.ndarray  # (n_samples,) float32, the mean over channels
    rate: int  # Hz
    power: float  # mean square over samples and channels; that of ``mono`` where all channels are alike
    peak: float = 0.0  # of the first SURVEYED seconds of a file of floats
    sure: bool = False  # that it ends where the file's sound does, if it is shorter than was asked for
    note: str = ""  # what is in the file and was not read


def check_rate(rate):
    """Return a sample rate in Hz, or raise AudioError if no recording has it."""
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise AudioError(f"sample rate must be in {low}..{high} Hz; its header says {rate}")
    return rate
