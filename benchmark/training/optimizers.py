"""The optimisers that a study can name: Keras' own, or MATLAB's."""

import keras

from benchmark.training.matlab.optimizers import MatlabOptimizer

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgdm": lambda learning_rate, **options: keras.optimizers.SGD(learning_rate, momentum=0.9, **options),
    "rmsprop": keras.optimizers.RMSprop,
}


def make_optimizer(stage, factors=None):
    """Return the optimiser of a stage: Keras' own, or MATLAB's with ``factors`` under ``preset: matlab``.

    ``factors`` are those of :class:`benchmark.training.matlab.optimizers.MatlabOptimizer`."""
    settings = stage.settings
    options = {"clipnorm": settings.gradient_threshold} if settings.gradient_threshold else {}
    if settings.preset == "matlab":
        return MatlabOptimizer(stage.optimizer, stage.learning_rate, settings.l2, factors, **options)
    return OPTIMIZERS[stage.optimizer](learning_rate=stage.learning_rate, **options)
