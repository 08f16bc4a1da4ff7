"""A network of three blocks with all that a stage must know of one: batch norm, dropout, and a way around."""

import keras


def Blocks(include_top=False, weights=None, input_shape=(24, 24, 3), pooling=None):
    """Return stem, block1 and block2, each with a way around it, and a top: the contract of keras.applications."""
    image = keras.Input(input_shape)
    x = keras.layers.Conv2D(6, 3, strides=2, name="stem_conv")(image)
    for number in (1, 2):
        y = keras.layers.Conv2D(6, 3, padding="same", name=f"block{number}_conv")(x)
        y = keras.layers.BatchNormalization(momentum=0.5, name=f"block{number}_bn")(y)
        y = keras.layers.Dropout(0.3, name=f"block{number}_drop")(keras.layers.ReLU(name=f"block{number}_relu")(y))
        x = keras.layers.Add(name=f"block{number}_add")([x, y])
    x = keras.layers.Conv2D(8, 1, name="top_conv")(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="blocks")


Blocks.preprocess_input = lambda images: images / 127.5 - 1


BLOCKS = {"name": "blocks", "label": "Blocks", "backbone": "tests.support.blocks:Blocks", "weights": "random",
          "input_size": 24}  # fmt: skip
