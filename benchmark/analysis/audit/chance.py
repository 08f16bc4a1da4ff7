"""Rules on rows of random scores: their average precision is about the prevalence, and their ranking loss one half."""

import re
from functools import lru_cache
from itertools import combinations
from math import log, sqrt

import numpy as np

from benchmark.analysis.audit.findings import CONSISTENT, SWAPPED, UNLIKELY, Finding
from benchmark.analysis.audit.printed import RANKED
from benchmark.analysis.audit.reported import share

NAMES = re.compile(r"\b(random|chance|uniform)\b", re.IGNORECASE)  # of rows
LIMIT = 3.29  # standard deviations: beyond them lies 1 of 1000 draws
DRAWS, SEED = 1000, 0


@lru_cache(maxsize=256)
def random_average_precision(support, n):
    """Return (mean, standard deviation, mean and deviation of the logarithm) of the average precision of uniformly
    random scores, from seeded draws.

    support: positive clips of n. The mean is a little above the prevalence, support / n. Where positives are few it is
    skewed, its logarithm hardly."""
    rng, right = np.random.default_rng(SEED), np.arange(1, support + 1)
    found = [(right / (np.sort(rng.choice(n, support, replace=False)) + 1)).mean() for _ in range(DRAWS)]
    return tuple(float(value) for values in (found, np.log(found)) for value in (np.mean(values), np.std(values)))


def random_ranking_loss(n_with, n_classes):
    """Return (mean, standard deviation) of the ranking loss of uniformly random scores over clips.

    n_with: {number of labels: clips}. A clip's loss is a Mann-Whitney U over its k (C - k) pairs, of mean 1/2 and
    variance (C + 1) / (12 k (C - k)) (Mann & Whitney 1947, Annals of Mathematical Statistics 18, 50-60)."""
    mixed = {k: count for k, count in n_with.items() if 0 < k < n_classes}
    variance = sum(count * (n_classes + 1) / (12 * k * (n_classes - k)) for k, count in mixed.items())
    return 0.5, sqrt(variance) / sum(mixed.values())


def chance_precision(row):
    """Yield a finding per class of a row named as random: its AP by chance, or two classes that look swapped."""
    supports, n, texts = row.counts.supports, row.counts.n, row.of_classes(RANKED)
    if not NAMES.search(row.name) or not n or not texts or not all(supports.get(name) for name in texts):
        return
    value = {name: float(share(text) or 0) for name, (text,) in texts.items()}
    chance = {name: random_average_precision(supports[name], n) for name in texts}

    def off(name, printed):
        """How many standard deviations the value printed for one class is off what chance gives another."""
        *_, middle, deviation = chance[name]
        return abs(log(max(value[printed], 1 / n)) - middle) / deviation

    wrong = [name for name in texts if off(name, name) > LIMIT]
    swapped = [(a, b) for a, b in combinations(wrong, 2) if max(off(a, b), off(b, a)) <= LIMIT]
    for a, b in swapped:
        yield Finding(
            row.place, SWAPPED,
            f"{a} {texts[a][0]} and {b} {texts[b][0]} look swapped: random scores have an AP of about the prevalence, "
            f"{supports[a] / n:.3f} and {supports[b] / n:.3f}.",
        )  # fmt: skip
    for name in (name for name in texts if not any(name in pair for pair in swapped)):
        mean, deviation, *_ = chance[name]
        verdict = UNLIKELY if name in wrong else CONSISTENT
        yield Finding(
            row.place, verdict,
            f"{name}: random scores have an AP of {mean:.3f} ± {deviation:.3f} at a prevalence of "
            f"{supports[name]} / {n} = {supports[name] / n:.3f}; printed is {texts[name][0]}.",
        )  # fmt: skip


def chance_ranking_loss(row):
    """Yield a finding on the ranking loss of a row named as random, where labels per clip are printed."""
    text, n_with, n_classes = row.averages.get("ranking_loss"), row.counts.n_with, len(row.counts.supports)
    if not NAMES.search(row.name) or not text or not n_with or not n_classes:
        return
    mean, deviation = random_ranking_loss(n_with, n_classes)
    verdict = UNLIKELY if abs(float(share(text) or 0) - mean) > LIMIT * deviation else CONSISTENT
    yield Finding(
        row.place, verdict,
        f"Random scores have a ranking loss of {mean:.3f} ± {deviation:.3f} on these clips; printed is {text}.",
    )  # fmt: skip
