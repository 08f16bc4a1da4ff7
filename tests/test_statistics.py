"""Intervals and tests against scipy, statsmodels, formulas worked by hand and published examples."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, ttest_1samp
from statsmodels.stats.contingency_tables import mcnemar

from benchmark.analysis import statistics
from benchmark.analysis.metrics import macro, macro_of_counts, outcomes, per_class
from tests.fake_results import predictions_of, results_of


@pytest.mark.parametrize(("right", "n"), [(30, 50), (145, 153), (0, 20)])
def test_resampled_clips_are_binomial(right, n):
    units = np.repeat([1, 0], [right, n - right])
    sums = statistics.resample(units, 20_000)
    assert sums.shape == (20_000,)
    low, high = statistics.percentiles(sums)
    # An integer quantile; 20,000 draws may put it one clip beside the exact one.
    np.testing.assert_allclose((low, high), binom.ppf((0.025, 0.975), n, right / n), atol=1)
    assert sums.std() == pytest.approx(binom.std(n, right / n), rel=0.03)  # 6 standard errors of 20,000 draws


def test_resamples_are_the_same_each_time_and_keep_their_shape():
    units = np.random.default_rng(0).integers(0, 3, (40, 2, 5))
    sums = statistics.resample(units, 300)
    assert sums.shape == (300, 2, 5)
    np.testing.assert_array_equal(sums, statistics.resample(units, 300))
    # The mean of the resamples is the sum of the units, within 6 of its standard errors.
    error = np.sqrt(40 * units.var(axis=0) / 300)
    assert (np.abs(sums.mean(axis=0) - units.sum(axis=0)) < 6 * error).all()


def test_a_group_of_copies_counts_as_one_unit():
    clips = np.repeat([1, 0], [30, 20])
    alone, copied = (statistics.percentiles(statistics.resample(factor * clips) / (50 * factor)) for factor in (1, 4))
    assert copied == alone


def test_percentiles_leave_nan_out():
    assert statistics.percentiles([np.nan, 1.0, 1.0]) == (1, 1)
    assert np.isnan(statistics.percentiles([np.nan])).all()


# b and c of McNemar's table; 121 and 59 stand in many textbooks.
@pytest.mark.parametrize(("b", "c"), [(121, 59), (5, 0), (0, 1), (7, 7), (3, 12)])
def test_the_sign_test_is_mcnemars_exact_test(b, c):
    found = statistics.sign_test(np.repeat([1, -1, 0], [b, c, 10]))
    assert found == (b, c, pytest.approx(mcnemar([[5, b], [c, 5]], exact=True).pvalue, abs=1e-12))


def test_without_a_difference_nothing_is_significant():
    assert statistics.sign_test([0, 0, 0]) == (0, 0, 1.0)


def test_without_overlap_the_corrected_t_is_students():
    values = np.random.default_rng(1).normal(0.03, 0.05, 10)
    expected = ttest_1samp(values, 0)
    found = statistics.corrected_t(values, 0)
    assert found["p"] == pytest.approx(expected.pvalue)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found["std"] == pytest.approx(values.std(ddof=1))


def test_the_corrected_t_of_two_trials_by_hand():
    # Two values d = 0.02 apart: variance d^2/2; error^2 = (1/2 + 1/4) d^2/2; Student's t of 1 degree is Cauchy's.
    t = 0.02 / np.sqrt(0.75 * 0.02**2 / 2)
    found = statistics.corrected_t([0.01, 0.03], 1 / 4)
    assert found["mean"] == pytest.approx(0.02)
    assert found["p"] == pytest.approx(1 - 2 / np.pi * np.arctan(t))
    assert found["high"] - 0.02 == pytest.approx(0.02 / t * np.tan(0.475 * np.pi))


def test_nadeau_and_bengios_factor_widens_the_interval():
    # 1/J + n_test/n_train against 1/J: with J = 10 and 1/9 of the clips the error is sqrt(19/9) times as large.
    values = np.random.default_rng(2).normal(0, 1, 10)
    plain, corrected = (statistics.corrected_t(values, ratio) for ratio in (0, 1 / 9))
    widths = [found["high"] - found["low"] for found in (plain, corrected)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(19 / 9))


@pytest.mark.parametrize(("values", "p"), [([0.1, 0.1, 0.3 - 0.2], 0), ([0.0, 0.0], 1)])
def test_equal_values_have_no_spread(values, p):
    found = statistics.corrected_t(values, 0.25)
    assert (found["std"], found["p"]) == (0, p)
    assert found["low"] == found["high"] == pytest.approx(values[0])


def test_one_trial_has_no_interval():
    found = statistics.corrected_t([0.8], 0.25)
    assert found.pop("mean") == 0.8
    assert np.isnan(list(found.values())).all()


def test_holm_by_hand():
    # Sorted: 4 * 0.005, 3 * 0.01, 2 * 0.03, then 1 * 0.04 raised to the one before it.
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_counts_only_tests_that_were_possible():
    corrected = statistics.holm([0.01, np.nan, 0.2])
    assert corrected[[0, 2]] == pytest.approx([0.02, 0.2])
    assert np.isnan(corrected[1])
    assert statistics.holm([]).size == 0


def test_the_front_holds_what_nothing_beats():
    scores = [0.9, 0.8, 0.8, 0.7, np.nan, 0.9]
    costs = [100, 10, 20, 10, 1, 100]
    assert statistics.pareto(scores, costs).tolist() == [True, True, False, False, False, True]


def frames(seeds, n=60, classes="abc"):
    """Return the pooled predictions of each seed, made up."""
    rng = np.random.default_rng(3)
    results = {}
    for seed in range(seeds):
        given = {"clip_id": [f"c{k}" for k in range(n)], "y_true": rng.choice(list(classes), n)}
        results[0, seed] = predictions_of(pd.DataFrame(given | {"y_pred": rng.choice(list(classes[:2]), n)}), classes)
    return list(results.values())


def test_counts_give_the_macro_averages_of_scikit_learn():
    seeds = frames(3)  # 'c' is never predicted: 0/0 counts as 0
    tables = [macro(per_class(frame["y_true"], frame["y_pred"], "abc")) for frame in seeds]
    found = macro_of_counts(outcomes(seeds, "abc").sum(axis=0))
    for score, value in found.items():
        assert value == pytest.approx(np.mean([table[f"{score}_macro"] for table in tables]))


def test_units_are_groups_and_keep_every_clip():
    seeds = frames(2)
    groups = {f"c{k}": f"g{k // 4}" for k in range(40)}  # the last 20 clips are in no group
    clips = results_of({"m": {(0, 0): seeds[0]}}, groups=groups, classes="abc").groups
    counts = outcomes(seeds, "abc", clips)
    assert counts.shape == (10 + 20, 2, 3, 3)
    np.testing.assert_array_equal(counts.sum(axis=0), outcomes(seeds, "abc").sum(axis=0))
