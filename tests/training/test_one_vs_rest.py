"""The solved head of several labels: scikit-learn's own one-vs-rest, with weights, a constant class, and a history."""

from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from benchmark.config.heads import HeadParams
from benchmark.config.losses import LossParams
from benchmark.config.study import TrainingParams
from benchmark.models.heads import linear
from benchmark.tasks import TASKS
from benchmark.training.classifier import Classifier
from benchmark.training.data import TrialData
from benchmark.training.losses import make_loss
from benchmark.training.one_vs_rest import solve
from benchmark.training.regimes import stages_of
from benchmark.training.solver import GRID, solve_best
from benchmark.training.stages import run_stages
from benchmark.trials.provenance import Stages
from tests.support.features import InMemory

TASK = TASKS["multilabel"]
CLASSES = ["a", "b", "c", "d"]


def clips(n, seed, dim=20):
    """Return standard normal features (n, dim) and targets of four classes that depend on them, ever rarer."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim)).astype("float32")
    ways = np.random.default_rng(7).normal(0, 0.6, (dim, 4))
    return x, (rng.random((n, 4)) < expit(x @ ways - [0, 1, 2, 3])).astype("float32")


TRAIN, VAL = clips(200, 0), clips(80, 1)


def loss_of(targets, **settings):
    return make_loss(LossParams(**settings), TASK, targets, CLASSES)


@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_scores_are_those_of_scikit_learns_one_vs_rest(C):
    found = solve(*TRAIN, C=C, task=TASK, loss=loss_of(TRAIN[1]))
    model = OneVsRestClassifier(LogisticRegression(C=C, tol=1e-7, max_iter=1000)).fit(TRAIN[0], TRAIN[1])
    np.testing.assert_allclose(expit(VAL[0] @ found.kernel + found.bias), model.predict_proba(VAL[0]), atol=1e-3)
    assert found.converged


def test_positives_weigh_as_sample_weights():
    loss = loss_of(TRAIN[1], pos_weight="balanced")
    found = solve(*TRAIN, loss.pos_weight, task=TASK, loss=loss)
    for number, column in enumerate(TRAIN[1].T):
        weights = np.where(column > 0, (column == 0).sum() / column.sum(), 1)
        model = LogisticRegression(tol=1e-7, max_iter=1000).fit(TRAIN[0], column, sample_weight=weights)
        expected = model.predict_proba(VAL[0])[:, 1]
        scores = expit(VAL[0] @ found.kernel[:, number] + found.bias[number])
        np.testing.assert_allclose(scores, expected, atol=1e-3)  # where both stop


@pytest.mark.parametrize(("value", "share"), [(0, 1 / 202), (1, 201 / 202)])
def test_a_class_that_all_or_no_clips_have_gets_a_constant(value, share):
    targets = TRAIN[1].copy()
    targets[:, 2] = value
    found = solve(TRAIN[0], targets, task=TASK, loss=loss_of(targets))
    scores = expit(VAL[0] @ found.kernel + found.bias)
    np.testing.assert_allclose(scores[:, 2], share)  # Laplace: (n + 1) / (200 + 2)
    plain = solve(*TRAIN, task=TASK, loss=loss_of(TRAIN[1]))
    np.testing.assert_array_equal(found.kernel[:, [0, 1, 3]], plain.kernel[:, [0, 1, 3]])


def test_the_history_holds_losses_and_scores_of_all_classes_in_step():
    told = []
    found = solve(*TRAIN, val=(*VAL, None), iteration_done=lambda *done: told.append(done), task=TASK,
                  loss=loss_of(TRAIN[1]))  # fmt: skip
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    losses = [row["loss"] for row in found.history]
    assert losses[-1] < 0.7 * losses[0]
    last, scores = found.history[-1], expit(VAL[0] @ found.kernel + found.bias)
    assert last["val_loss"] == pytest.approx(np.mean([log_loss(y, p) for y, p in zip(VAL[1].T, scores.T, strict=True)]))
    assert {name for name in last if name.startswith("val_")} == {"val_loss", *(f"val_{name}" for name in TASK.scores)}
    assert last["val_average_precision_macro"] == TASK.scores["average_precision_macro"](VAL[1] > 0, scores)


def test_the_grid_takes_the_strength_with_the_lowest_validation_loss():
    best, losses = solve_best(*TRAIN, None, (*VAL, None), by=partial(solve, task=TASK, loss=loss_of(TRAIN[1])))
    expected = {}
    for C in GRID:
        model = OneVsRestClassifier(LogisticRegression(C=C, tol=1e-7, max_iter=1000)).fit(*TRAIN)
        expected[C] = np.mean([log_loss(y, p) for y, p in zip(VAL[1].T, model.predict_proba(VAL[0]).T, strict=True)])
    assert losses == pytest.approx(expected, rel=2e-3)  # where both stop
    assert min(expected, key=expected.get) == best.C


def test_kernel_and_bias_go_into_the_head():
    head = linear(20, 4, standardize=True, activation="sigmoid")
    features = InMemory([*(TRAIN[0] * 3 + 5)[:, None], *(VAL[0] * 3 + 5)[:, None]])
    extractor = SimpleNamespace(features=lambda clips, batch_size: features)
    training = TrainingParams(loss={"pos_weight": "sqrt"})
    study = SimpleNamespace(training=training, task="multilabel")
    table = pd.DataFrame({"split": ["train"] * 200 + ["val"] * 80})
    targets, classifier = np.concatenate([TRAIN[1], VAL[1]]), Classifier(extractor, head, head, "frozen")
    data = TrialData(classifier, table, targets, study, 0, CLASSES)
    plan = stages_of(SimpleNamespace(reads="picture", head=HeadParams()), study)
    history, said = run_stages(plan, classifier, data, Stages())
    scaler = StandardScaler().fit(TRAIN[0] * 3.0 + 5)
    loss = loss_of(TRAIN[1], pos_weight="sqrt")
    plain = solve(scaler.transform(TRAIN[0] * 3 + 5), TRAIN[1], loss.pos_weight, task=TASK, loss=loss)
    expected = expit(scaler.transform(VAL[0] * 3 + 5) @ plain.kernel + plain.bias)
    np.testing.assert_allclose(head.predict(VAL[0] * 3 + 5, verbose=0), expected, atol=1e-3)
    assert history[-1]["loss"] == pytest.approx(plain.history[-1]["loss"], rel=1e-3)
    assert said["solver"]["converged"]
    assert said["trainable_parameters"] == 20 * 4 + 4
    keras.utils.clear_session()
