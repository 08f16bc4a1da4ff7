"""Which stages a regime gives, that a regime is a row, and when a stage stops."""

import math

import pytest

from benchmark.config import training as config
from benchmark.config.load import load_network, read_section
from benchmark.config.study import Study, TrainingParams
from benchmark.training import regimes
from benchmark.training.early_stopping import EarlyStopping, kept_iteration
from tests.support.stages import steps
from tests.support.studies import folder_of, run, study_of

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
    assert {(stage.loss, stage.monitor) for stage in found} == {("categorical_crossentropy", "val_loss")}


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


class Weights:
    """A model that is but its weights."""

    def __init__(self):
        self.now = 0

    def get_weights(self):
        return self.now

    def set_weights(self, weights):
        self.now = weights


@pytest.mark.parametrize(
    ("monitor", "values", "over_at", "kept"),
    [
        ("val_loss", [3, 2, 2.5, math.nan, 2.2], 5, 2),  # the fourth is no validation
        ("val_accuracy", [0.2, 0.5, 0.5, 0.4], 4, 2),  # no better is as worse
    ],
)
def test_a_stage_stops_by_the_direction_of_what_it_monitors(monitor, values, over_at, kept):
    model = Weights()
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
