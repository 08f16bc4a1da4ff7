"""MATLAB's semantics against a NumPy reference of what its documentation says."""

import keras
import numpy as np
import pytest

from benchmark.config.networks import CONFIGS, load_network
from benchmark.config.study import AugmentParams, TrainingParams
from benchmark.features.batches import Batches
from benchmark.models import catalogue, preprocessing
from benchmark.models.catalogue import batch_norms
from benchmark.models.heads import linear
from benchmark.store.yaml_file import read_yaml
from benchmark.training.augmentation import make_transform
from benchmark.training.loop import FitOptions, fit
from benchmark.training.matlab import input_normalization
from benchmark.training.matlab.batch_norm import PopulationStatistics, is_folded, unfold
from benchmark.training.matlab.optimizers import MatlabOptimizer, variable_factors
from tests.support.networks import small
from tests.support.stages import steps

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)).astype("float32"), np.eye(3, dtype="float32")[RNG.integers(0, 3, 8)]
RATE, L2, STEPS = 0.01, 0.1, 20


def gradients(kernel, bias):
    """Return the gradients of the mean cross-entropy of a softmax layer."""
    z = X @ kernel + bias
    p = np.exp(z - z.max(1, keepdims=True))
    delta = (p / p.sum(1, keepdims=True) - Y) / len(X)
    return X.T @ delta, delta.sum(0)


def reference(rule, kernel, bias, head_rate):
    """Return kernel and bias after STEPS steps, as trainingOptions documents them; biases are not decayed."""
    values = [kernel.astype("float64"), bias.astype("float64")]
    state = [{"v": 0.0, "m": 0.0, "s": 0.0} for _ in values]
    for step in range(1, STEPS + 1):
        slopes = gradients(*values)
        for i, decay in enumerate((L2, 0.0)):
            g, rate, s = slopes[i] + decay * values[i], RATE * head_rate, state[i]
            if rule == "sgdm":
                s["v"] = 0.9 * s["v"] - rate * g
                change = s["v"]
            elif rule == "rmsprop":
                s["s"] = 0.9 * s["s"] + 0.1 * g**2
                change = -rate * g / (np.sqrt(s["s"]) + 1e-8)
            else:
                s["m"], s["s"] = 0.9 * s["m"] + 0.1 * g, 0.999 * s["s"] + 0.001 * g**2
                change = -rate * s["m"] / (1 - 0.9**step) / (np.sqrt(s["s"] / (1 - 0.999**step)) + 1e-8)
            values[i] = values[i] + change
    return values


@pytest.fixture
def float64():
    """Let Keras count in float64: RMSprop and Adam divide by a gradient's size, which enlarges float32's errors."""
    before = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(before)


def softmax_layer(**options):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax", **options)])


def take_steps(model, optimizer):
    model.compile(optimizer, "categorical_crossentropy")
    for _ in range(STEPS):
        model.train_on_batch(X, Y)
    return model.get_weights()


@pytest.mark.parametrize("rule", ["sgdm", "adam", "rmsprop"])
@pytest.mark.parametrize("head_rate", [1.0, 10.0])
def test_twenty_steps_are_those_of_the_documented_update(float64, rule, head_rate):
    model = softmax_layer()
    kernel, bias = model.trainable_weights
    expected = reference(rule, *model.get_weights(), head_rate)
    factors = {kernel.path: (head_rate, 1.0), bias.path: (head_rate, 0.0)}
    for value, wanted in zip(take_steps(model, MatlabOptimizer(rule, RATE, L2, factors)), expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-6)  # the rate itself is kept in float32


def core_and_factors(name, dim):
    """Return a network's own layers, its head of ``dim`` features, and {path of a variable: its (rate, decay)}."""
    network, head = small(name), linear(dim, 5)
    core = catalogue.build_backbone(network, batch_norm="moving").model.layers[-1]
    return core, head, variable_factors(core, head, network, TrainingParams(preset="matlab"))


