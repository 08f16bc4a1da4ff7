import keras
import numpy as np
import pytest

from benchmark.config import heads as settings
from benchmark.models.heads import HEADS, linear, mlp
from benchmark.models.heads.layers import Standardize

RNG = np.random.default_rng(0)
FEATURES = (RNG.normal(size=(50, 4)) * [1, 100, 1e-9, 1] + [0, 7, 0, 1e4]).astype("float32")


def adapted(features, parts=1):
    layer = Standardize()
    layer.build(features.shape)
    layer.adapt(np.array_split(features, parts))
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


@pytest.mark.parametrize("parts", [2, 7, 50])
def test_statistics_are_the_same_however_the_features_come(parts):
    for one, other in zip(adapted(FEATURES, parts).get_weights(), adapted(FEATURES).get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # sums of float64, kept as float32


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
    head.get_layer("standardize").adapt([FEATURES])
    head.save(tmp_path / "head.keras")
    again = linear(4, 3, standardize=True)
    again.load_weights(tmp_path / "head.keras")
    np.testing.assert_array_equal(again(FEATURES), head(FEATURES))


def test_every_kind_that_a_model_file_may_name_is_built():
    assert settings.HEADS.keys() == HEADS.keys()


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
