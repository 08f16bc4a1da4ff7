"""ResNet-152 as Caffe has it, for the weights that were trained on ImageNet and then on Places365.

He et al., Deep Residual Learning for Image Recognition, CVPR 2016; names of layers follow the prototxt of
CSAILVision/places365, so that its parameters can be matched by name. The stride of a stage is that of its first 1x1
convolution, and pooling rounds up; keras.applications.ResNet152 pads before it pools, which shifts it by a pixel."""

import keras
from keras import layers

from benchmark.models.googlenet import preprocess_places365

STAGES = {2: (64, 3), 3: (128, 8), 4: (256, 36), 5: (512, 3)}  # number: (filters, blocks)
EPSILON = 1e-5  # of Caffe's BatchNorm


def Places365ResNet152(
    include_top=True, weights=None, input_shape=(224, 224, 3), pooling=None, classes=365, stages=None
):
    """Return ResNet-152 with random weights: (h, w, 3) BGR minus means to probabilities, features or a feature map.

    The contract of ``keras.applications``; h and w are multiples of 32. ``stages`` {number: (filters, blocks)} builds
    a smaller network of the kind."""
    if weights is not None:
        raise ValueError(f"this network's weights come from a file; got weights={weights!r}")
    image = layers.Input(input_shape)
    x = layers.ZeroPadding2D(3)(image)
    x = _relu(_conv(x, 64, 7, "conv1", "_conv1", strides=2, padding="valid"))
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)
    for stage, (filters, blocks) in (stages or STAGES).items():
        for block in range(blocks):
            x = _block(x, filters, f"{stage}{_letter(block, blocks)}", block == 0, 1 + (block == 0 and stage > 2))
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="pool5")(x)
    if include_top:
        x = layers.Dense(classes, activation="softmax", name=f"fc{classes}")(x)
    return keras.Model(image, x, name="resnet152")


def _letter(block, blocks):
    """Return what a block is called: a, b, c in short stages, a, b1, b2, ... in long ones."""
    return "abc"[block] if blocks <= 3 else "a" if block == 0 else f"b{block}"


def _relu(x):
    return layers.ReLU()(x)


def _conv(x, filters, size, name, suffix, strides=1, padding="same"):
    """Return a convolution without bias, normalised; Caffe's Scale is part of Keras' normalisation."""
    x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False, name=name)(x)
    return layers.BatchNormalization(epsilon=EPSILON, name=f"bn{suffix}")(x)


def _block(x, filters, name, is_first, strides):
    """Return a bottleneck with its shortcut."""
    branch = x
    for part, (n, size) in {"2a": (filters, 1), "2b": (filters, 3), "2c": (4 * filters, 1)}.items():
        step = strides if part == "2a" else 1
        branch = _conv(branch, n, size, f"res{name}_branch{part}", f"{name}_branch{part}", step)
        branch = branch if part == "2c" else _relu(branch)
    shortcut = _conv(x, 4 * filters, 1, f"res{name}_branch1", f"{name}_branch1", strides) if is_first else x
    return _relu(layers.Add(name=f"res{name}")([shortcut, branch]))


Places365ResNet152.weights_files = {"places365": "resnet152_places365.caffemodel"}
Places365ResNet152.preprocess_input = preprocess_places365
