"""ResNet-18 from KerasHub; its padding and epsilon are torchvision's and MATLAB's.

He et al., Deep Residual Learning for Image Recognition, CVPR 2016. KerasHub's own ``resnet_18_imagenet`` was trained by
another recipe (timm's a1_in1k); the weights comparable with MATLAB's are torchvision's, ``hf://timm/resnet18.tv_in1k``."""

from functools import partial

import keras
import numpy as np

PRESET = "hf://timm/resnet18.tv_in1k"
ARCHITECTURE = {
    "input_conv_filters": [64],
    "input_conv_kernel_sizes": [7],
    "stackwise_num_filters": [64, 128, 256, 512],
    "stackwise_num_blocks": [2, 2, 2, 2],
    "stackwise_num_strides": [1, 2, 2, 2],
    "block_type": "basic_block",
}


def ResNet18(include_top=True, weights=None, input_shape=(224, 224, 3), pooling=None, classes=1000):
    """Return ResNet-18: (h, w, 3) normalised RGB to class probabilities, features (512,) or a feature map.

    The contract of ``keras.applications``; ``weights`` is None or 'imagenet' (fetched from a hub by KerasHub; its top
    is random). 11,689,512 trainable parameters with 1000 classes, as torchvision's."""
    from keras_hub.models import ResNetBackbone  # imported late: it takes seconds

    if weights not in (None, "imagenet"):
        raise ValueError(f"ResNet-18 has 'imagenet' weights, random ones, or those of a file; got weights={weights!r}")
    build = partial(ResNetBackbone.from_preset, PRESET) if weights else partial(ResNetBackbone, **ARCHITECTURE)
    core = build(image_shape=tuple(input_shape))
    x = core.output
    if include_top or pooling == "avg":
        x = keras.layers.GlobalAveragePooling2D(name="pool5")(x)
    if include_top:
        x = keras.layers.Dense(classes, activation="softmax", name="fc1000")(x)
    return keras.Model(core.input, x, name="resnet18")


ResNet18.preset = PRESET
ResNet18.weights_place = (
    f"model.safetensors and config.json of {PRESET}",
    "the cache of huggingface_hub (`hf download timm/resnet18.tv_in1k` on a machine with a network fills it)",
)


def torch_names():
    """Return {KerasHub's layer: torchvision's}, e.g. 'stack1_block0_0_conv': 'layer2.0.downsample.0'; 'fc' is the top.

    The table holds all layers with weights: 20 convolutions, their batch normalisations, one dense layer."""
    names = {"conv1_conv": "conv1", "conv1_bn": "bn1", "fc1000": "fc"}
    for stack, blocks in enumerate(ARCHITECTURE["stackwise_num_blocks"]):
        for block in range(blocks):
            ours, theirs = f"stack{stack}_block{block}", f"layer{stack + 1}.{block}"
            for number in (1, 2):
                names[f"{ours}_{number}_conv"] = f"{theirs}.conv{number}"
                names[f"{ours}_{number}_bn"] = f"{theirs}.bn{number}"
        if stack:  # the first stage keeps the size: its shortcut is the identity
            first = f"stack{stack}_block0_0"
            names |= {
                f"{first}_conv": f"layer{stack + 1}.0.downsample.0",
                f"{first}_bn": f"layer{stack + 1}.0.downsample.1",
            }
    return names


def preprocess_input(images):
    """Return RGB 0..255 images (..., 3) scaled to 0..1 and standardised by ImageNet's statistics, as torchvision's."""
    return (np.asarray(images) / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
