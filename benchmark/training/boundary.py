"""The boundary between the frozen layers of a network and what a stage trains, where its outputs can be kept.

Frozen layers behave as in prediction: nothing in them is random, and nothing moves. What they give for a picture is
then the same in each epoch, so that it is computed once and training goes on from there. Let f be the share of a
forward pass above the boundary; a backward pass costs about two of them, so that an epoch costs 3f, not 1 + 2f."""

import contextlib
import shutil
from dataclasses import dataclass
from math import prod
from pathlib import Path

import keras
import numpy as np

from benchmark.features.batches import IN_MEMORY, Batches
from benchmark.training.modes import Called
from spectrograms.files import draft

ON_DISK = 64 << 30  # bytes that the outputs of one training may take there, and at most half of what is free
FOLDER = "boundaries"  # in the cache: a row of spectrograms.files.KINDS


@dataclass(frozen=True)
class Boundary:
    """A backbone's core in two: ``tensors`` are those of its graph that lead from frozen layers to trained ones."""

    core: keras.Model
    tensors: list

    @property
    def bytes_per_clip(self):
        """What the outputs of the frozen layers take for one picture, as float32."""
        return 4 * sum(prod(tensor.shape[1:]) for tensor in self.tensors)

    @property
    def is_input(self):
        """Whether nothing is frozen below: what is kept would be the picture itself."""
        return any(tensor is given for tensor in self.tensors for given in self.core.inputs)

    def lower(self, graph):
        """Return the model of pictures 0..255 to what the frozen layers give; ``graph`` is the whole backbone's."""
        prepared = graph.get_layer("input_normalization")(graph.input)
        inner = keras.Model(self.core.input, self.tensors)
        return keras.Model(graph.input, Called(inner, training=False, name="frozen")(prepared), name="lower")

    def upper(self, head):
        """Return the model of what the frozen layers give to the scores of a head."""
        inputs = self.tensors if len(self.tensors) > 1 else self.tensors[0]
        return keras.Model(inputs, head(self.core.output), name="upper")

    def joined(self, graph, head):
        """Return the model of pictures to the scores of a head, its frozen layers as in prediction."""
        lower = self.lower(graph)
        return keras.Model(lower.input, self.upper(head)(lower.output), name="joined")


def find_boundary(core):
    """Return the :class:`Boundary` of a backbone's core whose layers were frozen or unfrozen.

    Below is all that no trained layer leads to. A dropout that leads to trained layers alone belongs to them."""
    graph = keras.Model(core.inputs, core.outputs)  # Sequential has no nodes of its own
    levels = graph._nodes_by_depth  # Keras' public names say nothing of the edges of a graph
    order = [node for depth in sorted(levels, reverse=True) for node in levels[depth]]  # from the input on
    makers = {id(tensor): node for node in order for tensor in node.output_tensors}
    above = set()
    for node in order:
        if _is_trained(node.operation) or any(makers[id(tensor)] in above for tensor in node.input_tensors):
            above.add(node)
    for node in reversed(order):
        users = {user for user in order for tensor in user.input_tensors if makers[id(tensor)] is node}
        if users and users <= above and getattr(node.operation, "seed_generator", None) is not None:
            above.add(node)
    used = [tensor for node in order if node in above for tensor in node.input_tensors] + graph.outputs
    return Boundary(core, list({id(tensor): tensor for tensor in used if makers[id(tensor)] not in above}.values()))


def _is_trained(operation):
    moves = isinstance(operation, keras.layers.BatchNormalization) and operation.trainable
    return moves or bool(getattr(operation, "trainable_weights", ()))


def place_of(size, cache):
    """Return where so many bytes of outputs are kept: 'in memory', 'on disk' in the folder ``cache``, or None."""
    if size <= IN_MEMORY:
        return "in memory"
    there = next(folder for folder in (Path(cache), *Path(cache).absolute().parents) if folder.exists())
    return "on disk" if size <= min(ON_DISK, shutil.disk_usage(there).free // 2) else None


@contextlib.contextmanager
def kept_outputs(boundary, graph, parts, cache):
    """Yield the :class:`Batches` of pictures ``parts`` as such of what the frozen layers give for them.

    They are kept in memory or in files below the folder ``cache`` that go with the block, see :func:`place_of`."""
    lower, total = boundary.lower(graph), boundary.bytes_per_clip * sum(map(len, parts))
    with contextlib.ExitStack() as files:

        def new(shape):
            if place_of(total, cache) == "in memory":
                return np.empty(shape, "float32")
            file = files.enter_context(draft(Path(cache, FOLDER, "outputs.bin")))
            return np.memmap(file, "float32", "w+", shape=shape)

        yield [_outputs(lower, boundary.tensors, batches, new) for batches in parts]


def _outputs(lower, tensors, batches, new):
    """Return what a model gives for batches of pictures as :class:`Batches`; ``new(shape)`` makes an array to fill."""
    arrays, start = [new((len(batches), *tensor.shape[1:])) for tensor in tensors], 0
    for inputs, n in batches.in_order():
        for array, given in zip(arrays, keras.tree.flatten(lower.predict_on_batch(inputs)), strict=True):
            array[start : start + n] = given[:n]
        start += n
    if len(arrays) == 1:
        return Batches(arrays[0].__getitem__, batches.targets, batches.batch_size, weights=batches.weights)
    return Batches(
        lambda rows: [array[rows] for array in arrays], batches.targets, batches.batch_size, weights=batches.weights
    )
