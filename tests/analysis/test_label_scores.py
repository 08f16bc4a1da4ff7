"""Scores of several labels: against scikit-learn, four clips by hand, and clips that are really there several times."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from benchmark.analysis.metrics.multilabel.ranking import Ranking
from benchmark.analysis.metrics.multilabel.resampling import draw, ends, intervals, resampled, sample_of
from benchmark.analysis.metrics.multilabel.sample import OF_CLASSES, Sample
from benchmark.store.predictions import pooled, predictions
from tests.support.fake_results import results_of

CLASSES = tuple("abcde")
PARTS = ("precision", "recall", "f1")


def drawn(n=60, seed=0, ties=True):
    """Return predictions of n clips, none of them without a label, whose scores say something; some are tied."""
    rng = np.random.default_rng(seed)
    y_true = rng.random((n, 5)) < np.linspace(0.5, 0.15, 5)
    y_true[~y_true.any(axis=1), 0] = True
    y_score = 1 / (1 + np.exp(1 - 1.5 * y_true - rng.normal(0, 1, y_true.shape)))
    return said(y_true, np.round(y_score, 1) if ties else y_score)


def said(y_true, y_score, ids=None):
    ids = [f"c{number:03d}" for number in range(len(y_true))] if ids is None else ids
    return predictions("test", ids, y_true, y_score, CLASSES[: np.shape(y_true)[1]], "multilabel")


def scored(*parts):
    return Sample(parts, [np.arange(len(part)) for part in parts], max(map(len, parts))).scores()


ORACLES = {
    **{f"{part}_{mean}": lambda t, p, s, part=part, mean=mean: getattr(metrics, f"{part}_score")(
        t, p, average=mean, zero_division=0) for part in PARTS for mean in ("macro", "micro", "weighted", "samples")},
    **{f"average_precision_{mean}": lambda t, p, s, mean=mean: metrics.average_precision_score(t, s, average=mean)
       for mean in ("macro", "micro", "weighted")},
    **{f"roc_auc_{mean}": lambda t, p, s, mean=mean: metrics.roc_auc_score(t, s, average=mean)
       for mean in ("macro", "micro")},
    "subset_accuracy": lambda t, p, s: metrics.accuracy_score(t, p),
    "hamming_loss": lambda t, p, s: metrics.hamming_loss(t, p),
    "ranking_loss": lambda t, p, s: metrics.label_ranking_loss(t, s),
    "coverage": lambda t, p, s: metrics.coverage_error(t, s),
    "label_ranking_average_precision": lambda t, p, s: metrics.label_ranking_average_precision_score(t, s),
    "average_precision": lambda t, p, s: metrics.average_precision_score(t, s, average=None),
    "roc_auc": lambda t, p, s: metrics.roc_auc_score(t, s, average=None),
    **{part: lambda t, p, s, part=part: getattr(metrics, f"{part}_score")(t, p, average=None, zero_division=0)
       for part in PARTS},
}  # fmt: skip


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("name", ORACLES)
def test_a_score_is_scikit_learns_where_every_clip_and_class_has_a_label(name, ties):
    part = drawn(ties=ties)
    expected = ORACLES[name](part.y_true, part.y_pred, part.y_score)
    np.testing.assert_allclose(scored(part)[name], expected, atol=1e-12)  # float64 sums


def test_every_score_but_that_of_keras_has_scikit_learn_for_an_oracle():
    assert set(scored(drawn())) == {*ORACLES, "keras_accuracy"}


def test_four_clips_by_hand():
    # Nothing and nothing; both labels; one of two, and a wrong one; nothing true and one given.
    y_true = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 0]], bool)
    y_score = np.array([[0.1, 0.2, 0.3], [0.9, 0.8, 0.1], [0.7, 0.3, 0.6], [0.1, 0.2, 0.9]])
    found = scored(said(y_true, y_score))
    assert found["f1_samples"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert found["precision_samples"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert found["recall_samples"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)  # 0/0 counts as 0 where one was given
    assert found["subset_accuracy"] == pytest.approx(2 / 4)
    assert found["hamming_loss"] == pytest.approx(3 / 12)
    assert found["ranking_loss"] == pytest.approx((0 + 0 + 1 / 2 + 0) / 4)
    assert found["coverage"] == pytest.approx((0 + 2 + 3 + 0) / 4)
    # The arg max of no label is the first class: the first clip's highest score is that of the third.
    assert found["keras_accuracy"] == pytest.approx(2 / 4)
    np.testing.assert_allclose(found["f1"], [1, 2 / 3, 0])
    np.testing.assert_allclose(found["average_precision"], [1, 1, np.nan])
    assert found["average_precision_macro"] == 1  # the third class has no positive clip: left out
    assert found["f1_macro"] == pytest.approx(5 / 9)  # but its F1 counts, as 0


def test_keras_accuracy_is_the_first_true_class_against_the_highest_score():
    part = drawn()
    expected = (part.y_true.argmax(axis=1) == part.y_score.argmax(axis=1)).mean()
    assert scored(part)["keras_accuracy"] == pytest.approx(expected)


def test_a_weight_is_as_many_copies_of_the_clip():
    parts, weights = [drawn(40), drawn(40, seed=1)], next(draw(40, 5))
    together = Sample(parts, [np.arange(40)] * 2, 40).scores(weights)
    for column, times in enumerate(weights.T.astype(int)):
        copied = [part.take(np.repeat(np.arange(40), times)) for part in parts]
        expected = Sample(copied, [np.zeros(len(part), int) for part in copied], 1).scores()
        for name, values in together.items():
            np.testing.assert_allclose(values[..., column], expected[name], atol=1e-5, err_msg=name)  # float32 sums


@pytest.mark.parametrize("seed", range(5))
def test_weighted_areas_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth, score, weights = rng.random(50) < 0.3, rng.integers(0, 12, 50) / 12, rng.integers(0, 4, 50).astype(float)
    precision, area = Ranking(truth, score, np.arange(50), 50).areas(weights[:, None])
    assert precision[0] == pytest.approx(metrics.average_precision_score(truth, score, sample_weight=weights))
    assert area[0] == pytest.approx(metrics.roc_auc_score(truth, score, sample_weight=weights))


@pytest.mark.parametrize(("truth", "known"), [([0, 0, 0], (False, False)), ([1, 1, 1], (True, False))])
def test_an_area_without_a_positive_or_a_negative_clip_is_unknown(truth, known):
    found = Ranking(np.array(truth, bool), np.array([0.1, 0.2, 0.2]), np.arange(3), 3).areas(np.ones((3, 1)))
    assert tuple(np.isfinite(value[0]) for value in found) == known


def test_scores_that_say_nothing_have_the_share_of_the_class():
    part = drawn()
    flat = said(part.y_true, np.full(part.y_true.shape, 0.3))
    found = scored(flat)
    np.testing.assert_allclose(found["average_precision"], part.y_true.mean(axis=0))
    np.testing.assert_allclose(found["roc_auc"], 0.5)
    assert found["ranking_loss"] == 1  # a tie counts as an error, as in scikit-learn


def test_decisions_are_pooled_over_trials_and_areas_averaged():
    one, two = drawn(), drawn(seed=1)
    found, alone, all_of_it = scored(one, two), [scored(one), scored(two)], pooled([one, two])
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(all_of_it.y_true, all_of_it.y_pred, average="macro"))
    mean = np.mean([part["average_precision"] for part in alone], axis=0)
    np.testing.assert_allclose(found["average_precision"], mean)
    assert found["average_precision_micro"] == pytest.approx(
        np.mean([part["average_precision_micro"] for part in alone])
    )


def test_a_class_without_a_positive_clip_in_one_trial_is_averaged_over_the_others():
    one, two = drawn(), drawn(seed=1)
    y_true = two.y_true.copy()
    y_true[:, 4] = False
    found = scored(one, said(y_true, two.y_score))
    assert found["average_precision"][4] == pytest.approx(scored(one)["average_precision"][4])


def test_a_clip_of_two_seeds_and_clips_of_a_group_are_one_unit():
    parts = {(0, seed): drawn(40, seed) for seed in (0, 1)}
    groups = {f"c{number:03d}": f"g{number // 4}" for number in range(40)}
    for given, n_units in ((None, 40), (groups, 10)):
        results = results_of({"m": parts}, "predefined", (0, 1), classes=CLASSES, groups=given, task="multilabel")
        sample = sample_of(results, tuple(trial.test for trial in results.done("m")))
        assert sample.n_units == n_units
        assert sample.of_clips[1][:, -1].tolist() == [80 / n_units] * n_units  # predictions of each


def test_the_ends_of_a_mean_over_clips_are_those_of_its_standard_error():
    value, spread, n = 7.8, 3.0, 400  # a coverage error may be above 1
    drawn = stats.norm(value, spread / np.sqrt(n)).rvs(200_000, random_state=0)
    expected = stats.t(n - 1, value, spread / np.sqrt(n)).interval(0.95)
    np.testing.assert_allclose(ends("coverage", value, drawn, n), expected, atol=0.005)  # the variance of 200,000 draws


def test_the_ends_of_a_share_of_clips_are_wilsons():
    share, n = 0.3, 200
    drawn = stats.binom(n, share).rvs(200_000, random_state=0) / n
    expected = stats.binomtest(60, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(ends("subset_accuracy", share, drawn, n), expected, atol=0.003)  # Student's quantile


@pytest.mark.filterwarnings("error")
def test_a_class_that_no_test_clip_has_has_no_interval():
    of_classes = np.array([[0.4, 0.6, np.nan], [np.nan] * 3])
    low, high = ends("average_precision", np.array([0.5, np.nan]), of_classes, 50)
    assert 0 < low[0] < 0.5 < high[0] < 1
    assert np.isnan([low[1], high[1]]).all()


def test_every_score_has_an_interval_that_holds_it():
    results = results_of({"m": {(0, 0): drawn(80)}}, classes=CLASSES, task="multilabel")
    found = intervals(results, (results.done("m")[0].test,))
    names = [name for name in found if not name.endswith(("_low", "_high"))]
    assert len(names) == len(ORACLES) + 1
    for name in names:
        assert np.all(found[f"{name}_low"] <= found[name]), name
        assert np.all(found[name] <= found[f"{name}_high"]), name
        assert np.all(found[f"{name}_low"] < found[f"{name}_high"]), name


def test_a_model_without_errors_is_as_sure_as_its_clips_make_it():
    y_true = drawn().y_true
    results = results_of({"m": {(0, 0): said(y_true, y_true.astype(float))}}, classes=CLASSES, task="multilabel")
    found = intervals(results, (results.done("m")[0].test,))
    for score in ("average_precision_macro", "f1_macro", "subset_accuracy"):
        assert (found[score], found[f"{score}_high"]) == (1, 1)
        assert 0.9 < found[f"{score}_low"] < 1  # Wilson's of so many clips, all right


def test_more_clips_have_narrower_intervals():
    widths = []
    for n in (40, 400):
        results = results_of({"m": {(0, 0): drawn(n)}}, classes=CLASSES, task="multilabel")
        found = intervals(results, (results.done("m")[0].test,))
        widths.append(found["average_precision_macro_high"] - found["average_precision_macro_low"])
    assert widths[1] == pytest.approx(widths[0] / np.sqrt(10), rel=0.5)  # as 1 / sqrt(n), from one draw each


def test_resamples_are_the_same_for_every_model_of_the_same_clips():
    results = results_of({"m": {(0, 0): drawn(50)}, "n": {(0, 0): drawn(50)}}, classes=CLASSES, task="multilabel")
    one, two = (resampled(results, (results.done(name)[0].test,)) for name in "mn")
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])


def test_scores_of_classes_have_a_row_per_class():
    scores = scored(drawn())
    assert {name for name, value in scores.items() if np.ndim(value)} == set(OF_CLASSES)
