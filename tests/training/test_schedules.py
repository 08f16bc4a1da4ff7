"""The learning rate from epoch to epoch, by hand and as Keras' own callback has it."""

import math

import keras
import pytest

from benchmark.config.sections import read_section
from benchmark.config.stages import SCHEDULES as SETTINGS
from benchmark.config.stages import ScheduleParams
from benchmark.config.study import TrainingParams
from benchmark.errors import StudyError
from benchmark.training.regimes import Stage
from benchmark.training.schedules import SCHEDULES


def rates(schedule, epochs, gains=()):
    stage = Stage("all", "adam", epochs, TrainingParams(), learning_rate=1.0, schedule=ScheduleParams(**schedule))
    return [stage.rate(epoch, gains[: epoch - 1]) for epoch in range(1, epochs + 1)]


def test_every_schedule_has_its_settings():
    assert set(SCHEDULES) == set(SETTINGS)


def test_a_constant_rate_stays():
    assert rates({}, 3) == [1, 1, 1]


def test_steps_multiply_the_rate_as_often_as_they_are_over():
    """StepLR(step_size=15, gamma=0.5) of PyTorch: epochs 0 to 14, 15 to 29, ..."""
    found = rates({"kind": "step", "every": 15, "factor": 0.5}, 46)
    assert [found[epoch] for epoch in (0, 14, 15, 29, 30, 45)] == [1, 1, 0.5, 0.5, 0.25, 0.125]


def test_a_cosine_goes_from_the_rate_to_its_floor():
    found = rates({"kind": "cosine", "floor": 0.2}, 4)
    assert found == pytest.approx([1, 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2, 0.6, 0.2 + 0.8 * (1 - math.sqrt(0.5)) / 2])


def test_a_plateau_is_keras_own():
    losses = [3.0, 2.0, 2.0, 2.1, 1.9, 1.95, 1.95, 1.95, 1.95, 1.0, 1.0]
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.1, patience=2, min_delta=0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), loss="mse")
    callback.set_model(model)
    callback.on_train_begin()
    expected = []
    for epoch, loss in enumerate(losses):
        expected.append(float(model.optimizer.learning_rate))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    found = rates({"kind": "plateau", "patience": 2, "factor": 0.1}, len(losses), [-loss for loss in losses])
    assert found == pytest.approx(expected, rel=1e-5)  # float32 in Keras
    assert len(set(found)) == 4


def test_a_setting_of_another_schedule_is_refused():
    with pytest.raises(StudyError, match="every has no effect on schedule cosine, which reads floor"):
        read_section(ScheduleParams, {"kind": "cosine", "every": 3})
