"""Class weights and oversampling, against scikit-learn and by counting."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from benchmark.config.study import TrainingParams
from benchmark.features.batches import Batches
from benchmark.models.heads import Standardize, linear
from benchmark.training.estimators import solve_head
from benchmark.training.imbalance import balance
from benchmark.training.loop import fit, validate
from benchmark.training.regimes import frozen
from tests.support.stages import steps

LABELS = np.repeat([0, 1, 2], [20, 7, 3])
TARGETS = np.eye(3, dtype="float32")[LABELS]
X = (TARGETS + np.random.default_rng(1).normal(0, 0.8, (30, 3))).astype("float32")


def test_balanced_weights_are_scikit_learns():
    found = balance(TARGETS, TrainingParams(class_weight="balanced"), 0)
    np.testing.assert_allclose(found.weights, compute_sample_weight("balanced", LABELS))
    np.testing.assert_allclose(found.of(TARGETS[::-1]), found.weights[::-1])
    np.testing.assert_array_equal(found.rows, range(30))


def test_without_either_nothing_changes():
    found = balance(TARGETS, TrainingParams(), 0)
    assert found.weights is None
    assert found.of(TARGETS) is None
    np.testing.assert_array_equal(found.rows, range(30))


def test_oversampling_brings_each_class_to_the_largest_and_leaves_no_clip_out():
    found = balance(TARGETS, TrainingParams(oversample=True), 0)
    assert np.bincount(LABELS[found.rows]).tolist() == [20, 20, 20]
    times = np.bincount(found.rows, minlength=30)
    assert set(times[LABELS == 0]) == {1}
    assert set(times[LABELS == 1]) == {2, 3}  # 20 = 2 * 7 + 6
    assert set(times[LABELS == 2]) == {6, 7}  # 20 = 6 * 3 + 2
    again, other = (balance(TARGETS, TrainingParams(oversample=True), seed).rows for seed in (0, 1))
    np.testing.assert_array_equal(found.rows, again)
    assert found.rows.tolist() != other.tolist()


def test_the_solver_weighs_classes_as_scikit_learn_does():
    standardize = Standardize()
    standardize.build(X.shape)
    training = TrainingParams(class_weight="balanced")
    found = balance(TARGETS, training, 0)
    kernel, bias, *_ = solve_head(standardize, (X, TARGETS), (X, TARGETS), frozen(training)[0], found)
    plain = LogisticRegression(class_weight="balanced", tol=1e-7).fit(X.astype("float64"), LABELS)
    np.testing.assert_allclose(softmax(X @ kernel + bias, axis=1), plain.predict_proba(X), atol=1e-4)  # where both stop


def test_oversampled_steps_lead_to_even_scores():
    """With nothing to go by, a head says each class as often as it is trained on it."""
    training = TrainingParams(optimizer="adam", epochs=200, learning_rate=0.05, batch_size=60, oversample=True)
    blank, found = np.zeros((30, 3), "float32"), balance(TARGETS, training, 0)
    head = linear(3, 3)
    val = Batches(blank.__getitem__, TARGETS, 30, weights=found.of(TARGETS))
    fit(head, Batches(blank.__getitem__, TARGETS, 60).balanced(found), val, steps(training))
    np.testing.assert_allclose(head.predict(blank[:1], verbose=0)[0], 1 / 3, atol=0.01)  # steps of 0.05 settle so near


def test_a_weighted_step_has_the_weighted_loss():
    found = balance(TARGETS, TrainingParams(class_weight="balanced"), 0)
    head = linear(3, 3)
    scores = head.predict(X, verbose=0)
    expected = np.average(-np.log(scores[np.arange(30), LABELS]), weights=found.weights)
    val = Batches(X.__getitem__, TARGETS, 30, weights=found.of(TARGETS))
    assert validate(head, val)["val_loss"] == pytest.approx(expected, rel=1e-5)
    training = TrainingParams(optimizer="adam", epochs=1, batch_size=30, class_weight="balanced")
    history = fit(head, Batches(X.__getitem__, TARGETS, 30).balanced(found), val, steps(training))
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)
