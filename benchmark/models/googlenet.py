"""GoogLeNet as Caffe and MATLAB have it: no batch normalisation, 5x5 convolutions, local response normalisation.

Szegedy et al., Going Deeper with Convolutions, CVPR 2015; layer names follow BVLC's prototxt with '_' for '/', so
that its parameters can be matched by name. The auxiliary classifiers, used in training only, are left out."""

import keras
import numpy as np
from keras import layers, ops

# filters: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection; None: max pooling 3/2
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "pool3": None,
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "pool4": None,
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
IMAGENET_MEANS = (104.0, 117.0, 123.0)  # blue, green, red
PLACES365_MEANS = (104.051, 112.514, 116.676)


@keras.saving.register_keras_serializable("benchmark")
class LocalResponseNormalization(layers.Layer):
    """Divide by (k + alpha/size * sum of squares over ``size`` neighbouring channels) ** beta; shape unchanged.

    As in Caffe and MATLAB alpha is divided by the window size; TensorFlow's own operation does not divide. In float32,
    since the squares of activations above 255 overflow float16."""

    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x):
        """Return x normalised across its last axis."""
        channels, reach = x.shape[-1], self.size // 2
        squares = ops.pad(ops.square(x), [(0, 0)] * (len(x.shape) - 1) + [(reach, reach)])
        energy = sum(squares[..., i : i + channels] for i in range(self.size))
        return x * ops.power(self.k + self.alpha / self.size * energy, -self.beta)

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}


def GoogLeNet(include_top=True, weights=None, input_shape=(224, 224, 3), pooling=None, classes=1000):
    """Return GoogLeNet with random weights: (h, w, 3) BGR minus means to probabilities, features or a feature map.

    The contract of ``keras.applications``. 6,998,552 parameters with 1000 classes. h and w are multiples of 32: for
    these, Caffe's pooling (rounding up) and Keras' "same" agree."""
    if weights is not None:
        raise ValueError(f"GoogLeNet's weights come from a file; got weights={weights!r}")
    image = layers.Input(input_shape)
    x = layers.ZeroPadding2D(3)(image)
    x = layers.Conv2D(64, 7, strides=2, activation="relu", name="conv1_7x7_s2")(x)
    x = _pool(x, "pool1_3x3_s2")
    x = LocalResponseNormalization(name="pool1_norm1")(x)
    x = _conv(x, 64, 1, "conv2_3x3_reduce")
    x = _conv(x, 192, 3, "conv2_3x3")
    x = LocalResponseNormalization(name="conv2_norm2")(x)
    x = _pool(x, "pool2_3x3_s2")
    for name, filters in INCEPTIONS.items():
        x = _inception(x, filters, f"inception_{name}") if filters else _pool(x, f"{name}_3x3_s2")
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="pool5")(x)
    if include_top:
        x = layers.Dropout(0.4, name="pool5_drop")(x)
        x = layers.Dense(classes, activation="softmax", name="loss3_classifier")(x)
    return keras.Model(image, x, name="googlenet")


def Places365GoogLeNet(include_top=True, weights=None, input_shape=(224, 224, 3), pooling=None, classes=365):
    """Return :func:`GoogLeNet` with 365 classes; Places365's means differ from ImageNet's."""
    return GoogLeNet(include_top, weights, input_shape, pooling, classes)


def _conv(x, filters, size, name):
    return layers.Conv2D(filters, size, padding="same", activation="relu", name=name)(x)


def _pool(x, name, strides=2):
    return layers.MaxPooling2D(3, strides=strides, padding="same", name=name)(x)


def _inception(x, filters, name):
    """Return the four branches of one inception module, concatenated over channels."""
    f1, f3_reduce, f3, f5_reduce, f5, f_pool = filters
    branches = [
        _conv(x, f1, 1, f"{name}_1x1"),
        _conv(_conv(x, f3_reduce, 1, f"{name}_3x3_reduce"), f3, 3, f"{name}_3x3"),
        _conv(_conv(x, f5_reduce, 1, f"{name}_5x5_reduce"), f5, 5, f"{name}_5x5"),
        _conv(_pool(x, f"{name}_pool", strides=1), f_pool, 1, f"{name}_pool_proj"),
    ]
    return layers.Concatenate(name=f"{name}_output")(branches)


def preprocess_input(images, means=IMAGENET_MEANS):
    """Return RGB 0..255 images (..., 3) as blue, green, red, each minus its mean."""
    return np.asarray(images)[..., ::-1] - np.array(means)


def preprocess_places365(images):
    """Return RGB 0..255 images (..., 3) as blue, green, red, each minus its mean over Places365."""
    return preprocess_input(images, PLACES365_MEANS)


GoogLeNet.weights_files = {"imagenet": "bvlc_googlenet.caffemodel"}
Places365GoogLeNet.weights_files = {"places365": "googlenet_places365.caffemodel"}
Places365GoogLeNet.preprocess_input = preprocess_places365
