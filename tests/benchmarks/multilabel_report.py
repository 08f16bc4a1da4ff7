"""Time the report of a large study of several labels, and the memory that it takes, in a process of its own:

    python tests/benchmarks/multilabel_report.py [--models 3] [--keep FOLDER]

The labels and the split are those of the 26,412 trailers with 21 genres in ../shared/data/movienet (drawn at random
with its shares where it is not there), its test part of 5,282 clips; scores are drawn, not trained. Exit code 1 where
the report keeps a processor busy for more than 60 s, as other work may slow it down, or takes 2 GB."""

import argparse
import ast
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmark.store.labels import to_matrix, to_text  # noqa: E402
from tests.support.fake_results import NETWORKS, trial_info, write_trial  # noqa: E402

MOVIENET = ROOT.parent / "shared" / "data" / "movienet"
SECONDS, GIGABYTES = 60, 2.0
GENRES = (
    "Action", "Adventure", "Animation", "Biography", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy",
    "History", "Horror", "Music", "Musical", "Mystery", "Romance", "Sci-Fi", "Sport", "Thriller", "War", "Western",
)  # fmt: skip
TEST_POSITIVES = (
    877, 565, 246, 245, 1681, 648, 563, 2512, 416, 416, 185, 627, 166, 107, 333, 857, 418, 133, 1108, 158, 67,
)  # fmt: skip
SIZES = {"train": 18488, "val": 2642, "test": 5282}
COMMAND = "import sys; from benchmark.analysis.report.report import report; report(sys.argv[1])"


def movienet():
    """Return the clips of MovieNet with label and split, a frame."""
    frame = pd.read_csv(MOVIENET / "trailers_genres_clean.csv")
    splits = json.loads((MOVIENET / "splits.json").read_text())
    place = {clip: name for name, key in (("train", "trn"), ("val", "val"), ("test", "tst")) for clip in splits[key]}
    labels = ["|".join(sorted(set(ast.literal_eval(genres)) & set(GENRES))) for genres in frame["genres"]]
    return pd.DataFrame({"clip_id": frame["youtube_id"], "label": labels, "split": frame["youtube_id"].map(place)})


def drawn():
    """Return clips of the same number, with each genre as often by chance."""
    rng, n = np.random.default_rng(0), sum(SIZES.values())
    matrix = rng.random((n, len(GENRES))) < np.array(TEST_POSITIVES) / SIZES["test"]
    return pd.DataFrame({"clip_id": [f"clip{number:05d}" for number in range(n)], "label": to_text(matrix, GENRES),
                         "split": np.repeat(list(SIZES), list(SIZES.values()))})  # fmt: skip


def build(folder, models):
    """Write a results folder of one holdout; return the clips."""
    clips = movienet() if MOVIENET.is_dir() else drawn()
    folder.mkdir(parents=True, exist_ok=True)
    study = {
        "name": folder.name, "task": "multilabel", "dataset": {"root": "data", "kind": "video"},
        "split": {"protocol": "predefined", "seeds": [0]}, "training": {"regime": "frozen"}, "published": None,
        "models": [{"name": name, "label": NETWORKS[name][0], "weights": "imagenet"} for name in models],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    table = clips[["clip_id", "label"]].assign(path=clips["clip_id"], **{"split_0-0": clips["split"]})
    table.to_csv(folder / "clips.csv", index=False)
    parts = [clips[clips["split"] == split] for split in ("test", "val")]
    rng = np.random.default_rng(0)
    for name in models:
        info = trial_info(name, NETWORKS[name][0], "imagenet", 0, 0, GENRES, "multilabel")
        write_trial(folder / "trials" / name / "0-0", info | {"n_train": SIZES["train"]}, parts, rng)
    return clips


def main():
    """Print seconds and peak memory; return 1 where either is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the study into this folder and leave it there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary) / "movienet"
        clips = build(folder, list(NETWORKS)[: given.models])
        tested = clips[clips["split"] == "test"]
        positives = to_matrix(tested["label"], GENRES).sum(axis=0)
        print(f"{len(clips)} clips, {len(tested)} tested, {len(GENRES)} classes of {positives.min()} to "
              f"{positives.max()} test clips, {given.models} models", flush=True)  # fmt: skip
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", COMMAND, str(folder)], cwd=ROOT, check=True)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"report: {seconds:.1f} s, of which {busy:.1f} s of a processor (at most {SECONDS}); "
          f"peak memory {peak:.2f} GB (at most {GIGABYTES:g})")  # fmt: skip
    return int(busy > SECONDS or peak > GIGABYTES)


if __name__ == "__main__":
    sys.exit(main())
