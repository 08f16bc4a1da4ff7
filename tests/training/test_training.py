"""Which stages a regime gives, that a regime is a row, what steps do, and when a stage stops."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from benchmark.config import training as config
from benchmark.config.networks import load_network
from benchmark.config.sections import read_section
from benchmark.config.study import Study, TrainingParams
from benchmark.errors import TrainingError
from benchmark.features.batches import Batches
from benchmark.features.reading import Steps, mean_over_steps
from benchmark.models.heads import linear
from benchmark.training import regimes
from benchmark.training.checkpoint import Progress
from benchmark.training.early_stopping import EarlyStopping, kept_iteration
from benchmark.training.loop import fit, is_due, precision, validate
from tests.support.stages import steps
from tests.support.studies import folder_of, run, study_of

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 90)
X = (np.eye(3)[LABELS] * 2 + RNG.normal(size=(90, 3)) * 0.5).astype("float32")
Y = np.eye(3, dtype="float32")[LABELS]


def train(training, x=X, y=Y, val=(X[60:], Y[60:]), seed=0):
    """Train a linear head on the first 60 clips; return it and its history."""
    keras.utils.set_random_seed(seed)
    head = linear(3, 3)
    batches = Batches(x[:60].__getitem__, y[:60], training.batch_size)
    return head, fit(head, batches, Batches(val[0].__getitem__, val[1], training.batch_size), steps(training), seed)


@pytest.mark.parametrize("preset", ["keras", "matlab"])
@pytest.mark.parametrize("optimizer", ["adam", "sgdm", "rmsprop"])
def test_separable_clips_are_learnt_with_every_optimizer(preset, optimizer):
    settings = {"regime": "frozen", "learning_rate": 0.03, "epochs": 30, "batch_size": 20, "patience": None}
    head, _ = train(TrainingParams(preset=preset, optimizer=optimizer, **settings))
    assert (head.predict(X, verbose=0).argmax(1) == LABELS).mean() > 0.95


def test_history_has_a_row_for_each_iteration_and_validates_after_each_epoch():
    _, rows = train(TrainingParams(epochs=3, batch_size=25))
    assert [row["epoch"] for row in rows] == [1, 1, 2, 2, 3, 3]  # 60 clips: two whole batches of 25
    assert [row["iteration"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [math.isnan(row["val_loss"]) for row in rows] == [True, False] * 3
    columns = ["iteration", "epoch", "seconds", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert all(sorted(row) == sorted(columns) for row in rows)


def test_matlab_validates_at_the_first_and_every_so_many_iterations_and_at_the_end():
    training = TrainingParams(preset="matlab", regime="frozen", epochs=4, batch_size=20, validation_frequency=5)
    _, rows = train(training)
    assert [row["iteration"] for row in rows if not math.isnan(row["val_loss"])] == [1, 5, 10, 12]
    assert is_due(50, False, TrainingParams(preset="matlab"))
    assert not is_due(49, True, TrainingParams(preset="matlab"))


def test_the_first_loss_is_that_before_the_first_step():
    keras.utils.set_random_seed(0)
    before = float(keras.losses.CategoricalCrossentropy()(Y[:60], linear(3, 3)(X[:60])))
    _, rows = train(TrainingParams(epochs=1, batch_size=60))
    assert rows[0]["loss"] == pytest.approx(before, rel=1e-5)


def test_validation_is_keras_own_loss_and_accuracy():
    head = linear(3, 3)
    scores = validate(head, Batches(X.__getitem__, Y, 32), steps(TrainingParams()))
    assert scores["val_loss"] == pytest.approx(float(keras.losses.CategoricalCrossentropy()(Y, head(X))), rel=1e-5)
    assert scores["val_accuracy"] == pytest.approx((np.asarray(head(X)).argmax(1) == LABELS).mean())


@pytest.mark.parametrize("settings", [{"epochs": 30, "patience": 3}, {"epochs": 5, "patience": None, "keep": "last"}])
def test_kept_are_the_weights_of_the_best_validation_or_the_last_where_the_study_says_so(settings):
    wrong = (X[60:], np.roll(Y[60:], 1, axis=1))  # every step makes validation worse
    training = TrainingParams(learning_rate=0.1, batch_size=60, **settings)
    head, rows = train(training, val=wrong)
    assert len(rows) == (5 if "keep" in settings else 4)  # the first is the best, then three without a lower loss
    kept = validate(head, Batches(wrong[0].__getitem__, wrong[1], 30), steps(training))["val_loss"]
    assert kept == pytest.approx(rows[-1 if "keep" in settings else 0]["val_loss"], rel=1e-5)


def test_the_learning_rate_drops_piecewise():
    training = TrainingParams(learning_rate=0.1, schedule="step")
    rates = [steps(training).rate(epoch) for epoch in (1, 10, 11, 20, 21)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])  # trainingOptions: factor 0.1 every 10 epochs


def test_a_loss_that_is_no_number_is_an_error_that_says_what_may_help():
    with pytest.raises(TrainingError, match=r"in epoch 1; a learning_rate below 0\.001 may help"):
        train(TrainingParams(epochs=3), x=np.full_like(X, np.nan))


def test_the_same_seed_trains_the_same_head():
    first, second, other = (train(TrainingParams(epochs=3), seed=seed)[0].get_weights() for seed in (0, 0, 1))
    assert all(np.allclose(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.allclose(a, b) for a, b in zip(first, other, strict=True))


def test_a_head_over_steps_trains_on_features_and_mask():
    """One that takes the mean itself, without a weight, learns what the linear head does of the means."""
    clips = [np.repeat(row[None], n, axis=0) for row, n in zip(X, 1 + np.arange(90) % 4, strict=True)]
    features, mask = keras.Input((4, 3), name="features"), keras.Input((4,), name="mask")
    pooled = keras.ops.sum(features * mask[..., None], axis=1) / keras.ops.sum(mask, axis=1, keepdims=True)
    keras.utils.set_random_seed(0)
    model = keras.Model({"features": features, "mask": mask}, linear(3, 3)(pooled))
    inputs, stage = Steps()(clips), steps(TrainingParams(epochs=3, batch_size=30))

    def batches(rows):
        return Batches(lambda chosen: {name: part[rows][chosen] for name, part in inputs.items()}, Y[rows], 30)

    rows = fit(model, batches(slice(0, 60)), batches(slice(60, 90)), stage)
    _, expected = train(stage.settings, x=mean_over_steps(clips))
    assert [row["val_loss"] for row in rows] == pytest.approx(
        [row["val_loss"] for row in expected], abs=1e-5, nan_ok=True
    )


def test_mixed_precision_ends_with_its_block():
    with precision("bfloat16") as policy:
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert policy == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


def orders(shuffle, n=10, batch_size=4, epochs=3):
    """Return the rows that each epoch's batches hold, in order."""
    from benchmark.training.loop import _batches

    training = TrainingParams(shuffle=shuffle, epochs=epochs, batch_size=batch_size)
    batches = Batches(lambda rows: rows[:, None], np.zeros((n, 1)), batch_size)
    progress, seen = Progress(np.arange(n), np.random.default_rng(0)), []
    for progress.epoch in range(epochs):
        inputs = [inputs for inputs, _ in _batches(batches, training, progress)]
        seen.append(np.concatenate(inputs)[:, 0].astype(int).tolist())
    return seen


