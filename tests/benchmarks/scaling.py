"""Measure what docs/scaling.md extrapolates from, in core-seconds: the processor time of all threads of a process.

    python tests/benchmarks/scaling.py files                  digests, pictures, caches, tables, on synthetic clips
    python tests/benchmarks/scaling.py networks [NAME]...     each network in a process of its own, random weights
    python tests/benchmarks/scaling.py training [NAME]...     a step of fine-tuning; without names, of four networks
    python tests/benchmarks/scaling.py report                 tables and figures of 33,000 clips x 11 networks x 5 folds

Other work on the machine stretches the seconds on the wall, but hardly core-seconds; both are printed.
"""

import argparse
import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

CLIPS, FOLDS, SECONDS = 33_000, 5, 15
NETWORKS = ["mobilenet_v2", "resnet18", "densenet201", "places365_googlenet", "vgg16", "vgg19"]
NETWORKS += ["inception_resnet_v2", "inception_v3", "nasnet_mobile", "yamnet", "vggish"]
TRAINED = ["mobilenet_v2", "resnet18", "inception_v3", "vgg16"]
BATCH, STEADY = 32, 64  # clips of a batch; clips that are timed after the first batch, which compiles
CLASSES = ["Action", "Comedy", "Drama", "Romance", "Thriller"]


class Clock:
    """What a block costs: ``cores`` core-seconds of this process with its children, and ``wall`` seconds."""

    def __enter__(self):
        self.began = time.perf_counter(), _processor_time()
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.began[0]
        self.cores = _processor_time() - self.began[1]


def _processor_time():
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def files(_):
    """Measure what is done once per clip before any network, and what lies on disk."""
    from benchmark.config.study import DatasetParams
    from benchmark.data.clips import find_clips
    from benchmark.features.batches import load_images
    from benchmark.features.cache import cached_features
    from spectrograms.render import render
    from tests.benchmarks.rendering import CLIP, IMAGE, MEL, make_clips

    rows, n = [], 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sound").mkdir()
        paths = make_clips(folder / "sound", n)
        table = pd.DataFrame({"clip_id": [path.stem for path in paths], "path": list(map(str, paths)), "label": "a"})
        table["sha256"] = [f"{number:064x}" for number in range(n)]
        render(table[:1], CLIP, MEL, IMAGE, folder / "warm-up", n_jobs=1, progress=False)
        with threadpool_limits(1), Clock() as clock:  # as in the processes that render
            kept = render(table, CLIP, MEL, IMAGE, folder / "cache", n_jobs=1, progress=False).kept
        rows.append(("picture of a 15 s clip (MP3, 44.1 kHz)", clock, n, _mean_size(kept["image"])))
        with threadpool_limits(1), Clock() as clock:
            load_images(list(kept["image"]), 224)
        rows.append(("picture read and resized to 224 x 224", clock, n, None))
        (folder / "zeros").write_bytes(bytes(256 << 20))
        with Clock() as clock, open(folder / "zeros", "rb") as content:
            hashlib.file_digest(content, "sha256")
        rows.append(("digest of a file, per MiB", clock, 256, None))
        rows += _found(folder, find_clips, DatasetParams)
        features = pd.DataFrame({"sha256": [f"{number:064x}" for number in range(3000)]})
        for what in ("written", "read"):
            with Clock() as clock:
                cached_features(features, folder / "features", lambda part: np.zeros((len(part), 1280)), BATCH)
            size = _mean_size((folder / "features").glob("*.npy"))
            rows.append((f"features of a clip {what}, 1280 numbers", clock, 3000, size))
    _print(["stage", "core-ms each", "ms each", "bytes each"], [_cells(*row) for row in rows])


def _found(folder, find_clips, params):
    """Return the rows for a table of clips of many small files, new and remembered."""
    rows, root = [], folder / "many"
    for number in range(CLIPS):
        file = root / CLASSES[number % 5] / f"{number:05}.wav"
        if number < 5:
            file.parent.mkdir(parents=True)
        file.write_bytes(number.to_bytes(4, "big"))
    for what in ("new", "known"):
        with Clock() as clock:
            clips, _ = find_clips(params(root=root), folder / "cache")
        size = len(clips.to_csv(index=False)) / len(clips)
        rows.append((f"row of the table of clips, {what} (digest of 4 bytes)", clock, CLIPS, size))
    return rows


def _mean_size(paths):
    return np.mean([Path(path).stat().st_size for path in paths])


def _cells(what, clock, n, size):
    return what, f"{1000 * clock.cores / n:.2f}", f"{1000 * clock.wall / n:.2f}", "" if size is None else f"{size:.0f}"


def networks(names):
    """Measure each network as a frozen trial uses it, in a process of its own."""
    columns = ["network", "start", "first batch", "core-ms per clip", "clips/s here", "bytes per clip", "latency"]
    rows = []
    for name in names or NETWORKS:
        told = subprocess.run(
            [sys.executable, __file__, "network", name], stdout=subprocess.PIPE, text=True, check=True
        )
        it = json.loads(told.stdout.splitlines()[-1])
        rows.append(
            (name, *(f"{it[key]:.0f}" for key in ("start", "first")), f"{1000 * it['clip']:.0f}", f"{it['rate']:.1f}",
             f"{it['bytes']:.0f}", f"{it['latency']:.0f}", f"{it['head_kb']:.0f}", f"{it['peak_mb']:.0f}")
        )  # fmt: skip
        print(*rows[-1], flush=True)
    _print([*columns, "head.keras KiB", "peak MB"], rows)


