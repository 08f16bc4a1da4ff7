"""A network over sound: every window by itself, in batches of two shapes; what a study says of it is judged."""

import re

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmark.config.study import NetworkParams
from benchmark.errors import StudyError, WeightsError
from benchmark.features.waveforms import WaveformExtractor
from benchmark.models.audio_networks import YAMNet
from benchmark.models.sound_network import BATCH, FEW, SoundNetwork, load_sound_network
from benchmark.models.weights.load import cache_folder, file_digest
from spectrograms.audio import load_clip
from tests.support.audio_network import Blocks, SmallAudio, blocks, cut
from tests.support.studies import study_of


def settings(**changes):
    return NetworkParams.model_validate(blocks("b", 12000, **changes))


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype("float32")


def test_a_network_is_its_core_over_its_windows(monkeypatch):
    network, seen = Blocks(), []
    kernel, bias = network.core.get_weights()
    run = network.core.predict_on_batch
    monkeypatch.setattr(network.core, "predict_on_batch", lambda batch: seen.append(len(batch)) or run(batch))
    for n_windows in (1, FEW, FEW + 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 7):
        waveform = noise(600 * n_windows - 50)
        expected = cut(waveform, 600) @ kernel + bias
        found = network(waveform)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)  # float32 sums of 600
    assert set(seen) == {BATCH, FEW}  # each shape of a batch is compiled once
    assert network.parameters == 600 * 3 + 3


@pytest.mark.parametrize("build", [YAMNet, SmallAudio])  # VGGish takes as long as a hundred of these
def test_an_embedding_does_not_depend_on_what_else_is_in_the_batch_or_the_clip(build):
    keras.utils.set_random_seed(0)
    network, waveform = build(), noise(12 * 16000)
    whole, begun = network(waveform), network(waveform[: 5 * 16000])
    assert len(whole) > len(begun) > 1
    np.testing.assert_allclose(whole[: len(begun)], begun, atol=1e-5)  # float32, batches of another size


def test_a_builder_of_a_module_reads_waveforms_at_its_rate(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(22050), 22050)
    study = study_of(tmp_path, tmp_path, "audio", clip={"duration": 1.0}, models=[blocks("b", 12000)])
    extractor = WaveformExtractor(study.models[0], study)
    rows = pd.DataFrame([{"path": str(path), "sha256": file_digest(path)}])
    keras.utils.set_random_seed(0)  # that of the extractor
    expected = Blocks()(load_clip(path, study.clip, 12000))
    assert expected.shape == (20, 3)  # a second in blocks of 600 samples
    for n_clips in (1, 10**9):  # kept on disk, or not
        np.testing.assert_array_equal(extractor._compute(rows, n_clips, 8)[0], expected)
    assert extractor.dim == 3
    assert extractor.parameters == 1803


@pytest.fixture
def saved(tmp_path):
    """Weights in a form that the builder alone reads: a folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    values = noise(1800).reshape(600, 3), noise(3)
    for name, value in zip(("kernel", "bias"), values, strict=True):
        np.save(folder / f"{name}.npy", value)
    return folder, values


def test_a_builder_reads_its_own_form_of_weights(saved):
    folder, values = saved
    network = load_sound_network(settings(weights=str(folder), weights_sha256=file_digest(folder)))
    for value, wanted in zip(network.core.get_weights(), values, strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_named_weights_are_files_that_the_user_puts_into_the_cache_of_keras(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with pytest.raises(WeightsError, match=r"put blocks into .*home.models, or set 'weights: random'"):
        load_sound_network(settings(weights="audioset"))
    cache_folder().mkdir(parents=True)
    saved[0].rename(cache_folder() / "blocks")
    network = load_sound_network(settings(weights="audioset"))
    np.testing.assert_array_equal(network.core.get_weights()[1], saved[1][1])


def no_network(weights=None):
    """Return no SoundNetwork."""
    return [weights]


def random_alone(weights=None):
    """Return a network that has no named weights."""
    return SoundNetwork(Blocks().core, lambda waveform: cut(waveform, 600), 12000)


HERE = "tests.models.test_sound_network"
WRONG = {
    "no SoundNetwork": ({"backbone": f"{HERE}:no_network", "options": {}}, "must return a SoundNetwork .* got list"),
    "another rate": ({"sample_rate": 16000}, "reads sound at 12000 Hz, .* give 'sample_rate: 12000'"),
    "another option": ({"options": {"bands": 3}}, "Blocks cannot be called with .*bands"),
    "no such builder": ({"backbone": "tests.support.audio_network:Block"}, "did you mean 'Blocks'"),
    "no such module": ({"backbone": "nobody.knows:this"}, "backbone 'nobody.knows:this' cannot be found"),
    "weights of pictures": ({"weights": "imagenet"}, "no 'imagenet' weights; known are audioset, random, or a path"),
    "no named weights": (
        {"backbone": f"{HERE}:random_alone", "options": {}, "weights": "audioset"}, "known are random, or a path",
    ),
    "no file": ({"weights": "nowhere.pth"}, "no weights file nowhere.pth"),
    "another file": ({"weights": __file__}, "does not hold the weights of blocks"),
    "another digest": ({"weights": __file__, "weights_sha256": "0" * 64}, "expected 0{64}, got"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_network_is_one_sentence(what):
    changes, words = WRONG[what]
    with pytest.raises((StudyError, WeightsError), match=words) as told:
        load_sound_network(settings(**changes))
    assert "\n" not in str(told.value)


REFUSED = {
    "options has no effect on the backbone tensorflow_hub:x": {"backbone": "tensorflow_hub:x", "sample_rate": 16000},
    "output has no effect on the backbone tests.support.audio_network:Blocks": {"output": 0},
    "random has no effect on the backbone tests.support.audio_network:Blocks": {"random": "a.b:c"},
    "reads: waveform needs a backbone, a network over sounds; got keras.applications.VGG16": {
        "backbone": "keras.applications.VGG16"
    },
    "reads: waveform needs a backbone, a network over sounds; got none": {"backbone": None},
    "sample_rate has no effect on reads: picture, only on waveform": {"reads": "picture"},
}


@pytest.mark.parametrize("said", REFUSED)
def test_settings_that_do_not_go_together_are_refused(said):
    with pytest.raises(ValueError, match=re.escape(said)):
        settings(**REFUSED[said])


def test_a_builder_that_says_not_what_it_reads_reads_pictures():
    network = NetworkParams(name="n", label="N", backbone="a.module:builder")
    assert network.reads == "picture"
    assert network.waveform_rate is None
    assert settings().waveform_rate == 12000
