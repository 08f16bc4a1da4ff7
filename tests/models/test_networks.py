"""The nine networks, the table of files they come from, and what they do to a picture."""

import io
import sys

import keras
import numpy as np
import pytest

from benchmark.config.networks import load_network, network_names
from benchmark.config.study import NetworkParams
from benchmark.models import catalogue, preprocessing
from benchmark.models.audio_networks import VGGish, YAMNet, log_mel_patches
from benchmark.models.googlenet import IMAGENET_MEANS, PLACES365_MEANS, LocalResponseNormalization, preprocess_input
from benchmark.models.listing import list_networks
from tests.support.audio_network import blocks
from tests.support.networks import small

PARAMETERS = {  # with 1000 classes: MATLAB.md section 4, from keras.io, torchvision and Caffe
    "mobilenet_v2": 3_538_984,
    "resnet18": 11_689_512 + 9_600,  # trainable, and the running statistics of its batch normalisations
    "densenet201": 20_242_984,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "inception_resnet_v2": 55_873_736,
    "inception_v3": 23_851_784,
    "nasnet_mobile": 5_326_716,
    "places365_googlenet": 6_347_677,  # with 365
}
IMAGE_NETWORKS = [name for name in network_names() if load_network(name).reads == "picture"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_with_1000_classes_are_those_of_the_original(name):
    builder, _ = catalogue.find_builder(load_network(name).backbone)
    with keras.StatelessScope(initialize_variables=False):  # the layers alone: it is quicker
        assert builder(weights=None).count_params() == PARAMETERS[name]


SIZES = {  # keras.io/api/applications, and the papers' own
    "keras.applications.VGG16": 224,
    "keras.applications.Xception": 299,
    "keras.applications.NASNetLarge": 331,
    "keras.applications.EfficientNetV2S": 384,
    "keras.applications.ConvNeXtTiny": 224,
    "benchmark.models.googlenet:Places365GoogLeNet": 224,
    "benchmark.models.resnet18:ResNet18": 224,
}


@pytest.mark.parametrize("backbone", SIZES)
def test_the_size_of_a_networks_input_is_known_without_building_it(backbone, monkeypatch):
    catalogue.default_size.cache_clear()
    monkeypatch.setattr(keras.layers.Conv2D, "__init__", lambda *given, **named: pytest.fail("it was built"))
    assert catalogue.default_size(backbone) == SIZES[backbone]


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_a_network_takes_raw_rgb_and_prepares_it_as_its_library_does(name, eager):
    network = small(name)
    backbone = catalogue.build_backbone(network)
    _, library = catalogue.find_builder(network.backbone)
    images = np.random.default_rng(0).integers(0, 256, (2, network.input_size, network.input_size, 3)).astype("float32")
    normalised = backbone.model.get_layer("input_normalization")(images)
    np.testing.assert_allclose(normalised, library(images.copy()), atol=2e-5)  # float32 of values up to 255
    features = backbone.model.predict_on_batch(images)
    core = backbone.model.layers[-1]
    np.testing.assert_allclose(features, core(library(images.copy()), training=False), rtol=2e-3, atol=1e-5)
    assert features.ndim == 2
    assert np.isfinite(features).all()
    keras.utils.clear_session()


TORCH = ((0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225)
CAFFE = (127.5 - 103.939, 127.5 - 116.779, 127.5 - 123.68)
EXPECTED_GRAY = {  # what mid-gray 127.5 becomes: MATLAB.md section 6
    **dict.fromkeys(("mobilenet_v2", "inception_v3", "inception_resnet_v2", "nasnet_mobile"), (0, 0, 0)),
    **dict.fromkeys(("vgg16", "vgg19"), CAFFE),
    **dict.fromkeys(("densenet201", "resnet18"), TORCH),
    "places365_googlenet": tuple(127.5 - mean for mean in PLACES365_MEANS),
    **dict.fromkeys(("convnext_tiny", "efficientnet_v2s"), (127.5, 127.5, 127.5)),
}


@pytest.mark.parametrize("name", EXPECTED_GRAY)
def test_mid_gray_becomes_the_value_that_the_network_was_trained_with(name):
    layer = preprocessing.from_library(catalogue.find_builder(load_network(name).backbone)[1])
    np.testing.assert_allclose(layer(np.full((1, 1, 1, 3), 127.5, "float32"))[0, 0, 0], EXPECTED_GRAY[name], atol=1e-4)


def test_caffe_networks_get_blue_first():
    layer = preprocessing.from_library(preprocess_input)
    red = np.zeros((1, 1, 1, 3), "float32")
    red[..., 0] = 255
    np.testing.assert_allclose(layer(red)[0, 0, 0], np.array([0, 0, 255]) - IMAGENET_MEANS, atol=1e-4)


def test_local_response_normalisation_follows_caffes_formula():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 7)).astype("float32") * 20
    expected = np.empty_like(x)
    for channel in range(7):
        window = x[..., max(0, channel - 2) : channel + 3]  # five neighbours, fewer at the edges
        expected[..., channel] = x[..., channel] / (1 + 1e-4 / 5 * (window**2).sum(-1)) ** 0.75
    np.testing.assert_allclose(LocalResponseNormalization()(x), expected, rtol=1e-5)  # float32


