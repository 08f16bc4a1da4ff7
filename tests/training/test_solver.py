"""The solved head: the optimum of its objective, the same as scikit-learn's, in the Keras head and in raw features.

Class weights and oversampling, against scikit-learn and by counting."""

from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from benchmark.config.load import load_study
from benchmark.config.study import TrainingParams
from benchmark.errors import StudyError
from benchmark.features.batches import Batches
from benchmark.models.heads import linear
from benchmark.models.heads.layers import Standardize
from benchmark.training.classifier import Classifier
from benchmark.training.data import TrialData
from benchmark.training.head_solvers import solve_head
from benchmark.training.imbalance import balance
from benchmark.training.loop import fit, validate
from benchmark.training.regimes import REGIMES, frozen
from benchmark.training.solver import GRID, solve, solve_best
from benchmark.training.stages import run_stages
from benchmark.trials.provenance import Stages
from tests.support.features import InMemory
from tests.support.stages import steps
from tests.support.study_files import write_study

RNG = np.random.default_rng(0)


def clips(n, n_classes, dim=60):
    """Return features (n, dim) around a centre per class, at scales of their own, and one-hot targets."""
    labels = np.arange(n) % n_classes
    centres = np.random.default_rng(n_classes).normal(0, 0.25, (n_classes, dim))
    x = (centres[labels] + RNG.normal(size=(n, dim))) * np.geomspace(0.1, 10, dim) + 3
    return x.astype("float32"), np.eye(n_classes, dtype="float32")[labels]


def head_after(train, val, training, regime="frozen"):
    """Return (head, history, what trial.json says) after the stages of a regime on features of clips."""
    keras.utils.set_random_seed(0)
    head = linear(train[0].shape[1], train[1].shape[1], standardize=regime == "frozen")
    extractor = SimpleNamespace(features=lambda clips, batch_size: InMemory([*train[0][:, None], *val[0][:, None]]))
    classifier, study = Classifier(extractor, head, head, regime), SimpleNamespace(training=training, task="multiclass")
    table = pd.DataFrame({"split": ["train"] * len(train[0]) + ["val"] * len(val[0])})
    data = TrialData(classifier, table, np.concatenate([train[1], val[1]]), study, 0)
    stages = [stage for stage in REGIMES[regime](training) if stage.trains == "head"]
    return head, *run_stages(stages, classifier, data, Stages())


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_head_scores_as_scikit_learns_pipeline(n_classes, C):
    train, new = clips(30 * n_classes, n_classes), clips(20, n_classes)
    head, history, said = head_after(train, new, TrainingParams(C=C))
    scaler = StandardScaler().fit(train[0].astype("float64"))
    model = LogisticRegression(C=C, max_iter=1000, tol=1e-7).fit(scaler.transform(train[0]), train[1].argmax(1))
    expected = model.predict_proba(scaler.transform(new[0].astype("float64")))
    # Both stop where the gradient is small, not zero; the head computes in float32 and drops no feature here.
    np.testing.assert_allclose(head.predict(new[0], verbose=0), expected, atol=1e-3)
    assert said["solver"]["converged"]
    assert said["kept_iteration"] == len(history) == said["solver"]["iterations"]


def test_the_gradient_of_the_objective_is_zero_at_the_solution():
    x, y = clips(120, 3)
    x = StandardScaler().fit_transform(x.astype("float64"))
    weights = RNG.uniform(0.5, 2, len(x))
    solution = solve(x, y, weights, C=0.5)
    error = (solution.scores(x) - y) * weights[:, None]
    slope = x.T @ error + solution.kernel / 0.5
    assert np.abs(slope).max() / len(x) < 2e-6  # the tolerance for the mean loss, 1e-6, times the mean weight, 1.2
    np.testing.assert_allclose(error.sum(axis=0) / len(x), 0, atol=2e-6)  # the bias is not regularised


def test_the_solution_is_the_same_each_time():
    x, y = clips(90, 3)
    x = StandardScaler().fit_transform(x)
    first, second = (solve(x, y, val=(x, y, None)) for _ in range(2))
    np.testing.assert_array_equal(first.kernel, second.kernel)
    assert [row["loss"] for row in first.history] == [row["loss"] for row in second.history]


def test_the_history_holds_the_losses_after_each_iteration():
    (x, y), (new, truth) = clips(90, 3), clips(30, 3)
    scaler = StandardScaler().fit(x)
    x, new = scaler.transform(x), scaler.transform(new)
    told = []
    solution = solve(x, y, val=(new, truth, None), max_iter=7, iteration_done=lambda *done: told.append(done))
    assert told == [(number, 7) for number in range(1, 8)]
    assert [row["iteration"] for row in solution.history] == list(range(1, 8))
    assert not solution.converged  # it takes some 20 iterations
    last = solution.history[-1]
    assert last["loss"] == pytest.approx(log_loss(y.argmax(1), solution.scores(x)), rel=1e-6)
    assert last["val_loss"] == pytest.approx(log_loss(truth.argmax(1), solution.scores(new)), rel=1e-6)
    assert last["val_accuracy"] == pytest.approx((solution.scores(new).argmax(1) == truth.argmax(1)).mean())


