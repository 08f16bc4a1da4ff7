"""Forward passes through OpenVINO against Keras, in one run: seconds, ratio and largest difference of each network.

    python tests/benchmarks/openvino_forward.py [NETWORK ...]

Weights are random, float32, batches of 32; turns alternate, and the fastest of each side counts, for the machine may be
busy. A ratio of at least 1.05 is a row of ``benchmark.models.forward.FASTER``."""

import sys
import time

import numpy as np

from benchmark.config.networks import load_network
from benchmark.models.catalogue import build_backbone
from benchmark.models.forward import by_keras, by_openvino

NETWORKS = (
    "mobilenet_v2", "resnet18", "densenet201", "places365_googlenet", "vgg16", "vgg19", "inception_resnet_v2",
    "inception_v3", "nasnet_mobile", "resnet50",
)  # fmt: skip
BATCH, TURNS = 32, 4


def seconds(forward, batch):
    """Return the seconds of one call."""
    began = time.perf_counter()
    forward(batch)
    return time.perf_counter() - began


def main(names):
    """Print a row per network."""
    print(f"{'network':<22}{'Keras':>9}{'OpenVINO':>10}{'ratio':>7}{'difference':>12}  of the largest output")
    for name in names:
        network = load_network(name).model_copy(update={"weights": "random"})
        graph = build_backbone(network).model
        batch = np.random.default_rng(0).uniform(0, 255, (BATCH, *graph.input_shape[1:])).astype("float32")
        forwards = {"keras": by_keras(graph), "openvino": by_openvino(graph)}
        outputs = {engine: forward(batch) for engine, forward in forwards.items()}
        times = [[seconds(forward, batch) for forward in forwards.values()] for _ in range(TURNS)]
        keras, openvino = np.min(times, axis=0)
        difference = np.abs(outputs["keras"] - outputs["openvino"]).max() / np.abs(outputs["keras"]).max()
        print(f"{name:<22}{keras:9.2f}{openvino:10.2f}{keras / openvino:7.2f}{difference:12.1e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
