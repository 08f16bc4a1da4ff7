"""Cnn14 gives what the same network gives in torch, of weights in its own files; its windows lose no sound."""

import math
import re

import keras
import numpy as np
import pytest

from benchmark.config.networks import resolve_network, trusted
from benchmark.errors import StudyError, WeightsError
from benchmark.models import cnn14
from benchmark.models.catalogue import check_trusted
from benchmark.models.cnn14 import Cnn14, log_mels
from benchmark.models.sound_network import load_sound_network
from benchmark.models.weights.load import load_file

RATE = cnn14.SAMPLE_RATE
SMALL = (4, 6, 8, 10, 12, 16)  # filters of a network that is built at once
SECONDS = {"seconds": 0.5, "hop": 0.25, "dim": 8}


def noise(seconds, seed=0, scale=0.1):
    return np.random.default_rng(seed).normal(0, scale, round(seconds * RATE)).astype("float32")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(cnn14, "FILTERS", SMALL)
    return Cnn14(**SECONDS)


@pytest.fixture
def theirs():
    pytest.importorskip("torch", reason="torch, an independent Cnn14, is not installed")
    from tests.support.panns import TorchCnn14

    return TorchCnn14(SMALL, SECONDS["dim"])


@pytest.mark.parametrize("layout", ["zip", "older"])
def test_embeddings_are_those_of_torch_with_the_weights_of_its_file(small, theirs, tmp_path, layout):
    import torch

    checkpoint = {"iteration": 600000, "model": theirs.state_dict(), "sampler": {"indexes": np.arange(3)}}
    torch.save(checkpoint, tmp_path / "cnn14.pth", _use_new_zipfile_serialization=layout == "zip")
    load_file(small.core, tmp_path / "cnn14.pth", builder=Cnn14)
    log_mel = np.random.default_rng(1).normal(-40, 20, (3, 51, 64)).astype("float32")
    ours = small.core.predict_on_batch(log_mel[..., None])
    assert ours.max() > 0.1  # there is something to compare
    np.testing.assert_allclose(ours, theirs(torch.tensor(log_mel)).numpy(), atol=1e-4)  # float32 sums


def test_the_front_end_is_that_of_torch(theirs):
    from tests.support.panns import torch_log_mel

    loud, quiet = noise(3.0), noise(3.0, 1, 1e-4)
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype("float32")
    for waveform in (loud, quiet, tone * loud):
        ours = log_mels(3 * RATE, RATE, waveform)[..., 0]
        assert ours.shape == (1, 301, 64)
        np.testing.assert_allclose(ours, torch_log_mel(waveform[None]), atol=1e-3)  # dB, of float32 spectra
    np.testing.assert_allclose(log_mels(RATE, RATE, np.zeros(RATE, "float32")), -100, atol=1e-4)  # 10 log10(1e-10)


def test_it_has_the_parameters_of_the_paper():
    """Kong et al. 2020 print 80,753,615 with the classifier of 527 classes, moving statistics not counted."""
    with keras.StatelessScope(initialize_variables=False):  # shapes alone
        core = Cnn14(dim=2048).core
    assert sum(math.prod(value.shape) for value in core.trainable_weights) + 2048 * 527 + 527 == 80_753_615


@pytest.mark.parametrize(
    ("seconds", "n"), [(0.1, 1), (3, 1), (3.01, 2), (4.5, 2), (4.6, 3), (10, 6), (211.5, 140)]
)  # 140: what sulun2024 reads of a trailer
def test_windows_overlap_by_half_and_leave_no_sound_out(monkeypatch, seconds, n):
    monkeypatch.setattr(cnn14, "_log_mel", lambda window: np.array([window[0], window.sum()]))
    waveform = np.arange(1, round(seconds * RATE) + 1, dtype="float64")
    windows = log_mels(3 * RATE, 3 * RATE // 2, waveform)[..., 0]
    assert windows[:, 0].tolist() == [1 + start * 1.5 * RATE for start in range(n)]
    last = waveform[round((n - 1) * 1.5 * RATE) :]
    assert windows[-1, 1] == last.sum()  # what is left, and zeros
    assert len(last) <= 3 * RATE


def test_an_embedding_depends_on_its_window_alone(small):
    waveform = noise(5.75)  # 22 windows: a full batch and a part of one
    all_at_once = small(waveform)
    assert all_at_once.shape == (22, 8)
    assert all_at_once.dtype == np.float32
    for number in (0, 15, 16, 21):
        start = round(number * 0.25 * RATE)
        alone = small(waveform[start : start + round(0.5 * RATE)])
        np.testing.assert_allclose(alone, all_at_once[[number]], atol=1e-5)  # float32; batches of another size
    np.testing.assert_allclose(small(waveform[: 2 * RATE]), all_at_once[:7], atol=1e-5)
    changed = np.concatenate([waveform[: round(2.25 * RATE)], noise(3.5, 1)])
    np.testing.assert_allclose(small(changed)[:8], all_at_once[:8], atol=1e-5)


def test_a_short_clip_is_one_window_with_zeros_behind_it(small):
    clip = noise(0.2)
    padded = np.pad(clip, (0, round(0.3 * RATE)))
    np.testing.assert_allclose(small(clip), small(padded), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seconds": 0.3}, "windows of 0.31 s or more; got 0.3"),
        ({"hop": 0}, "hop must be above 0 and at most its window of 3 s; got 0"),
        ({"hop": 3.5}, "hop must be above 0 and at most its window of 3 s; got 3.5"),
    ],
)
def test_a_window_that_cannot_be_is_a_sentence(options, said):
    with pytest.raises(StudyError, match=re.escape(said)):
        Cnn14(**options)


def test_the_shortest_window_makes_an_embedding(monkeypatch):
    monkeypatch.setattr(cnn14, "FILTERS", SMALL)
    assert Cnn14(seconds=0.31, hop=0.31)(noise(1)).shape == (4, 128)


def test_the_file_of_features_names_the_file_of_weights(small, theirs, monkeypatch, tmp_path):
    """small: with few filters; theirs: whose weights stand for those of PANNs."""
    import torch

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = {"features": "audiotag", "name": "tags", "options": SECONDS}
    network = resolve_network(model)
    with pytest.raises(WeightsError, match=r"put Cnn14_emb128_mAP=0\.412\.pth into .*models"):
        load_sound_network(network)
    (tmp_path / "models").mkdir()
    torch.save({"model": theirs.state_dict()}, tmp_path / "models" / "Cnn14_emb128_mAP=0.412.pth")
    built = load_sound_network(network)
    assert built.sample_rate == network.waveform_rate == 32000
    check_trusted(network, trusted(), tmp_path)  # predictions of a trial of it ask for no --trust
    np.testing.assert_array_equal(built.core.get_weights()[0], theirs.bn0.weight.detach())


def test_weights_of_another_size_or_network_are_named(small, theirs, tmp_path):
    import torch

    path = tmp_path / "w.pth"
    other = theirs.state_dict() | {"fc1.weight": torch.zeros(16, SMALL[-1])}
    torch.save({"model": other}, path)
    with pytest.raises(WeightsError, match=r"layer 'fc1' needs 'fc1.weight' as a kernel of \(16, 8\); it has \(16, 16"):
        load_file(small.core, path, builder=Cnn14)
    torch.save({"model": {"weight": torch.zeros(2)}}, path)
    with pytest.raises(WeightsError, match=r"w\.pth does not hold the weights of cnn14 .*needs 'bn0\.weight'"):
        load_file(small.core, path, builder=Cnn14)
