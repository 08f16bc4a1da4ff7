"""Caffe's ResNet-152 beside an independent reader and calculator of Caffe models: OpenCV's."""

import keras
import numpy as np
import pytest

from benchmark.models.googlenet import preprocess_places365
from benchmark.models.resnet152 import STAGES, Places365ResNet152
from benchmark.models.weights import load as weights
from tests.support.caffe import Prototxt, write

SMALL = {2: (8, 2), 3: (16, 4), 4: (16, 1), 5: (24, 2)}  # long and short stages, as the real one has
SIZE, CLASSES = 96, 7
TOLERANCE = 1e-4  # float32, some hundred products in a sum, outputs of about 1


def normalised(net, name, suffix, bottom, filters, size, stride=1, relu=True):
    """Add a convolution without bias, BatchNorm and Scale as the published prototxt has them."""
    net.shapes[name] = (filters, net.channels[bottom], size, size)
    net.channels[name] = filters
    settings = f"num_output: {filters} kernel_size: {size} pad: {size // 2} stride: {stride} bias_term: false"
    net.add(name, "Convolution", [bottom], f"convolution_param {{ {settings} }}")
    net.add(f"bn{suffix}", "BatchNorm", [name], top=name)
    net.add(f"scale{suffix}", "Scale", [name], "scale_param { bias_term: true }", top=name)
    return net.add(f"{name}_relu", "ReLU", [name], top=name) if relu else name


def caffe_network(stages, size=224):
    """Return the layers of a ResNet in the names of the published prototxt: res3b1_branch2a, bn3b1_branch2a, ..."""
    net = Prototxt()
    net.layers[0] = net.layers[0].replace("224", str(size))
    x = net.pool("pool1", normalised(net, "conv1", "_conv1", "data", 64, 7, 2), "pool: MAX kernel_size: 3 stride: 2")
    for stage, (filters, blocks) in stages.items():
        names = list("abc"[:blocks]) if blocks <= 3 else ["a", *(f"b{n}" for n in range(1, blocks))]
        for number, letter in enumerate(names):
            name, stride = f"{stage}{letter}", 2 if number == 0 and stage > 2 else 1
            y = normalised(net, f"res{name}_branch2a", f"{name}_branch2a", x, filters, 1, stride)
            y = normalised(net, f"res{name}_branch2b", f"{name}_branch2b", y, filters, 3)
            y = normalised(net, f"res{name}_branch2c", f"{name}_branch2c", y, 4 * filters, 1, relu=False)
            if number == 0:
                x = normalised(net, f"res{name}_branch1", f"{name}_branch1", x, 4 * filters, 1, stride, relu=False)
            net.channels[f"res{name}"] = 4 * filters
            x = net.add(f"res{name}", "Eltwise", [x, y])
            x = net.add(f"res{name}_relu", "ReLU", [x], top=x)
    return net, x


def draw(shapes, seed=0):
    """Return the blobs of every layer; the sums of the statistics are to be divided by a factor, as Caffe writes."""
    rng, found = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        found[name] = [(rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))).astype("float32")]
        if len(shape) == 4:
            n, factor = shape[0], np.float32(999.98236)
            suffix = name.removeprefix("res") if name.startswith("res") else f"_{name}"
            statistics = rng.normal(size=n) * 0.1, rng.uniform(0.5, 2, n)
            found[f"bn{suffix}"] = [*((part * factor).astype("float32") for part in statistics), np.array([factor])]
            found[f"scale{suffix}"] = [rng.uniform(0.5, 1, n).astype("float32"), rng.normal(size=n).astype("float32")]
        else:
            found[name].append(rng.normal(size=shape[0]).astype("float32"))
    return found


@pytest.fixture(scope="module")
def parameters():
    net, top = caffe_network(SMALL, SIZE)
    return draw(net.shapes | {f"fc{CLASSES}": (CLASSES, net.channels[top])})


def test_opencv_computes_the_same_from_the_same_caffemodel(tmp_path, parameters):
    cv2 = pytest.importorskip("cv2", reason="OpenCV, the independent reader of Caffe models, is not installed")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip(f"OpenCV {cv2.__version__} reads no Caffe models: version 4 does")
    net, top = caffe_network(SMALL, SIZE)
    net.add("pool5", "Pooling", [top], "pooling_param { pool: AVE global_pooling: true }")
    (tmp_path / "deploy.prototxt").write_text("\n".join(net.layers), encoding="utf-8")
    path = write(tmp_path / "resnet.caffemodel", parameters)
    images = np.random.default_rng(1).normal(size=(2, SIZE, SIZE, 3)).astype("float32")
    theirs = cv2.dnn.readNetFromCaffe(str(tmp_path / "deploy.prototxt"), str(path))
    theirs.setInput(images.transpose(0, 3, 1, 2))
    expected = theirs.forward("pool5").reshape(2, -1)
    model = Places365ResNet152(input_shape=(SIZE, SIZE, 3), classes=CLASSES, stages=SMALL)
    weights.load_file(model, path)
    found = keras.Model(model.input, model.get_layer("pool5").output).predict_on_batch(images)
    assert np.abs(expected[0] - expected[1]).max() > 100 * TOLERANCE
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_the_whole_network_has_the_layers_of_the_published_prototxt():
    net, top = caffe_network(STAGES)
    with keras.StatelessScope(initialize_variables=False):
        model = Places365ResNet152()
    convolutions = {layer.name: layer.kernel.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    expected = {name: (shape[2], shape[3], shape[1], shape[0]) for name, shape in net.shapes.items()}
    assert {name: tuple(shape) for name, shape in convolutions.items()} == expected
    assert len(convolutions) == 1 + 3 * (3 + 8 + 36 + 3) + 4
    # torchvision's resnet152 has 60,192,808 with a classifier of 1000 x 2049; moving statistics are not counted there.
    trainable = sum(int(np.prod(value.shape)) for value in model.trainable_weights)
    assert trainable == 60_192_808 - 1000 * 2049 + 365 * 2049
    assert net.channels[top] == 2048


def test_a_caffemodel_that_lacks_a_scale_changes_nothing_and_names_it(tmp_path, parameters):
    lacking = {name: blobs for name, blobs in parameters.items() if name != "scale3b2_branch2b"}
    model = Places365ResNet152(input_shape=(SIZE, SIZE, 3), classes=CLASSES, stages=SMALL)
    before = model.get_weights()
    with pytest.raises(weights.WeightsError, match="it has no layer 'scale3b2_branch2b'"):
        weights.load_file(model, write(tmp_path / "a.caffemodel", lacking))
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_pictures_are_blue_green_red_minus_the_means_of_places365():
    assert Places365ResNet152.preprocess_input is preprocess_places365
    np.testing.assert_allclose(preprocess_places365([[116.676, 112.514, 104.051]]), 0, atol=1e-9)
