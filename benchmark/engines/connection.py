"""What of an engine is wanted before Keras is loaded: its connection, and how small tasks are spread over its nodes."""

from contextlib import nullcontext
from functools import partial


def connected(engine):
    """Return a context in which a cluster, where the study names one, stays connected from pictures to trials."""
    if engine.kind != "ray":
        return nullcontext()
    from benchmark.engines import cluster  # imported late: Ray is an extra

    return cluster.connected(engine)


def spread(engine):
    """Return how small tasks are spread over a cluster, or None for the cores of this machine."""
    if engine.kind != "ray":
        return None
    from benchmark.engines import cluster  # imported late: Ray is an extra

    return partial(cluster.spread, engine)
