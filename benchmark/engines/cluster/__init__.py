"""The engine ``ray``: trials, pictures and features as tasks on the nodes of a Ray cluster.

Every node needs the same Python environment and the project at the same path. Tasks start in the driver's current
folder and import from there and from the folder of run_benchmark.py, so relative paths and ``package.module:builder``
mean the same everywhere."""

from benchmark.engines.cluster.blocks import spread
from benchmark.engines.cluster.session import connected
from benchmark.engines.cluster.trials import run

__all__ = ["connected", "run", "spread"]
