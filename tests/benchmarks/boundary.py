"""How much faster an epoch is that goes on from the kept outputs of frozen layers, beside what counting promises.

    python tests/benchmarks/boundary.py [--batch 8] [--steps 3] [--turns 5]

Trains the upper blocks of networks with random weights on random pictures, from the pictures (frozen layers as in
prediction) and from the kept outputs of the frozen layers. The two take turns, and the fastest epoch of each counts,
for other processes can only slow one down. With f the share of the forward pass' floating-point operations above the
boundary, an epoch costs 1 + 2f before and 3f after. Exit code 1 where less than 80 % of (1 + 2f) / (3f) is reached."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras
import numpy as np

from benchmark.config.networks import load_network
from benchmark.features.batches import Batches
from benchmark.models.catalogue import build_backbone
from benchmark.models.flops import count_flops
from benchmark.models.heads import linear
from benchmark.training.boundary import find_boundary, kept_outputs
from benchmark.training.unfreezing import unfreeze

NETWORKS = {  # at 224 pixels: what is unfrozen
    "efficientnet_v2s": ("block6", "top_conv", "top_bn"),
    "mobilenet_v2": ("block_14", "block_15", "block_16", "Conv_1"),
}
CLASSES, LIMIT = 19, 0.8


def seconds_of_an_epoch(model, batches):
    """Return the seconds of one pass over the batches in gradient steps."""
    began = time.perf_counter()
    for batch in batches.for_training(np.arange(len(batches)), np.random.default_rng(0)):
        model.train_on_batch(*batch)
    return time.perf_counter() - began


def measure(name, batch, steps, turns):
    """Return (f, the fastest epoch from the pictures, that from the kept outputs in seconds, MB kept per picture)."""
    network = load_network(name).model_copy(update={"weights": "random", "input_size": 224})
    graph = build_backbone(network).model
    core, rng = graph.layers[-1], np.random.default_rng(0)
    unfreeze(core, NETWORKS[name], "frozen")
    head, boundary = linear(graph.output_shape[-1], CLASSES, activation="sigmoid"), find_boundary(core)
    pictures = rng.integers(0, 256, (batch * steps, 224, 224, 3)).astype("uint8")
    parts = (Batches(pictures.__getitem__, rng.integers(0, 2, (len(pictures), CLASSES)), batch),)
    with tempfile.TemporaryDirectory() as cache, kept_outputs(boundary, graph, parts, cache) as kept:
        trainings = [(boundary.joined(graph, head), parts[0]), (boundary.upper(head), kept[0])]
        share = count_flops(trainings[1][0]) / count_flops(keras.Model(graph.input, head(graph.output)))
        for model, _ in trainings:
            model.compile("adam", "binary_crossentropy")
        for model, batches in trainings:  # compiles
            seconds_of_an_epoch(model, batches)
        taken = [[seconds_of_an_epoch(*training) for training in trainings] for _ in range(turns)]
    before, after = np.min(taken, axis=0)
    keras.utils.clear_session()
    return share, before, after, boundary.bytes_per_clip / 1e6


def main():
    """Print a line per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("--batch", 8), ("--steps", 3), ("--turns", 5)):
        parser.add_argument(name, type=int, default=default)
    arguments, reached = parser.parse_args(), []
    for name in NETWORKS:
        share, before, after, size = measure(name, arguments.batch, arguments.steps, arguments.turns)
        promised = (1 + 2 * share) / (3 * share)
        reached.append(before / after / promised)
        print(
            f"{name}, {NETWORKS[name][0]} on: f {share:.3f}, {size:.2f} MB per picture; epoch {before:.2f} s from "
            f"pictures, {after:.2f} s from kept outputs: {before / after:.2f} times faster; "
            f"(1 + 2f) / (3f) = {promised:.2f}; {reached[-1]:.0%} of it",
            flush=True,
        )
    sys.exit(int(min(reached) < LIMIT))


if __name__ == "__main__":
    main()