def test_the_grid_takes_the_strength_with_the_lowest_validation_loss():
    (x, y), (new, truth) = clips(60, 3, dim=200), clips(60, 3, dim=200)
    scaler = StandardScaler().fit(x)
    x, new = scaler.transform(x), scaler.transform(new)
    best, losses = solve_best(x, y, None, (new, truth, None))
    plain = {C: LogisticRegression(C=C, max_iter=1000, tol=1e-7).fit(x, y.argmax(1)).predict_proba(new) for C in GRID}
    expected = {C: log_loss(truth.argmax(1), scores) for C, scores in plain.items()}
    assert losses == pytest.approx(expected, rel=1e-2)  # where both stop, the weakest strength far from its optimum
    assert min(expected, key=expected.get) == best.C
    _, _, said = head_after((x, y), (new, truth), TrainingParams(C="grid"))
    assert said["solver"]["C"] == best.C
    assert len(said["solver"]["val_loss_by_C"]) == len(GRID)


def test_a_folded_head_says_of_raw_features_what_the_solved_one_says_of_standardised_ones():
    train, new = clips(90, 3), clips(10, 3)
    standardised, _, _ = head_after(train, new, TrainingParams())
    raw, _, said = head_after(train, new, TrainingParams(regime="finetune", head_init="solved"), "finetune")
    assert said["solver"]["converged"]
    expected = standardised.predict(new[0], verbose=0)
    np.testing.assert_allclose(raw.predict(new[0], verbose=0), expected, atol=1e-5)  # float32


def test_steps_start_from_the_shares_of_the_classes():
    x, y = clips(100, 2)
    y = np.eye(2, dtype="float32")[(np.arange(100) < 20).astype(int)]  # 80 of class 0, 20 of class 1
    _, history, _ = head_after((x, y), (x, y), TrainingParams(optimizer="adam", epochs=1, batch_size=100))
    entropy = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2))
    assert history[0]["loss"] == pytest.approx(entropy, rel=1e-5)  # before the first step the scores are 0.8 and 0.2


def test_many_steps_arrive_where_the_solver_is_at_once():
    train, new = clips(60, 3, dim=10), clips(30, 3, dim=10)
    solved, _, _ = head_after(train, new, TrainingParams(C=1e6))
    settings = {"optimizer": "adam", "learning_rate": 0.03, "epochs": 300, "batch_size": 60, "patience": None}
    stepped, _, _ = head_after(train, new, TrainingParams(**settings, keep="last"))
    difference = solved.predict(new[0], verbose=0) - stepped.predict(new[0], verbose=0)
    assert np.abs(difference).max() < 0.05  # one optimum; steps of 0.03 do not settle on it to the last digit


def study(tmp_path, **changes):
    return load_study(write_study(tmp_path, "data", **changes))


IGNORED = {
    "a rate for the solver": ({"training": {"learning_rate": 0.1}}, "training.learning_rate has no effect: .*solved"),
    "patience of one model": (
        {"models": [{"extends": "vgg16", "training": {"patience": 3}}]}, "model vgg16: training.patience has no effect",
    ),
    "C for steps": ({"training": {"optimizer": "adam", "C": 2.0}}, "training.C has no effect"),
    "C for MATLAB": ({"training": {"preset": "matlab", "C": 2.0}}, "training.C has no effect"),
    "batch norm of a frozen network": ({"training": {"batch_norm": "moving"}}, "finetune and two_stage alone read it"),
    "a rate where all networks are frozen": (
        {"models": ["yamnet"], "training": {"regime": "finetune", "learning_rate": 0.1}}, "learning_rate has no effect",
    ),
    "the solver for fine-tuning": (
        {"training": {"regime": "finetune", "optimizer": "lbfgs"}}, "choose adam, sgdm or rmsprop",
    ),
    "a strength of 0": ({"training": {"C": 0}}, "training.C: C must be a number above 0, or grid; got 0"),
    "a slip": ({"training": {"C": "gird"}}, "C must be a number above 0, or grid; got 'gird'"),
    "two ways at once": ({"training": {"class_weight": "balanced", "oversample": True}}, "choose one"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), IGNORED.values(), ids=IGNORED)
def test_a_setting_that_nothing_reads_is_refused(tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        study(tmp_path, **changes)


READ = {
    "the solver's own": {"training": {"C": "grid", "epochs": 200}},
    "steps": {"training": {"optimizer": "adam", "learning_rate": 0.01, "patience": 3}},
    "one of two models": {"models": ["mobilenet_v2", "yamnet"], "training": {"regime": "finetune", "patience": 3}},
    "the solved start": {"training": {"regime": "finetune", "C": 0.1, "head_init": "solved"}},
}


@pytest.mark.parametrize("changes", READ.values(), ids=READ)
def test_a_setting_that_some_training_reads_is_taken(tmp_path, changes):
    assert study(tmp_path, **changes).training.model_fields_set >= set(changes["training"])


def test_a_strength_without_a_point_is_a_number(tmp_path):
    (tmp_path / "s.yaml").write_text("dataset: {root: data}\nmodels: [vgg16]\ntraining: {C: 1e-2}\n")
    assert load_study(tmp_path / "s.yaml").training.C == 0.01


def test_settings_for_fine_tuning_do_not_limit_the_solver_of_a_frozen_network(tmp_path):
    training = study(tmp_path, training={"regime": "finetune", "epochs": 3}).training
    assert (training.most_epochs("finetune"), training.most_epochs("frozen")) == (3, 1000)


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
    assert validate(head, val, steps(TrainingParams()))["val_loss"] == pytest.approx(expected, rel=1e-5)
    training = TrainingParams(optimizer="adam", epochs=1, batch_size=30, class_weight="balanced")
    history = fit(head, Batches(X.__getitem__, TARGETS, 30).balanced(found), val, steps(training))
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)