def test_vgg_keeps_fc6_and_fc7_and_can_do_without():
    kept = catalogue.build_backbone(small("vgg16"))
    assert kept.model.output_shape == (None, 4096)
    bare = catalogue.build_backbone(small("vgg16_notop"))
    assert bare.model.output_shape == (None, 512)


def test_the_same_seed_draws_the_same_random_weights():
    digests = [catalogue.build_backbone(small("mobilenet_v2"), seed).weights["sha256"] for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def Watched(include_top=False, weights=None, input_shape=(32, 32, 3), pooling=None):
    """A builder that notes what stands on the screen when it is called."""
    Watched.seen.append(sys.stdout.getvalue())
    image = keras.Input(input_shape)
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))


def test_the_list_of_networks_grows_with_aligned_columns_and_names_what_fails(monkeypatch):
    Watched.seen = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    given = {"weights": "random", "input_size": 32}
    list_networks([
        NetworkParams(name="a", label="First", backbone="tests.models.test_networks:Watched", **given),
        NetworkParams(name="broken", label="B", backbone="tests.models.test_networks:Missing", **given),
        NetworkParams(name="c", label="The third", backbone="tests.models.test_networks:Watched", **given),
        NetworkParams(name="d", label="D", backbone="tensorflow_hub:https://example.org/d", weights="audioset"),
        NetworkParams.model_validate(blocks("e", 12000)),
    ])  # fmt: skip
    lines = sys.stdout.getvalue().splitlines()
    assert Watched.seen == ["\n".join(lines[:1]) + "\n", "\n".join(lines[:4]) + "\n"]
    rows = [line for line in lines if not line.startswith(" ")]
    assert [row.split()[0] for row in rows] == ["name", "a", "broken", "c", "d", "e"]
    words = ("backbone", *["tests."] * 3, "tensorflow", "tests.")
    assert len({row.index(word) for row, word in zip(rows, words, strict=True)}) == 1
    assert [rows[1].split()[i] for i in (2, 4, 5)] == ["32", "32", "6,146"]  # 32 x 32 x 3 x 2 weights and 2 biases
    assert rows[5].split()[2:5] == ["12", "kHz", "1,803"]  # 600 x 3 weights and 3 biases
    assert lines[3].startswith("  broken: backbone 'tests.models.test_networks:Missing' cannot be found")


def test_a_kerashub_preset_in_a_folder_is_a_network(tmp_path):
    from keras_hub.layers import ImageConverter
    from keras_hub.models import ResNetBackbone

    core = ResNetBackbone([64], [7], [64, 64], [1, 1], [1, 2], "basic_block", image_shape=(64, 64, 3))
    core.save_to_preset(str(tmp_path))
    ImageConverter(image_size=(64, 64), scale=1 / 255, offset=-0.5).save_to_preset(str(tmp_path))
    network = NetworkParams(name="mine", label="Mine", backbone=f"keras_hub:{tmp_path}", input_size=64)
    backbone = catalogue.build_backbone(network)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype("float32")
    expected = np.asarray(core(images / 255 - 0.5, training=False)).mean(axis=(1, 2))
    np.testing.assert_allclose(backbone.model.predict_on_batch(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "dim", "patches", "count"), [(YAMNet, 1024, 30, 3_228_288), (VGGish, 128, 15, 72_141_184)]
)
def test_random_audio_networks_have_the_sizes_of_the_real_ones(build, dim, patches, count):
    network = build()
    waveform = np.random.default_rng(0).normal(size=15 * 16000).astype("float32")
    embeddings = network(waveform)
    assert embeddings.shape == (patches, dim)  # every 0.48 s, or 0.96 s without overlap
    assert network.parameters == count  # VGGish: 72.1 M as published; YAMNet's 3.7 M less its classifier


def test_a_tone_lights_its_band_in_the_log_mel_front_end():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype("float32")
    band = log_mel_patches(tone, 96, 0.01)[0, :, :, 0].mean(axis=0).argmax()
    mel = np.linspace(*(1127 * np.log(1 + np.array([125, 7500]) / 700)), 66)[1:-1]  # HTK's scale: centres of the bands
    assert band == np.abs(700 * (np.exp(mel / 1127) - 1) - 1000).argmin()


def test_a_clip_shorter_than_a_patch_makes_one():
    assert log_mel_patches(np.zeros(100, "float32"), 48, 0.001).shape == (1, 96, 64, 1)
