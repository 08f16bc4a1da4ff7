"""Measure what docs/scaling.md extrapolates from, in core-seconds: the processor time of all threads of a process.

    python tests/benchmarks/scaling.py files                  digests, pictures, caches, tables, on synthetic clips
    python tests/benchmarks/scaling.py networks [NAME]...     each network in a process of its own, random weights
    python tests/benchmarks/scaling.py training [NAME]...     a step of fine-tuning; without names, of four networks
    python tests/benchmarks/scaling.py report                 tables and figures of 33,000 clips x 11 networks x 5 folds

Other work on the machine stretches the seconds on the wall, but hardly core-seconds; both are printed.
"""

import argparse
import hashlib
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

CLIPS, FOLDS = 33_000, 5
NETWORKS = ["mobilenet_v2", "resnet18", "densenet201", "places365_googlenet", "vgg16", "vgg19"]
NETWORKS += ["inception_resnet_v2", "inception_v3", "nasnet_mobile", "yamnet", "vggish"]
TRAINED = ["mobilenet_v2", "resnet18", "inception_v3", "vgg16"]
BATCH, STEADY = 32, 64  # clips of a batch; clips that are timed after the first batch, which compiles
STEP_BATCH, STEPS = 10, 2  # of fine-tuning: the paper's batch
CLASSES = ["Action", "Comedy", "Drama", "Romance", "Thriller"]


class Clock:
    """What a block costs: ``cores`` core-seconds of this process with its children, and ``wall`` seconds."""

    def __enter__(self):
        self.began = time.perf_counter(), sum(os.times()[:4])
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.began[0]
        self.cores = sum(os.times()[:4]) - self.began[1]


def peak_mb(who=resource.RUSAGE_SELF):
    return resource.getrusage(who).ru_maxrss / 1024


def mean_size(paths):
    return np.mean([Path(path).stat().st_size for path in paths])


def digits(n):
    return [f"{number:064x}" for number in range(n)]  # as SHA-256 are written


def files(folder, names):
    """Measure what is done once per clip before any network, and what lies on disk."""
    from benchmark.config.study import DatasetParams
    from benchmark.data.clips import find_clips
    from benchmark.features.batches import load_images
    from benchmark.features.cache import cached_features
    from spectrograms.render import render
    from tests.benchmarks.rendering import CLIP, IMAGE, MEL, make_clips

    rows, n, many = [], 40, 3000

    def row(stage, count, clock, size=None):
        rows.append((stage, 1000 * clock.cores / count, 1000 * clock.wall / count, size))

    (folder / "sound").mkdir()
    paths = make_clips(folder / "sound", n)
    table = pd.DataFrame({"clip_id": range(n), "path": list(map(str, paths)), "label": "a", "sha256": digits(n)})
    render(table[:1], CLIP, MEL, IMAGE, folder / "warm-up", n_jobs=1, progress=False)
    with threadpool_limits(1), Clock() as clock:  # as in the processes that render
        kept = render(table, CLIP, MEL, IMAGE, folder / "cache", n_jobs=1, progress=False).kept
    row("picture of a 15 s clip (MP3, 44.1 kHz)", n, clock, mean_size(kept["image"]))
    with threadpool_limits(1), Clock() as clock:
        load_images(list(kept["image"]), 224)
    row("picture read and resized to 224 x 224", n, clock)
    (folder / "zeros").write_bytes(bytes(256 << 20))
    with Clock() as clock, open(folder / "zeros", "rb") as content:
        hashlib.file_digest(content, "sha256")
    row("digest of a file, per MiB", 256, clock)
    for number in range(CLIPS):
        file = folder / "many" / CLASSES[number % 5] / f"{number:05}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(number.to_bytes(4, "big"))
    for what in ("new", "known"):
        with Clock() as clock:
            clips, _ = find_clips(DatasetParams(root=folder / "many"), folder / "cache")
        size = len(clips.to_csv(index=False)) / CLIPS
        row(f"row of the table of clips, {what} (digest of 4 bytes)", CLIPS, clock, size)
    for what in ("written", "read"):
        with Clock() as clock:
            clips = pd.DataFrame({"sha256": digits(many)})
            cached_features(clips, folder / "features", lambda part: np.zeros((len(part), 1280)), BATCH)
        row(f"features of a clip {what}, 1280 numbers", many, clock, mean_size((folder / "features").glob("*.npy")))
    print(table_of(rows, ["stage", "core-ms each", "ms each", "bytes each"]))


def table_of(rows, columns):
    return pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.2f}".format, na_rep="")


