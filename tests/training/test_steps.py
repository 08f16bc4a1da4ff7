"""Trainings of heads over the steps of clips: what they learn, that they can be repeated, cut and gone on with."""

import contextlib
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from benchmark.config.heads import HeadParams
from benchmark.config.study import TrainingParams
from benchmark.features.batches import Batches
from benchmark.features.reading import reader_of
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.heads import HEADS
from benchmark.store.predictions import read_predictions
from benchmark.tasks import TASKS
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.classifier import Classifier
from benchmark.training.data import TrialData
from benchmark.training.imbalance import balance
from benchmark.training.loop import FitOptions, fit, predict
from benchmark.training.regimes import stages_of
from benchmark.training.stages import run_stages
from benchmark.trials.provenance import Stages
from tests.support.audio_network import audio_network
from tests.support.features import InMemory
from tests.support.stages import steps
from tests.support.studies import run, study_of
from tests.support.studies_of_sound import write_sound

RNG = np.random.default_rng(0)
DIM, CLASSES = 8, 3
SPLITS = ["train"] * 60 + ["val"] * 30 + ["test"] * 30
LABELS = np.arange(120) % CLASSES
HEADS_OVER_STEPS = {
    "ctt": {"filters": 16},
    "ctt_spectrogram": {"filters": 16, "parts": 3, "segment": 4, "draws": 3},
    "lstm": {"units": 8},
    "conv": {"filters": 8, "grid": [2, 2], "width": 2},
    "plain_cnn": {"channels": [8], "segment": 4},
    "single_transformer": {"width": 16, "n_heads": 2, "n_layers": 1, "dropout": 0.1},
    "multi_transformer": {"width": 16, "n_heads": 2, "dropout": 0.1},
}


def films(seed=0):
    """Return clips of 4 to 16 steps: a class is a pattern that two steps, one after the other, show above noise."""
    rng, clips = np.random.default_rng(seed), []
    patterns = np.random.default_rng(1).normal(size=(CLASSES, DIM)) * 3
    for label in LABELS:
        clip = rng.normal(size=(rng.integers(4, 17), DIM))
        at = rng.integers(0, len(clip) - 1, size=len(clip) // 2)
        clip[at] += patterns[label]
        clip[at + 1] += patterns[label]
        clips.append(clip.astype("float32"))
    return InMemory(clips)


def trained(kind, settings=None, training=None, task="multilabel", clips=None, seed=0):
    """Train a head on clips' features; return (TrialData, its scores of the test clips, history, what is said)."""
    params = HeadParams(kind=kind, **HEADS_OVER_STEPS[kind] | (settings or {}))
    training = TrainingParams(**{"optimizer": "adam", "epochs": 15, "learning_rate": 0.02, "patience": None,
                                 "head_init": "glorot"} | (training or {}))  # fmt: skip
    keras.utils.set_random_seed(seed)
    head = HEADS[kind](DIM, CLASSES, 0.0, params.standardize is not False, TASKS[task].activation, **params.layers)
    extractor = SimpleNamespace(features=lambda table, batch_size: clips or films())
    classifier = Classifier(extractor, head, head, "frozen", reader_of(params, seed))
    study = SimpleNamespace(training=training, task=task)
    data = TrialData(classifier, pd.DataFrame({"split": SPLITS}), np.eye(CLASSES, dtype="float32")[LABELS], study, seed)
    stages = stages_of(SimpleNamespace(reads="waveform"), study)
    history, said = run_stages(stages, classifier, data, Stages())
    return data, predict(head, data.batches("head", "test")), history, said


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", HEADS_OVER_STEPS)
def test_every_head_over_steps_learns_what_its_clips_show(kind, task):
    data, scores, history, _ = trained(kind, task=task)
    assert (scores.argmax(axis=1) == data.targets("test").argmax(axis=1)).mean() > 0.8
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]