def network(names):
    """Print the measurements of one network as a line of JSON; seconds are core-seconds but for ``rate``."""
    from benchmark.models.backend import import_keras

    (name,) = names
    with Clock() as start, contextlib.redirect_stdout(sys.stderr):
        import_keras()
        from benchmark.training.classifier import build_classifier

        chosen, study = _study(name)
        classifier = build_classifier(chosen, study, len(CLASSES))
    from benchmark.trials.latency import Load, time_classifier

    with tempfile.TemporaryDirectory() as folder:
        study = study.model_copy(update={"cache": Path(folder) / "cache"})
        classifier.extractor.settings = study
        clips = _clips(Path(folder), BATCH + STEADY)
        with Clock() as first:
            classifier.extractor.features(clips[:BATCH], BATCH)
        with Clock() as steady:
            classifier.extractor.features(clips[BATCH:], BATCH)
        size = _mean_size(Path(folder).rglob("*.npy"))
        with Clock() as latency:
            time_classifier(build_classifier(chosen, study, len(CLASSES)), clips["path"].iloc[0], study.latency, Load())
        classifier.head.save(Path(folder) / "head.keras")
        head = (Path(folder) / "head.keras").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"start": start.cores, "first": first.cores, "clip": steady.cores / STEADY, "rate": STEADY / steady.wall}
    print(json.dumps(told | {"bytes": size, "latency": latency.cores, "head_kb": head / 1024, "peak_mb": peak}))


def _study(name, **training):
    from benchmark.config.load import load_network, read_section
    from benchmark.config.study import Study

    chosen = load_network(name).model_copy(update={"weights": "random"})
    raw = {"name": "scaling", "dataset": {"root": "."}, "training": training, "models": [chosen.model_dump()]}
    return chosen, read_section(Study, raw)


def _clips(folder, n):
    """Return a table of ``n`` clips: pictures of noise as large as those of 15 s, or few sounds under many names."""
    from PIL import Image

    from tests.benchmarks.rendering import make_clips

    rng = np.random.default_rng(0)
    images = [str(folder / f"{number}.png") for number in range(n)]
    for image in images:
        Image.fromarray(rng.integers(0, 255, (128, 646, 3), "uint8")).save(image)
    sounds = list(map(str, make_clips(folder, 4))) * n
    table = pd.DataFrame({"clip_id": range(n), "path": sounds[:n], "image": images, "split": "test"})
    return table.assign(sha256=[f"{number:064x}" for number in range(n)], label=(CLASSES * n)[:n])


def training(names, batch=10, steps=2):
    """Measure a step of fine-tuning at the paper's batch size, each network in a process of its own."""
    for name in names or TRAINED:
        subprocess.run([sys.executable, __file__, "step", name, str(batch), str(steps)], check=True)


def step(given):
    """Print what a step of fine-tuning of one network costs."""
    from benchmark.models.backend import import_keras

    name, batch, steps = given[0], int(given[1]), int(given[2])
    import_keras()
    from benchmark.training.classifier import build_classifier
    from benchmark.training.optimizers import make_optimizer
    from benchmark.training.regimes import finetune

    chosen, study = _study(name, regime="finetune", optimizer="sgdm", batch_size=batch)
    classifier = build_classifier(chosen, study, len(CLASSES))
    size, rng = classifier.extractor.backbone.input_size, np.random.default_rng(0)
    x, y = (
        rng.uniform(0, 255, (batch, size, size, 3)).astype("float32"),
        np.eye(5, dtype="float32")[np.arange(batch) % 5],
    )
    classifier.model.compile(make_optimizer(finetune(study.training)[-1]), loss="categorical_crossentropy")
    classifier.model.train_on_batch(x, y)
    with Clock() as clock:
        for _ in range(steps):
            classifier.model.train_on_batch(x, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {clock.cores / steps / batch:.2f} core-s per clip, {clock.wall / steps / batch:.2f} s, {peak:.0f} MB"
    )


def report(_):
    """Measure the report on a made-up study of full size, in a process of its own."""
    from tests.support import fake_results

    command = "import sys; from benchmark.analysis.report.report import report; report(sys.argv[1])"
    fake_results.SUPPORT = (CLIPS // 5,) * 5
    with tempfile.TemporaryDirectory() as folder:
        study = fake_results.build_results(Path(folder) / "large", folds=FOLDS, failed=(), random=())
        tables = sorted(study.rglob("predictions.csv"))
        rows = len(tables[0].read_bytes().splitlines()) - 1
        print(f"{len(tables)} predictions.csv of {rows} rows, {_mean_size(tables) / rows:.0f} bytes a row")
        print(f"other files of a trial: {_trial_bytes(tables[0].parent)}")
        with Clock() as clock:
            subprocess.run([sys.executable, "-c", command, study], cwd=ROOT, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"report: {clock.cores:.0f} core-s, {clock.wall:.0f} s, {peak:.0f} MB")


def _trial_bytes(folder):
    return ", ".join(f"{file.name} {file.stat().st_size}" for file in sorted(folder.iterdir()))


def _print(columns, rows):
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)


PARTS = {part.__name__: part for part in (files, networks, network, training, step, report)}


def main():
    """Run one part of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    PARTS[given.part](given.names)


if __name__ == "__main__":
    main()
