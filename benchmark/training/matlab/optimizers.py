"""MATLAB's optimisers: one subclass of Keras' with a rate and a decay factor for each variable.

Update rules as in MathWorks' page of trainingOptions. Whether MATLAB's Adam corrects the bias of its moments is not
stated there; here it does, as in Kingma and Ba (2015)."""

import keras
from keras import ops

MOMENTUM, BETA1, BETA2 = 0.9, 0.9, 0.999
RMSPROP_DECAY, EPSILON = 0.9, 1e-8


def _sgdm(gradient, rate, step, velocity):
    velocity = MOMENTUM * velocity - rate * gradient
    return velocity, [velocity]


def _adam(gradient, rate, step, mean, square):
    mean = BETA1 * mean + (1 - BETA1) * gradient
    square = BETA2 * square + (1 - BETA2) * gradient**2
    corrected = mean / (1 - BETA1**step), square / (1 - BETA2**step)
    return -rate * corrected[0] / (ops.sqrt(corrected[1]) + EPSILON), [mean, square]


def _rmsprop(gradient, rate, step, square):
    square = RMSPROP_DECAY * square + (1 - RMSPROP_DECAY) * gradient**2
    return -rate * gradient / (ops.sqrt(square) + EPSILON), [square]


RULES = {"sgdm": (_sgdm, 1), "adam": (_adam, 2), "rmsprop": (_rmsprop, 1)}  # rule, arrays it keeps for each variable


@keras.saving.register_keras_serializable("benchmark")
class MatlabOptimizer(keras.optimizers.Optimizer):
    """sgdm, adam or rmsprop with gradient + l2 * weight, and factors of rate and l2 for each variable.

    ``factors`` is {variable path: (rate factor, l2 factor)}; 1 and 1 where a path is not in it. The decay goes through
    the momentum, as MATLAB's does; Keras' ``weight_decay`` does not. ``clipnorm`` limits each variable's gradient."""

    def __init__(self, rule, learning_rate, l2=0.0, factors=None, **options):
        super().__init__(learning_rate=learning_rate, **options)
        self.rule, self.l2, self.factors = rule, l2, dict(factors or {})

    def build(self, variables):
        """Create the arrays that the rule keeps, and look up each variable's factors."""
        if not self.built:
            super().build(variables)
            _, count = RULES[self.rule]
            self.kept = [[self.add_variable_from_reference(v, f"kept{i}") for i in range(count)] for v in variables]
            self.factors_of = [self.factors.get(variable.path, (1.0, 1.0)) for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable by one step."""
        rule, _ = RULES[self.rule]
        index = self._get_variable_index(variable)  # TensorFlow hands in its own variables: they know no path
        kept, (rate_factor, l2_factor) = self.kept[index], self.factors_of[index]
        rate = ops.cast(learning_rate, variable.dtype) * rate_factor
        gradient = ops.cast(gradient, variable.dtype) + self.l2 * l2_factor * variable
        step = ops.cast(self.iterations + 1, variable.dtype)
        change, values = rule(gradient, rate, step, *kept)
        for slot, value in zip(kept, values, strict=True):
            self.assign(slot, value)
        self.assign_add(variable, change)

    def get_config(self):
        """Return what rebuilds the optimiser."""
        return {**super().get_config(), "rule": self.rule, "l2": self.l2, "factors": self.factors}


def variable_factors(core, head, network, training):
    """Return {variable path: (rate factor, l2 factor)} of a backbone's core and its new head, as MATLAB has them.

    Biases are not decayed; batch-norm scale and offset are. The new layer learns ``head_rate`` times as fast, and
    pretrained biases ``network.bias_rate`` times. Pretrained weights decay ``network.pretrained_l2`` times (VGG: 0)."""
    factors = {}
    for variable in core.trainable_weights:
        is_bias = variable.name == "bias"
        rate = network.bias_rate if is_bias else 1.0
        factors[variable.path] = (rate, 0.0 if is_bias else network.pretrained_l2)
    return factors | head_factors(head, training)


def head_factors(head, training):
    """Return {variable path: (rate factor, l2 factor)} of the new layer: ``head_rate``, and no decay for its biases."""
    return {w.path: (training.head_rate, 0.0 if w.name == "bias" else 1.0) for w in head.trainable_weights}
