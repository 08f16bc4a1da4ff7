"""Caveats: what makes a row doubtful is found, named, and shown in every table and in the terminal."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.metrics.caveats import LOSS_ERROR, find_caveats
from benchmark.analysis.plots import figures
from benchmark.analysis.report.report import print_comparison, report
from benchmark.analysis.tables.files import write_tables
from benchmark.store.predictions import SCORE
from benchmark.store.results import read_results
from tests.support.drawing import printed
from tests.support.fake_results import CLASSES, build_results, change_study, change_trial

TABLES = ("per_class", "table_2", "table_3", "comparison", "latency", "parity", "uncertainty", "calibration", "costs")


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "study", models=("vgg16", "yamnet"), folds=1, seeds=(0, 1), random=(), failed=())


def edit(path, change):
    """Read a CSV file, change it in place and write it."""
    frame = pd.read_csv(path)
    change(frame)
    frame.to_csv(path, index=False)


def predict(frame, rows, name):
    """Give the class of this name the highest score in some rows."""
    frame.loc[rows, [SCORE + other for other in CLASSES]] = 0.0
    frame.loc[rows, SCORE + name] = 1.0
    frame.loc[rows, "y_pred"] = name


def all_drama(trial):
    edit(trial / "predictions.csv", lambda frame: predict(frame, frame["split"] == "test", "Drama"))


def less_comedy(trial):
    edit(trial / "predictions.csv", lambda frame: predict(frame, frame["y_pred"] == "Comedy", "Drama"))


def no_comedy(trial):
    """Take a class from the predictions of all trials of the model: one that any fold or seed predicts is no blank."""
    for each in trial.parent.iterdir():
        less_comedy(each)


def guesses(trial):
    """Let the model be right for five test clips of each trial, fewer than the largest class has."""

    def unlucky(frame):
        for place, row in enumerate(frame.itertuples()):
            wrong = next(name for name in CLASSES if name != row.y_true)
            predict(frame, place, row.y_true if place < 5 else wrong)  # test clips come first

    for each in trial.parent.iterdir():
        edit(each / "predictions.csv", unlucky)


def recorded(**changes):
    """Return a change of trial.json."""
    return lambda trial: change_trial(trial, **changes)


def history(rows, **values):
    """Return a change of some rows of history.csv."""

    def change(frame):
        frame.loc[rows, list(values)] = list(values.values())

    return lambda trial: edit(trial / "history.csv", change)


def broke_off(trial):
    history([3], loss=np.nan)(trial)
    recorded(status="failed", error="stopped")(trial)


def untimed(trial):
    (trial / "latency.csv").unlink()
    recorded(latency={"load": {"before": 0.1, "during": 0.84}, "stable": False})(trial)


DIVERGED = f"the training {LOSS_ERROR} in epoch 2; lower the rate"
CHANGES = {  # what is done to a trial, and the caveats of its model
    "cut short": (recorded(solver={"converged": False}), {"optimum": "fold-seed 0-1"}),
    "all drama": (all_drama, {"constant": "Drama, fold-seed 0-1"}),
    "no comedy": (no_comedy, {"unpredicted": "Comedy"}),
    "no comedy under one seed": (less_comedy, {}),
    "guesses": (guesses, {"guessing": "accuracy 0.161 against 0.242 of the largest class"}),  # 10 and 15 of 62 clips
    "lost": (history([3], loss=np.nan), {"loss": "fold-seed 0-1"}),
    "infinite": (history([0], loss=np.inf), {"loss": "fold-seed 0-1"}),
    "diverged": (recorded(status="failed", error=DIVERGED), {"loss": "fold-seed 0-1"}),
    "broke off": (broke_off, {"loss": "fold-seed 0-1"}),
    "lucky": (history(slice(None), accuracy=0.4, val_accuracy=0.9), {"validation": "fold-seed 0-1"}),
    "loaded": (
        recorded(latency={"load": {"before": 0.1, "during": 0.84}, "stable": True}),
        {"load": "0.8 cores busy with other work"},
    ),
    "restless": (recorded(latency={"load": {"before": 0.9, "during": 0.4}, "stable": False}), {"unstable": ""}),
    "untimed": (untimed, {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_doubtful_is_found_for_its_model_alone(folder, name):
    change, found = CHANGES[name]
    assert find_caveats(read_results(folder)).letters == {}
    change(folder / "trials" / "vgg16" / "0-1")
    assert find_caveats(read_results(folder)).found == {"vgg16": found, "yamnet": {}}


@pytest.mark.parametrize(
    ("train", "val", "n_train", "n_val", "epochs", "marked"),
    [
        (0.40, 0.90, 700, 100, 5, True),
        (0.40, 0.90, 700, 100, 1, False),  # one epoch: its batches were scored by a network still new
        (0.40, 0.90, None, 100, 5, False),  # an older trial.json
        (0.70, 0.78, 70_000, 10_000, 5, False),  # as with dropout: surely above, but by less than 0.10
        (0.70, 0.90, 70, 10, 5, False),  # 9 of 10 clips prove nothing
        (0.90, 0.40, 700, 100, 5, False),
    ],
)
def test_only_validation_surely_far_above_training_is_marked(folder, train, val, n_train, n_val, epochs, marked):
    trial = folder / "trials" / "vgg16" / "0-0"
    rows = pd.DataFrame({"iteration": range(1, 2 * epochs + 1), "epoch": np.repeat(range(1, epochs + 1), 2)})
    halves = {"loss": 1.0, "val_loss": np.nan, "val_accuracy": np.nan, "accuracy": [train - 0.1, train + 0.1] * epochs}
    history = rows.assign(**halves)
    history.loc[history.index[-1], "val_accuracy"] = val
    history.to_csv(trial / "history.csv", index=False)
    change_trial(trial, n_train=n_train)
    frame = pd.read_csv(trial / "predictions.csv")
    clips = frame[frame["split"] == "val"].sample(n_val, replace=True, random_state=0)
    pd.concat([frame[frame["split"] == "test"], clips]).to_csv(trial / "predictions.csv", index=False)
    assert ("validation" in find_caveats(read_results(folder)).found["vgg16"]) == marked


LABELS = "clip_a,clip_b,relation,n_folds,label_a,label_b\na,b,same sound,0,x,y\na,c,same group,0,x,y\n"


@pytest.mark.parametrize(
    ("setting", "pairs", "found"),
    [
        ("off", None, {"unchecked": ""}),
        (False, None, {"unchecked": ""}),  # what YAML makes of an off without quotes
        ("warn", None, {}),
        ("warn", "", {}),
        ("warn", "clip_a,clip_b\n", {}),
        ("warn", "clip_a,clip_b\na,b\n", {"copies": "1 pair"}),
        ("warn", "clip_a,clip_b\na,b\nb,a\na,c\n", {"copies": "2 pairs"}),  # a pair may be in several folds
        ("warn", "clip_a,clip_b,n_folds\na,c,0\nb,d,2\n", {"copies": "1 pair"}),  # one side's are no copies across
        ("warn", LABELS, {"labels": "1 pair"}),
        ("refuse", None, {}),
    ],
)
def test_leakage_is_a_caveat_of_every_row(folder, setting, pairs, found):
    change_study(folder, leakage=setting)
    if pairs is not None:
        (folder / "leakage.csv").write_text(pairs)
    assert find_caveats(read_results(folder)).found == {"vgg16": found, "yamnet": found}


def test_a_row_without_a_leakage_check_is_marked_in_every_table_and_in_the_terminal(folder, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", ())
    change_study(folder, leakage="off")
    no_comedy(folder / "trials" / "vgg16" / "0-0")
    summary = report(folder)
    for name in TABLES:
        for suffix in ("md", "tex"):
            text = (folder / f"{name}.{suffix}").read_text()
            assert "b: leakage not checked, all models." in text
            assert "a: a class is never predicted: VGG-16 (Comedy)." in text
            row = next(line for line in text.splitlines() if "VGG-16" in line)
            assert re.search(r"\(caveats: a, b\)|[|&] a, b( |$)", row)
        caveats = pd.read_csv(folder / f"{name}.csv").set_index("model")["caveats"]
        assert set(caveats.loc[["vgg16"]]) == {"a class is never predicted (Comedy); leakage not checked"}
        if name != "parity":  # YAMNet is not in the paper
            assert set(caveats.loc[["yamnet"]]) == {"leakage not checked"}
    of_both = "a class is never predicted: VGG-16 (Comedy); leakage not checked: VGG-16, YAMNet"
    for name in ("pairwise", "ensembles", "per_clip"):  # rows about several models
        assert pd.read_csv(folder / f"{name}.csv")["caveats"].iloc[-1] == of_both
        assert "b: leakage not checked, all models." in (folder / f"{name}.md").read_text()
    lines = printed(print_comparison, summary, 100).splitlines()
    assert next(line for line in lines if line.startswith("VGG-16")).rstrip().endswith("a, b")
    assert "b: leakage not checked, all models." in lines


def test_nothing_marked_means_no_column(folder):
    write_tables(read_results(folder))
    for name in TABLES:
        assert "Caveats" not in (folder / f"{name}.md").read_text()
        assert pd.read_csv(folder / f"{name}.csv")["caveats"].isna().all()


def test_the_best_of_models_that_guess_is_never_called_best_alone(folder):
    for model in ("vgg16", "yamnet"):
        guesses(folder / "trials" / model / "0-1")
    summary = report(folder)
    assert summary.comparison["best"].tolist() == ["best, but not above guessing", "not separable"]
    assert "best, but not above guessing" in (folder / "comparison.md").read_text()
    page = re.sub(r"<[^>]+>", " ", (folder / "report.html").read_text())
    assert "VGG-16, not above guessing" in page
    text = printed(print_comparison, summary, 110)
    row = next(line for line in text.splitlines() if line.startswith("VGG-16"))
    assert " * " in row
    assert row.rstrip().endswith(" a")
    assert "a: not above guessing (accuracy 0.161 against 0.242 of the largest class)" in text
