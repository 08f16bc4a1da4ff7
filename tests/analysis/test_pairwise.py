"""Pairs of models: the right test for the protocol, corrected together, never more evidence than there are clips."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, permutation_test
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from benchmark.analysis.metrics import pairwise
from benchmark.analysis.metrics.pairwise import ALIKE, BEST, CLIPS, GROUPS, GUESSING, pairwise_table, standing
from benchmark.analysis.metrics.statistics import LUCK
from tests.benchmarks.false_findings import Design, rates
from tests.support.fake_results import clips_of, results_of


def right(both, only_a, only_b, neither):
    """Return which clips two models predict right, with these counts."""
    return np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, only_a, only_b, neither], axis=0).T


def test_one_seed_is_mcnemars_exact_test_but_for_the_luck_of_training():
    a, b = right(40, 15, 4, 41)
    (row,) = pairwise_table(results_of({"a": {(0, 0): clips_of(a)}, "b": {(0, 0): clips_of(b)}})).to_dict("records")
    expected = mcnemar([[40, 15], [4, 41]], exact=True).pvalue
    assert (row["test"], row["only_a"], row["only_b"], row["n_clips"], row["n_units"]) == (CLIPS, 15, 4, 100, 100)
    assert row["p_clips"] == pytest.approx(expected)
    # The normal approximation of both: 11 clips, a variance of 19 by clips and of 2 models by luck.
    luck = 2 * (100 * LUCK) ** 2
    assert row["luck"] == pytest.approx(np.sqrt(2) * LUCK)
    assert row["p_value"] == row["p_holm"] == pytest.approx(2 * norm.sf(11 / np.sqrt(19 + luck)), rel=0.1)
    assert (row["accuracy_a"], row["accuracy_b"], row["difference"]) == pytest.approx((0.55, 0.44, 0.11))
    # The normal interval of a paired difference, of which the bootstrap is the distribution without the approximation.
    error = 1.96 * np.sqrt(((15 + 4) / 100 - 0.11**2) / 100 + 2 * LUCK**2)
    assert (row["low"], row["high"]) == pytest.approx((0.11 - error, 0.11 + error), abs=0.015)  # clips of 0.01


def test_clips_are_paired_by_name_not_by_place():
    a, b = (clips_of(flags) for flags in right(40, 15, 4, 41))
    shuffled = b.sample(frac=1, random_state=0)
    tables = [pairwise_table(results_of({"a": {(0, 0): a}, "b": {(0, 0): other}})) for other in (b, shuffled)]
    pd.testing.assert_frame_equal(*tables)


def test_clips_that_one_model_was_not_tested_on_do_not_count():
    a, b = (clips_of(flags) for flags in right(40, 15, 4, 41))
    (row,) = pairwise_table(results_of({"a": {(0, 0): a}, "b": {(0, 0): b.iloc[:50]}})).to_dict("records")
    assert (row["n_clips"], row["only_a"], row["only_b"], row["accuracy_b"]) == (50, 10, 0, 0.8)


def test_folds_are_pooled():
    a, b = right(40, 15, 4, 41)
    order = np.random.default_rng(0).permutation(100)
    whole = {name: {(0, 0): clips_of(flags)} for name, flags in (("a", a), ("b", b))}
    folds = {name: {(fold, 0): given[(0, 0)].iloc[part] for fold, part in enumerate(np.array_split(order, 5))}
             for name, given in whole.items()}  # fmt: skip
    one = pairwise_table(results_of(whole))
    five = pairwise_table(results_of(folds, "kfold", folds=5))
    columns = ["test", "n_clips", "only_a", "only_b", "difference", "p_clips"]
    pd.testing.assert_frame_equal(one[columns], five[columns])
    assert five["trials"].tolist() == [5]
    # Five trainings are less a matter of luck than one; these folds differ no more than their clips explain.
    assert five["luck"].tolist() == pytest.approx([np.sqrt(2 / 5) * LUCK])
    assert five["p_clips"].item() <= five["p_value"].item() < one["p_value"].item()


def test_clips_of_a_group_are_one_piece_of_evidence():
    a, b = right(0, 30, 10, 0)
    groups = {f"c{number}": f"g{number // 5}" for number in range(40)}  # 6 groups for a, 2 for b
    (row,) = pairwise_table(
        results_of({"a": {(0, 0): clips_of(a)}, "b": {(0, 0): clips_of(b)}}, groups=groups)
    ).to_dict("records")
    assert (row["test"], row["only_a"], row["only_b"], row["n_units"]) == (GROUPS, 30, 10, 8)
    assert row["p_clips"] == pytest.approx(mcnemar([[0, 6], [2, 0]], exact=True).pvalue)  # groups of equal size
    assert row["p_value"] >= row["p_clips"] > 0.2 > 0.01 > mcnemar([[0, 30], [10, 0]], exact=True).pvalue


def test_seeds_of_a_predefined_split_add_no_clips():
    a, b = right(40, 15, 4, 41)
    seeds = (0, 1, 2)
    models = {name: {(0, seed): clips_of(flags) for seed in seeds} for name, flags in (("a", a), ("b", b))}
    (row,) = pairwise_table(results_of(models, "predefined", seeds)).to_dict("records")
    assert row["p_clips"] == pytest.approx(mcnemar([[40, 15], [4, 41]], exact=True).pvalue)
    assert (row["test"], row["n_clips"], row["n_units"]) == (CLIPS, 100, 100)


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_clips_that_several_seeds_test_are_one_piece_of_evidence_each(protocol):
    parts = [right(10, 5, 2, 3), right(8, 4, 4, 4), right(12, 4, 1, 3)]
    models = {name: {(0, seed): clips_of(part[index], 7 * seed) for seed, part in enumerate(parts)}
              for index, name in enumerate("ab")}  # fmt: skip
    (row,) = pairwise_table(results_of(models, protocol, (0, 1, 2), n_train=80)).to_dict("records")
    sums = np.zeros(34, int)  # each seed begins 7 clips after the one before it
    for seed, (a, b) in enumerate(parts):
        sums[7 * seed : 7 * seed + 20] += a - b
    expected = permutation_test((sums[sums != 0],), np.sum, permutation_type="samples", n_resamples=2**16).pvalue
    assert row["p_clips"] == pytest.approx(expected, abs=0.004)  # 3 standard errors of more than 2^17 signs
    assert (row["test"], row["n_clips"], row["n_units"]) == (CLIPS, 34, 34)
    assert row["difference"] == pytest.approx(6 / 60)


def test_seeds_that_differ_by_the_same_amount_prove_nothing():
    # One clip of 40 in each of two seeds: no spread at all, and no evidence either.
    models = zip("ab", right(20, 1, 0, 19), strict=True)
    one = {name: {(0, seed): clips_of(flags, 40 * seed) for seed in range(2)} for name, flags in models}
    (row,) = pairwise_table(results_of(one, "holdout", (0, 1))).to_dict("records")
    assert row["p_clips"] == 0.5  # two clips, both of one sign
    assert not row["separable"]
    assert row["low"] < 0 < row["difference"] < row["high"]


def test_a_spread_of_the_trials_beyond_that_of_clips_is_luck():
    # Two seeds of other clips: all 30 differing clips for a, then 20 of 30 for b. Variance of the mean: by hand.
    gain = np.repeat([1, 0, -1, 0], [30, 70, 20, 80])
    found = pairwise.paired_test(gain, np.arange(200), np.repeat([0, 1], 100), 80)
    shown = np.var([0.3, -0.2], ddof=1) / 2 - 50 / 200**2
    assert found["luck"] == pytest.approx(np.sqrt(shown))
    assert found["luck"] > LUCK


# The whole table, with more studies: tests/benchmarks/false_findings.py.
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    ("design", "n", "luck"),
    [(Design("holdout", 2), 40, 0.0), (Design("holdout", 3), 200, 0.025), (Design("holdout", 1), 200, 0.025),
     (Design("predefined", 3), 40, 0.025), (Design("kfold", 1), 200, 0.025), (Design("other", 1), 40, 0.025)],
    ids=str,
)  # fmt: skip
def test_equal_networks_are_seldom_called_different(design, n, luck, grouped):
    repeats = 200
    # 6 %, and three standard errors of these few studies.
    assert rates(design, n, grouped, luck, 0.0, repeats)[0] <= 0.06 + 3 * np.sqrt(0.06 * 0.94 / repeats)


def test_clips_alone_call_lucky_trainings_different():
    assert rates(Design("holdout", 5), 200, False, 0.03, 0.0, 200)[1] > 0.06


def test_a_difference_of_ten_points_is_found_on_many_clips():
    assert rates(Design("kfold", 3), 200, False, 0.025, 0.1, 100)[0] > 0.8


def test_only_common_trials_are_compared():
    a, b = right(40, 15, 4, 41)
    models = {"a": {(0, 0): clips_of(a), (0, 1): clips_of(b)}, "b": {(0, 0): clips_of(b)}, "c": {(0, 2): clips_of(b)}}
    table = pairwise_table(results_of(models, "predefined", (0, 1, 2)))
    assert table[["model_a", "model_b", "trials"]].to_numpy().tolist() == [["a", "b", 1]]


FOUR = (90, 70, 45, 45)


def four_models(counts=FOUR):
    """Return results of four models that are right on so many of 100 clips, each on the first of them."""
    models = zip("abcd", counts, strict=True)
    return results_of({name: {(0, 0): clips_of(np.arange(100) < n)} for name, n in models})


def test_all_pairs_are_corrected_together():
    table = pairwise_table(four_models())
    assert table.columns.tolist() == list(pairwise.PAIRWISE_COLUMNS)
    raw = [2 / 2**20, 2 / 2**45, 2 / 2**45, 2 / 2**25, 2 / 2**25, 1]  # n clips all won by one: 2 / 2^n
    assert table["p_clips"].tolist() == pytest.approx(raw)
    assert table["p_holm"].tolist() == pytest.approx(multipletests(table["p_value"], method="holm")[1])
    assert (table["p_value"] >= table["p_clips"]).all()
    assert table["separable"].tolist() == (table["p_holm"] < 0.05).tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("counts", "guess", "expected"),
    [(FOUR, (), [BEST, "", "", ""]), ((60, 57, 60, 20), (), [BEST, ALIKE, ALIKE, ""]),
     (FOUR, ("a", "c"), [GUESSING, "", "", ""]), (FOUR, ("c",), [BEST, "", "", ""])],
)  # fmt: skip
def test_the_set_not_separable_from_the_best_which_is_not_called_so_where_it_guesses(counts, guess, expected):
    comparison = pd.DataFrame({"model": list("abcd"), "accuracy": np.array(counts) / 100})
    assert standing(comparison, pairwise_table(four_models(counts)), guess).tolist() == expected


def test_a_failed_model_has_no_standing_and_one_alone_neither():
    table = pairwise_table(four_models())
    comparison = pd.DataFrame({"model": list("abcde"), "accuracy": [0.9, 0.7, 0.45, 0.45, np.nan]})
    assert standing(comparison, table).tolist() == [BEST, "", "", "", ""]
    assert standing(comparison.iloc[:1], table).tolist() == [""]


def test_the_matrix_changes_its_sign_below_the_diagonal():
    table = pairwise_table(four_models())
    differences, p_values = (pairwise.matrix(table, list("abcd"), column) for column in ("difference", "p_holm"))
    assert differences[0].tolist() == pytest.approx([np.nan, 0.2, 0.45, 0.45], nan_ok=True)
    np.testing.assert_array_equal(differences, -differences.T)
    np.testing.assert_array_equal(p_values, p_values.T)
    assert all(np.isnan(differences[k, k]) for k in range(4))
