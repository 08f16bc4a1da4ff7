"""Count how often the 95 % intervals of macro precision, recall and F1 hold the true value.

    python tests/benchmarks/interval_coverage.py [--repeats N] [--jobs N]

A classifier is a table of the chances that a clip of one class is called another; its true scores are those of as many
clips per class as are tested, without end. Each study draws test clips and takes the suite's interval. Clips come alone
or in groups of four of one class, of which half are alike. For comparison, the plain percentile bootstrap within
classes. Exit code 1 where a mean coverage over the three scores is outside 93 to 97 %, beyond three standard errors.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.analysis.metrics.scores import macro_intervals, macro_of_counts, outcomes
from benchmark.analysis.metrics.statistics import percentiles, resample
from tests.support.fake_results import predictions_of

SCORES = ("precision", "recall", "f1")
GROUP, ALIKE = 4, 0.5  # clips of a group, chance that a clip does what its group does
SIZES = {  # test clips per class
    "40 clips, 5 classes": (8,) * 5,
    "200 clips, 5 classes": (40,) * 5,
    "200 clips, 10 classes": (20,) * 10,
    "40 clips, 2 classes": (20,) * 2,
    "40 clips, uneven": (16, 8, 8, 4, 4),
    "200 clips, uneven": (80, 48, 36, 20, 16),
}
RECALLS = (0.6, 0.8, 0.92)  # mean over classes


def classifier(n_classes, recall, rng):
    """Return the chance of each prediction, rows true classes, (n_classes, n_classes), of about this mean recall."""
    recalls = np.clip(recall + 0.08 * rng.standard_normal(n_classes), 0.05, 0.99)
    chance = rng.dirichlet(np.ones(n_classes), n_classes) * (1 - np.eye(n_classes))
    return chance / chance.sum(axis=1, keepdims=True) * (1 - recalls)[:, None] + np.diag(recalls)


def true_scores(chance, sizes):
    """Return {score: its value} of endlessly many clips with these shares of the classes."""
    matrix = chance * np.array(sizes)[:, None]
    return macro_of_counts(np.stack([np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)]))


def study(chance, sizes, grouped, rng):
    """Return test predictions drawn of a classifier, and the group of each clip, None where they come alone."""
    true = np.repeat(np.arange(len(sizes)), sizes)
    group = np.concatenate([np.arange(n) // GROUP + 1000 * k for k, n in enumerate(sizes)])
    steps = chance.cumsum(axis=1)
    called = np.array([(steps[k] < u).sum() for k, u in zip(true, rng.random(len(true)), strict=True)])
    if grouped:
        first = np.unique(group, return_index=True)[1][np.unique(group, return_inverse=True)[1]]
        called = np.where(rng.random(len(true)) < np.sqrt(ALIKE), called[first], called)
    names = [f"c{number}" for number in range(len(true))]
    frame = pd.DataFrame({"clip_id": names, "y_true": true.astype(str), "y_pred": called.astype(str)})
    return frame, pd.Series(group, names) if grouped else None


def coverage(sizes, recall, grouped, repeats, seed=0):
    """Return the share of ``repeats`` studies whose interval holds each true score, and that of percentiles, (2, 3)."""
    rng, held = np.random.default_rng(seed), np.zeros((2, 3))
    classes = [str(number) for number in range(len(sizes))]
    for _ in range(repeats):
        chance = classifier(len(sizes), recall, rng)
        truth = true_scores(chance, sizes)
        frame, groups = study(chance, sizes, grouped, rng)
        said = predictions_of(frame, classes)
        found = macro_intervals(said, groups)
        counts = outcomes(said, groups)
        plain = macro_of_counts(resample(counts, 500, strata=counts[:, 2].argmax(axis=1)))
        for place, score in enumerate(SCORES):
            ends = (found[f"{score}_macro_low"], found[f"{score}_macro_high"]), percentiles(plain[score])
            held[:, place] += [low <= truth[score] <= high for low, high in ends]
    return held / repeats


def main():
    """Print the table of coverages; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    cases = [(name, recall, False) for name in SIZES for recall in RECALLS]
    # A class with one group alone cannot show how groups of it differ.
    cases += [(name, recall, True) for name in SIZES if min(SIZES[name]) >= 2 * GROUP for recall in RECALLS]
    found = Parallel(n_jobs=options.jobs)(
        delayed(coverage)(SIZES[name], recall, grouped, options.repeats) for name, recall, grouped in cases
    )
    table = Table(title=f"percent of {options.repeats} intervals of 95 % that hold the true score")
    for name in ("test clips", "recall", *SCORES, *(f"percentiles: {score}" for score in SCORES)):
        table.add_column(name, justify="left" if name == "test clips" else "right")
    for (name, recall, grouped), shares in zip(cases, found, strict=True):
        texts = (f"{100 * share:.1f}" for share in shares.ravel())
        table.add_row(f"{name}{', groups' if grouped else ''}", f"{recall:g}", *texts)
    Console(width=130).print(table)
    means, margin = np.array(found)[:, 0].mean(axis=1), 3 * np.sqrt(0.05 * 0.95 / options.repeats)
    return int(((means < 0.93 - margin) | (means > 0.97 + margin)).any())


if __name__ == "__main__":
    sys.exit(main())
