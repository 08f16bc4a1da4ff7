"""Kaldi's log mel filter bank in NumPy: kaldi-asr.org's compute-fbank-feats as torchaudio's compliance.kaldi.fbank."""

from functools import lru_cache

import numpy as np

SAMPLE_RATE = 16000  # Hz
WINDOW, HOP, N_FFT = 400, 160, 512  # samples: 25 ms, 10 ms
PREEMPHASIS = 0.97
LOWEST = 20.0  # Hz; the highest is half the sample rate
AT_ONCE = 1000  # frames; those of a long film would take gigabytes
FLOOR = np.finfo("float32").eps  # of what the logarithm is taken


def log_mel(waveform, n_mels=128):
    """Return the natural logarithm of mel energies, (n_frames, n_mels) float32, of a 16 kHz waveform (n_samples,).

    Frames of 25 ms every 10 ms, whole ones alone: 1 + (n_samples - 400) // 160. Each loses its mean, is emphasised by
    0.97, and goes through a symmetric Hann window; there is no dither. Raises ValueError for less than 400 samples."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, WINDOW)[::HOP]
    blocks = [frames[start : start + AT_ONCE] for start in range(0, len(frames), AT_ONCE)]
    return np.concatenate([_log_mel(block, n_mels) for block in blocks])


def _log_mel(frames, n_mels):
    frames = frames.astype("float64")
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)  # the first sample has itself before it
    power = np.abs(np.fft.rfft((frames - PREEMPHASIS * before) * np.hanning(WINDOW), N_FFT)) ** 2
    return np.log(np.maximum(power @ mel_filters(n_mels), FLOOR)).astype("float32")


@lru_cache
def mel_filters(n_mels):
    """Return triangles on Kaldi's mel scale, (N_FFT / 2 + 1, n_mels): straight there, not in hertz; peaks are 1."""
    edges = np.linspace(_mel(LOWEST), _mel(SAMPLE_RATE / 2), n_mels + 2)
    bins = _mel(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE))[:, None]
    width = edges[1] - edges[0]
    return np.maximum(0, np.minimum(bins - edges[:-2], edges[2:] - bins) / width)


def _mel(hertz):
    return 1127 * np.log1p(np.asarray(hertz) / 700)
