"""Choi's music taggers beside their published outputs, and Keras 1's layers beside their formulas."""

import json

import h5py
import keras
import numpy as np
import pytest

from benchmark.errors import StudyError, WeightsError
from benchmark.models.music_tagger import SECONDS, TAGS, MusicTaggerCNN, MusicTaggerCRNN, hard_sigmoid, log_mel
from benchmark.models.music_tagger import standardized as standard
from benchmark.models.sound_windows import cut
from benchmark.models.weights import keras1_file
from benchmark.models.weights import load as weights

RATE = 12000
# The ten best tags of the CNN for the authors' four songs, best first: README of the first release.
CNN_TOP10 = {
    "cute": "jazz, folk, instrumental, guitar, acoustic, female vocalists, indie, chillout, rock, pop",
    "actionable": "rock, classic rock, punk, 60s, 70s, hard rock, indie, 80s, alternative, Progressive rock",
    "dubstep": "Hip-Hop, rock, electronic, female vocalists, pop, alternative, indie, rnb, 80s, 90s",
    "thejazzpiano": "jazz, instrumental, guitar, rock, blues, chillout, easy listening, folk, oldies, country",
}


def tagger(shared, builder, kind):
    """Return a tagger up to its tags with the published weights."""
    network = builder(layer="output")
    path = shared / "weights" / "music_tagger" / f"music_tagger_{kind}_weights_tensorflow.h5"
    weights.load_file(network.core, path, builder=builder)
    return network.core


def song(shared, name):
    """Return the mel spectrogram (96, 1366) of one of the authors' songs, as they computed it."""
    return np.load(shared / "weights" / "music_tagger" / f"bensound-{name}.npy")[0, 0].astype("float32")


def test_the_crnn_gives_its_published_probabilities(shared):
    crnn = tagger(shared, MusicTaggerCRNN, "crnn")
    published = json.loads((shared / "weights" / "music_tagger" / "crnn_top10.json").read_text(encoding="utf-8"))
    for name, expected in published.items():
        tags = dict(zip(TAGS, crnn.predict_on_batch(song(shared, name)[None, ..., None])[0], strict=True))
        assert sorted(tags, key=tags.get)[:-11:-1] == list(expected), name
        got = [tags[tag] for tag in expected]
        np.testing.assert_allclose(got, [*expected.values()], rtol=0, atol=1e-4, err_msg=name)  # four digits are given


def test_the_cnn_finds_most_of_its_published_tags_where_its_input_is_standardized(shared):
    """Their order and their probabilities were printed for batches whose own statistics counted: only most agree."""
    cnn, common = tagger(shared, MusicTaggerCNN, "cnn"), {True: [], False: []}
    for name, published in CNN_TOP10.items():
        for is_standard, found in common.items():
            mel = standard(song(shared, name)) if is_standard else song(shared, name)
            best = np.argsort(cnn.predict_on_batch(mel[None, ..., None])[0])[:-11:-1]
            found.append(len({TAGS[i] for i in best} & set(published.split(", "))))
    assert np.mean(common[True]) >= 5  # 2 of 10 by chance
    assert np.mean(common[False]) < 4  # why standardize is the CNN's default


