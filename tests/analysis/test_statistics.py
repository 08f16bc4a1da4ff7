"""Intervals and tests against scipy, statsmodels, formulas worked by hand and published examples."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm, permutation_test, t, ttest_1samp
from sklearn.metrics import precision_recall_fscore_support
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from benchmark.analysis.metrics import statistics
from benchmark.analysis.metrics.scores import macro_of_counts, outcomes
from tests.support.fake_results import predictions_of, results_of, scored_clips


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


def test_percentiles_leave_nan_out():
    assert statistics.percentiles([np.nan, 1.0, 1.0]) == (1, 1)
    assert np.isnan(statistics.percentiles([np.nan])).all()


# b and c of McNemar's table; 121 and 59 stand in many textbooks.
@pytest.mark.parametrize(("b", "c"), [(121, 59), (5, 0), (0, 1), (7, 7), (3, 12)])
def test_sign_flips_of_single_clips_are_mcnemars_exact_test(b, c):
    found = statistics.sign_flip_test(np.repeat([1, -1, 0], [b, c, 10]))
    assert found == [pytest.approx(mcnemar([[5, b], [c, 5]], exact=True).pvalue, abs=1e-12)]


@pytest.mark.parametrize("sums", [[3, -1, 2, 2, -4, 1, 5, 1, 1, 0, 2], [7, 1], [4, 4, 4, -1], [-2] * 6])
def test_sign_flips_of_units_are_scipys_permutation_test(sums):
    expected = permutation_test((np.array(sums),), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert statistics.sign_flip_test(sums) == [pytest.approx(expected, abs=1e-12)]


def test_many_units_are_normal():
    sums = np.random.default_rng(0).integers(-3, 4, 5000)  # long enough for convolution by FFT
    z = abs(sums.sum()) / np.sqrt((sums**2).sum())
    # A step of the total is 1 of a deviation of 141.
    assert statistics.sign_flip_test(sums) == [pytest.approx(2 * norm.sf(z), abs=0.01)]


def test_luck_of_training_is_added_to_the_clips():
    sums = np.repeat([1, -1], [30, 10])
    alone, lucky = statistics.sign_flip_test(sums, (0.0, 8.0))
    rng = np.random.default_rng(1)
    drawn = rng.choice([-1, 1], (200_000, 40)).sum(axis=1) + 8 * rng.standard_normal(200_000)
    assert lucky == pytest.approx((np.abs(drawn) >= 20).mean(), abs=0.003)  # 4 standard errors
    assert alone < 0.01 < lucky


def test_without_a_difference_nothing_is_significant():
    assert statistics.sign_flip_test([0, 0, 0], (0.0, 2.0)) == statistics.sign_flip_test([], (0.0, 2.0)) == [1, 1]


def test_the_luck_of_training_falls_from_800_clips_on():
    luck = [statistics.training_luck(n) for n in (1, 800, 3200)]
    assert luck == pytest.approx([0.025, 0.025, 0.0125])


def test_without_overlap_the_corrected_interval_is_students():
    values = np.random.default_rng(1).normal(0.03, 0.05, 10)
    low, high = ttest_1samp(values, 0).confidence_interval(0.95)
    assert statistics.corrected_half_width(values, 0) == pytest.approx((high - low) / 2)


def test_one_trial_has_no_interval():
    assert np.isnan(statistics.corrected_half_width([0.8], 0.25))


@pytest.mark.parametrize(("right", "n", "other", "m"), [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 20, 20)])
def test_newcombes_interval_is_that_of_statsmodels_and_ends_at_0_at_its_p(right, n, other, m):
    shares = right / n, n, other / m, m
    expected = confint_proportions_2indep(right, n, other, m, method="newcomb", compare="diff")
    assert statistics.newcombe_interval(*shares) == pytest.approx(expected, abs=1e-12)  # rounding
    for luck in (0.0, 0.05):
        p = statistics.newcombe_test(*shares, luck)
        low, high = statistics.newcombe_interval(*shares, luck, confidence=1 - p)
        assert p == 1 or min(abs(low), abs(high)) < 1e-9  # tolerance of the search
        assert p == statistics.newcombe_test(*shares[2:], *shares[:2], luck)
    assert statistics.newcombe_test(*shares) <= p


def test_an_effective_size_is_the_number_of_clips_for_a_plain_share():
    assert statistics.effective_size(0.8, 0.8 * 0.2 / 50, 100, 100) == pytest.approx(50)
    assert statistics.effective_size(0.8, 0.8 * 0.2 / 500, 100, 100) == 100  # never more than there are
    assert statistics.effective_size(1.0, 0.0, 100, 12) == 12  # no variance: as many as there are groups
    # Few degrees of freedom: the interval is wider as Student's quantile is.
    few = statistics.effective_size(0.8, 0.8 * 0.2 / 50, 100, 12, degrees=5)
    assert np.sqrt(50 / few) == pytest.approx(t.ppf(0.975, 5) / norm.ppf(0.975))


def test_strata_keep_their_clips_and_have_the_variance_of_small_samples():
    # Of two classes of 4 and 16 clips, of which 3 and 12 are right: the variance of a share of n clips is that of the
    # unbiased estimator, s^2 / n = p (1 - p) / (n - 1).
    units = np.stack([np.repeat([1, 0, 1, 0], [3, 1, 12, 4]), np.ones(20)], axis=1)
    strata = np.repeat([0, 1], [4, 16])
    for stratum, n in ((0, 4), (1, 16)):
        only = units * (strata == stratum)[:, None]
        sums = statistics.resample(only, 20_000, strata=strata)
        assert (sums[:, 1] == n).all()
        assert (sums[:, 0] / n).var() == pytest.approx(0.75 * 0.25 / (n - 1), rel=0.05)  # 5 standard errors


def test_holm_counts_only_tests_that_were_possible():
    corrected = statistics.holm([0.01, np.nan, 0.2])
    assert corrected[[0, 2]] == pytest.approx([0.02, 0.2])
    assert np.isnan(corrected[1])
    assert statistics.holm([]).size == 0


def test_the_front_holds_what_nothing_beats():
    scores = [0.9, 0.8, 0.8, 0.7, np.nan, 0.9]
    costs = [100, 10, 20, 10, 1, 100]
    assert statistics.pareto(scores, costs).tolist() == [True, True, False, False, False, True]


def predictions(seeds):
    """Return the pooled predictions of several seeds, made up; the last class is never predicted."""
    frames = [scored_clips(60, 0, seed).assign(score_c=0.0) for seed in range(seeds)]
    return predictions_of(pd.concat(frames), "abc")


def test_counts_give_the_macro_averages_of_scikit_learn():
    frame = predictions(3)  # 'c' is never predicted: 0/0 counts as 0
    found = macro_of_counts(outcomes(frame).sum(axis=0))
    names = frame.names("y_true"), frame.names("y_pred")
    scores = precision_recall_fscore_support(*names, labels=list("abc"), average="macro", zero_division=0)
    assert (found["precision"], found["recall"], found["f1"]) == pytest.approx(scores[:3])


def test_a_resample_without_a_class_leaves_it_out():
    counts = np.array([[3, 0, 0], [4, 1, 0], [4, 0, 0]])  # right, predicted, true of three classes; b is lacking
    assert macro_of_counts(counts, np.array([True, True, True]))["recall"] == pytest.approx(3 / 4)
    assert macro_of_counts(counts)["recall"] == pytest.approx(1 / 4)
    # A class that no clip has at all counts as 0, in a resample as in the score.
    assert macro_of_counts(counts, np.array([True, False, False]))["recall"] == pytest.approx(1 / 4)


def test_units_are_groups_and_keep_every_clip():
    frame = predictions(2)
    groups = {f"c{k}": f"g{k // 4}" for k in range(40)}  # the last 20 clips are in no group
    clips = results_of({"m": {(0, 0): frame}}, groups=groups, classes="abc").groups
    counts = outcomes(frame, clips)
    assert counts.shape == (10 + 20, 3, 3)
    np.testing.assert_array_equal(counts.sum(axis=0), outcomes(frame).sum(axis=0))
