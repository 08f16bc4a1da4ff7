"""What of an engine is wanted before Keras is loaded: its connection, and how small tasks are spread over its nodes."""

from contextlib import nullcontext
from functools import partial

from benchmark.engines import cluster


def connected(engine):
    """Return a context in which a cluster, where the study names one, stays connected from pictures to trials."""
    return cluster.connected(engine) if engine.kind == "ray" else nullcontext()


def spread(engine):
    """Return how small tasks are spread over a cluster, or None for the cores of this machine."""
    return partial(cluster.spread, engine) if engine.kind == "ray" else None
