"""A voice that says nothing: vowels of a pulse train, which a detector of speech takes for speech."""

import numpy as np
from scipy.signal import lfilter

RATE = 16000  # Hz
VOWELS = [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480)]  # Hz: formants, a i u e
BANDWIDTHS = (80, 90, 120)  # Hz


def babble(seconds, rng, level=0.1):
    """Return a waveform (n_samples,) float32 at 16 kHz of ``seconds`` of vowels, four a second, of that RMS."""
    said = []
    for number in range(round(4 * seconds)):
        n = RATE // 4
        pitch = 120 + 25 * np.sin(number) + np.linspace(10, -15, n)
        phase = np.cumsum(pitch / RATE)
        sound = np.diff(np.floor(phase), prepend=0) + 0.002 * rng.standard_normal(n)
        for formant, width in zip(VOWELS[rng.integers(len(VOWELS))], BANDWIDTHS, strict=True):
            radius = np.exp(-np.pi * width / RATE)
            sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], sound)
        said.append(sound * np.hanning(n) ** 0.5)
    said = np.concatenate(said)
    return (level * said / np.sqrt(np.mean(said**2))).astype(np.float32)
