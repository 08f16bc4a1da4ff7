"""Class activation maps: where on the picture a network finds what speaks for a class.

HiResCAM (Draelos & Carin, arXiv:2011.08891): the last feature map times the derivative of the class's score, summed
over channels. For a network that ends in global average pooling and a linear head this is Grad-CAM (Selvaraju et al.,
ICCV 2017) and CAM (Zhou et al., CVPR 2016), exactly; for VGG's fully connected end Grad-CAM would average away where in
the picture a channel counts, and this does not. Where the head standardises the pooled map, what it takes away is taken
from every cell: with it a map can be of one sign throughout, whatever the picture."""

import keras
import numpy as np
from keras import ops

from benchmark.errors import StudyError


class ActivationMaps:
    """Maps of signed saliency for an image network: ``backbone`` is a Backbone, ``head`` the model after it.

    From then on the layers of both are for inference alone: none of them is trainable any more. Raises
    :class:`StudyError` where the network has no feature map (a transformer) or one of a single cell."""

    def __init__(self, backbone, head, batch_size=8):
        core = backbone.model.layers[-1]
        last = _last_map(core)
        picture = backbone.model.input
        prepared = backbone.model.get_layer("input_normalization")(picture)
        self.to_map = keras.Model(picture, keras.Model(core.input, last)(prepared))
        features = core.output
        for layer in head.layers[:-1]:
            features = layer(features)
        self.batch_size, self.reference = batch_size, _reference(core, head)
        scores = head.layers[-1]
        self.tail = _Tail(keras.Model(last, features), scores, (batch_size, *last.shape[1:]))
        # Eagerly: the few layers behind the last map run faster than they compile.
        loss = LogOdds(keras.activations.serialize(scores.activation))
        self.tail.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)

    def __call__(self, images, classes):
        """Return the saliency (n, rows, columns) of pictures (n, size, size, 3) for the classes (n,) asked, as indices.

        A cell is the log odds that the class would lose, to first order, were the features there 0, or under a head
        that standardises those of the mean training clip; below 0 they speak against the class."""
        found = []
        for start in range(0, len(images), self.batch_size):
            rows = np.arange(start, min(start + self.batch_size, len(images)))
            filled = np.resize(rows, self.batch_size)  # another shape is compiled anew
            maps = ops.convert_to_numpy(self.to_map.predict_on_batch(np.asarray(images)[filled].astype("float32")))
            gradients = self.tail.gradients(maps, np.asarray(classes)[filled])
            found.append(((maps - self.reference) * gradients).sum(axis=-1)[: len(rows)])
        return np.concatenate(found)


def _last_map(core):
    """Return the last output (batch, rows, columns, channels) of a network before its end pools or flattens it."""
    for layer in reversed(core.layers):
        shape = layer.output.shape
        if len(shape) == 4 and shape[1] * shape[2] > 1 and not isinstance(layer, keras.layers.MaxPooling2D):
            if layer is core.layers[0]:
                break
            return layer.output
    raise StudyError(
        f"{core.name} has no feature map of more than one cell, so there is nothing to draw; "
        "a convolutional network, or a larger input_size, would have one"
    )


def _reference(core, head):
    """Return the features (channels,) of a map that say nothing, or 0.0: what the head takes from the pooled map."""
    names = [layer.name for layer in head.layers]
    pooled = isinstance(core.layers[-1], keras.layers.GlobalAveragePooling2D)
    return ops.convert_to_numpy(head.get_layer("standardize").mean) if pooled and "standardize" in names else 0.0


def _of_one_class(asked, logits):
    """Return the log odds under a softmax: the logit less what the other classes have together.

    What a head adds to all its classes alike moves every logit and no probability."""
    others = ops.logsumexp(logits - 1e9 * asked, axis=-1)  # far below all others: the class itself does not count
    return ops.sum(asked * logits, axis=-1) - others


def _of_each_class(asked, logits):
    """Return the log odds under a sigmoid: the logit, whatever the other classes have."""
    return ops.sum(asked * logits, axis=-1)


LOG_ODDS = {"softmax": _of_one_class, "sigmoid": _of_each_class}  # by activation: (one-hot, logits) -> (n,)


class LogOdds(keras.losses.Loss):
    """Minus the log odds of the class asked, from one-hot rows and logits (n, n_classes).

    Not the probability: its slope vanishes where the network is sure."""

    def __init__(self, activation):
        super().__init__(reduction="sum")
        self.log_odds = LOG_ODDS[activation]

    def call(self, y_true, logits):
        """Return the loss (n,)."""
        return -self.log_odds(y_true, logits)


class _Tail(keras.Model):
    """What follows the last map, to logits, with a zero added to every cell of the map.

    Keras has no gradient that holds for every backend, but it trains on every one: a step of plain gradient descent at
    rate 1 from zero leaves the zeros as the derivative of minus the loss."""

    def __init__(self, features, scores, shape):
        super().__init__(name="tail")
        features.trainable = scores.trainable = False
        self.features, self.scores = features, scores
        self.nudge = self.add_weight(shape=shape, initializer="zeros", name="nudge")
        self.n_classes = scores.units

    def call(self, maps):
        """Return the logits (batch, n_classes): the activation of ``scores`` is left out."""
        features = ops.cast(self.features(maps + self.nudge, training=False), "float32")
        return ops.matmul(features, self.scores.kernel) + self.scores.bias

    def gradients(self, maps, classes):
        """Return the derivative of the log odds of ``classes`` (batch,) by every value of ``maps``, of their shape."""
        self.nudge.assign(np.zeros(self.nudge.shape, "float32"))
        self.train_on_batch(maps, keras.utils.to_categorical(classes, self.n_classes))
        return ops.convert_to_numpy(self.nudge)
