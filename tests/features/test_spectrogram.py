"""Segments of a spectrogram: sizes of the paper, values against SciPy and librosa."""

import librosa
import numpy as np
import pytest
import soundfile
from scipy.signal import stft

from benchmark.config.features import SegmentParams
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.features.extractors import EXTRACTORS
from benchmark.features.spectrogram import segments
from spectrograms.audio import load_clip
from tests.support.sounds import tone

PAPER = SegmentParams()  # 3 s at 44.1 kHz, 1024 samples every 1024: wehrmann2017


def noise(seconds, seed=0, rate=44100):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype("float32")


def test_the_paper_has_segments_of_130_by_513():
    assert (PAPER.n_steps, PAPER.dim) == (130, 513)
    assert segments(noise(3.0), PAPER).shape == (130, 513)


@pytest.mark.parametrize(("seconds", "n"), [(0.5, 1), (2.99, 1), (3.0, 1), (5.99, 1), (6.0, 2), (10.0, 3)])
def test_what_is_left_at_the_end_is_no_segment(seconds, n):
    assert segments(noise(seconds), PAPER).shape == (n * 130, 513)


def test_values_are_those_of_scipy():
    waveform = noise(6.0)
    found = segments(waveform, PAPER)
    for number in range(2):
        part = waveform[number * 132300 : (number + 1) * 132300]
        _, _, expected = stft(part, nperseg=1024, noverlap=0, padded=False, boundary="zeros", window="hann")
        expected = np.abs(expected) * 512  # SciPy divides by the sum of the window
        np.testing.assert_allclose(found[number * 130 : (number + 1) * 130], expected.T[:130], atol=2e-4)


def test_mel_bands_in_decibels_are_librosas():
    params = SegmentParams(seconds=1.0, sample_rate=16000, n_fft=512, hop_length=160, n_mels=40, scale="decibels")
    waveform = noise(1.0, rate=16000)
    power = librosa.feature.melspectrogram(y=waveform, sr=16000, n_fft=512, hop_length=160, n_mels=40)
    expected = librosa.power_to_db(power, amin=1e-10, top_db=None)
    np.testing.assert_allclose(segments(waveform, params), expected.T, atol=1e-3)  # float32 in decibels


def test_scales_are_powers_of_each_other():
    magnitude, power, decibels = (
        segments(noise(3.0), SegmentParams(scale=scale)) for scale in ("magnitude", "power", "decibels")
    )
    np.testing.assert_allclose(magnitude**2, power, rtol=1e-5)
    np.testing.assert_allclose(10 ** (decibels / 10), power, rtol=1e-4, atol=1e-10)


def test_a_segment_shorter_than_a_window_is_refused():
    with pytest.raises(ValueError, match=r"a segment of 0\.01 s is shorter than a window of 1024 samples"):
        SegmentParams(seconds=0.01)


def test_the_extractor_reads_the_clip_and_keeps_what_it_reads(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(7.0), 22050)
    raw = {"name": "s", "dataset": {"root": str(tmp_path)}, "clip": {"duration": 20.0, "short": "keep"}}
    model = {"name": "columns", "label": "Columns", "reads": "spectrogram"}
    study = read_section(Study, raw | {"models": [model], "cache": str(tmp_path / "cache")})
    extractor = EXTRACTORS["spectrogram"](study.models[0], study)
    found = extractor.read(path)
    assert (found.shape, found.dtype, extractor.dim) == ((260, 513), "float32", 513)
    np.testing.assert_array_equal(found, segments(load_clip(path, study.clip, 44100), study.segments))
