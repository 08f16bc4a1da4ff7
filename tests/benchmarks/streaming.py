"""Measure the memory and time that reading features takes where they do not fit, and where all of them are kept.

python tests/benchmarks/streaming.py [CLIPS [STEPS [FOLDER]]]: features (STEPS, 2048) of so many clips are written below
FOLDER, and read as a training of CTT-MMC-C reads them: statistics for standardising, the batches of an epoch, and those
of a validation. The network itself takes no step. Each way runs in a process of its own."""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmark.config.heads import HeadParams  # noqa: E402
from benchmark.features.cache import KEPT, Features  # noqa: E402
from benchmark.features.reading import reader_of  # noqa: E402
from benchmark.models.heads.layers import moments  # noqa: E402

DIM, BATCH, CLASSES = 2048, 64, 9
WAYS = {"read when needed": 0, "kept": 1 << 60}  # limit in bytes, beside that of the suite


def write(folder, n_clips, n_steps):
    """Write the features of clips, each its own; return (paths, shapes)."""
    noise = np.random.default_rng(0).normal(size=(n_steps, DIM)).astype("float32")
    paths = [Path(folder, f"{number}.npy") for number in range(n_clips)]
    for number, path in enumerate(paths):
        np.save(path, np.roll(noise, number))
    return paths, [noise.shape] * n_clips


def peak_mb():
    """Return the largest resident memory of this process so far, with the pages of files that it has mapped."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(paths, shapes, limit):
    """Print what reading takes under a limit of bytes that are kept."""
    features, reader = Features(paths, shapes, limit), reader_of(HeadParams(kind="ctt"))
    rows, before = np.arange(len(paths)), peak_mb()
    batches = reader.batches(features, rows, np.zeros((len(rows), CLASSES)), BATCH, trains=True)
    acts = {
        "statistics": lambda: moments(reader.blocks(features, rows)),
        "an epoch": lambda: [None for _ in batches.for_training(np.random.default_rng(0).permutation(rows), None)],
        "a validation": lambda: [None for _ in batches.in_order()],
    }
    for name, act in acts.items():
        began = time.perf_counter()
        act()
        print(f"  {name}: {time.perf_counter() - began:.1f} s, peak {peak_mb() - before:.0f} MB above the start")


def main(n_clips=1200, n_steps=240, folder=None):
    """Print the size of the features, and what each way of reading takes."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        paths, shapes = write(place, int(n_clips), int(n_steps))
        size, batch = int(n_clips) * int(n_steps) * DIM * 4, BATCH * int(n_steps) * DIM * 4
        print(f"features of {n_clips} clips: {size / 1e6:.0f} MB; a batch of {BATCH}: {batch / 1e6:.0f} MB")
        print(f"the suite keeps what takes {KEPT / 1e6:.0f} MB at most")
        for way, limit in WAYS.items():
            print(f"{way}:", flush=True)
            process = multiprocessing.get_context("spawn").Process(target=read, args=(paths, shapes, limit))
            process.start()
            process.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
