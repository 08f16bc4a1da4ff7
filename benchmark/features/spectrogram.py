"""The sound of a clip as segments of a spectrogram, one after the other: features that need no network.

As wehrmann2017 feeds its CTT-MMC-S: 3 s at 44.1 kHz, 1024 samples a window, centred, are 130 columns of 513 numbers."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from benchmark.features.extractor import Extractor

FLOOR = 1e-10  # power at -100 dB


def decibels(power):
    """Return power as decibels relative to full scale, at least -100."""
    return 10 * np.log10(np.maximum(power, FLOOR))


SCALES = {"magnitude": np.sqrt, "power": np.asarray, "decibels": decibels}  # of the power spectrogram


def segments(waveform, params):
    """Return the columns (n_segments * n_steps, dim) float32 of a waveform (n_samples,) at ``params.sample_rate``.

    ``params`` is a SegmentParams. Each segment is a spectrogram of its own, with silence before and after it; what is
    left at the end is no segment, but a waveform that is shorter than one is followed by silence."""
    from librosa import stft  # imported late: it takes half a second
    from librosa.filters import mel

    n_samples = round(params.seconds * params.sample_rate)
    n_segments = max(1, len(waveform) // n_samples)
    padded = np.pad(waveform, (0, max(0, n_samples - len(waveform))))
    parts = padded[: n_segments * n_samples].reshape(n_segments, n_samples)
    power = np.abs(stft(parts, n_fft=params.n_fft, hop_length=params.hop_length)) ** 2  # (n_segments, bins, n_steps)
    if params.n_mels:
        power = mel(sr=params.sample_rate, n_fft=params.n_fft, n_mels=params.n_mels) @ power
    return SCALES[params.scale](power).swapaxes(1, 2).reshape(-1, params.dim).astype("float32")


class SpectrogramExtractor(Extractor):
    """Columns of the spectrograms of a clip's segments: n_steps is segments times ``segments.n_steps``."""

    @property
    def dim(self):
        """Numbers of one column."""
        return self.settings.segments.dim

    def _compute(self, rows, n_clips, batch_size):
        """Return the columns of each clip."""
        with ThreadPoolExecutor() as pool:
            columns = pool.map(partial(self._if_there, self.read), rows["path"])
            return [self._absent if of_clip is None else of_clip for of_clip in columns]

    def read(self, path):
        """Return the columns (n_steps, dim) of one file's clip."""
        params = self.settings.segments
        return segments(self.decoded.waveform(path, self.settings.clip, params.sample_rate), params)