def test_a_head_that_judges_each_step_trains_on_clips_where_it_is_told_to():
    data, scores, history, _ = trained("conv", {"trains_on": "clips", "over_steps": "noisy_or"})
    assert (scores.argmax(axis=1) == data.targets("test").argmax(axis=1)).mean() > 0.8
    assert history[-1]["iteration"] == 15 * (60 // 32)


def test_each_step_of_the_training_clips_is_an_example():
    data, _, history, _ = trained("conv", training={"epochs": 2, "batch_size": 10})
    n_steps = sum(len(clip) for clip, split in zip(films(), SPLITS, strict=True) if split == "train")
    assert history[-1]["iteration"] == 2 * (n_steps // 10)
    assert len(data.batches("head", "train")) == n_steps
    assert len(data.batches("head", "val")) == 30


def test_the_steps_of_a_clip_weigh_as_it_does_and_come_as_often():
    targets, counts = np.eye(2)[[0, 1, 1, 1]], np.array([2, 1, 3, 1])
    weighed = balance(targets, TrainingParams(class_weight="balanced"), 0).over(counts)
    assert weighed.rows.tolist() == list(range(7))
    np.testing.assert_allclose(weighed.weights, [2, 2, *[2 / 3] * 5])  # 4 clips, 2 classes: 4 / (2 x 1), 4 / (2 x 3)
    repeated = balance(targets, TrainingParams(oversample=True), 0).over(counts)
    assert repeated.rows.tolist() == [0, 1] * 3 + [2, 3, 4, 5, 6]
    assert repeated.weights is None


@pytest.mark.parametrize(("kind", "settings"), [("ctt", {"too_long": "random", "length": 5}), ("ctt_spectrogram", {})])
def test_the_same_seed_trains_the_same_head(kind, settings):
    first, second, other = (
        trained(kind, settings, {"epochs": 2, "batch_size": 16}, seed=seed)[1] for seed in (0, 0, 1)
    )
    np.testing.assert_allclose(first, second, atol=1e-6)  # threads add up in another order
    assert np.abs(first - other).max() > 1e-4


@pytest.mark.parametrize("kind", ["ctt", "lstm", "conv"])
def test_features_are_standardised_by_the_steps_of_the_training_clips(kind):
    data, *_ = trained(kind, training={"epochs": 1})
    steps_seen = np.concatenate([clip for clip, split in zip(films(), SPLITS, strict=True) if split == "train"])
    layer = data.classifier.head.get_layer("standardize")
    np.testing.assert_allclose(np.asarray(layer.mean), steps_seen.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.asarray(layer.scale), 1 / steps_seen.std(axis=0), rtol=1e-5)  # float32


class CutError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("kind", ["ctt_spectrogram", "ctt"])
def test_a_training_that_draws_and_was_cut_ends_the_same(tmp_path, eager, kind):
    settings = {"too_long": "random", "length": 4} if kind == "ctt" else {}
    params, features, targets = HeadParams(kind=kind, **HEADS_OVER_STEPS[kind] | settings), films(), np.eye(3)[LABELS]
    reader, rows = reader_of(params), np.arange(120)

    def train(checkpoint=None, cut_at=None):
        keras.utils.set_random_seed(3)
        head, taken = HEADS[kind](DIM, CLASSES, 0.1, True, "softmax", **params.layers), []
        train, val = (
            reader.batches(features, part, targets[part], 12, part[0] == 0) for part in (rows[:60], rows[60:])
        )

        def cut(inputs, rng):
            taken.append(1)
            if len(taken) == cut_at:
                raise CutError
            return inputs

        train.transform = cut
        training = TrainingParams(optimizer="adam", epochs=3, batch_size=12)
        history = fit(head, train, val, steps(training), 5, FitOptions(checkpoint=checkpoint))
        return head.get_weights(), [row["loss"] for row in history]

    with contextlib.suppress(CutError):
        train(Checkpoint(tmp_path / "a.npz", "key"), cut_at=8)  # within the second epoch of five steps
    resumed, whole = train(Checkpoint(tmp_path / "a.npz", "key")), train()
    assert resumed[1] == whole[1]
    for one, other in zip(resumed[0], whole[0], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("optimizer", ["adam", "sgdm", "rmsprop"])
def test_l2_is_a_term_of_the_gradient_of_kernels(eager, optimizer):
    """As Keras' own regulariser L2(l2 / 2) on them, which adds to the loss what gives this gradient."""
    x, y = RNG.normal(size=(40, 4)).astype("float32"), np.eye(2)[RNG.integers(0, 2, 40)]

    def weights(l2, regularizer=None):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((4,)), keras.layers.Dense(3, "relu", kernel_regularizer=regularizer),
                  keras.layers.BatchNormalization(),
                  keras.layers.Dense(2, "softmax", kernel_regularizer=regularizer)]  # fmt: skip
        model = keras.Sequential(layers)
        training = TrainingParams(regime="finetune", optimizer=optimizer, l2=l2, epochs=3, batch_size=20, keep="last")
        batches = Batches(x.__getitem__, y, 20)
        fit(model, batches, batches, steps(training))
        return model.get_weights()

    found, expected, plain = weights(0.3), weights(0, keras.regularizers.L2(0.15)), weights(0)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)  # float32
    assert np.abs(found[0] - plain[0]).max() > 1e-4


def test_micro_average_precision_is_scikit_learns_and_may_be_watched():
    score = TASKS["multilabel"].scores["average_precision_micro"]
    y_true, y_score = RNG.random((50, 4)) < 0.3, RNG.random((50, 4))
    y_true[:, 3] = False  # a class without a positive clip: its scores count
    assert score(y_true, y_score) == average_precision_score(y_true.ravel(), y_score.ravel())
    assert np.isnan(score(np.zeros((5, 4), bool), y_score[:5]))
    _, _, history, said = trained("ctt", training={"monitor": "average_precision_micro", "patience": 2, "l2": 1e-4})
    best = max(history, key=lambda row: np.nan_to_num(row["val_average_precision_micro"], nan=-1))
    assert said["kept_iteration"] == best["iteration"]


def test_trials_over_patches_of_sound_are_scored_by_predict_as_by_the_study(tmp_path):
    write_sound(tmp_path / "sound", n=4)
    of_patches = {"conv": {"grid": [1, 1], "width": 1}, "ctt_spectrogram": {"segment": 1}}
    heads = {kind: {"kind": kind, **HEADS_OVER_STEPS[kind], **small} for kind, small in of_patches.items()}
    study = study_of(
        tmp_path / "sound", tmp_path, "audio", models=[audio_network(kind, head=head) for kind, head in heads.items()],
        clip={"duration": 3.0, "short": "loop"}, split={"fractions": [0.5, 0.25, 0.25]},
        training={"epochs": 1, "batch_size": 4},
    )  # fmt: skip
    records, _ = run(study)
    assert [record.get("error") for record in records] == [None] * len(heads)
    clips = pd.read_csv(study.folder / "clips.csv", dtype=str).set_index("clip_id")
    for kind in heads:
        folder = study.folder / "trials" / kind / "0-0"
        said = read_predictions(folder / "predictions.csv").of("test")
        classifier = Predictor(folder, check_trial(folder)).classifier
        x = classifier.extractor.read(clips["path"][said.clip_id[-1]])
        np.testing.assert_allclose(classifier.score(x), said.y_score[-1], atol=1e-4)  # four digits
