"""Stages that train a part of a backbone: which, how many parameters, and what their frozen layers do."""

import json

import keras
import numpy as np
import pytest

from benchmark.config.networks import load_network
from benchmark.config.sections import read_section
from benchmark.config.study import Study, TrainingParams
from benchmark.errors import StudyError
from benchmark.models.sources import laid_out
from benchmark.training import boundary as boundaries
from benchmark.training.boundary import find_boundary, place_of
from benchmark.training.unfreezing import count_trainable, trained_layers, unfreeze
from tests.support.blocks import BLOCKS, Blocks
from tests.support.studies import folder_of, run, study_of

pytestmark = pytest.mark.usefixtures("eager")

PAPERS = {  # posters2025 as torchvision's blocks: parameters of the backbone, with a head of 19 classes
    "V2-S, 4 to 7": ("efficientnet_v2s", ["block4", "block5", "block6", "top_conv", "top_bn"], 19_273_592, 19_297_931),
    "V2-S, 6 to 7": ("efficientnet_v2s", ["block6", "top_conv", "top_bn"], 14_892_072, 14_916_411),
    "B0, 6 to 7": ("efficientnet_b0", ["block6", "block7"], 2_743_580, 2_767_919),
}


@pytest.mark.parametrize(("name", "layers", "backbone", "whole"), PAPERS.values(), ids=PAPERS)
@pytest.mark.parametrize("batch_norm", ["moving", "everywhere"])
def test_as_many_parameters_are_trained_as_in_the_paper(name, layers, backbone, whole, batch_norm):
    core = laid_out(load_network(name))
    unfreeze(core, layers, batch_norm)
    assert count_trainable(core) == backbone
    assert backbone + core.output.shape[-1] * 19 + 19 == whole


def test_a_number_in_a_name_is_a_whole_one():
    core = laid_out(load_network("mobilenet_v2"))
    assert {layer.name.split("_")[1] for layer in trained_layers(core, ["block_1"])} == {"1"}
    assert {layer.name.split("_")[1] for layer in trained_layers(core, ["block_16"])} == {"16"}


def test_a_beginning_that_no_layer_has_is_told_with_those_there_are():
    with pytest.raises(StudyError, match=r"begins with 'blok2'; did you mean 'block2'.*stem, block1, block2, top"):
        trained_layers(Blocks(), ["blok2"])


TRAINED = {  # batch_norm: names of what an optimiser moves, and of the batch norms whose statistics move
    "frozen": (["block2_conv"], []),
    "moving": (["block2_conv", "block2_bn", "block2_bn"], ["block2_bn"]),
    "everywhere": (["block2_conv", "block2_bn", "block2_bn"], ["block1_bn", "block2_bn"]),
}


@pytest.mark.parametrize("how", TRAINED)
def test_a_step_moves_what_is_unfrozen_alone(how):
    core = Blocks()
    unfreeze(core, ["block2"], how)
    before = {weight.path: np.array(weight) for weight in core.weights}
    core.compile("sgd", "mse")
    core.train_on_batch(np.random.default_rng(0).normal(size=(8, 24, 24, 3)), np.ones((8, 8)))
    moved = {path for path, value in before.items()
             if (value != np.array(next(w for w in core.weights if w.path == path))).any()}  # fmt: skip
    trained, statistics = TRAINED[how]
    expected = {f"{name}/{part}" for name in set(trained) for part in ("kernel", "bias", "gamma", "beta")}
    expected |= {f"{name}/{part}" for name in statistics for part in ("moving_mean", "moving_variance")}
    assert moved == expected & set(before)
    keras.utils.clear_session()


BOUNDARIES = {  # what is unfrozen: the layers whose outputs are kept
    "block2": (["block2"], ["block1_add"]),
    "top": (["top"], ["block2_add"]),
    "block1 and what follows": (["block1"], ["stem_conv"]),
}


