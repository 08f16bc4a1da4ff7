"""Which layers of a backbone are trained: those whose names begin as a stage says, and how the others behave."""

import re
from math import prod

import keras

from benchmark.errors import StudyError, did_you_mean

# How batch normalisations behave, by StageParams.batch_norm: (of trained layers, of the others) whether they move.
MOVE = {"frozen": (False, False), "moving": (True, False), "everywhere": (True, True)}


def matches(name, beginning):
    """Return whether a layer's name begins so; a number is a whole one: block_1 is no beginning of block_16."""
    return name.startswith(beginning) and not (beginning[-1:].isdigit() and name[len(beginning) :][:1].isdigit())


def leaves(model, names=()):
    """Return [(layer, its name and those of the models that it is in)] of all layers of a model that hold none."""
    inner = [leaf for layer in getattr(model, "layers", ()) for leaf in leaves(layer, (*names, layer.name))]
    return inner or [(model, names)]


def trained_layers(core, beginnings):
    """Return the layers of a backbone's core that have weights and whose names, or models, begin so; () is all.

    Raises :class:`StudyError` for a beginning that no layer with weights has."""
    weighted = [(layer, names) for layer, names in leaves(core) if layer.weights]
    for beginning in beginnings:
        if not any(matches(name, beginning) for _, names in weighted for name in names):
            there = list(dict.fromkeys(_group(names[0]) for _, names in weighted))
            raise StudyError(
                f"unfreeze: no layer of {core.name} begins with '{beginning}'{did_you_mean(beginning, there)}; "
                f"its layers begin with {', '.join(there)}"
            )

    def is_meant(names):
        return not beginnings or any(matches(name, beginning) for name in names for beginning in beginnings)

    return [layer for layer, names in weighted if is_meant(names)]


def _group(name):
    """Return the beginning of a layer's name that it shares with those of its block: block6 of block6a_expand_conv."""
    return re.match(r"[^\W\d_]+_?\d*|.*", name)[0].rstrip("_")


def unfreeze(core, beginnings, batch_norm):
    """Set what of a backbone's core is trained; ``batch_norm`` is a key of :data:`MOVE`.

    Keras ties the inference mode of a batch normalisation to ``trainable``: frozen, its scale and offset are kept as
    well; under 'everywhere' those of layers that are not trained have statistics that move, and keep both."""
    trained = {id(layer) for layer in trained_layers(core, beginnings)}
    core.trainable = True
    for layer, _ in leaves(core):
        is_trained = id(layer) in trained
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = MOVE[batch_norm][not is_trained] if is_norm else is_trained
        if is_norm and not is_trained:
            for weight in (layer.gamma, layer.beta):
                if weight is not None:
                    weight.trainable = False


def count_trainable(model):
    """Return the number of parameters of a model that an optimiser moves."""
    return sum(prod(weight.shape) for weight in model.trainable_weights)
