"""Floating-point operations of networks whose multiply-adds are printed elsewhere, and of layers counted by hand."""

import keras
import pytest
from keras import layers

from benchmark.models.flops import count_flops
from benchmark.models.googlenet import GoogLeNet
from benchmark.models.heads import linear
from benchmark.models.preprocessing import InputNormalization
from benchmark.models.resnet18 import ResNet18

# Multiply-adds in 1e9 of one picture, 1000 classes. torchvision: the "GFLOPS" of its table of weights, which are
# multiply-adds; NASNet: Zoph et al. 2018, Table 2; GoogLeNet: the sum of Szegedy et al. 2015, Table 1, in which the
# first row is corrected from 34 M to the 118 M that 112 x 112 x 64 outputs of 7 x 7 x 3 inputs are.
PRINTED = {
    "VGG16": (keras.applications.VGG16, 15.47),
    "VGG19": (keras.applications.VGG19, 19.63),
    "MobileNetV2": (keras.applications.MobileNetV2, 0.30),
    "ResNet18": (ResNet18, 1.81),
    "InceptionV3": (keras.applications.InceptionV3, 5.71),
    "NASNetMobile": (keras.applications.NASNetMobile, 0.564),
    "GoogLeNet": (GoogLeNet, 1.586),
}


@pytest.fixture(autouse=True)
def no_random_numbers(monkeypatch):
    """Build networks of zeros: drawing 140 million weights takes longer than all else here."""
    scaled = keras.initializers.VarianceScaling
    monkeypatch.setattr(scaled, "__call__", lambda self, shape, dtype=None, **_: keras.ops.zeros(shape, dtype))


@pytest.mark.parametrize("name", PRINTED)
def test_a_network_costs_what_its_authors_and_other_libraries_print(name):
    builder, multiply_adds = PRINTED[name]
    # Printed to three digits, 0.30 to two; others count biases and pooling in or not, which is below one per cent.
    assert count_flops(builder(weights=None)) == pytest.approx(2e9 * multiply_adds, rel=0.01)


BY_HAND = {  # input shape, layer, multiply-adds
    "dense": ((8,), lambda: layers.Dense(5), 8 * 5),
    "dense at each of 7 times": ((7, 8), lambda: layers.Dense(5), 7 * 8 * 5),
    "1d": ((20, 3), lambda: layers.Conv1D(4, 5, strides=2), 8 * 4 * (5 * 3)),  # (20 - 5) // 2 + 1 = 8 outputs
    "2d": ((10, 6, 3), lambda: layers.Conv2D(4, (3, 5), padding="same"), 10 * 6 * 4 * (3 * 5 * 3)),
    "2d, stride 2": ((10, 6, 3), lambda: layers.Conv2D(4, 3, strides=2, padding="same"), 5 * 3 * 4 * (9 * 3)),
    "2d, dilated": ((9, 9, 1), lambda: layers.Conv2D(1, 3, dilation_rate=2), 5 * 5 * 9),
    "2d, in groups": ((8, 8, 6), lambda: layers.Conv2D(4, 1, groups=2), 64 * 4 * 3),
    "3d": ((4, 4, 4, 2), lambda: layers.Conv3D(3, 2), 27 * 3 * (8 * 2)),
    "depthwise": ((8, 8, 6), lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), 64 * 12 * 9),
    "separable": ((8, 8, 6), lambda: layers.SeparableConv2D(5, 3, padding="same"), 64 * (6 * 9 + 6 * 5)),
    "separable, deeper": (
        (8, 8, 6),
        lambda: layers.SeparableConv2D(5, 3, strides=2, depth_multiplier=2, padding="same"),
        16 * (12 * 9 + 12 * 5),
    ),
    "separable 1d": ((9, 2), lambda: layers.SeparableConv1D(4, 3), 7 * (2 * 3 + 2 * 4)),
    "no product": ((8, 8, 6), layers.BatchNormalization, 0),
    "no weights": ((8, 8, 6), layers.MaxPooling2D, 0),
    "our own": ((8, 8, 3), InputNormalization, 0),
    "a head": ((40,), lambda: linear(40, 5, input_dropout=0.5, standardize=True), 200),
}


@pytest.mark.parametrize("what", BY_HAND)
@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_a_layer_costs_two_operations_for_each_multiply_add(what, kind):
    shape, make, multiply_adds = BY_HAND[what]
    x = keras.Input(shape)
    model = keras.Model(x, make()(x)) if kind == "functional" else keras.Sequential([x, make()])
    assert count_flops(model) == 2 * multiply_adds


def test_a_layer_counts_as_often_as_it_is_used_in_this_model():
    x = keras.Input((8,))
    dense = layers.Dense(8)
    once = keras.Model(x, dense(x))
    twice = keras.Model(x, dense(dense(x)))
    assert count_flops(twice) == 2 * count_flops(once) == 2 * 2 * 8 * 8


def test_models_inside_a_model_are_walked():
    inner_input = keras.Input((8, 8, 3))
    inner = keras.Model(inner_input, layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(inner_input)))
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, linear(4, 2)(inner(InputNormalization()(image))))
    assert count_flops(model) == 2 * (64 * 4 * 3 + 4 * 2)


def subclassed():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(self.dense(x))

    return Own()


UNKNOWN = {
    "recurrent": ((5, 2), lambda: layers.LSTM(3)),
    "wrapped": ((5, 2), lambda: layers.TimeDistributed(layers.Dense(3))),
    "attention": ((5, 4), lambda: (lambda attend: lambda x: attend(x, x))(layers.MultiHeadAttention(2, 2))),
    "open size": ((None, None, 3), lambda: layers.Conv2D(4, 3)),
    "subclassed": ((2,), subclassed),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_known_is_not_guessed(what):
    shape, make = UNKNOWN[what]
    x = keras.Input(shape)
    assert count_flops(keras.Model(x, layers.Activation("relu")(make()(x)))) is None
