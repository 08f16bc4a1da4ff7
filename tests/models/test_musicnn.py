"""musicnn beside TensorFlow's own operations, on a checkpoint of TensorFlow 1 with random variables."""

import numpy as np
import pytest

from benchmark.errors import StudyError, WeightsError
from benchmark.models.musicnn import Musicnn, log_mel_windows
from benchmark.models.weights import load as weights

RATE = 16000
N_FRAMES = 187
# (filters, kernel over frames and bands) in the order of the graph, and what is normalised: input, maps, pooled, dense
CONVOLUTIONS = [
    (204, 7, 38), (204, 7, 67), (51, 128, 1), (51, 64, 1), (51, 32, 1), (64, 7, 561), (64, 7, 64), (64, 7, 64),
]  # fmt: skip
NORMALISED = [1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200]


def numbered(name, i):
    return f"{name}_{i}" if i else name


def draw(seed=0):
    """Return the variables of a checkpoint, random, of sizes that keep activations near 1."""
    rng, shapes = np.random.default_rng(seed), {}
    for i, (filters, frames, bands) in enumerate(CONVOLUTIONS):
        shapes |= {numbered("conv2d", i): (frames, bands, 1, filters)}
    shapes |= {"dense": (1506, 200), "dense_1": (200, 50)}
    variables = {}
    for name, shape in shapes.items():
        variables[f"{name}/kernel"] = rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        variables[f"{name}/bias"] = rng.normal(size=shape[-1]) * 0.1
    for i, size in enumerate(NORMALISED):
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            drawn = rng.uniform(0.5, 1.5, size) if part in ("gamma", "moving_variance") else rng.normal(size=size) * 0.1
            variables[f"{numbered('batch_normalization', i)}/{part}"] = drawn
    return {name: value.astype("float32") for name, value in variables.items()} | {"beta1_power": np.float32(0.9)}


def save(folder, variables):
    """Write variables as musicnn's package has them: a checkpoint of TensorFlow 1 whose files are a suffix alone."""
    import tensorflow as tf

    folder.mkdir()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [tf.compat.v1.get_variable(name, initializer=value) for name, value in variables.items()]
        session.run(tf.compat.v1.variables_initializer(made))
        tf.compat.v1.train.Saver(made).save(session, f"{folder}/", write_meta_graph=False)
    return folder


def reference(x, variables):
    """Return (penultimate, tags) of mel spectrograms (n, n_frames, 96): the package's graph in operations of tf.nn."""
    import tensorflow as tf

    def norm(x, i):
        parts = ("moving_mean", "moving_variance", "beta", "gamma")
        return tf.nn.batch_normalization(
            x, *(variables[f"{numbered('batch_normalization', i)}/{part}"] for part in parts), 1e-3
        )

    def conv(x, i, padding):
        kernel, bias = (variables[f"{numbered('conv2d', i)}/{part}"] for part in ("kernel", "bias"))
        return norm(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, padding) + bias), i + 1)

    x = norm(x[..., None], 0)
    padded = tf.pad(x, [(0, 0), (3, 3), (0, 0), (0, 0)])
    front = [tf.reduce_max(conv(padded if i < 2 else x, i, "VALID" if i < 2 else "SAME"), 2) for i in range(5)]
    maps = [tf.concat(front, 2)]
    for i in (5, 6, 7):
        new = conv(tf.pad(maps[-1][..., None], [(0, 0), (3, 3), (0, 0), (0, 0)]), i, "VALID")[:, :, 0]
        maps.append(new if i == 5 else new + maps[-1])
    maps = tf.concat(maps, 2)[..., None]
    pooled = tf.concat([tf.reduce_max(maps, 1), tf.reduce_mean(maps, 1)], 2)
    x = norm(tf.reshape(pooled, (len(maps), -1)), 9)
    x = norm(tf.nn.relu(x @ variables["dense/kernel"] + variables["dense/bias"]), 10)
    return x.numpy(), tf.sigmoid(x @ variables["dense_1/kernel"] + variables["dense_1/bias"]).numpy()


@pytest.fixture(scope="module")
def variables():
    return draw()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, variables):
    return save(tmp_path_factory.mktemp("musicnn") / "MSD_musicnn", variables)


@pytest.fixture(scope="module")
def untrained():
    return Musicnn()


@pytest.mark.parametrize(("layer", "which"), [("penultimate", 0), ("tags", 1)])
def test_tensorflow_computes_the_same_from_the_same_checkpoint(checkpoint, variables, layer, which):
    core = Musicnn(layer=layer).core
    weights.load_file(core, checkpoint, builder=Musicnn)
    x = np.random.default_rng(1).uniform(0, 5, (2, N_FRAMES, 96)).astype("float32")
    x[1] = np.linspace(0, 4, 96, dtype="float32")  # unlike noise
    expected = reference(x, variables)[which]
    assert np.abs(expected[0] - expected[1]).max() > 1e-2  # the spectrograms should differ
    np.testing.assert_allclose(core.predict_on_batch(x), expected, rtol=0, atol=1e-4)  # float32, values of about 1


def test_a_checkpoint_of_another_network_is_refused(tmp_path, untrained, variables):
    lacking = {name: value for name, value in variables.items() if name != "dense/bias"}
    turned = variables | {"dense/kernel": variables["dense/kernel"].T}
    for name, changed, message in (
        ("lacking", lacking, "it has no variable 'dense/bias'"),
        ("turned", turned, r"'dense/kernel' should have the shape \(1506, 200\); it has \(200, 1506\)"),
    ):
        with pytest.raises(WeightsError, match=message):
            weights.load_file(untrained.core, save(tmp_path / name, changed), builder=Musicnn)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path, untrained):
    with pytest.raises(WeightsError, match=r"has one file ending in .index; it has none"):
        weights.load_file(untrained.core, tmp_path, builder=Musicnn)


def sound(seconds, amplitude=0.1):
    return np.random.default_rng(0).normal(size=round(RATE * seconds)).astype("float32") * np.float32(amplitude)


@pytest.mark.parametrize(("seconds", "count"), [(0.01, 1), (3, 1), (6, 2), (7, 3)])
def test_3_seconds_are_one_window_of_187_frames(seconds, count):
    windows = log_mel_windows(sound(seconds), 187, 187)
    assert windows.shape == (count, 187, 96)


def test_sound_beyond_half_precision_and_silence_give_finite_numbers(untrained):
    loud = sound(4, amplitude=10)
    assert 10 ** log_mel_windows(loud, 187, 187).max() > np.finfo("float16").max
    for waveform in (loud, np.zeros(RATE * 4, "float32"), np.zeros(1, "float32")):
        assert np.isfinite(untrained(waveform)).all()


def test_a_window_has_the_same_embedding_whatever_follows_it(untrained):
    waveform = sound(20)
    whole, first = untrained(waveform), untrained(waveform[: 200 * 256])  # frame 187 does not reach that end
    assert whole.shape == (7, 200)
    np.testing.assert_allclose(whole[:1], first[:1], atol=1e-5)  # float32
    assert np.abs(whole[0] - whole[3]).max() > 1e-4


@pytest.mark.parametrize(("layer", "dim"), [("penultimate", 200), ("mean_pool", 753), ("max_pool", 753), ("tags", 50)])
def test_each_layer_has_its_width(layer, dim):
    assert Musicnn(layer=layer).core.output_shape == (None, dim)


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(StudyError, match="musicnn has no layer 'conv'; it has penultimate, max_pool, mean_pool, tags"):
        Musicnn(layer="conv")
