"""Estimators are scikit-learn's own, called by hand; what scores by chance does so clip by clip."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark.config import estimators as settings
from benchmark.config.estimators import EstimatorParams
from benchmark.tasks import TASKS
from benchmark.training import estimators
from benchmark.training.estimators import ESTIMATORS, Sample, fit_best

SEVERAL, ONE = TASKS["multilabel"], TASKS["multiclass"]
READING = [kind for kind, facts in settings.ESTIMATORS.items() if facts.reads]
QUICK = {"svm": {"C": 1, "kernel": "linear"}, "random_forest": {"n_estimators": 20}}


def clips(n, seed, task, dim=6):
    """Return a Sample of ``n`` clips, features of unlike sizes on which the labels of four classes depend."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim))
    logits = x @ np.random.default_rng(7).normal(0, 1.5, (dim, 4)) - [0, 0.5, 1, 1.5]
    y = rng.random((n, 4)) < expit(logits) if task is SEVERAL else np.arange(4) == logits.argmax(axis=1)[:, None]
    return Sample(x * 10.0 ** np.arange(dim), y)


def fitted(task, train, val, seed=0, **given):
    """Return (scores of the validation clips, what trial.json says) of an estimator with these settings."""
    score, said = fit_best(EstimatorParams(**given), train, val, task, seed)
    return score(val.x), said


def labels(sample, task):
    """Return what scikit-learn takes: an indicator matrix, or the numbers of classes."""
    return sample.y.astype(int) if task is SEVERAL else sample.y.argmax(axis=1)


def by_hand(classifier, train, val, task, scaled=True):
    """Return the scores of a classifier of scikit-learn on features that are standardised."""
    model = make_pipeline(StandardScaler(), classifier) if scaled else classifier
    return model.fit(train.x, labels(train, task)).predict_proba(val.x)


@pytest.fixture(params=[SEVERAL, ONE], ids=["several", "one"])
def task(request):
    return request.param


@pytest.fixture
def parts(task):
    return clips(120, 0, task), clips(60, 1, task)


def test_each_kind_has_its_settings_and_what_fits_it():
    assert set(settings.ESTIMATORS) == set(ESTIMATORS)


@pytest.mark.parametrize(
    ("given", "machine"),
    [
        ({"C": 0.1, "kernel": "linear"}, SVC(C=0.1, kernel="linear")),
        ({"C": 10, "kernel": "rbf", "gamma": 0.3}, SVC(C=10, kernel="rbf", gamma=0.3)),
        ({"C": 1, "kernel": "rbf", "gamma": "scale"}, SVC(C=1, kernel="rbf", gamma=1 / 6)),  # of six that vary by 1
    ],
)
def test_svm_is_one_against_the_rest_with_platts_scores(task, parts, given, machine):
    train, val = parts
    found, said = fitted(task, train, val, kind="svm", **given)
    expected = by_hand(OneVsRestClassifier(CalibratedClassifierCV(machine, ensemble=False)), train, val, task)
    np.testing.assert_allclose(found, expected, atol=1e-5)  # libsvm stops within 1e-3 of its optimum
    assert said["settings"] == given
    assert said["converged"]


def test_the_grid_of_the_paper_is_five_linear_machines_and_fifty_others():
    grid = EstimatorParams(kind="svm").candidates
    assert len(grid) == 55
    assert {settings["C"] for settings in grid} == {0.1, 1, 10, 100, 1000}
    assert sorted(settings["gamma"] for settings in grid if settings["C"] == 1 and "gamma" in settings) == [
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0
    ]  # fmt: skip


