"""Trials of several labels, used: predicted, explained and exported by their own thresholds, each class by itself."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmark
from benchmark.errors import StudyError
from benchmark.inference import explain as explaining
from benchmark.inference.cam import LOG_ODDS, ActivationMaps
from benchmark.inference.explain import Clip, Explainer, explain
from benchmark.inference.export import OUTPUTS, export
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.inference.score_lines import print_scores
from benchmark.store.labels import to_matrix
from benchmark.store.predictions import predictions
from benchmark.tasks import TASKS
from tests.support.studies import COLOURS, folder_of, run, study_of

CLASSES = ["blue", "green", "red", "violet"]
SPLITS = {"train": 24, "val": 12, "test": 12}  # clips


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """The folder of a trained trial whose pictures have a bar of each of their colours; no test clip is violet."""
    folder, rng, rows = tmp_path_factory.mktemp("multilabel"), np.random.default_rng(0), []
    for split, n in SPLITS.items():
        for number in range(n):  # every combination
            held = {name: bool(number >> place & 1) for place, name in enumerate(COLOURS)}
            picture = rng.normal(60, 30, (48, 48, 3))
            for place, name in enumerate(COLOURS):
                picture[:, 16 * place : 16 * place + 16] += held[name] * np.array(COLOURS[name])
            path = folder / f"{split}{number:02}.png"
            Image.fromarray(picture.clip(0, 255).astype("uint8")).save(path)
            names = [name for name in COLOURS if held[name]] + ["violet"] * (split != "test" and number % 4 == 0)
            rows.append({"path": path.name, "label": "|".join(names), "split": split})
    pd.DataFrame(rows).to_csv(folder / "clips.csv", index=False)
    study = study_of(
        folder / "clips.csv", folder, task="multilabel", thresholds="per_class", classes={"rare": "keep"},
        training={"optimizer": "adam", "epochs": 10, "batch_size": 8, "save": "model"}, leakage="off",
    )  # fmt: skip
    (record,), said = run(study)
    assert record["status"] == "done", said
    return folder_of(study)


@pytest.fixture(scope="module")
def record(trial):
    return check_trial(trial)


@pytest.fixture
def predictor(trial, record):
    return Predictor(trial, record)


@pytest.fixture(scope="module")
def tested(trial):
    """The test clips of predictions.csv with their files."""
    frame = pd.read_csv(trial / "predictions.csv", keep_default_na=False).query("split == 'test'")
    paths = pd.read_csv(trial.parents[2] / "clips.csv", dtype=str).set_index("clip_id")["path"]
    return frame.set_index("clip_id").join(paths)


def test_predict_decides_by_the_thresholds_of_the_trial_as_the_study_did(predictor, record, tested):
    assert set(record["thresholds"].values()) != {0.5}  # else the default would do
    for clip in tested.itertuples():
        row = predictor.predict(clip.path)
        assert row["predicted"] == row["windows"][0]["predicted"] == clip.y_pred
        assert row["thresholds"] == record["thresholds"]
        expected = [getattr(clip, f"score_{name}") for name in CLASSES]
        np.testing.assert_allclose(list(row["scores"].values()), expected, atol=1e-5)  # batches add up otherwise
    assert tested["y_pred"].str.contains("|", regex=False).any()


def test_several_windows_are_averaged_before_they_are_decided(predictor, monkeypatch, capsys):
    windows = iter(np.array([[0.75, 0.0, 0.5, 1.0], [0.25, 0.25, 0.75, 0.0]]))  # sums that a float has exactly
    limits = {"blue": 0.5, "green": 0.25, "red": 0.5, "violet": 0.75}
    sound = predictor.study.model_copy(update={"dataset": predictor.study.dataset.model_copy(update={"kind": "audio"})})
    for name, value in {
        "study": sound,
        "thresholds": limits,
        "classifier": SimpleNamespace(score_in_stages=lambda reader, path, clock: reader.read(path)),
        "_reader": lambda start: SimpleNamespace(read=lambda path: next(windows)),
    }.items():
        monkeypatch.setattr(predictor, name, value)
    monkeypatch.setattr("benchmark.inference.predictor.window_starts", lambda *given: [0.0, 1.0])
    row = predictor.predict("film.wav")
    assert list(row["scores"].values()) == [0.5, 0.125, 0.625, 0.5]
    assert row["predicted"] == "blue|red"  # at the threshold counts
    assert [window["predicted"] for window in row["windows"]] == ["blue|red|violet", "green|red"]
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    print_scores([row])
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "film.wav: red, blue  (red 0.625, blue 0.500, violet 0.500, green 0.125)"
    assert second.split("s  ")[1].startswith("violet, blue, red  (")
    assert third.split("s  ")[1].startswith("red, green  (")


def test_a_clip_that_reaches_no_threshold_has_no_class(predictor, tested, capsys):
    predictor.thresholds = dict.fromkeys(CLASSES, 1.1)
    row = predictor.predict(tested["path"].iloc[0])
    assert (row["predicted"], row["error"]) == ("", None)
    print_scores([row])
    assert ".png: no class  (" in capsys.readouterr().out


def test_the_door_and_the_command_say_the_same(trial, tested, predictor, command):
    path = tested["path"].iloc[-1]
    row = predictor.predict(path)
    assert benchmark.load_model(trial, trust=True).predict(path) == row
    code, out, _ = command("predict", trial, path, "--json", "--trust")
    assert (code, json.loads(out)) == (0, [row])


@pytest.mark.parametrize("thresholds", [None, {"blue": 0.5}, dict.fromkeys(CLASSES), [0.5] * 4])
def test_a_record_without_the_threshold_of_each_class_is_a_readable_error(trial, record, thresholds):
    with pytest.raises(StudyError, match=r"trial\.json must hold the threshold of each class; got"):
        Predictor(trial, record | {"thresholds": thresholds})


def test_log_odds_are_known_for_the_activation_of_every_task():
    assert {task.activation for task in TASKS.values()} == set(LOG_ODDS) == set(OUTPUTS)


def test_a_cell_of_a_map_is_what_the_log_odds_of_its_class_lose_when_it_fades(trial, record, tested):
    explainer = Explainer(trial, record)
    backbone, head = explainer.extractor.backbone, explainer.classifier.head
    image = explainer.read(tested["path"].iloc[3])[None]
    maps = np.asarray(ActivationMaps(backbone, head).to_map(image, training=False), "float64")
    centre = np.asarray(head.get_layer("standardize").mean)
    n = maps.shape[1] * maps.shape[2]
    step = 0.1 * n  # a cell is one of n of the pooled map, in which the logit is linear: float32 alone sets the error
    cells = np.eye(n).reshape(n, *maps.shape[1:3], 1)
    up, down = (head(((maps - centre) * (1 + by * cells) + centre).mean(axis=(1, 2)).astype("float32"), training=False)
                for by in (step, -step))  # fmt: skip
    up, down = (np.log(p) - np.log1p(-p) for p in (np.asarray(up, "float64"), np.asarray(down, "float64")))
    slopes = ((up - down) / (2 * step)).T.reshape(len(CLASSES), *maps.shape[1:3])
    found = explainer.saliency(np.repeat(image, len(CLASSES), axis=0), CLASSES)
    # probabilities of float32 near 1 have an error of 1e-7 over 1 - p
    np.testing.assert_allclose(found, slopes, rtol=1e-2, atol=1e-3 * np.abs(slopes).max())


def test_explaining_covers_each_class_that_a_test_clip_has_and_names_the_others(trial, tested):
    paths, sentences = explain(trial)
    assert all(path.is_file() for path in paths)
    names = {path.name for path in paths}
    y_true, y_pred = (to_matrix(tested[column], CLASSES) for column in ("y_true", "y_pred"))
    for column in range(len(CLASSES)):
        right = tested.index[y_true[:, column] & y_pred[:, column]]
        assert {f"clip_{clip_id}.png" for clip_id in right[:1]} <= names
    assert len(names) == len(paths)  # a clip of several classes is drawn once
    table = pd.read_csv(trial / "explanations" / "bands.csv")
    counts = table.groupby("class")["n_clips"].first().to_dict()
    assert counts == {name: n for name, n in zip(CLASSES, y_true.sum(axis=0).tolist(), strict=True) if n}
    across = pd.read_csv(trial / "explanations" / "seconds.csv")
    for place, name in enumerate(COLOURS):  # a third of the picture has its colour; an even spread has a third of it
        middle = (across["from_px"] + across["to_px"]) / 2
        in_bar = across[(across["class"] == name) & (middle // (32 / 3) == place)]
        assert in_bar["share"].sum() > 0.6
    assert sentences[-1] == "no mean for violet: no test clip is found that is of it"


def test_a_clip_is_drawn_for_what_it_gets_and_what_it_misses(trial, record, tested):
    explainer = Explainer(trial, record)
    path, colours = tested.loc[tested["y_true"] == "blue|green|red", "path"].iloc[0], ("blue", "green", "red")

    def drawn(threshold, y_true):
        explainer.predictor.thresholds = dict.fromkeys(CLASSES, threshold)
        figure = explainer.clip(Clip("some", path, y_true))
        titles = [ax.get_title() for ax in figure.axes if ax.get_title().startswith("saliency for ")]
        return figure.get_suptitle().split("some")[1], titles

    title, captions = drawn(1.1, colours)
    assert title == " (true: blue, green, red)"
    assert {caption.split(",")[0] for caption in captions} == {f"saliency for {name}\nmissed" for name in colours}
    title, captions = drawn(0.0, ())
    assert title == " (true: no class)"
    assert [caption.split("\n")[1].split(",")[0] for caption in captions] == ["wrongly predicted (3 of 4)"] * 3
    title, (caption,) = drawn(1.1, None)
    assert title == ""
    assert "highest, not predicted" in caption


SCORES = {"e": 0.9, "d": 0.8, "c": 0.7, "b": 0.6, "a": 0.1}
SHOWN = [  # predicted, true, thresholds: captions
    ("e", ("e",), None, {"e": "predicted, score 0.90"}),
    ("e", None, None, {"e": "predicted, score 0.90"}),
    ("e", ("a",), None, {"e": "wrongly predicted, score 0.90", "a": "missed, score 0.10"}),
    ("", (), 0.95, {"e": "highest, not predicted, score 0.90 < 0.95"}),
    ("", ("a",), 0.95, {"a": "missed, score 0.10 < 0.95"}),
    ("bcde", ("d",), 0.5, {
        "e": "wrongly predicted (3 of 4), score 0.90 ≥ 0.50",
        "d": "predicted (3 of 4), score 0.80 ≥ 0.50",
        "c": "wrongly predicted (3 of 4), score 0.70 ≥ 0.50",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("predicted", "true", "threshold", "expected"), SHOWN)
def test_captions_say_right_wrong_and_missed_and_how_many_are_left_out(predicted, true, threshold, expected):
    thresholds = threshold and dict.fromkeys(SCORES, threshold)
    shown = explaining._shown(SCORES, set(predicted), true, thresholds)
    assert shown == {name: f"saliency for {name}\n{words}" for name, words in expected.items()}


def test_examples_are_right_clips_of_each_class_then_the_most_confident_wrong_predictions():
    classes, labels = ("a", "b"), ["a|b", "a", "", "b", ""]
    y_score = np.array([[0.9, 0.9], [0.9, 0.6], [0.2, 0.8], [0.1, 0.1], [0.7, 0.1]])
    ids = [f"clip{number}" for number in range(5)]
    test = predictions("test", ids, to_matrix(labels, classes), y_score, classes, "multilabel")
    chosen = [[clip.name for clip in explaining._examples(test, ids, n)] for n in (1, 2, 9)]
    assert chosen == [["clip0", "clip2"], ["clip0", "clip1", "clip2", "clip4"], ["clip0", "clip1", "clip2", "clip4"]]
    nothing = predictions("test", ids, to_matrix(labels, classes), y_score * 0, classes, "multilabel")
    assert [clip.y_true for clip in explaining._examples(nothing, ids, 2)] == [("a", "b"), ("a",)]


def test_the_exported_file_gives_a_score_of_each_class_and_says_how_they_are_decided(trial, record, predictor, tested):
    said = []
    path = export(trial, "keras", say=said.append)
    told = json.loads((path.parent / "export.json").read_text())
    assert told["task"] == "multilabel"
    assert told["output"]["activation"] == "sigmoid"
    assert told["output"]["thresholds"] == record["thresholds"]
    assert told["output"]["classes"] == CLASSES
    assert set(told["clips"]) <= set(tested.index)
    assert len(told["clips"]) == 5
    assert "on 5 test clips" in said[-1]
    clip = tested.loc[told["clips"][2], "path"]
    given = predictor.classifier.extractor.read(clip)
    scores = np.asarray(keras.models.load_model(path, compile=False)(given))[0]
    row = predictor.predict(clip)
    np.testing.assert_allclose(scores, list(row["scores"].values()), atol=1e-5)  # six digits
    limits = told["output"]["thresholds"]
    assert row["predicted"] == "|".join(name for name, p in zip(CLASSES, scores, strict=True) if p >= limits[name])