def write_keras1(path, saved):
    """Write weights {layer: {name: array}} as Keras 1 did."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([*saved, "dropout"], "S")
        file.create_group("dropout").attrs["weight_names"] = np.array([])
        for layer, arrays in saved.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}_{name}:0" for name in arrays], "S")
            for name, array in arrays.items():
                group[f"{layer}_{name}:0"] = array
    return path


def draw(rng, **shapes):
    """Return arrays {name: of that shape}, float32."""
    return {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def test_a_gru_of_keras_1_steps_as_its_formula_says(tmp_path):
    rng, units, inputs = np.random.default_rng(0), 5, 4
    shapes = {"W": (inputs, units), "U": (units, units), "b": (units,)}
    saved = draw(rng, **{f"{array}_{gate}": shapes[array] for gate in "zrh" for array in "WUb"})
    sequence = keras.Input((7, inputs))
    gru = keras.layers.GRU(units, recurrent_activation=hard_sigmoid, reset_after=False, name="gru")
    model = keras.Model(sequence, gru(sequence))
    keras1_file.load(model, write_keras1(tmp_path / "gru.h5", {"gru": saved}))
    x, state = rng.normal(size=(3, 7, inputs)).astype("float32"), np.zeros((3, units))
    for step in x.swapaxes(0, 1):
        z, r = (
            np.clip(0.2 * (step @ saved[f"W_{g}"] + state @ saved[f"U_{g}"] + saved[f"b_{g}"]) + 0.5, 0, 1)
            for g in "zr"
        )
        new = np.tanh(step @ saved["W_h"] + (r * state) @ saved["U_h"] + saved["b_h"])  # reset before
        state = z * state + (1 - z) * new
    np.testing.assert_allclose(model.predict_on_batch(x), state, atol=1e-5)  # float32, seven steps


@pytest.mark.parametrize(("holds", "variance"), [("variance", lambda v: v), ("sd", np.square)])
def test_running_std_is_read_as_what_it_holds(tmp_path, holds, variance):
    rng = np.random.default_rng(1)
    saved = draw(rng, gamma=6, beta=6, running_mean=6)
    saved["running_std"] = rng.uniform(0.5, 3, 6).astype("float32")
    mel = keras.Input((4, 6, 1))
    model = keras.Model(mel, keras.layers.BatchNormalization(axis=2, epsilon=1e-5, name="bn")(mel))
    keras1_file.load(model, write_keras1(tmp_path / "bn.h5", {"bn": saved}), holds)
    x = rng.normal(size=(2, 4, 6, 1)).astype("float32")
    gamma, beta, mean, running = (saved[name][:, None] for name in ("gamma", "beta", "running_mean", "running_std"))
    expected = gamma * (x - mean) / np.sqrt(variance(running) + 1e-5) + beta
    np.testing.assert_allclose(model.predict_on_batch(x), expected, atol=1e-5)  # float32


def test_a_kernel_of_keras_1_has_its_filters_first_and_is_not_flipped(tmp_path):
    saved = draw(np.random.default_rng(2), W=(2, 1, 3, 3), b=2)
    picture = keras.Input((3, 3, 1))
    model = keras.Model(picture, keras.layers.Conv2D(2, 3, name="conv")(picture))
    keras1_file.load(model, write_keras1(tmp_path / "conv.h5", {"conv": saved}))
    x = np.random.default_rng(3).normal(size=(1, 3, 3, 1)).astype("float32")
    expected = (saved["W"][:, 0] * x[0, ..., 0]).sum((1, 2)) + saved["b"]
    np.testing.assert_allclose(model.predict_on_batch(x)[0, 0, 0], expected, atol=1e-5)  # float32


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"other": {"W": np.zeros((2, 3))}}, "no weights for layer 'output'; it has other"),
        ({"output": {"W": np.zeros((2, 3)), "b": np.zeros(3)}}, r"'output' needs .*; it has \[\(2, 3\), \(3,\)\]"),
    ],
)
def test_a_file_of_another_network_is_refused(tmp_path, saved, message):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3, name="output")(x))
    with pytest.raises(WeightsError, match=message):
        weights.load_file(model, write_keras1(tmp_path / "other.h5", saved), builder=MusicTaggerCRNN)


def test_what_is_no_file_of_keras_1_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no weights", encoding="utf-8")
    with pytest.raises(WeightsError, match="it is no weights file of Keras 1"):
        weights.load_file(MusicTaggerCNN().core, tmp_path / "text.h5", builder=MusicTaggerCNN)


def sound(seconds, seed=0):
    return np.random.default_rng(seed).normal(size=round(RATE * seconds)).astype("float32") * 0.1


def test_twice_the_amplitude_is_12_decibels_more():
    """A power's square is the amplitude's fourth power: 40 log10 2."""
    quiet = log_mel(sound(SECONDS))
    assert quiet.shape == (96, 1366)
    np.testing.assert_allclose(log_mel(2 * sound(SECONDS)) - quiet, 40 * np.log10(2), atol=1e-3)  # float32 decibels


def test_a_tone_lights_the_band_of_its_frequency_80_decibels_above_the_rest():
    from librosa import mel_frequencies

    mel = log_mel(np.sin(2 * np.pi * 1000 * np.arange(round(RATE * SECONDS)) / RATE).astype("float32"))
    centre = mel_frequencies(98, fmin=0, fmax=RATE / 2)[1:-1][mel[:, 600].argmax()]
    assert abs(centre - 1000) < 40  # bands are 40 Hz wide there
    assert np.ptp(mel) == pytest.approx(80, abs=1e-3)


@pytest.mark.parametrize(
    ("length", "starts"),
    [(30, [0]), (40, [0]), (41, [0]), (42, [0, 2]), (60, [0, 20]), (75, [0, 20, 35]), (80, [0, 20, 40])],
)
def test_the_last_window_ends_with_the_sound_unless_hardly_any_is_left(length, starts):
    sound = np.arange(1.0, length + 1)
    expected = [np.pad(sound, (0, 40))[start : start + 40] for start in starts]
    np.testing.assert_array_equal(cut(sound, size=40, hop=20), expected)


@pytest.fixture(scope="module", params=[(MusicTaggerCRNN, 32), (MusicTaggerCNN, 256)], ids=["crnn", "cnn"])
def untrained(request):
    """Return (a tagger with random weights, the width of its features)."""
    return request.param[0](), request.param[1]


def test_a_window_has_the_same_embedding_whatever_follows_it(untrained):
    (network, dim), waveform = untrained, sound(2.5 * SECONDS)
    whole, first = network(waveform), network(waveform[: round(RATE * SECONDS)])
    assert whole.shape == (4, dim)
    assert first.shape == (1, dim)
    np.testing.assert_allclose(whole[:1], first, atol=1e-5)  # float32
    assert np.abs(whole[0] - whole[3]).max() > 1e-4  # and it does look at the sound


def test_silence_and_a_moment_of_sound_give_finite_numbers(untrained):
    for waveform in (np.zeros(RATE * 40, "float32"), np.zeros(1, "float32"), sound(0.5)):
        assert np.isfinite(untrained[0](waveform)).all()


def test_windows_shorter_than_the_network_s_are_followed_by_silence():
    network = MusicTaggerCRNN(seconds=22, hop=11)
    windows = network.windows(sound(44))
    assert windows.shape == (3, 96, 1366, 1)
    silent = 22 * RATE // 256 + 2  # the first frame that has none of the sound
    assert (windows[:, :, silent:] == windows.min(axis=(1, 2, 3), keepdims=True)).all()


@pytest.mark.parametrize(("layer", "dim"), [("gru1", 32), ("pool2", 128), ("output", 50)])
def test_the_features_may_be_those_of_any_layer(layer, dim):
    assert MusicTaggerCRNN(layer=layer).core.output_shape == (None, dim)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "gru3"}, "music_tagger_crnn has no layer 'gru3'; it has .*gru2, output"),
        ({"seconds": 30}, "reads windows of up to 29.12 seconds; got seconds: 30"),
    ],
)
def test_what_the_network_lacks_is_refused(options, message):
    with pytest.raises(StudyError, match=message):
        MusicTaggerCRNN(**options)
