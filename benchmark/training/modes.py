"""A model that is called in one mode, of training or of prediction, whatever the mode of the model around it."""

import keras


class Called(keras.layers.Layer):
    """A model as a layer; ``training`` is its mode. A Functional model passes its own mode on, whatever it is told."""

    def __init__(self, model, training, **options):
        super().__init__(**options)
        self.model, self.training_mode = model, training

    def call(self, inputs):
        """Return what the model gives in that mode."""
        return self.model(inputs, training=self.training_mode)
