"""What a result was made with: versions, hardware, memory, seconds per stage."""

import contextlib
import importlib.metadata
import os
import platform
import resource
import sys
import time

PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "keras-hub",
    "tensorflow-hub",
    "numpy",
    "librosa",
    "soundfile",
    "soxr",
)
PACKAGES += ("av", "pillow", "scikit-learn", "pandas")


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
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "accelerators": list(accelerators),
    }


def _processor():
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mb():
    """Return the most memory that this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return round(peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024), 1)


class Stages:
    """Seconds spent in each named stage: ``with stages("train"): ...``; ``announce`` hears of each as it begins."""

    def __init__(self, announce=lambda stage, done=0, total=0: None):
        self.seconds, self.announce = {}, announce

    @contextlib.contextmanager
    def __call__(self, name):
        """Time a block and add it to its stage; yield what to call with (done, total) for progress within it."""
        start = time.perf_counter()
        self.announce(name)
        try:
            yield lambda done, total: self.announce(name, done, total)
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0) + time.perf_counter() - start, 3)
