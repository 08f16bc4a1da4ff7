"""What is minimised: in steps and clip by clip the same, and as scikit-learn, PyTorch's formula and by hand."""

import keras
import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from benchmark.config.losses import LOSSES as FACTS
from benchmark.config.losses import LossParams
from benchmark.config.sections import read_section
from benchmark.config.study import Study, TrainingParams
from benchmark.errors import StudyError
from benchmark.models.heads import linear
from benchmark.tasks import TASKS
from benchmark.training.losses import LOSSES, make_loss, positive_weights
from benchmark.training.regimes import Stage
from benchmark.training.stages import start_head

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (30, 4))
SEVERAL = (RNG.random((30, 4)) < [0.5, 0.3, 0.2, 0.1]).astype("float32")
ONE = np.eye(4, dtype="float32")[RNG.integers(0, 4, 30)]
CLASSES = ["a", "b", "c", "d"]
SCORES = {"sigmoid": expit(LOGITS), "softmax": np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)}
SETTINGS = {  # of each kind of loss
    "categorical_crossentropy": [{}, {"label_smoothing": 0.2}],
    "binary_crossentropy": [{}, {"pos_weight": "balanced"}, {"pos_weight": "sqrt", "cap": 1.5}, {"pos_weight": 3.0},
                            {"pos_weight": {"b": 4.0}}, {"label_smoothing": 0.1}],
    "focal": [{}, {"gamma": 0.5}, {"alpha": 0.25, "pos_weight": "balanced"}, {"label_smoothing": 0.1}],
}  # fmt: skip


def case(kind, **settings):
    """Return (loss, targets, scores) of a kind of loss for the task that it goes with."""
    activation = FACTS[kind].activation
    task = next(row for row in TASKS.values() if row.activation == activation)
    targets = {"sigmoid": SEVERAL, "softmax": ONE}[activation]
    return make_loss(LossParams(kind=kind, **settings), task, targets, CLASSES), targets, SCORES[activation]


def test_every_loss_has_its_facts_and_settings():
    assert set(LOSSES) == set(FACTS) == set(SETTINGS)
    assert {row.loss for row in TASKS.values()} <= set(LOSSES)


@pytest.mark.parametrize(("kind", "settings"), [(kind, one) for kind, many in SETTINGS.items() for one in many])
def test_a_validation_has_the_loss_of_the_steps(kind, settings):
    loss, targets, scores = case(kind, **settings)
    in_steps = float(loss.in_steps(targets, scores.astype("float32")))
    assert loss.per_clip(targets, scores).mean() == pytest.approx(in_steps, rel=1e-5)  # float32


def test_plain_losses_are_scikit_learns():
    loss, targets, scores = case("categorical_crossentropy")
    assert loss.per_clip(targets, scores).mean() == pytest.approx(log_loss(targets, scores))
    loss, targets, scores = case("binary_crossentropy")
    expected = np.mean([log_loss(y, p) for y, p in zip(targets.T, scores.T, strict=True)])
    assert loss.per_clip(targets, scores).mean() == pytest.approx(expected)


def test_positives_weigh_as_in_pytorch():
    """BCEWithLogitsLoss: -(pos_weight * y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x)))."""
    loss, targets, scores = case("binary_crossentropy", pos_weight="balanced")
    weight = (30 - targets.sum(axis=0)) / targets.sum(axis=0)
    log_p, log_q = -np.logaddexp(0, -LOGITS), -np.logaddexp(0, LOGITS)
    expected = -(weight * targets * log_p + (1 - targets) * log_q).mean()
    assert loss.per_clip(targets, scores).mean() == pytest.approx(expected)


def test_focal_loss_is_keras_own():
    loss, targets, scores = case("focal", alpha=0.25)
    keras_own = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=2.0)
    assert loss.per_clip(targets, scores).mean() == pytest.approx(float(keras_own(targets, scores)), rel=1e-5)


