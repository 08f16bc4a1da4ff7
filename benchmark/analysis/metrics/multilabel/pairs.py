"""Every pair of models of several labels: which differences in macro average precision and macro F1 are more than
chance.

As for one label (:mod:`benchmark.analysis.metrics.pairwise`) chance is which clips were tested and the luck of
training. Of the clips: where both models are alike, it is as likely that either of them said what was said of a clip.
So the models change places clip by clip, or group by group, at random, and the scores are computed anew
(Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses, chapter 3). Before that, scores are turned into
ranks within class and trial, which changes no average precision, since those of two models have no common scale."""

from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import rankdata

from benchmark.analysis.metrics.multilabel.resampling import CHUNK, RESAMPLES, joined, resampled, sample_of
from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.analysis.metrics.pairwise import LEVEL
from benchmark.analysis.metrics.statistics import holm, percentiles, training_luck
from benchmark.tasks.scores import average_precision_macro, f1_macro

TESTED = {  # of the Predictions of one trial
    "average_precision_macro": lambda part: average_precision_macro(part.y_true, part.y_score),
    "f1_macro": lambda part: f1_macro(part.y_true, part.y_pred),
}
HEADLINE = "average_precision_macro"  # its differences and tests are called as those of accuracy are
PARTS = ("a", "b", "difference", "low", "high", "luck", "p_clips", "p_value", "p_holm", "separable")


def column(score, part):
    """Return the column of a part of :data:`PARTS` of a score."""
    return part if score == HEADLINE and part not in ("a", "b") else f"{score}_{part}"


CLIPS, GROUPS = "permutation of clips", "permutation of groups"
PAIR_COLUMNS = (
    "model_a", "model_b", "label_a", "label_b", "test", "trials", "n_clips", "n_units",
    *(column(score, part) for score in TESTED for part in PARTS),
)  # fmt: skip


def pairs_table(results):
    """Return a row per pair of models with trials in common and :data:`PAIR_COLUMNS`, in the study's order.

    Of each score: that of both models on the clips of their common trials, a minus b with a 95 % interval (the same
    bootstrap resamples of both, and the luck of training), luck: the standard deviation of the difference by training;
    p_clips: of clips alone; p_value: of clips and luck; p_holm: p_value corrected over the pairs; separable where it is
    below 0.05."""
    labels = {model["name"]: model["label"] for model in results.models}
    rows, couples = [], list(combinations(labels, 2))
    for a, b in couples:
        if parts := common_parts(results.done(a), results.done(b)):
            names = {"model_a": a, "model_b": b, "label_a": labels[a], "label_b": labels[b]}
            n_train = np.mean([results.n_train(trial) for trial in results.done(a)])
            rows.append(names | compare(results, *parts, n_train, permutations(len(couples))))
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    for score in TESTED:
        corrected = holm(table[column(score, "p_value")])
        table[column(score, "p_holm")], table[column(score, "separable")] = corrected, corrected < LEVEL
    return table


def permutations(n_pairs):
    """Return how many permutations are drawn: with fewer no p value could be small enough for so many pairs."""
    return max(RESAMPLES, int(2 * n_pairs / LEVEL))


def common_parts(trials, others):
    """Return two tuples of Predictions, one per fold and seed that both models have: of the same clips in one order.

    None where there are none. Those of the first model are its own, untouched, where both tested the same clips."""
    by_key = {(trial.fold, trial.seed): trial.test for trial in others}
    pairs = [aligned(trial.test, by_key[key]) for trial in trials if (key := (trial.fold, trial.seed)) in by_key]
    pairs = [pair for pair in pairs if len(pair[0])]
    return tuple(zip(*pairs, strict=True)) or None


def aligned(part, other):
    """Return two Predictions of the clips that both have, in the order of the first."""
    if np.array_equal(part.clip_id, other.clip_id):
        return part, other
    places = pd.Index(other.clip_id).get_indexer(part.clip_id)
    return part.take(places >= 0), other.take(places[places >= 0])


