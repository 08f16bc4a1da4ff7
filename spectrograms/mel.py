"""Waveform (n_samples,) -> mel spectrogram (n_mels, n_frames) in dB."""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

AMIN = 1e-10  # power below which librosa.power_to_db takes no logarithm
CHUNK = 64  # frames transformed at once: they stay in the processor's cache


def log_mel(waveform, mel):
    """Return the mel spectrogram in dB below its peak, shape (n_mels, n_frames) float32, from -top_db to 0.

    ``waveform`` is (n_samples,) at ``mel.sample_rate``, ``mel`` is MelParams. The same as
    ``librosa.power_to_db(librosa.feature.melspectrogram(...), ref=np.max, top_db=...)``: centred, zero-padded Hann
    windows and the Slaney bank. A constant 0 dB for silence, as there.
    """
    frames = sliding_window_view(np.pad(waveform, mel.n_fft // 2), mel.n_fft)[:: mel.hop_length]
    window, bank = np.hanning(mel.n_fft + 1)[:-1], _mel_bank(mel)  # periodic
    power = np.empty((mel.n_mels, len(frames)))
    for first in range(0, len(frames), CHUNK):
        # 64 bits: in 32 the transform's own noise moves bins at -80 dB by 0.01 dB.
        spectrum = np.fft.rfft(frames[first : first + CHUNK] * window)
        power[:, first : first + CHUNK] = bank @ (spectrum.real**2 + spectrum.imag**2).T
    decibel = 10 * np.log10(np.maximum(AMIN, power))
    return np.maximum(decibel - decibel.max(), -mel.top_db).astype(np.float32)


@lru_cache(maxsize=8)
def _mel_bank(mel):
    """Return librosa's Slaney filter bank as a sparse matrix, (n_mels, 1 + n_fft // 2): 98 % of it is zero."""
    from librosa.filters import mel as slaney_bank  # imported late: it takes half a second
    from scipy.sparse import csr_array

    bank = slaney_bank(sr=mel.sample_rate, n_fft=mel.n_fft, n_mels=mel.n_mels, fmin=mel.fmin, fmax=mel.fmax)
    return csr_array(bank.astype(np.float64))
