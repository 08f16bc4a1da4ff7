"""Heads over the steps of a clip: the papers' sizes, and scores that no padding changes."""

import keras
import numpy as np
import pytest
from scipy.special import expit, softmax

from benchmark.config.heads import HEADS as SETTINGS
from benchmark.config.heads import HeadParams
from benchmark.errors import StudyError
from benchmark.features.reading import reader_of
from benchmark.models.heads import HEADS
from benchmark.models.heads.layers import Maxout, MaxOverTime, OverSteps, SubtractMean

RNG = np.random.default_rng(0)
DIM, CLASSES = 8, 3
SMALL = {  # each kind as small as it can be
    "linear": {},
    "mlp": {"hidden": [4]},
    "ctt": {"filters": 5, "hidden": [4], "maxout": 2},
    "ctt_spectrogram": {"filters": 4, "parts": 3, "segment": 6, "draws": 2},
    "lstm": {"units": 4},
    "conv": {"filters": 4, "grid": [2, 2], "width": 2},
    "plain_cnn": {"channels": [3, 4], "segment": 6},
    "single_transformer": {"width": 8, "n_heads": 2, "positions": 12},
    "multi_transformer": {"width": 8, "n_heads": 2, "positions": 12},
}
OVER_STEPS = [(kind, {"over_steps": how}) for kind in ("conv", "plain_cnn") for how in ("mean", "max", "noisy_or")]
VARIANTS = [(kind, {}) for kind in HEADS] + [("ctt", {"maxout": None}), ("conv", {"pooling": "flatten"}), *OVER_STEPS]
ACTIVATIONS = ("softmax", "sigmoid")


def made(kind, activation="sigmoid", **changes):
    """Return a head with random weights, statistics too, and what reads clips for it."""
    params = HeadParams(kind=kind, **SMALL[kind] | changes)
    keras.utils.set_random_seed(0)
    head = HEADS[kind](DIM, CLASSES, 0.2, True, activation, **params.layers)
    rng = np.random.default_rng(1)
    head.set_weights([weight + rng.normal(0, 0.3, weight.shape) ** 2 for weight in head.get_weights()])
    return head, reader_of(params, seed=7)


def clips(*lengths):
    return [RNG.normal(size=(n, DIM)).astype("float32") for n in lengths]


def scores_of(head, inputs):
    return np.asarray(head(inputs, training=False))


def test_every_kind_has_a_small_one_here():
    assert SMALL.keys() == HEADS.keys() == SETTINGS.keys()


PARAMETERS = {  # Wehrmann & Barros 2017: 9 classes; 1.8 M of C and 2.3 M of the LSTM are printed, the others solved
    "CTT-MMC-A": (1_575_433, "ctt", {}),
    "CTT-MMC-B": (1_641_225, "ctt", {"hidden": [256]}),
    "CTT-MMC-C": (1_838_601, "ctt", {"hidden": [256], "maxout": 4}),
    "CTT-MMC-C as in the text": (1_707_017, "ctt", {"hidden": [256], "maxout": 2}),
    "LSTM": (2_362_633, "lstm", {"length": 120, "mask": False}),
}


@pytest.mark.parametrize(("parameters", "kind", "settings"), PARAMETERS.values(), ids=PARAMETERS)
def test_heads_have_the_parameters_of_wehrmann_2017(parameters, kind, settings):
    params = HeadParams(kind=kind, standardize=False, **settings)
    assert HEADS[kind](2048, 9, 0.0, False, "sigmoid", **params.layers).count_params() == parameters


def test_the_parameters_of_ctt_mmc_s_do_not_depend_on_its_parts():
    expected = 130 * 513 + 4 * 513 + 3 * 513 * 256 + 256 + 256 * 9 + 9  # mean segment, batch norm, convolution, dense
    for parts in (3, 11):
        params = HeadParams(kind="ctt_spectrogram", parts=parts)
        assert HEADS["ctt_spectrogram"](513, 9, 0.0, True, "sigmoid", **params.layers).count_params() == expected


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("kind", "settings"), VARIANTS)
def test_a_padded_clip_scores_as_the_clip_alone_whatever_the_padding(kind, settings, activation):
    head, reader = made(kind, activation, **settings)
    batch = clips(1, 2, 7, 20)  # shorter than a window of 3 and than a segment of 6, and longer
    alone = np.concatenate([scores_of(head, reader([clip])) for clip in batch])
    np.testing.assert_allclose(scores_of(head, reader(batch)), alone, atol=1e-5)
    if not HeadParams(kind=kind).reads_steps:
        return
    inputs = reader(batch, most=31)
    np.testing.assert_allclose(scores_of(head, inputs), alone, atol=1e-5)
    inputs["features"][inputs["mask"] == 0] = 9  # what is no step is never read
    np.testing.assert_allclose(scores_of(head, inputs), alone, atol=1e-5)
    if activation == "softmax":
        np.testing.assert_allclose(alone.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("kind", "settings"), VARIANTS)