def test_rates_and_decay_of_each_variable_are_matlabs():
    core, head, factors = core_and_factors("places365_googlenet", 1024)
    assert factors[core.get_layer("conv1_7x7_s2").kernel.path] == (1, 1)
    assert factors[core.get_layer("conv1_7x7_s2").bias.path] == (2, 0)  # BiasLearnRateFactor 2
    assert factors[head.get_layer("scores").kernel.path] == (10, 1)
    assert factors[head.get_layer("scores").bias.path] == (10, 0)
    assert len(factors) == len(core.trainable_weights) + len(head.trainable_weights)
    core, head, factors = core_and_factors("vgg16", 4096)
    decayed = [path for path, (_, l2) in factors.items() if l2]
    assert decayed == [head.get_layer("scores").kernel.path]  # pretrained layers have WeightL2Factor 0
    core, head, factors = core_and_factors("mobilenet_v2", 1280)
    norm = batch_norms(core)[0]
    assert factors[norm.gamma.path] == factors[norm.beta.path] == (1, 1)


def pictures(n=12, size=32):
    images = RNG.integers(0, 256, (n, size, size, 3)).astype("float32")
    return Batches(images.__getitem__, np.eye(3)[RNG.integers(0, 3, n)], 4), images


def test_moving_statistics_are_stale_after_a_few_steps_and_population_statistics_are_not(eager):
    batches, _ = pictures()
    backbone = catalogue.build_backbone(small("mobilenet_v2"), batch_norm="moving")
    core, head = backbone.model.layers[-1], linear(backbone.model.output_shape[-1], 3)
    model = keras.Model(backbone.model.input, head(backbone.model.output))
    training = TrainingParams(preset="matlab", epochs=2, batch_size=4, learning_rate=1e-3)
    fit(model, batches, batches, steps(training))
    statistics = PopulationStatistics(backbone.model, core, batches)
    true = statistics.measure()
    stale = [np.asarray(layer.moving_mean) for layer in statistics.layers]
    # Keras' momentum of .999 leaves nearly all of the initial mean of 0 after six steps.
    share = np.median([np.abs(old).sum() / np.abs(mean).sum() for old, (mean, _) in zip(stale, true, strict=True)])
    assert share < 0.02
    statistics()
    for layer, (mean, _) in zip(statistics.layers, true, strict=True):
        np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-3, atol=1e-4)


