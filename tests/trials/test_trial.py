"""Trials and the engine, on a small builder network and pictures that anyone can tell apart."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from benchmark.analysis.metrics.caveats import LOSS_ERROR
from benchmark.errors import StudyError
from benchmark.inference.predictor import Predictor, _settings, check_trial
from benchmark.store.predictions import read_predictions
from tests.support.studies import NETWORK, folder_of, run, study_of


@pytest.mark.parametrize("regime", ["frozen", "finetune"])
def test_a_trial_learns_and_leaves_all_its_files(pictures, tmp_path, regime):
    study = study_of(pictures, tmp_path, training={"regime": regime})
    (record,), _ = run(study)
    assert record["status"] == "done", record["error"]
    folder = folder_of(study)
    files = {"trial.json", "predictions.csv", "history.csv", "latency.csv", "model.keras"}
    assert {path.name for path in folder.iterdir()} == files
    predictions = read_predictions(folder / "predictions.csv")
    test = predictions.of("test")
    assert (len(test), len(predictions)) == (12, 18)  # 20 % and 10 % of 60
    assert accuracy_score(test.y_true, test.y_pred) > 0.9
    assert record["test_accuracy"] == accuracy_score(test.y_true, test.y_pred)
    history = pd.read_csv(folder / "history.csv")
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert [record[f"n_{split}"] for split in ("train", "val", "test")] == [42, 6, 12]
    assert record["regime"] == regime
    assert record["weights"]["name"] == "random"
    assert record["parameters"] == 3 * 3 * 3 * 8 + 8 + 4 * 8 + (8 * 3 + 3) + (16 if regime == "frozen" else 0)
    assert {"train", "predict", "build"} <= set(record["seconds"])
    assert record["versions"]["keras"] == keras.__version__


def test_a_broken_picture_is_set_aside_and_the_study_goes_on(pictures, tmp_path):
    root = tmp_path / "pictures"
    shutil.copytree(pictures, root)
    (root / "red" / "00.png").write_bytes((pictures / "red" / "00.png").read_bytes()[:500])
    (root / "red" / "text.png").write_text("no picture")
    study = study_of(root, tmp_path, training={"epochs": 1})
    (record,), _ = run(study)
    assert record["status"] == "done"
    rejected = pd.read_csv(study.folder / "rejected.csv")
    assert [Path(path).name for path in rejected["path"]] == ["00.png", "text.png"]
    assert rejected["reason"].str.len().min() > 5


def test_predict_gives_the_scores_of_the_study_and_names_a_bad_file(pictures, tmp_path):
    study = study_of(pictures, tmp_path)
    run(study)
    said = read_predictions(folder_of(study) / "predictions.csv")
    clips = pd.read_csv(study.folder / "clips.csv", dtype=str).set_index("clip_id")
    predictor = Predictor(folder_of(study), check_trial(folder_of(study)))
    for clip_id, expected in zip(said.clip_id[:3], said.y_score[:3], strict=True):
        row = predictor.predict(clips.loc[clip_id, "path"])
        np.testing.assert_allclose(list(row["scores"].values()), expected, atol=2e-4)  # rounded to four digits
    (tmp_path / "bad.png").write_text("no picture")
    row = predictor.predict(tmp_path / "bad.png")
    assert row["scores"] is None
    assert row["error"]


@pytest.mark.parametrize("content", [None, "{", '{"status": "failed", "error": "why"}', '{"status": "done"}'])
def test_predict_from_a_folder_that_is_no_finished_trial_is_a_readable_error(tmp_path, content):
    if content is not None:
        (tmp_path / "trial.json").write_text(content)
    with pytest.raises(StudyError, match=r"no trial's folder|the trial failed|no saved model"):
        check_trial(tmp_path)


def test_a_finished_trial_is_kept_and_a_changed_one_runs_again(pictures, tmp_path):
    study = study_of(pictures, tmp_path, training={"epochs": 1})
    run(study)
    first = (folder_of(study) / "trial.json").stat().st_mtime_ns
    called = [NETWORK | {"label": "Tiny"}]  # a label changes no number
    _, said = run(study_of(pictures, tmp_path, training={"epochs": 1}, models=called))
    assert "done before, kept" in said
    assert (folder_of(study) / "trial.json").stat().st_mtime_ns == first
    _, said = run(study_of(pictures, tmp_path, training={"epochs": 2}))
    assert "again, since training changed" in said
    _, said = run(study_of(pictures, tmp_path, training={"epochs": 2}), force=True)
    assert "asked for again" in said


def test_a_loss_that_is_no_number_fails_the_trial_with_advice(pictures, tmp_path):
    wild = {"regime": "finetune", "learning_rate": 1e30, "optimizer": "sgdm", "head_init": "glorot"}
    study = study_of(pictures, tmp_path, training=wild)
    (record,), _ = run(study)
    assert record["status"] == "failed"
    assert "learning_rate" in record["error"]
    assert LOSS_ERROR in record["error"]  # by which a report knows it


def test_a_trial_cut_short_leaves_no_folder_of_its_name(pictures, tmp_path, monkeypatch):
    study = study_of(pictures, tmp_path)
    monkeypatch.setattr(keras.Model, "save", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(study)
    assert list(folder_of(study).parent.iterdir()) == []


def test_batch_norm_statistics_stay_or_move_as_the_study_says(pictures, tmp_path):
    def moved(batch_norm):
        training = {"regime": "finetune", "batch_norm": batch_norm, "epochs": 2}
        study = study_of(pictures, tmp_path, name=batch_norm, training=training)
        run(study)
        network = Predictor(folder_of(study), check_trial(folder_of(study))).classifier.extractor.backbone.model
        (norm,) = (part for part in network.layers[-1].layers if isinstance(part, keras.layers.BatchNormalization))
        return not np.allclose(norm.moving_mean, 0)

    assert moved("moving")
    assert moved("auto")  # the weights are random: there is nothing to keep
    assert not moved("frozen")


def test_a_trial_is_rebuilt_without_the_other_models_that_its_study_names(pictures, tmp_path):
    tuned = NETWORK | {"name": "tuned", "training": {"regime": "finetune"}}
    study = study_of(pictures, tmp_path, models=[NETWORK, tuned], augment={"reflection": True},
                     ensembles=[["small", "tuned"]])  # fmt: skip
    own = study.for_model(study.models[0])
    record = {"settings": own.model_dump(mode="json", exclude={"models"}) | {"model": NETWORK}}
    rebuilt, network = _settings(tmp_path, record)
    assert (rebuilt.models, network.name) == ((network,), "small")
    assert rebuilt.training.regime == "frozen"


def test_a_model_need_not_be_kept(pictures, tmp_path):
    study = study_of(pictures, tmp_path, training={"save": "none", "epochs": 1})
    run(study)
    with pytest.raises(StudyError, match=r"training\.save: model"):
        check_trial(folder_of(study))


def test_a_head_alone_predicts_as_the_whole_model_and_refuses_another_backbone(pictures, tmp_path):
    def scores(**training):
        study = study_of(pictures, tmp_path, name=training["save"], training={"epochs": 3, **training})
        run(study)
        row = Predictor(folder_of(study), check_trial(folder_of(study))).predict(pictures / "red" / "00.png")
        return folder_of(study), list(row["scores"].values())

    _, whole = scores(save="model")
    folder, head = scores(save="head")
    np.testing.assert_allclose(head, whole, atol=2e-4)  # rounded to four digits
    record = check_trial(folder)
    with pytest.raises(StudyError, match="trained on other weights of Small"):
        Predictor(folder, record | {"seed": 5})


@pytest.mark.parametrize("regime", ["frozen", "finetune"])
def test_an_mlp_head_learns_and_is_rebuilt_from_its_trial(pictures, tmp_path, regime):
    head = {"kind": "mlp", "hidden": [16], "dropout": 0.1}
    models = [NETWORK | {"head": head}, NETWORK | {"name": "other", "head": "linear"}, NETWORK | {"name": "third"}]
    study = study_of(pictures, tmp_path, training={"regime": regime}, models=models)
    records = {record["model"]: record for record in run(study)[0]}
    record = records["small"]
    assert record["status"] == "done", record["error"]
    assert record["test_accuracy"] > 0.9
    assert "solver" not in record  # L-BFGS solves linear heads alone
    assert record["settings"]["model"]["head"] == head | {"standardize": True}
    assert records["other"]["parameters"] - record["parameters"] == (8 * 3 + 3) - (8 * 16 + 16 + 16 * 3 + 3)
    said = read_predictions(folder_of(study) / "predictions.csv").of("test")
    clips = pd.read_csv(study.folder / "clips.csv", dtype=str).set_index("clip_id")
    predictor = Predictor(folder_of(study), check_trial(folder_of(study)))
    found = predictor.predict(Path(clips["path"][said.clip_id[0]]))["scores"]
    np.testing.assert_allclose([found[name] for name in said.classes], said.y_score[0], atol=1e-4)  # batches of one
