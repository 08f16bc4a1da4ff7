import keras
import numpy as np
import pytest

from benchmark.config import heads as settings
from benchmark.config.heads import HeadParams
from benchmark.models.heads import HEADS, Standardize, linear, mean_over_steps, mlp, padded

RNG = np.random.default_rng(0)
FEATURES = (RNG.normal(size=(50, 4)) * [1, 100, 1e-9, 1] + [0, 7, 0, 1e4]).astype("float32")


def adapted(features):
    layer = Standardize()
    layer.build(features.shape)
    layer.adapt(features)
    return layer


@pytest.mark.parametrize("column", [0, 1, 3])
def test_training_features_get_mean_0_and_standard_deviation_1(column):
    out = np.asarray(adapted(FEATURES)(FEATURES))
    assert out[:, column].mean() == pytest.approx(0, abs=2e-3)  # float32 at an offset of 1e4
    assert out[:, column].std() == pytest.approx(1, abs=1e-3)


def test_features_of_any_scale_come_out_alike():
    small = RNG.normal(size=(50, 8)).astype("float32")
    np.testing.assert_allclose(adapted(small * 1e-12)(small * 1e-12), adapted(small)(small), rtol=1e-4, atol=1e-5)


def test_a_feature_that_never_varies_in_training_is_left_out():
    features, new = FEATURES.copy(), FEATURES.copy()
    features[:, 1], new[:, 1] = 3, 4
    assert (np.asarray(adapted(features)(new))[:, 1] == 0).all()


def test_before_it_is_adapted_it_changes_nothing():
    layer = Standardize()
    np.testing.assert_array_equal(layer(FEATURES), FEATURES)


def test_the_head_gives_probabilities_in_float32_even_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = linear(4, 3, input_dropout=0.5, standardize=True)
    finally:
        keras.config.set_dtype_policy("float32")
    scores = np.asarray(head(FEATURES))
    assert scores.dtype == "float32"
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)  # float32 sums


def test_a_head_keeps_its_statistics_when_saved(tmp_path):
    head = linear(4, 3, standardize=True)
    head.get_layer("standardize").adapt(FEATURES)
    head.save(tmp_path / "head.keras")
    again = linear(4, 3, standardize=True)
    again.load_weights(tmp_path / "head.keras")
    np.testing.assert_array_equal(again(FEATURES), head(FEATURES))


def test_clips_of_unlike_length_are_padded_and_their_mask_leaves_the_padding_out():
    clips = [RNG.normal(size=(n, 4)).astype("float32") for n in (3, 1, 5)]
    batch = padded(clips)
    assert batch["features"].shape == (3, 5, 4)
    assert batch["mask"].sum(axis=1).tolist() == [3, 1, 5]
    masked = np.ma.array(batch["features"], mask=np.repeat(batch["mask"][..., None] == 0, 4, axis=2))
    np.testing.assert_allclose(mean_over_steps(clips), masked.mean(axis=1), rtol=1e-6)  # float32 sums
    np.testing.assert_array_equal(mean_over_steps([clip[:1] for clip in clips]), [clip[0] for clip in clips])


def test_every_kind_that_a_model_file_may_name_is_built():
    assert settings.HEADS.keys() == HEADS.keys()


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_of_each_kind_gives_probabilities_from_the_settings_of_its_row(kind):
    steps = [RNG.normal(size=(n, 4)).astype("float32") for n in (1, 3)]
    head = HEADS[kind].build(4, 3, 0.2, True, "softmax", **HeadParams(kind=kind).settings)
    scores = np.asarray(head(HEADS[kind].reads(steps)))
    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)  # float32 sums


@pytest.mark.parametrize(("hidden", "parameters"), [((), 47_061), ((256,), 579_093)])
def test_an_mlp_has_the_parameters_of_sulun_2024(hidden, parameters):
    assert mlp(2240, 21, hidden=hidden).count_params() == parameters


def test_an_mlp_is_dense_dropout_and_relu_per_hidden_layer_then_dense():
    head, x = mlp(4, 3, hidden=(8, 5), dropout=0.3), RNG.normal(size=(6, 4)).astype("float32")
    kinds = [type(layer).__name__ for layer in head.layers]
    assert kinds == ["Dense", "Dropout", "ReLU"] * 2 + ["Dense"]
    assert [layer.rate for layer in head.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.3]
    w1, b1, w2, b2, w3, b3 = head.get_weights()
    logits = np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(head(x)), expected, atol=1e-6)  # float32 sums
