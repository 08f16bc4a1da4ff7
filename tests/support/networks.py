"""The networks of configs/models, as small as they can be."""

from benchmark.config.networks import load_network

SMALLEST = {"inception_v3": 75, "inception_resnet_v2": 75, "resnet18": 64, "places365_googlenet": 64}


def small(name):
    """Return a network's settings at the smallest size that is legal, with random weights."""
    return load_network(name).model_copy(update={"weights": "random", "input_size": SMALLEST.get(name, 32)})