def test_mini_batches_leave_out_the_last_partial_one():
    assert [len(epoch) for epoch in orders("every-epoch")] == [8, 8, 8]
    assert len(orders("once", n=8340, batch_size=64, epochs=1)[0]) // 64 == 130  # 8340 images: 130 iterations in MATLAB
    assert [len(epoch) for epoch in orders("never", n=3, batch_size=8)] == [3, 3, 3]  # fewer than a batch: all


def test_shuffled_once_leaves_out_the_same_clips_each_time():
    assert orders("never")[0] == list(range(8))
    once, always = orders("once"), orders("every-epoch")
    assert once[0] == once[1] == once[2] != list(range(8))
    assert always[0] != always[1]


def test_in_order_every_clip_comes_once_in_batches_of_one_size():
    batches = Batches(lambda rows: rows[:, None], np.zeros((10, 1)), 4)
    parts = list(batches.in_order())
    assert {len(inputs) for inputs, _ in parts} == {4}
    assert np.concatenate([inputs[:n, 0] for inputs, n in parts]).tolist() == list(range(10))


STAGES = {  # settings of training, network: (what is trained, by what, from where, most epochs)
    "a frozen network is solved": ({}, "vgg16", [("head", "lbfgs", None, 1000)]),
    "or approached in steps": ({"optimizer": "adam"}, "vgg16", [("head", "adam", "zeros", 50)]),
    "all layers": ({"regime": "finetune", "epochs": 7}, "vgg16", [("all", "adam", "zeros", 7)]),
    "linear probing, then all layers": (
        {"regime": "finetune", "head_init": "solved", "epochs": 7}, "vgg16",
        [("head", "lbfgs", None, 1000), ("all", "adam", None, 7)],
    ),
    "MATLAB's": ({"preset": "matlab"}, "vgg16", [("all", "sgdm", "glorot", 30)]),
    "an audio network stays frozen": ({"regime": "finetune", "epochs": 7}, "yamnet", [("head", "lbfgs", None, 1000)]),
}  # fmt: skip


