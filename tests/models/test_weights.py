import hashlib
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from benchmark.config.study import NetworkParams
from benchmark.models import catalogue
from benchmark.models.weights import load as weights
from tests.support.networks import small


def test_missing_weights_name_the_file_its_place_and_the_way_out(no_network):
    network = small("places365_googlenet").model_copy(update={"weights": "places365"})
    with pytest.raises(weights.WeightsError) as error:
        catalogue.build_backbone(network)
    assert f"put googlenet_places365.caffemodel into {no_network}, or set 'weights: random'" in str(error.value)


def test_other_errors_of_a_builder_are_not_mistaken_for_a_missing_network():
    def fails(**arguments):
        raise TypeError("some slip")

    with pytest.raises(TypeError, match="some slip"):
        weights.build_pretrained(fails, "imagenet", {})


def test_a_weights_file_gives_back_the_network_it_was_saved_from(tmp_path):
    network, path = small("mobilenet_v2"), tmp_path / "w.weights.h5"
    first = catalogue.build_backbone(network, seed=1)
    first.model.layers[-1].save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    named = NetworkParams(**network.model_dump() | {"weights": str(path), "weights_sha256": digest.upper()})
    again = catalogue.build_backbone(named, seed=2)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(first.model(images), again.model(images))
    assert (again.weights["sha256"], again.weights["sha256_of"]) == (digest, "file")


DAMAGE = {  # what became of a whole file
    "nothing left": lambda whole: b"",
    "cut in its first table": lambda whole: whole[:100],
    "cut in the middle": lambda whole: whole[: len(whole) // 2],
    "its last byte gone": lambda whole: whole[:-1],
    "text": lambda whole: b"<html>404 Not Found</html>" * 100,
    "directories overwritten": lambda whole: whole.replace(b"SNOD", b"\0\0\0\0"),  # symbol tables of HDF5
    "names overwritten": lambda whole: whole.replace(b"HEAP", b"\0\0\0\0"),
    "trees overwritten": lambda whole: whole.replace(b"TREE", b"\0\0\0\0"),
}


def tiny(units=5):
    """Return a network with a few weights."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(image))
    return keras.Model(image, keras.layers.Dense(units)(keras.layers.Flatten()(x)), name="tiny")


def save(model, path):
    """Write a model's weights, or the model where ``path`` asks for that."""
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)


@pytest.mark.parametrize("what", DAMAGE)
@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5", "w.keras"])
def test_a_damaged_weights_file_is_named_whatever_is_wrong_with_it(tmp_path, name, what):
    path = tmp_path / name
    save(tiny(), path)
    whole = path.read_bytes()
    weights.load_file(tiny(), path)
    path.write_bytes(DAMAGE[what](whole))
    if path.read_bytes() == whole:
        pytest.skip(f"{name} holds nothing that this damages")
    with pytest.raises(weights.WeightsError, match=r"w\..* does not hold the weights of tiny") as caught:
        weights.load_file(tiny(), path)
    assert str(path) in str(caught.value)


def write_other(path):
    with h5py.File(path, "w") as file:
        file["measurements/temperature"] = np.arange(10)


def write(content):
    return lambda path: path.write_bytes(content)


NO_WEIGHTS = [  # how a file is written that holds no weights of this network, and names that it has
    *((write(content), ["w.caffemodel"]) for content in (b"", b"not a weights file", b"\x89HDF\r\n\x1a\n cut short")),
    (lambda path: save(tiny(units=7), path), ["w.weights.h5", "w.h5", "w.keras"]),
    (write_other, ["w.weights.h5", "w.h5"]),
    (Path.mkdir, ["w.h5", "w.weights.h5", "w.keras", "w.caffemodel", "w.safetensors"]),
]


@pytest.mark.parametrize(("make", "name"), [(make, name) for make, names in NO_WEIGHTS for name in names])
def test_what_is_no_weights_file_of_this_network_is_named(tmp_path, make, name):
    make(tmp_path / name)
    said = rf"no weights file .*{name}" if make is Path.mkdir else rf"{name} does not hold the weights of tiny"
    with pytest.raises(weights.WeightsError, match=said):
        weights.load_file(tiny(), tmp_path / name)


def test_the_digest_is_compared_before_anything_is_read_from_the_file(tmp_path, monkeypatch):
    path = tmp_path / "w.weights.h5"
    tiny().save_weights(path)
    monkeypatch.setattr(weights, "_load_keras", lambda model, path: pytest.fail("read"))
    with pytest.raises(weights.WeightsError, match=r"expected 0{64}"):
        weights.load_file(tiny(), path, "0" * 64)


def test_weights_of_an_unknown_kind_are_named(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"x")
    with pytest.raises(weights.WeightsError, match=r"ending in \.h5, \.keras, \.caffemodel, \.safetensors; got '\.pt'"):
        weights.load_file(keras.Sequential(), tmp_path / "w.pt")


def test_named_weights_that_are_a_file_are_compared_too(no_network):
    no_network.mkdir()
    (no_network / "googlenet_places365.caffemodel").write_bytes(b"abc")
    network = small("places365_googlenet").model_copy(update={"weights": "places365", "weights_sha256": "0" * 64})
    with pytest.raises(weights.WeightsError, match=r"expected 0{64}, got ba7816bf"):
        catalogue.build_backbone(network)


def test_a_digest_of_weights_that_a_library_loads_is_refused():
    network = small("mobilenet_v2").model_copy(update={"weights": "imagenet", "weights_sha256": "0" * 64})
    with pytest.raises(weights.WeightsError, match="weights_sha256 is compared with a weights file"):
        catalogue.build_backbone(network)


@pytest.mark.parametrize("digest", ["", "ba7816bf", "g" * 64, "0" * 65])
def test_what_is_no_digest_is_refused(digest):
    with pytest.raises(ValueError, match="a SHA-256 is 64 hexadecimal characters; got"):
        NetworkParams(name="n", label="N", backbone="keras.applications.VGG16", weights_sha256=digest)


def test_real_mobilenet_weights_are_those_of_keras(shared):
    path = shared / "weights" / "mobilenetv2_1.0_224_dequant_notop.weights.h5"
    network = small("mobilenet_v2").model_copy(update={"weights": str(path), "input_size": 224})
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
    library = keras.applications.MobileNetV2(
        weights=str(path), include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    expected = library.predict_on_batch(images / 127.5 - 1)
    np.testing.assert_allclose(catalogue.build_backbone(network).model.predict_on_batch(images), expected, atol=1e-4)
