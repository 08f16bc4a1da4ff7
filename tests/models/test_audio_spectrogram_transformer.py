"""AST and Kaldi's filter bank beside those of Hugging Face's transformers, with files as transformers writes them."""

import keras
import numpy as np
import pytest

from benchmark.config.study import NetworkParams
from benchmark.models import kaldi
from benchmark.models.audio_spectrogram_transformer import AST, windows
from benchmark.models.sound_network import load_sound_network
from benchmark.models.weights.load import WeightsError

TOLERANCE = 1e-4  # float32: two blocks of sums over 1214 tokens, outputs of about 1
BACKBONE = "benchmark.models.audio_spectrogram_transformer:AST"
SIZES = {"hidden_dim": 24, "num_layers": 2, "num_heads": 3, "mlp_dim": 32}
RATE = kaldi.SAMPLE_RATE


def sound(seconds, seed=0):
    """Return noise under a tone that rises, float32 of about .1."""
    rng, times = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    return (rng.normal(size=len(times)) * 0.05 + 0.1 * np.sin(2 * np.pi * (200 + 90 * times) * times)).astype("float32")


def extractor():
    transformers = pytest.importorskip("transformers", reason="pip install -r requirements/test.txt")
    pytest.importorskip("torch", reason="transformers reads sound with torch installed alone")
    return transformers.ASTFeatureExtractor()


@pytest.mark.parametrize("seconds", [0.025, 0.4, 3.21, 10.0])
def test_one_window_is_that_of_transformers(seconds):
    waveform = sound(seconds)
    (expected,) = extractor()(waveform, sampling_rate=RATE, return_tensors="np")["input_values"]
    (found,) = windows(waveform)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)  # logarithms of float32 energies


def test_windows_are_ten_seconds_that_half_overlap_whole_ones_alone():
    waveform = sound(21.0)
    found = windows(waveform)
    assert len(found) == 3  # from 0, 5 and 10 s; that from 15 s would end at 25 s
    for start, window in zip((0, 5, 10), found, strict=True):
        np.testing.assert_array_equal(window, windows(waveform[start * RATE : (start + 10) * RATE])[0])
    assert [len(windows(sound(seconds))) for seconds in (0.0, 9.0, 14.9, 15.0, 20.0)] == [1, 1, 1, 2, 3]


def test_silence_and_nothing_are_finite():
    for waveform in (np.zeros(0, "float32"), np.zeros(RATE, "float32"), np.full(RATE, 0.5, "float32")):
        assert np.isfinite(windows(waveform)).all()


def test_a_tone_lights_the_band_of_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    energies = kaldi.log_mel(tone, 64)
    edges = 700 * np.expm1(np.linspace(*1127 * np.log1p(np.array([20, 8000]) / 700), 66) / 1127)
    assert energies.shape == (98, 64)  # 1 + (16000 - 400) // 160
    assert edges[energies.mean(axis=0).argmax()] < 1000 < edges[energies.mean(axis=0).argmax() + 2]


@pytest.fixture(scope="module", params=["ASTModel", "ASTForAudioClassification"])
def pair(request, tmp_path_factory):
    """Return our settings, with the path of a file that transformers wrote, and what transformers gives of sound."""
    torch = pytest.importorskip("torch", reason="pip install -r requirements/test.txt")
    transformers = pytest.importorskip("transformers", reason="pip install -r requirements/test.txt")
    config = transformers.ASTConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32)
    model, folder = getattr(transformers, request.param)(config).eval(), tmp_path_factory.mktemp("ast")
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            torch.nn.init.normal_(tensor, mean=1.0 if "norm" in name and "weight" in name else 0.0, std=0.2)
        body = getattr(model, "audio_spectrogram_transformer", model)
        parts = [sound(12.5)[: 10 * RATE], sound(17.0, seed=1)[5 * RATE : 15 * RATE]]
        given = extractor()(parts, sampling_rate=RATE, return_tensors="pt")["input_values"].float()
        expected = body(given).pooler_output.numpy()
    model.save_pretrained(folder)
    path = str(folder / "model.safetensors")
    return NetworkParams(
        name="n", label="N", reads="waveform", backbone=BACKBONE, options=SIZES, weights=path
    ), expected


def test_a_file_of_transformers_gives_the_same_embeddings(pair):
    given, expected = pair
    network = load_sound_network(given)
    first, second = network(sound(12.5)), network(sound(17.0, seed=1))
    assert (first.shape, second.shape) == ((1, 24), (2, 24))
    assert np.abs(expected[0] - expected[1]).max() > 100 * TOLERANCE  # they differ by far more than what is allowed
    np.testing.assert_allclose([first[0], second[1]], expected, rtol=0, atol=TOLERANCE)


def test_a_file_of_other_sizes_is_told(pair):
    deeper = pair[0].model_copy(update={"options": SIZES | {"num_layers": 3}})
    with pytest.raises(WeightsError, match=r"transformer_block_3/ln_1' needs 'encoder\.layer\.2\.layernorm_before"):
        load_sound_network(deeper)


def test_the_size_is_that_of_the_published_network():
    with keras.StatelessScope(initialize_variables=False):  # the layers alone: it is quicker
        network = AST()
    assert network.parameters == 86_187_264  # ASTModel of its default sizes, in transformers
    assert network.core.output_shape == (None, 768)