def each(measure, names, folder):
    """Print what ``measure(name, folder)`` finds of each network, in a process of its own: memory has a peak there."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        found = [pool.apply(measure, (name, folder / name)) for name in names]
    print(table_of(found, list(found[0])))


def built(name, folder, **training):
    """Return the classifier of a network with random weights, and its study."""
    from benchmark.models.backend import import_keras

    import_keras()
    from benchmark.config.networks import load_network
    from benchmark.config.sections import read_section
    from benchmark.config.study import Study
    from benchmark.training.classifier import build_classifier

    chosen = load_network(name).model_copy(update={"weights": "random"})
    raw = {"name": "scaling", "dataset": {"root": "."}, "training": training, "models": [chosen.model_dump()]}
    study = read_section(Study, raw | {"cache": str(folder / "cache")})
    return build_classifier(chosen, study, len(CLASSES)), study


def network(name, folder):
    """Return what one network costs as a frozen trial uses it; seconds are core-seconds but for clips/s."""
    with Clock() as start:
        classifier, study = built(name, folder)
    from benchmark.trials.latency import Load, time_classifier

    clips = noise(folder, BATCH + STEADY)
    with Clock() as first:
        classifier.extractor.features(clips[:BATCH], BATCH)
    with Clock() as steady:
        classifier.extractor.features(clips[BATCH:], BATCH)
    with Clock() as latency:
        time_classifier(built(name, folder)[0], clips["path"].iloc[0], study.latency, Load())
    classifier.head.save(folder / "head.keras")
    return {
        "network": name, "start": start.cores, "first batch": first.cores,
        "core-ms per clip": 1000 * steady.cores / STEADY, "clips/s here": STEADY / steady.wall,
        "bytes per clip": mean_size(folder.rglob("*.npy")), "latency": latency.cores,
        "head.keras KiB": mean_size([folder / "head.keras"]) / 1024, "peak MB": peak_mb(),
    }  # fmt: skip


def noise(folder, n):
    """Return a table of ``n`` clips: pictures of noise as large as those of 15 s, or few sounds under many names."""
    from PIL import Image

    from tests.benchmarks.rendering import make_clips

    folder.mkdir(exist_ok=True)
    rng, images = np.random.default_rng(0), [str(folder / f"{number}.png") for number in range(n)]
    for image in images:
        Image.fromarray(rng.integers(0, 255, (128, 646, 3), "uint8")).save(image)
    sounds = (list(map(str, make_clips(folder, 4))) * n)[:n]
    table = {"clip_id": range(n), "path": sounds, "image": images, "split": "test", "sha256": digits(n)}
    return pd.DataFrame(table | {"label": (CLASSES * n)[:n]})


def step(name, folder):
    """Return what a step of fine-tuning of one network costs."""
    classifier, study = built(name, folder, regime="finetune", optimizer="sgdm", batch_size=STEP_BATCH)
    from benchmark.training.optimizers import make_optimizer
    from benchmark.training.regimes import finetune

    size = classifier.extractor.backbone.input_size
    x = np.random.default_rng(0).uniform(0, 255, (STEP_BATCH, size, size, 3)).astype("float32")
    y = np.eye(5, dtype="float32")[np.arange(STEP_BATCH) % 5]
    classifier.model.compile(make_optimizer(finetune(study.training)[-1]), loss="categorical_crossentropy")
    classifier.model.train_on_batch(x, y)
    with Clock() as clock:
        for _ in range(STEPS):
            classifier.model.train_on_batch(x, y)
    seconds = {"core-s per clip": clock.cores / STEPS / STEP_BATCH, "s per clip": clock.wall / STEPS / STEP_BATCH}
    return {"network": name} | seconds | {"peak MB": peak_mb()}


def report(folder, names):
    """Measure the report on a made-up study of full size, in a process of its own."""
    from tests.benchmarks.report import seconds
    from tests.support import fake_results

    fake_results.SUPPORT = (CLIPS // 5,) * 5
    study = fake_results.build_results(folder / "large", folds=FOLDS, failed=(), random=())
    tables = sorted(study.rglob("predictions.csv"))
    rows = len(tables[0].read_bytes().splitlines()) - 1
    print(f"{len(tables)} predictions.csv of {rows} rows, {mean_size(tables) / rows:.0f} bytes a row")
    print("other files of a trial:", {file.name: file.stat().st_size for file in tables[0].parent.iterdir()})
    with Clock() as clock:
        seconds(ROOT, study)
    print(f"report: {clock.cores:.0f} core-s, {clock.wall:.0f} s, {peak_mb(resource.RUSAGE_CHILDREN):.0f} MB")


PARTS = {
    "files": files,
    "networks": lambda folder, names: each(network, names or NETWORKS, folder),
    "training": lambda folder, names: each(step, names or TRAINED, folder),
    "report": report,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        PARTS[given.part](Path(place), given.names)
