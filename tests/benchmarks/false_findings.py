"""Count how often two equal networks are called different, and how often two that differ by 10 points are.

    python tests/benchmarks/false_findings.py [--repeats N] [--jobs N]

Networks are drawn, not trained: each clip has a difficulty, alike for both networks; each network finds some clips
easier than the other does, each time it is trained; and each trained model is better or worse by luck. Clips come alone
or in groups of five, which share difficulty and the liking of a network, and which a split keeps together. Tested are
the p values that the suite computes: of pairs within a study and of two studies on other clips. Exit code 1 where equal
networks are called different at level 5 % in more than 6 %, beyond three standard errors of the simulation.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from scipy.special import ndtr

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.analysis.metrics.pairwise import LEVEL, paired_test
from benchmark.analysis.metrics.unpaired import sample, unpaired

GROUP = 5  # clips
MEAN, DIFFICULTY, LIKING, GROUP_LIKING = 0.85, 1.0, 0.6, 0.6  # in probits: accuracy 0.72, errors alike by half
LIMIT = 0.06
LUCKS = (0.0, 0.02, 0.025, 0.03)  # standard deviation of a trained model's accuracy
GAIN = 0.10  # true difference for the power, at a luck of 0.025


@dataclass(frozen=True)
class Design:
    """How often and on what two networks are tested."""

    protocol: str  # holdout: each seed tests a fifth drawn anew; kfold: 5 folds; predefined: the same clips; other
    seeds: int

    def __str__(self):
        return f"{self.protocol}, {self.seeds} {'seed' if self.seeds == 1 else 'seeds'}"


SEEDS = {"holdout": (1, 2, 3, 5), "predefined": (2, 3, 5), "kfold": (1, 3), "other": (1, 3)}
DESIGNS = tuple(Design(protocol, seeds) for protocol, numbers in SEEDS.items() for seeds in numbers)


def chances(n, grouped, gain, rng):
    """Return the probability that each of two networks is right on each of n clips, (2, n), and each clip's group.

    gain: by how much the first is better on average, 0..1."""
    group = np.arange(n) // GROUP if grouped else np.arange(n)
    n_groups = group[-1] + 1
    level = MEAN + DIFFICULTY * rng.standard_normal(n)
    if grouped:
        shared = rng.standard_normal(n_groups)[group]
        level = MEAN + DIFFICULTY * (rng.standard_normal(n) + shared) / np.sqrt(2)
    level = level + LIKING * rng.standard_normal((2, n))
    if grouped:
        level += GROUP_LIKING * rng.standard_normal((2, n_groups))[:, group]
    return ndtr(level) + np.array([[gain / 2], [-gain / 2]]), group


def tested(design, n, group, rng):
    """Return the clips tested in each trial: n of them per seed, in five folds where the protocol is kfold."""
    if design.protocol == "predefined":
        return [np.arange(n)] * design.seeds
    found, n_groups = [], group[-1] + 1
    for _ in range(design.seeds):
        part = (rng.permutation(n_groups) * 5 // n_groups)[group]
        found += [np.flatnonzero(part == fold) for fold in range(5 if design.protocol == "kfold" else 1)]
    return found


def trial_results(design, n, grouped, luck, gain, rng):
    """Return right or wrong of both networks, (2, predictions), with the clip's group and the trial of each."""
    pool = n if design.protocol in ("predefined", "kfold") else 5 * n
    chance, group = chances(pool, grouped, gain, rng)
    parts = tested(design, n, group, rng)
    right = [
        rng.random((2, len(part))) < np.clip(chance[:, part] + luck * rng.standard_normal((2, 1)), 0, 1)
        for part in parts
    ]
    trials = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate(right, axis=1).astype(int), group[np.concatenate(parts)], trials


def p_values(design, n, grouped, luck, gain, rng):
    """Return p of the suite's test, and p of the clips alone (NaN where the suite has none), of one study drawn."""
    n_train = 7 * n // 10 if design.protocol == "kfold" else 7 * n // 2
    if design.protocol == "other":
        samples = []
        for network in (1, 0):  # each on a pool of its own
            right, units, trials = trial_results(Design("holdout", design.seeds), n, grouped, luck, gain, rng)
            samples.append(sample(right[network], units if grouped else None, trials, design.seeds, n_train))
        return unpaired(*samples)["p_value"], np.nan
    right, units, trials = trial_results(design, n, grouped, luck, gain, rng)
    found = paired_test(right[0] - right[1], units, trials, n_train)
    return found["p_value"], found["p_clips"]


def rates(design, n, grouped, luck, gain, repeats, seed=0):
    """Return the shares of ``repeats`` studies whose p is below the level: of the suite's test, of the clips alone."""
    rng = np.random.default_rng(seed)
    found = np.array([p_values(design, n, grouped, luck, gain, rng) for _ in range(repeats)])
    return np.where(np.isnan(found).any(axis=0), np.nan, (found < LEVEL).mean(axis=0))


def main():
    """Print the table of rates; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    cases = [(design, n, grouped) for n in (40, 200) for grouped in (False, True) for design in DESIGNS]
    columns = [(luck, 0.0) for luck in LUCKS] + [(0.025, GAIN)]
    found = Parallel(n_jobs=options.jobs)(
        delayed(rates)(*case, *column, options.repeats) for case in cases for column in columns
    )
    found = np.array(found).reshape(len(cases), len(columns), 2)
    table = Table(title=f"percent of {options.repeats} studies called different at p < {LEVEL}")
    for name in ("test clips", "design", *(f"equal, luck {100 * luck:g}" for luck in LUCKS), f"{100 * GAIN:g} points",
                 "clips alone: equal, luck 0", "2.5", f"{100 * GAIN:g} points"):  # fmt: skip
        words = name in ("test clips", "design")
        table.add_column(name, justify="left" if words else "right", no_wrap=words)
    for (design, n, grouped), shares in zip(cases, found, strict=True):
        numbers = [*shares[:, 0], *shares[[0, 2, 4], 1]]
        texts = ("" if np.isnan(share) else f"{100 * share:.1f}" for share in numbers)
        table.add_row(f"{n}{' in groups' if grouped else ''}", str(design), *texts)
    Console(width=150).print(table)
    most = LIMIT + 3 * np.sqrt(LIMIT * (1 - LIMIT) / options.repeats)
    return int((found[:, : len(LUCKS), 0] > most).any())


if __name__ == "__main__":
    sys.exit(main())
