"""Count how often two equal models of several labels are called different in macro AP and macro F1:

    python tests/benchmarks/label_false_findings.py [--repeats N] [--jobs N]

Models are drawn, not trained: the score of a class is higher where a clip has it, by the skill of the trained model,
and varies by clip, in part alike for both models. Clips come alone or in groups of five, which share that variation.
Each training is luckier or less by ``luck``, the standard deviation of macro AP that it causes. Tested are the p values
of the suite: of the clips alone, which is right where training has no luck, and of clips and luck. Exit code 1 where
equal models are called different at level 5 % in more than 6 %, beyond three standard errors of the simulation."""

import argparse
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.analysis.metrics.multilabel.pairs import TESTED, luck_of, p_values, permuted
from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.analysis.metrics.pairwise import LEVEL
from benchmark.store.predictions import predictions

SHARES = (0.5, 0.35, 0.25, 0.15, 0.1)  # of the classes
CLASSES = tuple("abcde")
GROUP, SKILL, ALIKE = 5, 1.2, 0.6  # clips; of one standard deviation of the scores; what both models share of it
LIMIT, PERMUTATIONS, N_TRAIN = 0.06, 300, 700
LUCKS, GAIN = (0.0, 0.025), 0.10  # standard deviation of macro AP by training; a true difference, for the power
SLOPE = 0.31  # of macro AP by skill, by a drawing of 60,000 clips: what a luck in AP is in skill


def varied(n, grouped, rng):
    """Return numbers (n, n_classes) of variance 1; in groups half of it is the group's."""
    own = rng.standard_normal((n, len(SHARES)))
    if not grouped:
        return own
    return (own + np.repeat(rng.standard_normal((n // GROUP, len(SHARES))), GROUP, axis=0)) / np.sqrt(2)


def trained(y_true, shared, skill, grouped, rng):
    """Return the predictions of a trained model."""
    noise = np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * varied(len(y_true), grouped, rng)
    score = 1 / (1 + np.exp(SKILL / 2 - skill * y_true - noise))
    return predictions("test", range(len(y_true)), y_true, score, CLASSES, "multilabel")


def study(n, grouped, seeds, luck, gain, rng):
    """Return {score: (p of clips, p of clips and luck)} of two models, trained with several seeds on the same clips."""
    y_true, shared = rng.random((n, len(SHARES))) < SHARES, varied(n, grouped, rng)
    units = [np.arange(n) // (GROUP if grouped else 1)] * seeds
    sides = []
    for sign in (1, -1):
        skills = SKILL + (sign * gain / 2 + luck * rng.standard_normal(seeds)) / SLOPE
        parts = [trained(y_true, shared, skill, grouped, rng) for skill in skills]
        sides.append(Sample(parts, units, units[0][-1] + 1))
    chance = permuted(*sides, PERMUTATIONS, seed=int(rng.integers(2**31)))
    found = {}
    for score, of_trial in TESTED.items():
        one, two = (side.scores()[score] for side in sides)
        differences = [of_trial(a) - of_trial(b) for a, b in zip(*(side.parts for side in sides), strict=True)]
        spread = luck_of(differences, np.full(seeds, n), np.nanvar(chance[score]), N_TRAIN)
        found[score] = p_values(chance[score], one - two, spread)
    return [p for score in TESTED for p in found[score]]


def rates(n, grouped, seeds, luck, gain, repeats, seed=0):
    """Return the shares of ``repeats`` studies whose p is below the level, (n_scores * 2,)."""
    rng = np.random.default_rng(seed)
    return (np.array([study(n, grouped, seeds, luck, gain, rng) for _ in range(repeats)]) < LEVEL).mean(axis=0)


def main():
    """Print the table of rates; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    cases = [(n, grouped, seeds) for n in (100, 300) for grouped in (False, True) for seeds in (1, 3)]
    columns = [(luck, 0.0) for luck in LUCKS] + [(LUCKS[-1], GAIN)]
    found = Parallel(n_jobs=options.jobs)(
        delayed(rates)(*case, *column, options.repeats) for case in cases for column in columns
    )
    found = np.array(found).reshape(len(cases), len(columns), len(TESTED), 2)
    table = Table(title=f"percent of {options.repeats} studies called different at p < {LEVEL}")
    names = [
        f"{score}: {words}"
        for score in ("AP", "F1")
        for words in ("clips alone, luck 0", *(f"luck {100 * luck:g}" for luck in LUCKS), f"{100 * GAIN:g} points")
    ]
    for name in ("clips", "seeds", *names):
        table.add_column(name, justify="right")
    tested = np.concatenate([found[:, :1, :, 0], found[..., 1]], axis=1)  # (n_cases, 1 + n_columns, n_scores)
    for (n, grouped, seeds), shares in zip(cases, tested, strict=True):
        numbers = (f"{100 * share:.1f}" for share in shares.T.ravel())
        table.add_row(f"{n}{' in groups' if grouped else ''}", str(seeds), *numbers)
    Console(width=150).print(table)
    most = LIMIT + 3 * np.sqrt(LIMIT * (1 - LIMIT) / options.repeats)
    return int((tested[:, :-1] > most).any())


if __name__ == "__main__":
    sys.exit(main())
