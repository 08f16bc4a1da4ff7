"""Two models of several labels: the permutation test against all permutations, McNemar's against statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar

from benchmark.analysis.metrics.multilabel.mcnemar import mcnemar_table
from benchmark.analysis.metrics.multilabel.pairs import (
    PAIR_COLUMNS,
    TESTED,
    aligned,
    column,
    p_values,
    pairs_table,
    permutations,
    permuted,
)
from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.analysis.metrics.pairwise import LEVEL, standing
from benchmark.store.predictions import predictions
from tests.support.fake_results import results_of

CLASSES = tuple("abc")
F1, AP = "f1_macro", "average_precision_macro"


def said(seed, skill=1.0, n=60, truth=0):
    """Return predictions of n clips, the better the greater ``skill``; truth: the seed of their labels."""
    rng = np.random.default_rng(seed)
    y_true = np.random.default_rng(truth).random((n, 3)) < [0.5, 0.4, 0.3]
    y_score = 1 / (1 + np.exp(1 - 2 * skill * y_true - rng.normal(0, 1, y_true.shape)))
    return predictions("test", [f"c{k:03d}" for k in range(n)], y_true, y_score, CLASSES, "multilabel")


def study(models, **given):
    return results_of(models, classes=CLASSES, task="multilabel", **given)


def sample(part):
    return Sample([part], [np.arange(len(part))], len(part))


def test_permutations_are_scores_of_models_that_changed_places():
    one, two = said(1, n=7), said(2, n=7)
    # scikit-learn scores every one of the 2^7 exchanges of ranks.
    ranks = [np.argsort(np.argsort(part.y_score, axis=0), axis=0).astype(float) for part in (one, two)]
    expected = {AP: set(), F1: set()}
    for stay in product((True, False), repeat=7):
        stay = np.array(stay)[:, None]
        mine, theirs = np.where(stay, *ranks), np.where(stay, *ranks[::-1])
        decided = np.where(stay, one.y_pred, two.y_pred), np.where(stay, two.y_pred, one.y_pred)
        precision = [average_precision_score(one.y_true, score, average="macro") for score in (mine, theirs)]
        f1 = [f1_score(one.y_true, pred, average="macro", zero_division=0) for pred in decided]
        expected[AP].add(round(precision[0] - precision[1], 5))
        expected[F1].add(round(f1[0] - f1[1], 5))
    found = permuted(sample(one), sample(two), 4000)
    for score in (AP, F1):
        values = set(np.round(found[score].astype(float), 5))
        near = {round(value + step, 5) for value in expected[score] for step in (-1e-5, 0, 1e-5)}  # float32 sums
        assert values <= near
        # 4,000 draws miss one of 128 exchanges with a chance of 128 exp(-31).
        assert len(values) >= len(expected[score])


def test_p_counts_the_observed_difference_as_a_permutation():
    chance = np.array([-0.3, -0.1, 0.0, 0.2])
    assert p_values(chance, 0.2, 0.0) == (3 / 5, 3 / 5)
    assert p_values(chance, 0.5, 0.0)[0] == 1 / 5


def test_luck_never_lowers_p():
    chance = np.random.default_rng(0).normal(0, 0.01, 1000)
    p = [p_values(chance, 0.02, luck)[1] for luck in (0.0, 0.005, 0.02, 0.1)]
    assert p == sorted(p)


def test_another_scale_of_scores_changes_nothing():
    one, two = said(1), said(2, 0.5)
    other = predictions("test", two.clip_id, two.y_true, two.y_score**3, CLASSES, "multilabel")
    found = [permuted(sample(one), sample(part), 200)[AP] for part in (two, other)]
    np.testing.assert_array_equal(*found)


def test_a_model_against_itself_is_no_difference():
    row = pairs_table(study({"m": {(0, 0): said(1)}, "n": {(0, 0): said(1)}})).iloc[0]
    for score in TESTED:
        assert (row[column(score, "difference")], row[column(score, "p_clips")]) == (0, 1)
        assert not row[column(score, "separable")]


def test_a_much_better_model_is_separable_and_best():
    table = pairs_table(study({"m": {(0, 0): said(1, 2)}, "n": {(0, 0): said(2, 0.2)}, "o": {(0, 0): said(3, 2)}}))
    assert table.columns.tolist() == list(PAIR_COLUMNS)
    told = table.set_index(["model_a", "model_b"])["separable"]
    assert told.to_dict() == {("m", "n"): True, ("m", "o"): False, ("n", "o"): True}
    comparison = pd.DataFrame({"model": list("mno"), AP: [0.9, 0.4, 0.89]})
    assert standing(comparison, table, score=AP).tolist() == ["best", "", "not separable"]
    assert standing(comparison, table, guessing=["m"], score=AP).iloc[0] == "best, but not above guessing"


def test_the_interval_of_a_difference_holds_it_and_its_ends_turn_with_the_models():
    parts = {"m": {(0, 0): said(1, 2)}, "n": {(0, 0): said(2, 0.5)}}
    one, two = (pairs_table(study(models)).iloc[0] for models in (parts, dict(reversed(parts.items()))))
    for score in TESTED:
        low, value, high = (one[column(score, part)] for part in ("low", "difference", "high"))
        assert low < value < high
        assert two[column(score, "difference")] == pytest.approx(-value)


def test_seeds_and_groups_are_fewer_pieces_of_evidence_than_predictions():
    models = {name: {(0, seed): said(seed + 10 * place) for seed in (0, 1)} for place, name in enumerate("mn")}
    groups = {f"c{k:03d}": f"g{k // 5}" for k in range(60)}
    for given, test, n_units in ((None, "permutation of clips", 60), (groups, "permutation of groups", 12)):
        row = pairs_table(study(models, protocol="predefined", seeds=(0, 1), groups=given)).iloc[0]
        assert (row["test"], row["trials"], row["n_clips"], row["n_units"]) == (test, 2, 60, n_units)


def test_clips_that_one_model_alone_was_tested_on_are_left_out_and_order_does_not_matter():
    one, two = said(1), said(2)
    other = two.take(np.random.default_rng(0).permutation(60)[:40])
    mine, theirs = aligned(one, other)
    assert mine.clip_id.tolist() == theirs.clip_id.tolist() == sorted(other.clip_id)
    np.testing.assert_array_equal(theirs.y_true, mine.y_true)
    row = pairs_table(study({"m": {(0, 0): one}, "n": {(0, 0): other}})).iloc[0]
    assert row["n_clips"] == 40


def test_there_are_permutations_enough_for_every_number_of_pairs():
    for n_pairs in (1, 3, 55):
        assert n_pairs / (permutations(n_pairs) + 1) < LEVEL


def test_models_without_trials_in_common_have_no_row():
    assert pairs_table(study({"m": {(0, 0): said(1)}, "n": {(0, 1): said(2)}}, seeds=(0, 1))).empty


def test_mcnemar_of_a_class_is_statsmodels():
    one, two = said(1), said(2, 0.3)
    table = mcnemar_table(study({"m": {(0, 0): one}, "n": {(0, 0): two}})).set_index("class")
    right = [part.y_true == part.y_pred for part in (one, two)]
    for place, name in enumerate(CLASSES):
        a, b = (found[:, place] for found in right)
        counts = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        assert table.loc[name, "p_clips"] == pytest.approx(mcnemar(counts, exact=True).pvalue)
        assert (table.loc[name, "only_a"], table.loc[name, "only_b"]) == (counts[0][1], counts[1][0])
