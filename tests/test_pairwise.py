"""Pairs of models: the right test for the protocol, corrected together, never more evidence than there are clips."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from benchmark.analysis.pairwise import (
    ALIKE,
    BEST,
    MCNEMAR,
    PAIRWISE_COLUMNS,
    RESAMPLED_T,
    SIGN,
    matrix,
    pairwise_table,
    standing,
)
from benchmark.analysis.statistics import corrected_t
from tests.fake_results import results_of


def clips_of(right, first=0):
    """Return test clips of class a, of which those with a 1 are predicted right."""
    right = np.asarray(right)
    names = [f"c{first + number}" for number in range(len(right))]
    return pd.DataFrame({"clip_id": names, "y_true": "a", "y_pred": np.where(right, "a", "b")})


def right(both, only_a, only_b, neither):
    """Return which clips two models predict right, with these counts."""
    return np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, only_a, only_b, neither], axis=0).T


def test_one_seed_is_mcnemars_exact_test():
    a, b = right(40, 15, 4, 41)
    (row,) = pairwise_table(results_of({"a": {(0, 0): clips_of(a)}, "b": {(0, 0): clips_of(b)}})).to_dict("records")
    expected = mcnemar([[40, 15], [4, 41]], exact=True).pvalue
    assert (row["test"], row["only_a"], row["only_b"], row["n_clips"]) == (MCNEMAR, 15, 4, 100)
    assert row["p_value"] == row["p_holm"] == pytest.approx(expected)
    assert (row["accuracy_a"], row["accuracy_b"], row["difference"]) == pytest.approx((0.55, 0.44, 0.11))
    # The normal interval of a paired difference, of which the bootstrap is the distribution without the approximation.
    error = 1.96 * np.sqrt((15 + 4) / 100 - 0.11**2) / 10
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
    columns = ["test", "n_clips", "only_a", "only_b", "difference", "low", "high", "p_value"]
    pd.testing.assert_frame_equal(one[columns], five[columns])
    assert five["trials"].tolist() == [5]


def test_clips_of_a_group_are_one_piece_of_evidence():
    a, b = right(0, 30, 10, 0)
    groups = {f"c{number}": f"g{number // 5}" for number in range(40)}  # 6 groups for a, 2 for b
    (row,) = pairwise_table(
        results_of({"a": {(0, 0): clips_of(a)}, "b": {(0, 0): clips_of(b)}}, groups=groups)
    ).to_dict("records")
    assert (row["test"], row["only_a"], row["only_b"]) == (SIGN, 30, 10)
    assert row["p_value"] == pytest.approx(mcnemar([[0, 6], [2, 0]], exact=True).pvalue)
    assert row["p_value"] > 0.2 > 0.01 > mcnemar([[0, 30], [10, 0]], exact=True).pvalue


def test_seeds_of_a_predefined_split_add_no_clips():
    a, b = right(40, 15, 4, 41)
    seeds = (0, 1, 2)
    models = {name: {(0, seed): clips_of(flags) for seed in seeds} for name, flags in (("a", a), ("b", b))}
    (row,) = pairwise_table(results_of(models, "predefined", seeds)).to_dict("records")
    assert row["p_value"] == pytest.approx(mcnemar([[40, 15], [4, 41]], exact=True).pvalue)
    assert (row["test"], row["n_clips"]) == (MCNEMAR, 100)


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_several_seeds_are_compared_by_the_corrected_t_test(protocol):
    parts = [right(10, 5, 2, 3), right(8, 4, 4, 4), right(12, 4, 1, 3)]
    models = {name: {(0, seed): clips_of(part[index], 7 * seed) for seed, part in enumerate(parts)}
              for index, name in enumerate("ab")}  # fmt: skip
    (row,) = pairwise_table(results_of(models, protocol, (0, 1, 2), n_train=80)).to_dict("records")
    expected = corrected_t([3 / 20, 0, 3 / 20], 20 / 80)
    assert row["test"] == RESAMPLED_T
    assert (row["p_value"], row["low"], row["high"]) == pytest.approx(
        tuple(expected[key] for key in ("p", "low", "high"))
    )
    assert row["n_clips"] == 34  # seeds share 13 clips with the next one


def test_only_common_trials_are_compared():
    a, b = right(40, 15, 4, 41)
    models = {"a": {(0, 0): clips_of(a), (0, 1): clips_of(b)}, "b": {(0, 0): clips_of(b)}, "c": {(0, 2): clips_of(b)}}
    table = pairwise_table(results_of(models, "predefined", (0, 1, 2)))
    assert table[["model_a", "model_b", "trials"]].to_numpy().tolist() == [["a", "b", 1]]


def four_models():
    """Return results of four models that are right on 90, 80, 50 and 50 of 100 clips, each on the first of them."""
    return results_of({name: {(0, 0): clips_of(np.arange(100) < n)} for name, n in
                       zip("abcd", (90, 80, 50, 50), strict=True)})  # fmt: skip


def test_all_pairs_are_corrected_together():
    table = pairwise_table(four_models())
    assert table.columns.tolist() == list(PAIRWISE_COLUMNS)
    raw = [2 / 2**10, 2 / 2**40, 2 / 2**40, 2 / 2**30, 2 / 2**30, 1]  # n clips all won by one: 2 / 2^n
    assert table["p_value"].tolist() == pytest.approx(raw)
    assert table["p_holm"].tolist() == pytest.approx(multipletests(raw, method="holm")[1])
    assert table["separable"].tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((90, 80, 50, 50), [BEST, "", "", ""]), ((60, 57, 60, 20), [BEST, ALIKE, ALIKE, ""])],
)
def test_the_set_not_separable_from_the_best(counts, expected):
    models = {name: {(0, 0): clips_of(np.arange(100) < n)} for name, n in zip("abcd", counts, strict=True)}
    comparison = pd.DataFrame({"model": list("abcd"), "accuracy": np.array(counts) / 100})
    assert standing(comparison, pairwise_table(results_of(models))).tolist() == expected


def test_a_failed_model_has_no_standing_and_one_alone_neither():
    table = pairwise_table(four_models())
    comparison = pd.DataFrame({"model": list("abcde"), "accuracy": [0.9, 0.8, 0.5, 0.5, np.nan]})
    assert standing(comparison, table).tolist() == [BEST, "", "", "", ""]
    assert standing(comparison.iloc[:1], table).tolist() == [""]


def test_the_matrix_changes_its_sign_below_the_diagonal():
    table = pairwise_table(four_models())
    differences, p_values = (matrix(table, list("abcd"), column) for column in ("difference", "p_holm"))
    assert differences[0].tolist() == pytest.approx([np.nan, 0.1, 0.4, 0.4], nan_ok=True)
    np.testing.assert_array_equal(differences, -differences.T)
    np.testing.assert_array_equal(p_values, p_values.T)
    assert all(np.isnan(differences[k, k]) for k in range(4))
