"""GoogLeNet beside an independent reader and calculator of Caffe models: OpenCV's."""

import keras
import numpy as np
import pytest

from benchmark.models.googlenet import INCEPTIONS, PLACES365_MEANS, GoogLeNet, preprocess_input
from benchmark.models.weights import caffemodel
from benchmark.models.weights import load as weights
from tests.support.caffe import Prototxt, write

TOLERANCE = 1e-4  # float32: up to 1728 products in each sum, 22 sums deep, features of about 1
LRN = "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }"
CLASSES = 1000


def googlenet():
    """Return BVLC's GoogLeNet, without dropout and the auxiliary classifiers."""
    net, halve = Prototxt(), "pool: MAX kernel_size: 3 stride: 2"
    x = net.conv("conv1/7x7_s2", "data", 64, 7, pad=3, stride=2)
    x = net.add("pool1/norm1", "LRN", [net.pool("pool1/3x3_s2", x, halve)], LRN)
    x = net.conv("conv2/3x3_reduce", x, 64, 1)
    x = net.conv("conv2/3x3", x, 192, 3, pad=1)
    x = net.pool("pool2/3x3_s2", net.add("conv2/norm2", "LRN", [x], LRN), halve)
    for name, filters in INCEPTIONS.items():
        x = net.inception(f"inception_{name}", x, filters) if filters else net.pool(f"{name}/3x3_s2", x, halve)
    x = net.pool("pool5/7x7_s1", x, "pool: AVE global_pooling: true")
    net.shapes["loss3/classifier"] = (CLASSES, net.channels[x])
    x = net.add("loss3/classifier", "InnerProduct", [x], f"inner_product_param {{ num_output: {CLASSES} }}")
    net.add("prob", "Softmax", [x])
    return net


def draw(shapes, seed=0):
    """Return {layer: (kernel, bias)}, random and of a size that makes the comparison tell.

    Kernels have He's variance, which keeps activations through ReLU as large as the pictures' values, so that local
    response normalisation does divide; those of the last module are a fiftieth of that: pool5 is then about 1, where
    an absolute tolerance means something. The classifier's make logits of about 3, so that classes differ."""
    rng, parameters = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        scale = np.sqrt(2 / np.prod(shape[1:]))
        if name.startswith("inception_5b") and not name.endswith("reduce"):
            scale /= 50
        if name == "loss3/classifier":
            scale = 0.1
        kernel, bias = rng.normal(size=shape) * scale, rng.normal(size=shape[0]) * 0.1
        parameters[name] = kernel.astype("float32"), bias.astype("float32")
    return parameters


@pytest.fixture(scope="module")
def net():
    return googlenet()


@pytest.fixture(scope="module")
def parameters(net):
    return draw(net.shapes)


@pytest.fixture(scope="module")
def model(net, parameters, tmp_path_factory):
    """Return our GoogLeNet loaded from a file of today's form, with (features, probabilities) as outputs."""
    path = write(tmp_path_factory.mktemp("caffe") / "googlenet.caffemodel", parameters)
    model = GoogLeNet(classes=CLASSES)
    weights.load_file(model, path)
    return keras.Model(model.input, [model.get_layer("pool5").output, model.output])


def pictures():
    """Return two unlike pictures, noise and a coloured slope, as a Caffe network takes them: (2, 224, 224, 3)."""
    noise = np.random.default_rng(1).integers(0, 256, (224, 224, 3))
    down, across = np.mgrid[0:224, 0:224] * (255 / 223)
    slope = np.stack([across, 255 - down, np.abs(across - down)], axis=-1)
    return preprocess_input(np.stack([noise, slope]), PLACES365_MEANS).astype("float32")


@pytest.mark.parametrize("old", [False, True], ids=["layer", "layers"])
def test_opencv_computes_the_same_from_the_same_caffemodel(tmp_path, net, parameters, model, old):
    cv2 = pytest.importorskip("cv2", reason="OpenCV, the independent reader of Caffe models, is not installed")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip(f"OpenCV {cv2.__version__} reads no Caffe models: version 4 does")
    path, images = write(tmp_path / "googlenet.caffemodel", parameters, old), pictures()
    (tmp_path / "deploy.prototxt").write_text("\n".join(net.layers), encoding="utf-8")
    theirs = cv2.dnn.readNetFromCaffe(str(tmp_path / "deploy.prototxt"), str(path))
    theirs.setInput(images.transpose(0, 3, 1, 2))
    expected = theirs.forward(["pool5/7x7_s1", "prob"])
    for name, got, reference in zip(("pool5", "prob"), model.predict_on_batch(images), expected, strict=True):
        reference = reference.reshape(2, -1)
        assert np.abs(reference[0] - reference[1]).max() > 100 * TOLERANCE, f"{name}: the pictures should differ"
        assert np.ptp(reference, axis=1).min() > 100 * TOLERANCE, f"{name}: should not be uniform"
        np.testing.assert_allclose(got, reference, rtol=0, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("old", [False, True], ids=["layer", "layers"])  # as files are today, and before 2015
def test_a_caffemodel_gives_every_layer_its_parameters(tmp_path, parameters, model, old):
    if old:
        path = write(tmp_path / "old.caffemodel", parameters, old=True)
        read = caffemodel.read(path)
        assert list(read) == list(parameters)
        assert read["conv1/7x7_s2"][0].shape == (64, 3, 7, 7)
        assert read["loss3/classifier"][0].shape == (1, 1, CLASSES, 1024)
        weights.load_file(model := GoogLeNet(classes=CLASSES), path)
    for name, (kernel, bias) in parameters.items():
        expected = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
        for got, values in zip(model.get_layer(name.replace("/", "_")).get_weights(), (expected, bias), strict=True):
            np.testing.assert_array_equal(got, values)


def test_a_caffemodel_of_another_shape_changes_nothing_and_names_the_layer(tmp_path, parameters):
    kernel, bias = parameters["inception_4c/3x3"]
    path = write(tmp_path / "wide.caffemodel", parameters | {"inception_4c/3x3": (np.repeat(kernel, 2, axis=0), bias)})
    other = GoogLeNet(classes=CLASSES)
    before = other.get_weights()
    with pytest.raises(weights.WeightsError, match="layer 'inception_4c_3x3' should have a kernel of"):
        weights.load_file(other, path)
    assert all((a == b).all() for a, b in zip(before, other.get_weights(), strict=True))