def test_settings_are_chosen_by_the_headline_on_validation_clips_alone(monkeypatch):
    train, val = clips(100, 0, SEVERAL), clips(60, 1, SEVERAL)
    tried = {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": [0.1, 1]}
    found, said = fitted(SEVERAL, train, val, kind="svm", **tried)
    by_settings = {}
    for C in tried["C"]:
        for kernel, gamma in (("linear", 1), ("rbf", 0.1), ("rbf", 1)):
            machine = CalibratedClassifierCV(SVC(C=C, kernel=kernel, gamma=gamma), ensemble=False)
            scores = by_hand(OneVsRestClassifier(machine), train, val, SEVERAL)
            by_settings[C, kernel, gamma] = average_precision_score(val.y, scores, average="macro")
    C, kernel, gamma = max(by_settings, key=by_settings.get)
    assert said["settings"] == {"C": C, "kernel": kernel} | ({} if kernel == "linear" else {"gamma": gamma})
    assert said["val_average_precision_macro"] == pytest.approx(max(by_settings.values()), abs=1e-6)
    assert said["tried"] == len(by_settings) == 6
    assert average_precision_score(val.y, found, average="macro") == said["val_average_precision_macro"]


def test_of_equally_good_settings_the_first_counts():
    train, val = clips(100, 0, ONE), clips(60, 1, ONE)
    alike = val._replace(x=np.repeat(val.x[:1], len(val.x), axis=0))  # of which every forest says the same class
    _, said = fitted(ONE, train, alike, kind="random_forest", n_estimators=[30, 30 + 1])
    assert said["settings"] == {"n_estimators": 30}


def test_random_forest_is_scikit_learns(task, parts):
    train, val = parts
    found, _ = fitted(task, train, val, seed=3, kind="random_forest", n_estimators=20)
    forest = RandomForestClassifier(20, random_state=3)
    expected = by_hand(forest if task is ONE else OneVsRestClassifier(forest), train, val, task, scaled=False)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    other, _ = fitted(task, train, val, seed=4, kind="random_forest", n_estimators=20)
    assert (other != found).any()


@pytest.mark.parametrize("n", [1, 5, 1000])
def test_knn_is_scikit_learns_and_takes_no_more_clips_than_there_are(task, parts, n):
    train, val = parts
    found, _ = fitted(task, train, val, kind="knn", n_neighbors=n)
    neighbours = KNeighborsClassifier(min(n, len(train.x)))
    expected = by_hand(neighbours if task is ONE else OneVsRestClassifier(neighbours), train, val, task)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_logistic_regression_is_scikit_learns(task, parts):
    train, val = parts
    found, _ = fitted(task, train, val, kind="logistic", C=0.5)
    model = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000)
    expected = by_hand(model if task is ONE else OneVsRestClassifier(model), train, val, task)
    np.testing.assert_allclose(found, expected, atol=1e-4)  # the gradient is followed down to 1e-6 of the mean loss


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_scores_are_shares_and_of_one_label_sum_to_one(task, parts, kind):
    train, val = parts
    if kind not in READING:
        train, val = (part._replace(x=np.array([f"c{i}" for i in range(len(part.y))])) for part in parts)
    found, said = fitted(task, train, val, kind=kind, **QUICK.get(kind, {}))
    assert found.shape == val.y.shape
    assert ((found >= 0) & (found <= 1)).all()
    if task is ONE:
        np.testing.assert_allclose(found.sum(axis=1), 1)
    assert said["kind"] == kind
    assert (said["tried"], said["converged"]) == (1, True)


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize(("value", "share"), [(False, 1 / 102), (True, 101 / 102)])
def test_a_class_that_no_training_clip_tells_has_laplaces_share(kind, value, share):
    train, val = clips(100, 0, SEVERAL), clips(40, 1, SEVERAL)
    train.y[:, 2] = value
    found, _ = fitted(SEVERAL, train, val, kind=kind, **QUICK.get(kind, {}))
    np.testing.assert_allclose(found[:, 2], share)
    assert found[:, 1].std() > 0


@pytest.mark.parametrize("kind", READING)
def test_a_class_without_training_clips_gets_next_to_nothing_where_each_clip_has_one(kind):
    train, val = clips(100, 0, ONE), clips(40, 1, ONE)
    train = Sample(train.x[~train.y[:, 1]], train.y[~train.y[:, 1]])
    found, _ = fitted(ONE, train, val, kind=kind, **QUICK.get(kind, {}))
    assert found[:, 1].max() < 0.05
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_few_positives_are_calibrated_on_as_many_folds_and_one_is_too_few():
    train, val = clips(60, 0, SEVERAL), clips(40, 1, SEVERAL)
    train.y[:] = False
    train.y[:3, 0], train.y[5, 1], train.y[::2, 2] = True, True, True
    found, _ = fitted(SEVERAL, train, val, kind="svm", **QUICK["svm"])
    assert found[:, 0].std() > 0
    np.testing.assert_allclose(found[:, 1], 2 / 62)


def test_a_machine_that_does_not_come_to_an_end_is_stopped_and_told(monkeypatch, recwarn):
    monkeypatch.setattr(estimators, "ITERATIONS", 3)
    found, said = fitted(SEVERAL, clips(100, 0, SEVERAL), clips(40, 1, SEVERAL), kind="svm", C=1000, kernel="linear")
    assert not said["converged"]
    assert np.isfinite(found).all()
    assert not list(recwarn)


def test_random_scores_belong_to_the_clip_and_the_seed_whatever_the_order(task):
    ids = np.array([f"clip {number}" for number in range(2000)], object)
    train = Sample(ids[:10], np.zeros((10, 4), bool))
    first, second = (ESTIMATORS["uniform"].fit(train, task, seed).score(ids) for seed in (0, 1))
    order = np.random.default_rng(0).permutation(len(ids))
    np.testing.assert_array_equal(ESTIMATORS["uniform"].fit(train, task, 0).score(ids[order]), first[order])
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.06  # five standard errors of 8000 pairs
    mean = 0.5 if task is SEVERAL else 0.25
    np.testing.assert_allclose(first.mean(axis=0), mean, atol=0.04)  # six standard errors of 2000 numbers
    assert len(np.unique(first)) == first.size


def test_the_prior_is_the_share_of_each_class_in_training(task, parts):
    train, val = parts
    found, _ = fitted(task, train, val, kind="prior")
    np.testing.assert_allclose(found, np.tile(train.y.sum(axis=0) / 120, (60, 1)))