@pytest.mark.parametrize(("training", "name", "expected"), STAGES.values(), ids=STAGES)
def test_a_regime_gives_its_stages(training, name, expected):
    raw = {"name": "s", "dataset": {"root": "data"}, "training": training, "models": [load_network(name).model_dump()]}
    study = read_section(Study, raw)
    found = regimes.stages_of(study.models[0], study)
    assert [(stage.trains, stage.optimizer, stage.start, stage.epochs) for stage in found] == expected
    assert {stage.monitor for stage in found} == {"val_loss"}


def test_every_regime_that_a_study_may_name_has_its_stages():
    assert config.REGIMES.keys() == regimes.REGIMES.keys()


def test_a_regime_of_two_stages_of_steps_is_a_row(pictures, tmp_path, monkeypatch):
    """First the head on kept features, then all layers from there: what the head has learnt is not lost."""

    def two_stages(training):
        return [regimes._steps(trains, training, 3, start) for trains, start in (("head", "zeros"), ("all", None))]

    monkeypatch.setitem(regimes.REGIMES, "finetune", two_stages)
    study = study_of(pictures, tmp_path, training={"regime": "finetune", "save": "none", "learning_rate": 0.05})
    (record,), _ = run(study)
    assert record["status"] == "done", record["error"]
    assert {"features", "head", "load", "train"} <= set(record["seconds"])
    rows = (folder_of(study) / "history.csv").read_text().splitlines()
    first = dict(zip(rows[0].split(","), rows[1].split(","), strict=True))
    assert float(first["loss"]) < 0.9 * math.log(3)  # where three classes of equal size start


@pytest.mark.parametrize(
    ("monitor", "values", "over_at", "kept"),
    [
        ("val_loss", [3, 2, 2.5, math.nan, 2.2], 5, 2),  # the fourth is no validation
        ("val_accuracy", [0.2, 0.5, 0.5, 0.4], 4, 2),  # no better is as worse
    ],
)
def test_a_stage_stops_by_the_direction_of_what_it_monitors(monitor, values, over_at, kept):
    model = SimpleNamespace(now=0, get_weights=lambda: model.now, set_weights=lambda kept: setattr(model, "now", kept))
    stopping = EarlyStopping(model, monitor, patience=2)
    rows = [{"iteration": number, monitor: value} for number, value in enumerate(values, 1)]
    over = []
    for row in rows:
        model.now = row["iteration"]
        over.append(stopping.is_over(row))
    assert over == [number == over_at for number in range(1, len(values) + 1)]
    stopping.finish()
    assert model.now == kept
    stage = steps(TrainingParams())
    object.__setattr__(stage, "monitor", monitor)
    assert kept_iteration(rows, stage) == kept
