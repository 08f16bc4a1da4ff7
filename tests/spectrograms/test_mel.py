"""The mel spectrogram: librosa's numbers, also of a sine, a click and silence."""

import librosa
import numpy as np
import pytest

from spectrograms.mel import log_mel
from spectrograms.params import MelParams

N = 33_333  # samples, odd
SECONDS = np.arange(N) / 22050
RNG = np.random.default_rng(0)
SIGNALS = {
    "noise": 0.1 * RNG.standard_normal(N),
    "sine": np.sin(2 * np.pi * 440 * SECONDS),
    "sine over faint noise": np.sin(2 * np.pi * 440 * SECONDS) + 1e-5 * RNG.standard_normal(N),
    "sweep": np.sin(2 * np.pi * (50 * SECONDS + 2000 * SECONDS**2)),
    "click": np.eye(1, N, 5000)[0],
    "constant": np.full(N, 0.5),
    "above full scale": 5 * RNG.standard_normal(N),
    "near the floor of power_to_db": 1e-6 * RNG.standard_normal(N),
    "silence": np.zeros(N),
    "shorter than a window": RNG.standard_normal(100),
    "one sample": np.ones(1),
}
PARAMS = [
    MelParams(),
    MelParams(sample_rate=16000, n_fft=400, hop_length=160, n_mels=64, fmin=60, fmax=7600),
    MelParams(sample_rate=44100, n_fft=1023, hop_length=441, n_mels=40, fmax=8000, top_db=60),
    MelParams(n_fft=512, hop_length=512, n_mels=20, top_db=120),
]


def librosa_log_mel(waveform, mel):
    given = mel.model_dump(include={"n_fft", "hop_length", "n_mels", "fmin", "fmax"})
    power = librosa.feature.melspectrogram(y=waveform, sr=mel.sample_rate, **given)
    return librosa.power_to_db(power, ref=np.max, top_db=mel.top_db)


@pytest.mark.filterwarnings("ignore:n_fft=.*is too large")
@pytest.mark.parametrize("mel", PARAMS, ids=lambda mel: f"{mel.n_fft}-{mel.n_mels}")
@pytest.mark.parametrize("signal", SIGNALS)
def test_log_mel_is_that_of_librosa(signal, mel):
    waveform = SIGNALS[signal].astype(np.float32)
    ours, theirs = log_mel(waveform, mel), librosa_log_mel(waveform, mel)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    # 1e-4 dB: librosa keeps its spectra and sums in float32. Measured: 2e-5 dB.
    np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("mel", PARAMS, ids=lambda mel: f"{mel.n_fft}-{mel.n_mels}")
@pytest.mark.parametrize("duration", [0.5, 1.2345, 3])
def test_n_frames_is_what_the_parameters_promise(mel, duration):
    waveform = RNG.standard_normal(round(duration * mel.sample_rate)).astype(np.float32)
    assert log_mel(waveform, mel).shape == (mel.n_mels, mel.n_frames(duration))