@pytest.mark.parametrize(("layers", "kept"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_the_boundary_lies_below_the_first_trained_layer(layers, kept):
    core = Blocks()
    unfreeze(core, layers, "moving")
    found = find_boundary(core)
    assert [tensor._keras_history.operation.name for tensor in found.tensors] == kept
    assert found.bytes_per_clip == 4 * 11 * 11 * 6
    assert not found.is_input


def test_a_dropout_before_the_first_trained_layer_is_trained_with():
    core = laid_out(load_network("vgg16"))
    unfreeze(core, ["fc2"], "frozen")
    (tensor,) = find_boundary(core).tensors
    assert tensor._keras_history.operation.name == "fc1"  # not fc1_dropout


STAGES = [{"train": "head"}, {"unfreeze": ["block2", "top"], "epochs": 3, "learning_rate": 0.02, "patience": 2}]


def trained(pictures, folder, batch_norm="moving", classes="multiclass", **changes):
    """Run a study of two stages; return (its record, the rows of its history, what it predicted)."""
    stages = [STAGES[0], {**STAGES[1], "batch_norm": batch_norm}]
    training = {"regime": "two_stage", "stages": stages, "batch_size": 8, **changes.pop("training", {})}
    training = {"learning_rate": 0.02, "epochs": 3, "patience": None, "save": "none"} | training
    study = study_of(pictures, folder, training=training, models=[BLOCKS], **changes)
    (record,), _ = run(study)
    assert record["status"] == "done", record["error"]
    place = folder_of(study, "blocks")
    return record, (place / "history.csv").read_text(), (place / "predictions.csv").read_text()


def losses(history):
    names, *rows = [line.split(",") for line in history.splitlines()]
    return np.array([[float(row[names.index(name)] or "nan") for name in ("loss", "val_loss")] for row in rows])


def test_two_stages_are_trained_and_told(pictures, tmp_path):
    record, history, _ = trained(pictures, tmp_path)
    first, second = record["stages"]
    assert (first["trains"], first["optimizer"], first["trainable_parameters"]) == ("head", "lbfgs", 8 * 3 + 3)
    assert (second["trains"], second["unfreeze"], second["epochs"]) == ("all", ["block2", "top"], 3)
    block, norm, top, head = 6 * 6 * 9 + 6, 2 * 6, 6 * 8 + 8, 8 * 3 + 3
    assert record["trainable_parameters"] == second["trainable_parameters"] == block + norm + top + head
    assert record["solver"]["converged"]
    assert {"features", "head", "load", "boundary", "train"} <= set(record["seconds"])
    assert losses(history)[0, 0] < np.log(3)  # the head is not lost


@pytest.mark.parametrize("batch_norm", ["frozen", "moving"])
def test_kept_outputs_change_no_loss(pictures, tmp_path, monkeypatch, batch_norm):
    """Dropout in the trained block draws the same numbers in both, from the seed of the trial."""
    kept = trained(pictures, tmp_path / "kept", batch_norm)
    monkeypatch.setattr("benchmark.training.stages.place_of", lambda size, cache: None)
    plain = trained(pictures, tmp_path / "plain", batch_norm)
    assert "boundary" not in plain[0]["seconds"]
    np.testing.assert_allclose(losses(kept[1]), losses(plain[1]), atol=1e-5)  # float32


def test_outputs_on_disk_change_no_bit_and_go_with_the_stage(pictures, tmp_path, monkeypatch):
    in_memory = trained(pictures, tmp_path / "memory")
    monkeypatch.setattr(boundaries, "IN_MEMORY", 0)
    files = []
    draft = boundaries.draft
    monkeypatch.setattr(boundaries, "draft", lambda path: files.append(path) or draft(path))
    on_disk = trained(pictures, tmp_path / "disk")
    assert len(files) == 2  # train and val
    assert not any((tmp_path / "disk" / "cache" / "boundaries").iterdir())
    np.testing.assert_array_equal(losses(in_memory[1]), losses(on_disk[1]))
    assert in_memory[2] == on_disk[2]


def test_outputs_that_fit_nowhere_are_not_kept(tmp_path, monkeypatch):
    assert place_of(10, tmp_path) == "in memory"
    assert place_of(boundaries.IN_MEMORY + 1, tmp_path / "not yet there") == "on disk"
    assert place_of(boundaries.ON_DISK + 1, tmp_path) is None


@pytest.mark.parametrize("augment", [{"rotation": 10.0}, {"mixup": 0.2}])
def test_changed_pictures_are_not_kept(pictures, tmp_path, augment):
    record, _, _ = trained(pictures, tmp_path, augment=augment)
    assert "boundary" not in record["seconds"]


def test_layers_in_training_mode_everywhere_keep_nothing(pictures, tmp_path):
    record, _, _ = trained(pictures, tmp_path, "everywhere")
    assert "boundary" not in record["seconds"]


WRONG = {
    "no stage": ([], "needs stages, of which the last unfreezes layers"),
    "the head alone": ([{"train": "head"}], "for a head alone see frozen"),
    "the head last": ([{"unfreeze": ["a"]}, {"train": "head"}], "the last unfreezes layers"),
    "the head between": ([{"train": "all"}, {"train": "head"}, {"train": "all"}], "that train the head alone come"),
    "neither": ([{"epochs": 3}], "a stage says either train: head"),
    "both": ([{"train": "all", "unfreeze": ["a"]}], "a stage says either train: head"),
    "a solver of layers": ([{"train": "all", "optimizer": "lbfgs"}], "lbfgs finds a head alone"),
    "a rate of the solver": (
        [{"train": "head", "optimizer": "lbfgs", "learning_rate": 0.1}, {"train": "all"}], "rate has no effect",
    ),
    "batch norm of a head": ([{"train": "head", "batch_norm": "moving"}, {"train": "all"}], "batch_norm has no effect"),
}  # fmt: skip


@pytest.mark.parametrize(("stages", "said"), WRONG.values(), ids=WRONG)
def test_stages_that_cannot_be_are_refused(stages, said):
    with pytest.raises(StudyError, match=said):
        read_section(TrainingParams, {"regime": "two_stage", "stages": stages})


def test_stages_of_another_regime_are_refused():
    with pytest.raises(StudyError, match="stages have no effect on regime: finetune"):
        read_section(TrainingParams, {"regime": "finetune", "stages": STAGES})


def test_a_resolved_study_is_read_again():
    raw = {"name": "s", "dataset": {"root": "data"}, "models": [BLOCKS],
           "training": {"regime": "two_stage", "stages": STAGES}}  # fmt: skip
    first = read_section(Study, raw)
    assert read_section(Study, json.loads(first.model_dump_json())) == first


CUT = {"kept": {}, "on pictures": {"augment": {"reflection": True}}}


@pytest.mark.parametrize("changes", CUT.values(), ids=CUT)
def test_a_training_of_three_stages_that_was_cut_goes_on(pictures, tmp_path, monkeypatch, changes):
    """Cut in the third stage: the second is not trained again, and all ends as if nothing had been."""
    from benchmark.training import loop

    stages = [STAGES[0], STAGES[1] | {"epochs": 2}, STAGES[1] | {"unfreeze": ["block1", "block2", "top"], "epochs": 2}]
    training = {"stages": stages}
    expected = trained(pictures, tmp_path / "whole", training=training, **changes)
    steps, step = [], loop._step

    def cut(*given):
        steps.append(given)
        if len(steps) == 14:  # 42 clips in batches of 8: five steps an epoch, ten a stage, in the last one the fourth
            raise KeyboardInterrupt
        return step(*given)

    monkeypatch.setattr(loop, "_step", cut)
    with pytest.raises(KeyboardInterrupt):
        trained(pictures, tmp_path / "cut", training=training, **changes)
    parent = tmp_path / "cut" / "results" / "colours" / "trials" / "blocks"
    assert (parent / ".0-0.checkpoint-2.npz").exists()
    found = trained(pictures, tmp_path / "cut", training=training, **changes)
    assert len(steps) == 14 + 10  # the third stage had no whole epoch
    np.testing.assert_array_equal(losses(found[1]), losses(expected[1]))
    assert found[2] == expected[2]
    assert not list(parent.glob("*checkpoint*"))
