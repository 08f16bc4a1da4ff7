"""The optimisers that a study can name: Keras' own, or MATLAB's."""

import keras
from keras import ops

from benchmark.training.matlab.optimizers import MatlabOptimizer

OPTIMIZERS = {
    "adam": (keras.optimizers.Adam, {}),
    "sgdm": (keras.optimizers.SGD, {"momentum": 0.9}),
    "rmsprop": (keras.optimizers.RMSprop, {}),
}
CLIPPING = {  # by TrainingParams.gradient_threshold_method: what Keras calls it
    "l2norm": "clipnorm",
    "global-l2norm": "global_clipnorm",
    "absolute-value": "clipvalue",
}


class WithL2:
    """What makes an optimiser of Keras add ``l2`` times the weight to each gradient of a kernel.

    This is L2 as a term of the loss, l2 / 2 times the squared weights, the ``weight_decay`` of PyTorch's Adam. That
    of Keras is another, decoupled from the gradient (Loshchilov & Hutter 2019). Weights of one dimension, biases and
    those of batch normalisation, are exempt. Gradients are clipped before."""

    l2 = 0.0

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable by one step."""
        if len(variable.shape) > 1:
            gradient = ops.cast(gradient, variable.dtype) + self.l2 * variable
        super().update_step(gradient, variable, learning_rate)


def make_optimizer(stage, factors=None):
    """Return the optimiser of a stage: Keras' own, or MATLAB's with ``factors`` under ``preset: matlab``.

    ``factors`` are those of :class:`benchmark.training.matlab.optimizers.MatlabOptimizer`."""
    settings = stage.settings
    clipping = CLIPPING[settings.gradient_threshold_method]
    options = {clipping: settings.gradient_threshold} if settings.gradient_threshold else {}
    if settings.preset == "matlab":
        return MatlabOptimizer(stage.optimizer, stage.learning_rate, settings.l2, factors, **options)
    kind, usual = OPTIMIZERS[stage.optimizer]
    if settings.l2:
        kind = type(f"{kind.__name__}WithL2", (WithL2, kind), {"l2": settings.l2})
    return kind(learning_rate=stage.learning_rate, **usual, **options)
