"""Train the multi-transformer of sulun2024 for an epoch on as many films as MovieNet has: seconds and peak memory.

    python tests/benchmarks/many_films.py FOLDER [--films 26412] [--movienet ../shared/data/movienet] [--model NAME]

FOLDER gets an HDF5 file of features in float16, as ``convert`` writes it, of the kinds and lengths of the paper: 13 GB
for all films, of which nothing stays. Labels and split are MovieNet's where its files are there, else drawn. The
numbers are cut from one block of noise, for each film from another place: they are quickly made, and teach nothing.
Then configs/sulun2024_features.yaml runs for one epoch with one model, to its report."""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import benchmark  # noqa: E402
from benchmark.data import preparation  # noqa: E402
from benchmark.data.conversion import convert as conversion  # noqa: E402
from benchmark.data.conversion.clip import Clip  # noqa: E402
from benchmark.data.conversion.label_files import read_label_table  # noqa: E402
from benchmark.store.frames import read_frames  # noqa: E402
from benchmark.store.results import read_results  # noqa: E402

FILMS = 26_412
SHAPES = {"clip": (216, 512), "ocr": (64, 768), "asr": (86, 768), "audiotag": (140, 128), "musicnet": (18, 64)}
STRIDE = 13  # numbers from the place of one film in the block to that of the next
GENRES, SHARES = 21, (0.7, 0.1, 0.2)  # of films whose labels and split are drawn
STAGES = {"finding clips": "find", "checking shapes": "draw"}  # functions of benchmark.data.preparation


def peak_mb():
    """Return the largest resident memory in MB of this process so far, and of the largest of its children."""
    return [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def drawn(folder, n_films):
    """Write a table of labels and a split as MovieNet has them, but drawn; return their paths."""
    rng, ids = np.random.default_rng(0), [f"film{number:05}" for number in range(n_films)]
    genres = [f"Genre {number:02}" for number in range(GENRES)]
    labels = ["|".join(rng.choice(genres, rng.integers(1, 5), replace=False)) for _ in ids]
    pd.DataFrame({"youtube_id": ids, "genres": labels}).to_csv(folder / "labels.csv", index=False)
    ends = np.cumsum([round(share * n_films) for share in SHARES[:2]])
    parts = dict(zip(("trn", "val", "tst"), map(list, np.split(np.array(ids), ends)), strict=True))
    (folder / "split.json").write_text(json.dumps(parts))
    return folder / "labels.csv", folder / "split.json"


def films(n_films):
    """Return a reader, as those of ``convert``, of so many films spread over a table of labels."""

    def read(source, labels):
        table = read_label_table(labels)
        ids = np.array(list(table))[np.linspace(0, len(table) - 1, n_films).astype(int)]
        sizes = {name: steps * dim for name, (steps, dim) in SHAPES.items()}
        block = np.random.default_rng(0).normal(size=STRIDE * n_films + max(sizes.values())).astype("float16")
        for place, clip_id in enumerate(ids.tolist()):
            parts = {name: block[STRIDE * place :][:size].reshape(SHAPES[name]) for name, size in sizes.items()}
            yield Clip(clip_id, parts, table[clip_id].labels)

    return read


def make(folder, movienet, n_films):
    """Write the features of so many films; return the path of their file."""
    labels, split = movienet / "trailers_genres_clean.csv", movienet / "splits.json"
    is_real = labels.is_file() and split.is_file()
    labels, split = (labels, split) if is_real else drawn(folder, n_films)
    print(f"labels and split: {'of ' + str(movienet) if is_real else 'drawn'}")
    form = conversion.Format(films(n_films), "films of noise")
    with patch.dict(conversion.FORMATS, noise=form):
        conversion.convert(labels, folder / "films.h5", "noise", labels, split)
    return folder / "films.h5"


def timed(took, name, function):
    """Return a function that adds its seconds to ``took`` and tells them with the memory so far."""

    @wraps(function)
    def call(*given, **named):
        began = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            took[name] += time.perf_counter() - began
            print(f"{name}: {took[name]:.1f} s, peak {peak_mb()[0]:.0f} MB", flush=True)

    return call


def run(file, folder, model):
    """Run the study for one epoch with one model and print what its stages take."""
    path = ROOT / "configs" / "sulun2024_features.yaml"
    place = {"dataset": {"root": file}, "cache": folder / "cache", "results": folder / "results"}
    study = benchmark.load_study(path, only=[model], training={"epochs": 1}, **place)
    took = Counter()
    with ExitStack() as patches:
        for name, function in STAGES.items():
            own = timed(took, name, getattr(preparation, function))
            patches.enter_context(patch.object(preparation, function, own))
        timed(took, "all, with the report", benchmark.run)(study)
    tell_trial(study)


def tell_trial(study):
    """Print what the one trial of a study says of its seconds and memory."""
    record = read_results(study.folder).trials[0].info
    if record["status"] != "done":
        raise SystemExit(f"the trial failed: {record['error']}")
    seconds = read_frames(study.folder).history["seconds"].to_numpy()
    epoch = seconds[-2] + np.median(np.diff(seconds[:-1]))  # the last step is timed with the validation after it
    stages = record["seconds"]
    print(f"clips: {record['n_train']} train, {record['n_val']} val, {record['n_test']} test")
    print(f"features (shapes, means over time of those that are averaged): {stages['features']:.1f} s")
    print(f"epoch of {len(seconds)} steps: {epoch:.1f} s; its validation: {stages['train'] - epoch:.1f} s")
    print(f"evaluation (val and test): {stages['predict']:.1f} s")
    print(f"peak memory at the end of the trial: {record['peak_memory_mb']:.0f} MB")


def main(given):
    """Make the films, run the study on them, and print what it took."""
    room = shutil.disk_usage(given.folder).free
    size = 2 * given.films * sum(steps * dim for steps, dim in SHAPES.values())
    if room < 1.2 * size:
        raise SystemExit(f"{given.folder} has {room / 1e9:.1f} GB free; {1.2 * size / 1e9:.1f} GB are needed")
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        file = timed(Counter(), "making the films", make)(Path(place), given.movienet, given.films)
        print(f"{given.films} films, {file.stat().st_size / 1e9:.2f} GB in float16")
        run(file, Path(place), given.model)
    print("peak memory: {:.0f} MB; of the largest child: {:.0f} MB".format(*peak_mb()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=FILMS)
    parser.add_argument("--movienet", type=Path, default=Path("../shared/data/movienet"))
    parser.add_argument("--model", default="multi_transformer")
    main(parser.parse_args())
