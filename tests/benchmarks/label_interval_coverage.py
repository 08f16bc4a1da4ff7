"""Count how often the 95 % intervals of scores of several labels hold the score that is expected of so many clips.

    python tests/benchmarks/label_interval_coverage.py [--repeats N] [--jobs N]

Clips have each class by chance, the commonest half of them, the rarest one in twenty; scores of those that have it are
higher by a normal shift. Thresholds are fixed. What is expected of n clips is the mean over many draws: a mean average
precision of few clips is higher than that of endlessly many. Clips come alone or in groups of four that have all in
common but a part of their scores. Exit code 1 where a coverage is outside 93 to 97 %, beyond three standard errors."""

import argparse
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.analysis.metrics.multilabel.resampling import draw, ends, joined
from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.store.predictions import predictions

SCORES = (
    "average_precision_macro",
    "average_precision_micro",
    "roc_auc_macro",
    "f1_macro",
    "f1_samples",
    "ranking_loss",
)
SIZES = ((100, 1), (400, 1), (400, 4))  # clips, clips of a group
N_CLASSES, SHIFT, EXPECTED_OF = 12, 1.2, 2000


def study(n, group, rng):
    """Return the :class:`Sample` of one model's predictions of n clips in groups of so many."""
    repeat = lambda rows: np.repeat(rows, group, axis=0)  # noqa: E731
    y_true = repeat(rng.random((n // group, N_CLASSES)) < np.linspace(0.5, 0.05, N_CLASSES))
    noise = repeat(rng.normal(size=(n // group, N_CLASSES))) if group > 1 else 0
    logits = SHIFT * y_true + (noise + rng.normal(size=y_true.shape)) / (np.sqrt(2) if group > 1 else 1) - 1
    names = [f"c{i}" for i in range(N_CLASSES)]
    said = predictions("test", range(n), y_true, 1 / (1 + np.exp(-logits)), names, "multilabel")
    return Sample((said,), [np.arange(n) // group], n // group)


def held(n, group, expected, seed):
    """Return for each score whether the interval of one study holds what is expected."""
    sample = study(n, group, np.random.default_rng(seed))
    observed, drawn = sample.scores(), joined(sample.scores(weights) for weights in draw(sample.n_units))
    found = {score: ends(score, observed[score], drawn[score], sample.n_units) for score in SCORES}
    return [found[score][0] <= expected[score] <= found[score][1] for score in SCORES]


def expected(n, group):
    """Return the mean of each score over many draws."""
    rng = np.random.default_rng(1)
    drawn = [study(n, group, rng).scores() for _ in range(EXPECTED_OF)]
    return {score: np.mean([found[score] for found in drawn]) for score in SCORES}


def main():
    """Print a row per number of clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    table, wrong = Table("clips", "in groups of", *SCORES), False
    slack = 3 * np.sqrt(0.95 * 0.05 / args.repeats)
    for n, group in SIZES:
        truth = expected(n, group)
        rows = Parallel(args.jobs)(delayed(held)(n, group, truth, seed) for seed in range(args.repeats))
        shares = np.mean(rows, axis=0)
        wrong |= bool(((shares < 0.93 - slack) | (shares > 0.97 + slack)).any())
        table.add_row(str(n), str(group), *(f"{100 * share:.1f} %" for share in shares))
    Console(width=140).print(table)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
