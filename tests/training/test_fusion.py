"""Weights of a late fusion against brute force over every way to weigh two and three members."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score

from benchmark.config.estimators import FusionParams
from benchmark.tasks import TASKS
from benchmark.training.fusion import best_weights, fused, weight_grid

RNG = np.random.default_rng(0)


def all_weights(n_members, n_steps):
    """Return every tuple of whole numbers that sum to ``n_steps``, by trying them all."""
    return [counts for counts in product(range(n_steps + 1), repeat=n_members) if sum(counts) == n_steps]


def members_of(n_members, task, n_clips=50):
    """Return labels of three classes and the scores of members that know something of them, each something else."""
    y_true = np.eye(3, dtype=bool)[RNG.integers(0, 3, n_clips)]
    if task == "multilabel":
        y_true = RNG.random((n_clips, 3)) < 0.4
    noise = RNG.normal(0, 1.0, (n_members, n_clips, 3))
    y_scores = np.exp(y_true + noise)
    return y_true, y_scores / y_scores.sum(axis=2, keepdims=True)


@pytest.mark.parametrize(("n_members", "n_steps"), [(2, 20), (3, 20), (4, 5), (2, 2)])
def test_the_grid_is_every_way_to_weigh_the_members_once(n_members, n_steps):
    grid = weight_grid(n_members, n_steps)
    expected = {tuple(np.divide(counts, n_steps)) for counts in all_weights(n_members, n_steps)}
    assert {tuple(weights) for weights in grid} == expected
    members = [f"m{number}" for number in range(n_members)]
    assert len(grid) == len(expected) == FusionParams(members=members, step=1 / n_steps).n_weights


HEADLINES = {
    "multiclass": lambda y_true, y_score: accuracy_score(y_true.argmax(axis=1), y_score.argmax(axis=1)),
    "multilabel": lambda y_true, y_score: average_precision_score(y_true, y_score, average="macro"),
}


@pytest.mark.parametrize("task", HEADLINES)
@pytest.mark.parametrize("n_members", [2, 3])
def test_the_weights_are_the_best_of_all_and_of_equals_the_nearest_to_equal(n_members, task):
    y_true, y_scores = members_of(n_members, task)
    weights, best = best_weights(y_true, y_scores, 20, TASKS[task].scores[TASKS[task].headline])
    ranked = []
    for counts in all_weights(n_members, 20):
        given = np.array(counts) / 20
        y_score = sum(weight * scores for weight, scores in zip(given, y_scores, strict=True))
        unlike = sum((weight - 1 / n_members) ** 2 for weight in given)
        ranked.append((round(HEADLINES[task](y_true, y_score), 9), -round(unlike, 9), counts))
    score, _, counts = max(ranked)
    assert best == pytest.approx(score, abs=1e-8)
    np.testing.assert_allclose(weights, np.array(counts) / 20)


def test_fusing_a_model_with_itself_changes_nothing_and_weighs_both_alike():
    y_true, (scores,) = members_of(1, "multilabel")
    weights, _ = best_weights(y_true, np.stack([scores, scores]), 20, TASKS["multilabel"].scores["f1_macro"])
    assert weights.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(fused(np.stack([scores, scores]), weights), scores, rtol=1e-15)


def test_of_weights_as_near_to_equal_the_first_member_has_most():
    y_true, (scores,) = members_of(1, "multiclass")
    weights, _ = best_weights(y_true, np.stack([scores] * 3), 20, TASKS["multiclass"].scores["accuracy"])
    assert weights.tolist() == [0.35, 0.35, 0.3]


def test_a_member_that_knows_the_answer_against_one_that_is_wrong_has_all_the_weight_it_needs():
    y_true = np.eye(2, dtype=bool)[[0, 1, 0, 1]]
    y_scores = np.stack([np.where(y_true, 0.6, 0.4), np.where(y_true, 0.2, 0.8)])  # .2 w < .6 (1 - w) from .8 on
    weights, best = best_weights(y_true, y_scores, 20, TASKS["multiclass"].scores["accuracy"])
    assert (weights.tolist(), best) == ([0.8, 0.2], 1.0)


def test_where_no_class_has_a_positive_clip_all_members_weigh_alike():
    y_scores = members_of(2, "multilabel")[1]
    none = np.zeros(y_scores.shape[1:], bool)
    weights, best = best_weights(none, y_scores, 20, TASKS["multilabel"].scores["average_precision_macro"])
    assert (weights.tolist(), best) == ([0.5, 0.5], None)


def test_progress_ends_with_the_last_weights():
    told = []
    y_true, y_scores = members_of(3, "multiclass")
    best_weights(y_true, y_scores, 20, TASKS["multiclass"].scores["accuracy"], lambda *given: told.append(given))
    assert told == [(100, 231), (200, 231), (231, 231)]