TEN = np.array([[1, 0, 0]] * 2 + [[0, 1, 0]] * 5 + [[0, 0, 0]] * 3)  # two, five and no positives in ten
WEIGHTS = {
    "balanced": ("balanced", None, [4, 1, 1]),
    "square root": ("sqrt", None, [2, 1, 1]),
    "at most": ("balanced", 3.0, [3, 1, 1]),
    "a number": (2.5, None, [2.5, 2.5, 2.5]),
    "by class": ({"b": 7.0}, None, [1, 7, 1]),
    "none": (None, None, [1, 1, 1]),
}


@pytest.mark.parametrize(("given", "cap", "expected"), WEIGHTS.values(), ids=WEIGHTS)
def test_a_positive_weighs_as_counted(given, cap, expected):
    np.testing.assert_allclose(positive_weights(given, cap, TEN, ["a", "b", "c"]), expected)


def test_a_weight_for_no_class_is_an_error():
    with pytest.raises(StudyError, match="no class Drma; there are Drama, War"):
        positive_weights({"Drma": 2.0}, None, TEN[:, :2], ["Drama", "War"])


def test_a_head_starts_from_the_best_constant():
    """The bias that a head starts with is the optimum of its loss: no other constant has a lower one."""
    loss = make_loss(LossParams(pos_weight="balanced"), TASKS["multilabel"], SEVERAL, CLASSES)
    head = linear(3, 4, activation="sigmoid")
    stage = Stage("head", "adam", 1, TrainingParams(), "zeros", loss=loss, task=TASKS["multilabel"])
    start_head(head, stage, SEVERAL, type("Balance", (), {"rows": np.arange(30), "weights": None}))
    bias = head.get_layer("scores").get_weights()[1]
    np.testing.assert_allclose(bias, 0, atol=1e-6)  # balanced: half and half
    at, beside = (loss.per_clip(SEVERAL, np.tile(expit(bias + by), (30, 1))).mean() for by in (0, 0.1))
    assert at < beside


REFUSED = {
    "of another task": ("multiclass", {"loss": "focal"}, "kind: focal is no loss for one label per clip"),
    "weights of one label": ("multiclass", {"loss": {"pos_weight": 2.0}}, "pos_weight has no effect on categorical"),
    "gamma without focal": ("multilabel", {"loss": {"gamma": 1.0}}, "gamma has no effect on binary_crossentropy"),
    "a cap of nothing": ("multilabel", {"loss": {"cap": 3.0}}, "cap limits pos_weight: balanced or sqrt"),
    "focal for the solver": ("multilabel", {"loss": "focal"}, "the frozen head is solved"),
    "smoothing for the solver": ("multiclass", {"loss": {"label_smoothing": 0.1}}, "the frozen head is solved"),
    "Keras' class weights": ("multilabel", {"class_weight": "balanced"}, "weigh the positives instead"),
    "repeated clips": ("multilabel", {"oversample": True}, "training.oversample is for clips of one class"),
}


def study(task, training):
    network = {"name": "x", "label": "X", "backbone": "keras.applications.VGG16"}
    raw = {"name": "s", "dataset": {"root": "data"}, "task": task, "training": training, "models": [network]}
    return read_section(Study, raw)


@pytest.mark.parametrize(("task", "training", "said"), REFUSED.values(), ids=REFUSED)
def test_a_loss_that_does_not_fit_is_refused(task, training, said):
    with pytest.raises(StudyError, match=said):
        study(task, training)


def test_a_resolved_study_is_read_again():
    first = study("multilabel", {"loss": {"pos_weight": {"a": 2.0}}, "schedule": "constant"})
    assert read_section(Study, first.model_dump(mode="json")) == first


def test_mixed_targets_are_trained_on():
    """A mixed batch has the mean of the losses of its clips, for the loss is linear in the targets."""
    loss, targets, scores = case("binary_crossentropy", pos_weight=2.0)
    half = 0.5 * targets + 0.5 * targets[::-1]
    expected = (loss.per_clip(targets, scores) + loss.per_clip(targets[::-1], scores)) / 2
    np.testing.assert_allclose(loss.per_clip(half, scores), expected, rtol=1e-6)
