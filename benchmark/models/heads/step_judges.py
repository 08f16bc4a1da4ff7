"""What an mlp_transformer is trained on first: its hidden layers score single steps, with the labels of their clips.

So image-MLP and audio-MLP of the baseline of Sulun et al. 2024 are trained on single frames, and then frozen."""

import keras
from keras import ops

from benchmark.models.heads.attention import Positions, dense
from benchmark.models.heads.layers import OverSteps
from benchmark.models.heads.sequence import input_names


def judges_of(head):
    """Return {feature: model} of the head of an mlp_transformer: what scores clips by the steps of one feature.

    A model shares the head's layers up to the positions, and has a dense layer of its own. The scores of a clip are the
    mean of those of its steps. The name of a feature that is alone is empty."""
    scores, inputs = head.get_layer("scores"), {tensor.name: tensor for tensor in head.inputs}
    sums_to_one, judges = scores.activation is keras.activations.softmax, {}
    for layer in (layer for layer in head.layers if isinstance(layer, Positions)):
        feature, width = layer.name.removeprefix("positions").removeprefix("_"), layer.input.shape[-1]
        steps, mask = (inputs[name] for name in input_names(feature))
        x = ops.reshape(layer.input, (-1, width))
        x = dense(scores.units, width, activation=scores.activation, dtype="float32", name="scores")(x)
        x = OverSteps("mean", 1, sums_to_one, name="over_steps", dtype="float32")(x, mask)
        judges[feature] = keras.Model({steps.name: steps, mask.name: mask}, x, name="judge")
    return judges
