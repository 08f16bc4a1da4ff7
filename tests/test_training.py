import keras
import numpy as np
import pytest

from benchmark.models.heads import linear
from benchmark.sections import LatencyParams, TrainingParams
from benchmark.training import latency
from benchmark.training.fit import OPTIMIZERS, TrainingError, fit, precision

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 90)
X = (np.eye(3)[LABELS] * 2 + RNG.normal(size=(90, 3)) * 0.5).astype("float32")
Y = np.eye(3, dtype="float32")[LABELS]
TRAIN, VAL = (X[:60], Y[:60]), (X[60:], Y[60:])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_separable_clips_are_learnt_with_every_optimizer(optimizer):
    head = linear(3, 3)
    fit(head, TRAIN, VAL, TrainingParams(optimizer=optimizer, learning_rate=0.03, epochs=30, patience=None))
    assert (head.predict(X, verbose=0).argmax(1) == LABELS).mean() > 0.95


def test_history_has_a_row_for_each_epoch_and_counts_iterations():
    rows = fit(linear(3, 3), TRAIN, VAL, TrainingParams(epochs=3, batch_size=20, patience=None))
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["iteration"] for row in rows] == [3, 6, 9]  # 60 clips in batches of 20
    assert rows[0]["learning_rate"] == pytest.approx(1e-3)
    assert list(rows[0]) == [
        "iteration",
        "epoch",
        "seconds",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
    ]


def test_early_stopping_keeps_the_weights_of_the_best_epoch():
    head = linear(3, 3)
    wrong = (VAL[0], np.roll(VAL[1], 1, axis=1))  # every step makes validation worse
    rows = fit(head, TRAIN, wrong, TrainingParams(learning_rate=0.1, epochs=30, patience=3))
    assert len(rows) == 4  # the first is the best, then three without a lower loss
    loss = keras.losses.CategoricalCrossentropy()(wrong[1], head(wrong[0]))
    assert float(loss) == pytest.approx(rows[0]["val_loss"], rel=1e-5)


def test_a_loss_that_is_no_number_is_an_error_that_says_what_may_help():
    bad = (np.full_like(X, np.nan), Y)
    with pytest.raises(TrainingError, match=r"in epoch 1; a learning_rate below 0\.001 may help"):
        fit(linear(3, 3), bad, VAL, TrainingParams(epochs=3))


def test_the_same_seed_trains_the_same_head():
    def trained(seed):
        keras.utils.set_random_seed(seed)
        head = linear(3, 3, dropout=0.3)
        fit(head, TRAIN, VAL, TrainingParams(epochs=3), seed)
        return head.get_weights()

    first, second, other = trained(0), trained(0), trained(1)
    assert all(np.allclose(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.allclose(a, b) for a, b in zip(first, other, strict=True))


def test_mixed_precision_ends_with_its_block():
    with precision("bfloat16") as policy:
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert policy == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


def test_warm_up_comes_first_and_the_first_call_stands_apart(monkeypatch):
    clock = iter(np.arange(0, 1000, 0.5))  # seconds: every look at the clock is half a second later
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    calls = []
    first, timed = latency.time_calls(lambda: calls.append(1), LatencyParams(calls=4, seconds=0, warmup=3))
    assert first == 500
    assert timed == [500] * 4
    assert len(calls) == 1 + 3 + 4


def test_a_fast_model_is_timed_for_the_whole_time():
    _, timed = latency.time_calls(lambda: None, LatencyParams(calls=2, seconds=0.05, warmup=1))
    assert len(timed) > 100


def test_latency_has_a_row_for_each_timed_call():
    rows = latency.measure(lambda: None, lambda: None, LatencyParams(calls=7, seconds=0, warmup=1))
    counts = {stage: sum(row["stage"] == stage for row in rows) for stage in ("first", "forward", "file")}
    assert counts == {"first": 1, "forward": 7, "file": 5}
