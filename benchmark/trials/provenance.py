"""What a result was made with: the suite, versions, hardware, memory, seconds per stage."""

import contextlib
import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmark.models.backend import backend_name
from benchmark.store.version import __version__

ROOT = Path(__file__).resolve().parents[2]  # of the checkout, where the suite runs from one
BACKENDS = ("tensorflow", "jax", "torch")
PACKAGES = ("keras", *BACKENDS, "keras-hub", "tensorflow-hub", "numpy", "librosa", "soundfile", "soxr")
PACKAGES += ("av", "pillow", "scikit-learn", "pandas")


@functools.cache
def suite(root=ROOT):
    """Return the suite's own {version, commit}, as they were at the first call; commit is None outside a checkout.

    '+changes' follows the commit where tracked files differ from it."""
    commit = None
    if (root / ".git").exists():  # a copy inside another project's checkout has no commit of its own
        asked = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+changes"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        with contextlib.suppress(OSError, subprocess.SubprocessError):  # no git, or one that refuses
            told = subprocess.run(asked, env=own, capture_output=True, text=True, timeout=10, check=True)
            commit = told.stdout.strip()
    return {"version": __version__, "commit": commit}


def summary():
    """Return in two lines the suite, Python, Keras and its backends, without importing any of them."""
    found, own = versions(), suite()
    backends = [f"{name} {found[name]}" for name in BACKENDS if name in found]
    commit = f"commit {own['commit']}" if own["commit"] else "not in a checkout"
    keras = f"Keras {found.get('keras', '(not installed)')}, backend {backend_name()}"
    return f"benchmark {own['version']}, {commit}\nPython {found['python']}, {keras} ({', '.join(backends) or 'none'})"


def versions():
    """Return the versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def hardware(accelerators=()):
    """Return the processor's name, its cores, the memory in GB, the system and the accelerators."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "accelerators": list(accelerators),
    }


def processor():
    """Return the processor's name, as far as the system tells it."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mb():
    """Return the most memory that this process has held so far, in MB."""
    if sys.platform == "win32":
        return round(psutil.Process().memory_info().peak_wset / 1e6, 1)
    import resource  # Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return round(peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024), 1)


class Stages:
    """Seconds spent in each named stage: ``with stages("train"): ...``; ``announce`` hears of each as it begins."""

    def __init__(self, announce=None):
        self.seconds, self.announce = {}, announce or (lambda stage, done=0, total=0: None)

    @contextlib.contextmanager
    def __call__(self, name):
        """Time a block and add it to its stage; yield what to call with (done, total) for progress within it."""
        start = time.perf_counter()
        self.announce(name)
        try:
            yield lambda done, total: self.announce(name, done, total)
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0) + time.perf_counter() - start, 3)
