"""ResNet-18 beside an independent one: torchvision's network in NumPy, with weights under torchvision's names."""

import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmark.models import catalogue
from benchmark.models.resnet18 import ResNet18, preprocess_input
from benchmark.models.weights import load as weights
from tests.support.networks import small

STAGES = [(64, 1), (128, 2), (256, 2), (512, 2)]  # filters, stride of the first block; two blocks each
TOLERANCE = 1e-4  # float32: up to 4608 products in each sum, 18 sums deep
SHAPE = (64, 64, 3)


def convolutions():
    """Yield torchvision's (name, name of its batch normalisation, (out, in, h, w)) from the input on."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    before = 64
    for stage, (filters, stride) in enumerate(STAGES, 1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            yield f"{name}.conv1", f"{name}.bn1", (filters, before, 3, 3)
            yield f"{name}.conv2", f"{name}.bn2", (filters, filters, 3, 3)
            if block == 0 and stride == 2:
                yield f"{name}.downsample.0", f"{name}.downsample.1", (filters, before, 1, 1)
            before = filters


def draw(classes=7, seed=0):
    """Return random tensors {torchvision's name: float32 array}, batch statistics too."""
    rng, tensors = np.random.default_rng(seed), {}
    for conv, bn, shape in convolutions():
        # He's variance keeps the activations' size through ReLU, so that no layer vanishes from the comparison.
        tensors[f"{conv}.weight"] = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        # The end of a block adds to its shortcut: smaller there, so that eight sums do not grow far above 1.
        tensors[f"{bn}.weight"] = rng.uniform(0.5, 1.5, shape[0]) * (0.3 if ".bn2" in bn else 0.7)
        tensors[f"{bn}.bias"] = rng.normal(size=shape[0]) * 0.2
        tensors[f"{bn}.running_mean"] = rng.normal(size=shape[0]) * 0.2
        tensors[f"{bn}.running_var"] = rng.uniform(0.5, 2, shape[0])
    tensors["fc.weight"] = rng.normal(size=(classes, 512)) * 0.05  # logits of about 1: neither uniform nor saturated
    tensors["fc.bias"] = rng.normal(size=classes) * 0.1
    return {name: np.ascontiguousarray(value, "float32") for name, value in tensors.items()}


def windows(x, size, stride, pad, fill):
    """Return the windows (n, c, h, w, size, size) of x (n, c, h, w)."""
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


class NumpyResNet18:
    """torchvision's ResNet-18 in inference, in float64."""

    def __init__(self, tensors):
        self.tensors = {name: value.astype("float64") for name, value in tensors.items()}

    def conv(self, x, name, bn, stride, pad):
        kernel = self.tensors[f"{name}.weight"]
        columns = windows(x, kernel.shape[-1], stride, pad, 0.0)
        x = np.tensordot(columns, kernel, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
        gamma, beta, mean, variance = (
            self.tensors[f"{bn}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def block(self, x, name, stride):
        shortcut = x
        if f"{name}.downsample.0.weight" in self.tensors:
            shortcut = self.conv(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, 0)
        x = np.maximum(self.conv(x, f"{name}.conv1", f"{name}.bn1", stride, 1), 0)
        return np.maximum(self.conv(x, f"{name}.conv2", f"{name}.bn2", 1, 1) + shortcut, 0)

    def features(self, images):
        """Return (n, 512) of images (n, h, w, 3)."""
        x = np.maximum(self.conv(images.transpose(0, 3, 1, 2).astype("float64"), "conv1", "bn1", 2, 3), 0)
        x = windows(x, 3, 2, 1, -np.inf).max(axis=(4, 5))
        for stage, (_, stride) in enumerate(STAGES, 1):
            x = self.block(x, f"layer{stage}.0", stride)
            x = self.block(x, f"layer{stage}.1", 1)
        return x.mean(axis=(2, 3))

    def probabilities(self, images):
        """Return (n, classes) of images (n, h, w, 3)."""
        logits = self.features(images) @ self.tensors["fc.weight"].T + self.tensors["fc.bias"]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(3, *SHAPE)).astype("float32") * [[[[1]]], [[[0.3]]], [[[2]]]]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a .safetensors file as torchvision's state would be written, and its tensors."""
    path, tensors = tmp_path_factory.mktemp("resnet18") / "model.safetensors", draw()
    counts = {f"{bn}.num_batches_tracked": np.array(5, "int64") for _, bn, _ in convolutions()}
    save_file(tensors | counts, path)
    return path, tensors


def bare():
    return ResNet18(weights=None, input_shape=SHAPE, classes=7)


def load(path):
    weights.load_file(model := bare(), path)
    return model


def assert_same(got, expected):
    assert np.ptp(expected, axis=0).max() > 100 * TOLERANCE  # the pictures differ by far more than what is allowed
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE)


def test_a_safetensors_file_gives_the_network_that_it_holds(images, file):
    path, tensors = file
    model = load(path)
    assert_same(model.predict_on_batch(images), NumpyResNet18(tensors).probabilities(images))


def test_without_its_top_the_network_needs_no_fc(file):
    path, tensors = file
    network = small("resnet18").model_copy(update={"weights": str(path)})
    backbone = catalogue.build_backbone(network)
    raw = np.random.default_rng(2).integers(0, 256, (2, *SHAPE)).astype("float32")
    assert_same(backbone.model.predict_on_batch(raw), NumpyResNet18(tensors).features(preprocess_input(raw)))
    assert backbone.weights["name"] == "model.safetensors"


def test_half_precision_is_read_as_float32(tmp_path):
    halves = {name: value.astype("float16") for name, value in draw().items()}
    save_file(halves, tmp_path / "h.safetensors")
    model = load(tmp_path / "h.safetensors")
    np.testing.assert_array_equal(model.get_layer("fc1000").get_weights()[0], halves["fc.weight"].T.astype("float32"))


SLIPS = {
    "layer2.0.downsample.0.weight": "layer 'stack1_block0_0_conv' needs 'layer2.0.downsample.0.weight'",
    "layer3.1.bn2.running_var": "layer 'stack2_block1_2_bn' needs 'layer3.1.bn2.running_var'",
    "fc.bias": "layer 'fc1000' needs 'fc.bias'",
}


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("how", ["missing", "wider"])
def test_a_tensor_that_is_missing_or_wider_is_named_and_nothing_changes(tmp_path, name, how):
    tensors = draw()
    value = tensors.pop(name)
    if how == "wider":
        tensors[name] = np.repeat(value, 2, axis=0)
    save_file(tensors, tmp_path / "w.safetensors")
    model = bare()
    before = model.get_weights()
    with pytest.raises(weights.WeightsError, match=re.escape(SLIPS[name])) as error:
        weights.load_file(model, tmp_path / "w.safetensors")
    assert "w.safetensors does not hold the weights of resnet18" in str(error.value)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("kept", [0, 4, 1000, -1])
def test_a_truncated_file_is_a_weights_error(tmp_path, file, kept):
    (tmp_path / "cut.safetensors").write_bytes(file[0].read_bytes()[:kept])
    with pytest.raises(weights.WeightsError, match=r"it is no \.safetensors file, or cut short"):
        load(tmp_path / "cut.safetensors")


def test_safetensors_are_read_for_networks_with_a_table_of_names_only(file):
    network = small("mobilenet_v2").model_copy(update={"weights": str(file[0])})
    with pytest.raises(weights.WeightsError, match="read for resnet18, clip_vision, vit, ast only; got mobilenetv2"):
        catalogue.build_backbone(network)