def test_a_clip_of_no_steps_is_scored_and_its_padding_is_not_read(kind, settings, activation):
    head, reader = made(kind, activation, **settings)
    if not HeadParams(kind=kind).reads_steps:
        assert np.isfinite(scores_of(head, np.zeros((1, DIM), "float32"))).all()
        return
    alone = scores_of(head, reader(clips(0)))
    assert np.isfinite(alone).all()
    np.testing.assert_allclose(alone.sum(axis=1) if activation == "softmax" else 1, 1, atol=1e-5)
    inputs = reader(clips(0, 2, 20), most=31)
    n_draws = len(alone)
    np.testing.assert_allclose(scores_of(head, inputs)[:n_draws], alone, atol=1e-5)
    inputs["features"][:n_draws] = 9
    np.testing.assert_allclose(scores_of(head, inputs)[:n_draws], alone, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("kind", "settings"), VARIANTS)
def test_a_head_takes_a_step(eager, kind, settings, activation):
    head, reader = made(kind, activation, **settings)
    head.compile("adam", {"softmax": "categorical_crossentropy", "sigmoid": "binary_crossentropy"}[activation])
    before, n = head.get_weights(), 4 * reader.draws
    assert np.isfinite(head.train_on_batch(reader(clips(1, 2, 7, 20)), np.eye(CLASSES)[np.arange(n) % CLASSES]))
    after = head.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert any((one != other).any() for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_says_the_same_compiled_and_when_it_was_saved(tmp_path, kind):
    head, reader = made(kind)
    inputs = reader(clips(1, 2, 7, 20))
    compiled = head.predict_on_batch(inputs)
    np.testing.assert_allclose(scores_of(head, inputs), compiled, atol=1e-6)  # float32
    head.save(tmp_path / "head.keras")
    again = keras.models.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(scores_of(again, inputs), scores_of(head, inputs))


@pytest.mark.parametrize("kind", HEADS)
def test_scores_are_float32_in_mixed_precision(kind):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        head, reader = made(kind, "softmax")
        scores = scores_of(head, reader(clips(3, 9)))
    finally:
        keras.config.set_dtype_policy("float32")
    assert scores.dtype == "float32"
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def plain(kind, **changes):
    """Return (head without statistics, its weights by name, reader)."""
    params = HeadParams(kind=kind, standardize=None if kind == "ctt_spectrogram" else False, **SMALL[kind] | changes)
    keras.utils.set_random_seed(0)
    head = HEADS[kind](DIM, CLASSES, 0.0, False, "sigmoid", **params.layers)
    return head, {weight.path: np.asarray(weight) for weight in head.weights}, reader_of(params, seed=7)


def windows_of(x, weights, width=3):
    """Return what a convolution gives for each whole window of steps (n, dim), ReLU after it: (n_windows, filters)."""
    kernel, bias = weights["convolution/kernel"], weights["convolution/bias"]
    x = np.pad(x, ((0, max(0, width - len(x))), (0, 0)))
    found = [np.einsum("wd,wdf->f", x[at : at + width], kernel) + bias for at in range(len(x) - width + 1)]
    return np.maximum(found, 0)


@pytest.mark.parametrize("n", [1, 3, 9])
def test_ctt_is_the_maximum_over_windows_of_steps(n):
    head, weights, reader = plain("ctt", hidden=[], maxout=None)
    (clip,) = clips(n)
    expected = expit(windows_of(clip, weights).max(axis=0) @ weights["scores/kernel"] + weights["scores/bias"])
    np.testing.assert_allclose(scores_of(head, reader([clip, *clips(12)]))[0], expected, atol=1e-5)


def test_without_mask_zeros_count_as_steps():
    """As in published code: a filter with a bias above 0 that steps push down finds its maximum in the padding."""
    head, weights, reader = plain("ctt", hidden=[], maxout=None, length=12, mask=False)
    (clip,) = clips(4)
    whole = np.concatenate([clip, np.zeros((8, DIM))])
    expected = expit(windows_of(whole, weights).max(axis=0) @ weights["scores/kernel"] + weights["scores/bias"])
    found = scores_of(head, reader([clip]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    bare = expit(windows_of(clip, weights).max(axis=0) @ weights["scores/kernel"] + weights["scores/bias"])
    assert np.abs(found - bare).max() > 1e-3


def test_ctt_s_is_the_mean_over_its_segments():
    head, weights, reader = plain("ctt_spectrogram")
    (clip,) = clips(18)  # three segments of 6, one in each part
    gamma, variance = weights["batch_norm/gamma"], weights["batch_norm/moving_variance"]
    scaled = clip * gamma / np.sqrt(variance + 1e-3)  # its mean and offset begin as 0
    pooled = np.mean([windows_of(scaled[at : at + 6], weights).max(axis=0) for at in (0, 6, 12)], axis=0)
    expected = expit(pooled @ weights["scores/kernel"] + weights["scores/bias"])
    np.testing.assert_allclose(scores_of(head, reader([clip])), [expected] * 2, atol=1e-5)  # both draws


def test_batch_norm_of_segments_leaves_padding_out():
    head, _, reader = plain("ctt_spectrogram")
    head.compile("sgd", "binary_crossentropy")
    short = np.full((2, DIM), 5, "float32")  # two steps of a segment of six
    head.train_on_batch(reader([short]), np.zeros((2, CLASSES)))
    mean = np.asarray(head.get_layer("batch_norm").moving_mean)
    np.testing.assert_allclose(mean, 0.01 * 5, rtol=1e-5)  # Keras' momentum is 0.99; with padding a third of it


def test_an_lstm_ends_with_the_last_step_of_a_clip():
    head, weights, reader = plain("lstm")
    (clip,) = clips(5)
    state = cell = np.zeros(4)
    for step in clip:
        gates = step @ weights["lstm/lstm_cell/kernel"] + state @ weights["lstm/lstm_cell/recurrent_kernel"]
        into, forget, new, out = np.split(gates + weights["lstm/lstm_cell/bias"], 4)
        cell = expit(forget) * cell + expit(into) * np.tanh(new)
        state = expit(out) * np.tanh(cell)
    expected = expit(state @ weights["scores/kernel"] + weights["scores/bias"])
    np.testing.assert_allclose(scores_of(head, reader([clip, *clips(9)]))[0], expected, atol=1e-5)


def test_conv_reads_a_step_as_a_map_of_rows_columns_channels():
    head, weights, reader = plain("conv", pooling="max")
    batch = clips(1, 2)
    kernel, bias = weights["convolution/kernel"], weights["convolution/bias"]  # 2 x 2: one window for the whole map
    judged = [np.maximum(np.einsum("nrcd,rcdf->nf", clip.reshape(-1, 2, 2, 2), kernel) + bias, 0) for clip in batch]
    expected = [expit(x @ weights["scores/kernel"] + weights["scores/bias"]).mean(axis=0) for x in judged]
    np.testing.assert_allclose(scores_of(head, reader(batch)), expected, atol=1e-5)


def test_features_that_are_no_map_are_refused():
    params = HeadParams(kind="conv")
    with pytest.raises(StudyError, match="the 8 features of a step are no map of 7 x 7 cells; give the head's grid"):
        HEADS["conv"](DIM, CLASSES, **params.layers)


JOINED = {  # of the scores of a clip's steps
    "mean": lambda p: p.mean(axis=0),
    "max": lambda p: p.max(axis=0),
    "noisy_or": lambda p: 1 - np.prod([1 - one for one in p], axis=0),
}


@pytest.mark.parametrize("sums_to_one", [True, False])
@pytest.mark.parametrize("unit", [1, 3])
@pytest.mark.parametrize("how", JOINED)
def test_the_scores_of_a_clip_are_those_of_its_steps_together(how, unit, sums_to_one):
    p = softmax(RNG.normal(size=(2, 4, CLASSES)), axis=-1).astype("float32")
    mask = np.repeat([[1, 1, 1, 1], [1, 1, 0, 0]], unit, axis=1).astype("float32")
    found = np.asarray(OverSteps(how, unit, sums_to_one)(p.reshape(8, CLASSES), mask))
    expected = np.array([JOINED[how](p[0]), JOINED[how](p[1, :2])])
    expected = expected / expected.sum(axis=1, keepdims=True) if sums_to_one else expected
    np.testing.assert_allclose(found, expected, atol=1e-6)  # float32


def test_a_clip_of_one_step_is_scored_as_that_step_however_steps_are_joined():
    (clip,) = clips(1)
    found = [scores_of(*(made("conv", over_steps=how)[0], made("conv")[1]([clip]))) for how in JOINED]
    np.testing.assert_allclose(found, [found[0]] * 3, atol=1e-6)


def test_maxout_takes_the_largest_of_its_pieces():
    layer, x = Maxout(5, 3), RNG.normal(size=(4, DIM)).astype("float32")
    found = np.asarray(layer(x))
    kernel, bias = layer.get_weights()
    pieces = (x @ kernel + bias).reshape(4, 5, 3)
    np.testing.assert_allclose(found, np.max(pieces, axis=2), atol=1e-5)  # float32 sums
    assert layer.count_params() == 3 * (DIM * 5 + 5)  # Keras 1's MaxoutDense: pieces x (dim x units + units)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_the_maximum_over_time_counts_whole_windows_and_the_first(width):
    x = RNG.normal(size=(6, 7, 2)).astype("float32")
    lengths = np.array([1, 2, 3, 5, 6, 7])
    mask = (np.arange(7) < lengths[:, None]).astype("float32")
    expected = [one[: max(1, n - width + 1)].max(axis=0) for one, n in zip(x, lengths, strict=True)]
    np.testing.assert_array_equal(np.asarray(MaxOverTime(width)(x, mask)), expected)


def test_the_mean_segment_is_that_of_the_clips_whole_segments():
    layer = SubtractMean()
    layer.build((None, 3, 2))
    long, short = np.arange(14.0).reshape(7, 2), np.full((2, 2), 8.0)  # two segments and a step; one that is filled up
    layer.adapt(iter([long, short]))
    expected = (long[:3] + long[3:6] + np.array([[8, 8], [8, 8], [0, 0]])) / 3
    np.testing.assert_allclose(np.asarray(layer.mean), expected, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(layer(long[None, :3])), [long[:3] - expected], rtol=1e-6)