def test_unfolding_changes_no_output_and_gives_batch_norm_its_statistics_back():
    batches, images = pictures()
    backbone = catalogue.build_backbone(small("mobilenet_v2"), batch_norm="moving")
    core = backbone.model.layers[-1]
    for layer in batch_norms(core):
        layer.beta.assign(RNG.normal(size=layer.beta.shape))
    assert is_folded(core)
    before = backbone.model.predict_on_batch(images)
    unfold(backbone.model, core, batches)
    assert not is_folded(core)
    np.testing.assert_allclose(backbone.model.predict_on_batch(images), before, rtol=1e-3, atol=1e-4)
    first = batch_norms(core)[0]
    x = keras.Model(core.input, first.input).predict_on_batch(images / 127.5 - 1)
    np.testing.assert_allclose(first.moving_mean, x.mean((0, 1, 2)), atol=1e-5)  # float32 sums
    np.testing.assert_allclose(first.moving_variance, x.var((0, 1, 2)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["densenet201", "mobilenet_v2", "vgg16", "places365_googlenet", "inception_v3"])
def test_input_normalisation_is_reset_as_the_networks_matlab_layer_does(name):
    network = load_network(name)
    images = RNG.integers(20, 200, (6, 8, 8, 3)).astype("float32") * [1.0, 0.5, 1.2]
    layer = preprocessing.from_library(catalogue.find_builder(network.backbone)[1])
    library = np.asarray(layer(np.array([0.485, 0.456, 0.406], "float32").reshape(1, 1, 1, 3) * 255))[0, 0, 0]
    input_normalization.reset(layer, [images[:4], images[4:]], network.normalization)
    out = np.asarray(layer(images.astype("float32")))
    if network.normalization == "zerocenter":
        np.testing.assert_allclose(out.mean((0, 1, 2)), 0, atol=1e-4)
    elif network.normalization == "rescale-symmetric":
        np.testing.assert_allclose([out.min((0, 1, 2)), out.max((0, 1, 2))], [[-1] * 3, [1] * 3], atol=1e-5)
    else:
        np.testing.assert_allclose(
            out.mean((0, 1, 2)), library, atol=1e-4
        )  # where ImageNet's mean lies: 0 for DenseNet
    if name == "densenet201":
        np.testing.assert_allclose(out.std((0, 1, 2)), 1, atol=1e-4)


SAME_LAYERS = {"vgg19", "inception_resnet_v2"}  # made of those of vgg16 and inception_v3, and half a minute each
PAPER = [
    entry["extends"] if isinstance(entry, dict) else entry for entry in read_yaml(CONFIGS / "paper.yaml")["models"]
]


@pytest.mark.parametrize(
    "name", [name for name in PAPER if load_network(name).reads == "picture" and name not in SAME_LAYERS]
)
def test_each_network_of_the_paper_takes_a_step_of_matlabs_and_is_evaluated(eager, name):
    size = small(name).input_size
    batches, _ = pictures(4, size)
    backbone = catalogue.build_backbone(small(name), batch_norm="population")
    core, head = backbone.model.layers[-1], linear(backbone.model.output_shape[-1], 3)
    model = keras.Model(backbone.model.input, head(backbone.model.output))
    training = TrainingParams(preset="matlab", epochs=1, batch_size=4, learning_rate=1e-4)
    factors = variable_factors(core, head, small(name), training)
    before = [weight.numpy() for weight in model.trainable_weights]
    statistics = PopulationStatistics(backbone.model, core, batches)
    (row,) = fit(model, batches, batches, steps(training), options=FitOptions(factors, statistics))
    assert np.isfinite([row["loss"], row["val_loss"]]).all()
    moved = [not np.array_equal(old, new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True)]
    assert np.mean(moved) > 0.5  # not all: a unit that is dead for four pictures of noise has no gradient
    assert moved[-1]
    keras.utils.clear_session()


def test_vgg_drops_out_after_fc6_and_the_first_layers_can_be_frozen():
    core = catalogue.build_backbone(small("vgg16"), freeze_layers=4).model.layers[-1]
    names = [layer.name for layer in core.layers]
    assert names[names.index("fc1") + 1] == "fc1_dropout"
    assert [layer.name for layer in core.layers if layer.weights and not layer.trainable] == [
        "block1_conv1",
        "block1_conv2",
    ]


def test_no_augmentation_is_no_transform_and_reflection_mirrors():
    assert make_transform(AugmentParams()) is None
    images = RNG.integers(0, 256, (40, 6, 8, 3)).astype("float32")
    out = make_transform(AugmentParams(reflection=True))(images, np.random.default_rng(0))
    mirrored = [(new == old[:, ::-1]).all() for new, old in zip(out, images, strict=True)]
    same = [(new == old).all() for new, old in zip(out, images, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 10 < sum(mirrored) < 30


def test_translation_moves_within_its_range_and_fills_with_black():
    images = np.full((30, 20, 20, 3), 200, "float32")
    out = make_transform(AugmentParams(translation=5))(images, np.random.default_rng(0))
    black = (out[:, 10, :, 0] == 0).sum(axis=1)  # columns left empty in the middle row
    assert black.max() in (4, 5)
    assert black.min() < 2


def test_masks_are_stripes_across_time_or_frequency():
    images = np.full((30, 20, 40, 3), 200, "float32")
    out = make_transform(AugmentParams(time_mask=0.25))(images, np.random.default_rng(0))
    assert {int((image[:, :, 0] == 0).any(axis=0).sum()) for image in out} <= set(range(11))
    assert all((image[:, :, 0] == 0).all(axis=0).sum() == (image[:, :, 0] == 0).any(axis=0).sum() for image in out)
    assert out.min() == 0
