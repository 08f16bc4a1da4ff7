"""Keras and its backend in a process: the cores and GPUs they may use, and a quiet start."""

import contextlib
import functools
import gc
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmark.errors import StudyError


def keep_to(cores):
    """Restrict this process to a set of core numbers: the backends start as many threads as they see cores.

    To be called before Keras is imported. Without effect where the system has no such thing (macOS)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def cores():
    """Return the numbers of the cores that this process may use, sorted."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@functools.cache
def gpu_ids():
    """Return the ids of the NVIDIA GPUs that this process may use, without starting a backend on them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [part for part in visible.split(",") if part.strip() not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    asked = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout.split()
    return []


def hide_gpus():
    """Keep the backend of this process off the GPUs, which are for others; ``gpu_ids`` still knows them."""
    if gpu_ids():
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def keras_home():
    """Return the folder of Keras' own settings and of the weights that it has fetched, as Keras finds it."""
    if "KERAS_HOME" in os.environ:
        return Path(os.environ["KERAS_HOME"])
    home = os.path.expanduser("~")
    return Path(home if os.access(home, os.W_OK) else "/tmp", ".keras")


def backend_name():
    """Return the name of the backend that Keras will start, without importing it."""
    configured = None
    with contextlib.suppress(OSError, ValueError, AttributeError):
        configured = json.loads((keras_home() / "keras.json").read_text(encoding="utf-8")).get("backend")
    return os.environ.get("KERAS_BACKEND") or configured or "tensorflow"


def import_keras():
    """Import Keras and its backend without their start-up messages; say what is missing where there is none."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel("ERROR")  # each network is compiled anew; that is meant
    is_new = "keras" not in sys.modules
    try:
        with _stderr_hushed():
            import keras

            # What ~/.keras/keras.json may say otherwise: arrays of the suite end in channels, sums are float32.
            keras.config.set_image_data_format("channels_last")
            keras.config.set_floatx("float32")
            keras.config.set_epsilon(1e-7)
            keras.ops.zeros(1)  # the first operation looks for devices, and speaks of those that are not there
    except (ImportError, ValueError) as error:  # not installed, or no backend of that name
        raise StudyError(
            f"Keras cannot start its backend '{backend_name()}': {error}; "
            "install it, or set KERAS_BACKEND to jax or torch"
        ) from None
    if is_new:  # the garbage collector, called after each trial, need not look through all that was imported
        gc.freeze()


@contextlib.contextmanager
def _stderr_hushed():
    """Send what C++ libraries print while they load to nowhere."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