def compare(results, parts_a, parts_b, n_train, n_permutations=RESAMPLES):
    """Return the part of a row that compares two models, given the Predictions of both in their common trials."""
    a, b = (sample_of(results, parts) for parts in (parts_a, parts_b))
    drawn = [resampled(results, parts) for parts in (parts_a, parts_b)]
    observed = [sample.scores() for sample in (a, b)]
    chance = permuted(a, b, n_permutations)
    row = {
        "test": CLIPS if results.groups is None else GROUPS,
        "trials": len(parts_a),
        "n_clips": len({clip for part in parts_a for clip in part.clip_id}),
        "n_units": a.n_units,
    }
    sizes = np.array([len(part) for part in parts_a])
    for score in TESTED:
        one, two = (float(scores[score]) for scores in observed)
        of_trials = [of_trial(one, score) - of_trial(two, score) for one, two in zip(parts_a, parts_b, strict=True)]
        luck = luck_of(of_trials, sizes, np.nanvar(drawn[0][score] - drawn[1][score]), n_train)
        noise = luck * np.random.default_rng(0).standard_normal(drawn[0][score].shape[-1])
        gains = drawn[0][score] - drawn[1][score]
        low, high = percentiles(gains - np.nanmean(gains) + one - two + noise)  # resamples raise what they rank
        p_clips, p_value = p_values(chance[score], one - two, luck)
        values = (one, two, one - two, low, high, luck, p_clips, p_value)
        row |= {column(score, part): value for part, value in zip(PARTS, values, strict=False)}
    return row


@lru_cache(maxsize=1024)  # a trial is in many pairs
def of_trial(part, score):
    """Return a score of :data:`TESTED` of the Predictions of one trial."""
    return TESTED[score](part)


def luck_of(differences, sizes, variance, n_train):
    """Return the standard deviation 0..1 that training gives a difference of two models: what is presumed, or more.

    differences, sizes: of each trial, (n_trials,), and its clips; variance: of the difference over other clips. As
    :func:`benchmark.analysis.metrics.pairwise.luck_of_difference` has it, with that of accuracy presumed."""
    presumed = 2 * training_luck(n_train) ** 2 * (sizes**2).sum() / sizes.sum() ** 2
    shown = np.nanvar(differences, ddof=1) / len(sizes) - variance if len(sizes) > 1 else 0.0
    return float(np.sqrt(max(presumed, shown)))


def permuted(a, b, n_permutations=RESAMPLES, seed=0):
    """Return {score: (n_permutations,)} of :data:`TESTED`: a minus b, models having changed places unit by unit.

    a, b: :class:`Sample` of the same clips and units. What both said is laid side by side, ranked once, and each
    permutation is a choice of one of the two for every unit: weights of 0 and 1."""
    both = Sample(
        [_beside(_ranked(one), _ranked(two)) for one, two in zip(a.parts, b.parts, strict=True)],
        [np.concatenate([unit, unit + a.n_units]) for unit in a.units], 2 * a.n_units,
    )  # fmt: skip
    rng, found = np.random.default_rng(seed), []
    for start in range(0, n_permutations, CHUNK):
        stay = rng.random((a.n_units, min(CHUNK, n_permutations - start))) < 0.5
        chosen = np.concatenate([stay, ~stay]).astype(np.float32)
        mine, theirs = ({**both.ranked(weights), **both.decided(weights)} for weights in (chosen, 1 - chosen))
        found.append({score: mine[score] - theirs[score] for score in TESTED})
    return joined(found)


def _ranked(part):
    return replace(part, y_score=rankdata(part.y_score, axis=0))


def _beside(part, other):
    parts = {name: np.concatenate([getattr(part, name), getattr(other, name)])
             for name in ("split", "clip_id", "y_true", "y_pred", "y_score")}  # fmt: skip
    return replace(part, **parts)


def p_values(chance, observed, luck):
    """Return p of clips alone, and of clips and a luck of standard deviation ``luck``, two-sided.

    chance: (n_permutations,) differences of models that changed places; the observed one counts as a further
    permutation (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9, 39). Luck is no evidence: p never falls by it.
    """
    chance = np.concatenate([chance[np.isfinite(chance)], [observed]])
    if not np.isfinite(observed):
        return np.nan, np.nan
    reached = abs(observed) - 1e-6  # float32 sums
    p_clips = float((np.abs(chance) >= reached).mean())
    if luck == 0:
        return p_clips, p_clips
    beyond = ndtr((chance - reached) / luck) + ndtr((-chance - reached) / luck)
    return p_clips, max(p_clips, float(beyond.mean()))
