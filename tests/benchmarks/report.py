"""Time the report of 11 models, imports included, in a fresh process, also against another commit:

    python tests/benchmarks/report.py [--against COMMIT] [--repeat 3]

Cold: no figure is there. Changed: all are there, and one trial has changed since. Old and new take turns on this
machine, and the fastest of each counts."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.fake_results import build_results  # noqa: E402

LIMIT = 15  # seconds for 11 x 5 trials, on two slow shared cores
COMMAND = "import sys; from benchmark.analysis.report.report import report; report(sys.argv[1])"


@contextmanager
def checkout(commit):
    """Yield a folder with the sources of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def seconds(sources, study):
    """Return the seconds of one report by the code in a folder."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COMMAND, study], cwd=sources, check=True)
    return time.perf_counter() - start


def cold(study):
    """Remove all figures."""
    shutil.rmtree(study / "figures", ignore_errors=True)


def changed(study):
    """Turn the scores of one trial's first clip round, so that its predictions differ."""
    path = study / "trials" / "vgg16" / "0-0" / "predictions.csv"
    frame = pd.read_csv(path, dtype={"clip_id": str})
    scores = [column for column in frame if column.startswith("score_")]
    frame.loc[0, scores] = frame.loc[0, scores].to_numpy()[::-1]
    frame.loc[0, "y_pred"] = max(scores, key=lambda column: frame.loc[0, column]).removeprefix("score_")
    frame.to_csv(path, index=False)


def measure(studies, versions, prepare, repeat):
    """Return {version: seconds of the fastest report} of sources that take turns; prepare: called before each.

    studies: a results folder for each version, as one would not know the figures of another for its own."""
    found = {name: [] for name in versions}
    for _ in range(repeat):
        for name, sources in versions.items():
            prepare(studies[name])
            found[name].append(seconds(sources, studies[name]))
    return {name: min(times) for name, times in found.items()}


def compare(versions, repeat):
    """Print seconds and ratios of every case; return those of the new code for 11 x 5 trials, cold."""
    new = {}
    with tempfile.TemporaryDirectory() as folder:
        for folds in (1, 5):
            studies = {version: build_results(Path(folder) / version / f"of_{folds}", folds=folds, failed=())
                       for version in versions}  # fmt: skip
            for name, prepare in (("cold", cold), ("one trial changed", changed)):
                times = measure(studies, versions, prepare, repeat)
                said = ", ".join(f"{version} {value:.1f} s" for version, value in times.items())
                ratio = f"; {times['old'] / times['new']:.1f} times as fast" if "old" in times else ""
                print(f"11 models x {folds}, {name}: {said}{ratio}", flush=True)
                new[folds, name] = times["new"]
    return new[5, "cold"]


def main():
    """Exit with 1 if the cold report of 11 x 5 trials is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", metavar="COMMIT", help="whose code is timed in turn with that of this folder")
    parser.add_argument("--repeat", type=int, default=3, help="reports of each kind")
    given = parser.parse_args()
    if given.against is None:
        return int(compare({"new": ROOT}, given.repeat) > LIMIT)
    with checkout(given.against) as sources:
        return int(compare({"old": sources, "new": ROOT}, given.repeat) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
