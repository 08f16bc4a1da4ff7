"""A study of films from files to the report and to a prediction: what happens first in them is the class."""

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.report.report import report
from benchmark.inference.predictor import Predictor, check_trial
from tests.support.films import plain, tone, write_film
from tests.support.studies import NETWORK, folder_of, run, study_of

RED, BLUE = (200, 30, 30), (30, 30, 200)
FRAMES = NETWORK | {"reads": "frames"}
MODELS = [
    FRAMES | {"name": "mean", "label": "Mean of frames"},
    FRAMES | {"name": "ctt", "label": "CTT", "head": {"kind": "ctt", "filters": 16}},
    {"name": "av", "label": "AV", "reads": "low_level", "sound": True, "estimator": {"kind": "logistic"}},
    {"name": "fused", "label": "Fused", "fusion": {"members": ["ctt", "av"]}},
]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Forty films of red and blue, red first or blue first, one that is damaged, and one of sound alone."""
    root, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    for number in range(40):
        red_first, n = number % 2 == 0, int(rng.integers(4, 9))
        colours = [RED, BLUE] if red_first else [BLUE, RED]
        frames = [np.clip(frame + rng.normal(0, 20, frame.shape), 0, 255).astype("uint8")
                  for frame in plain(*colours, n=n)]  # fmt: skip
        folder = root / ("red_first" if red_first else "blue_first")
        folder.mkdir(exist_ok=True)
        write_film(folder / f"{number:02}.mp4", frames, rate=8, sound=tone(1.0))
    (root / "red_first" / "cut.mp4").write_bytes((root / "red_first" / "00.mp4").read_bytes()[:900])
    return root


@pytest.fixture(scope="module")
def ran(films, tmp_path_factory):
    study = study_of(
        films, tmp_path_factory.mktemp("ran"), kind="video", models=MODELS, clip={"duration": 1.0},
        frames={"sample": "uniform", "n": 8}, leakage="off",
        split={"protocol": "holdout", "fractions": [0.6, 0.15, 0.25]}, training={"epochs": 60, "batch_size": 8},
    )  # fmt: skip
    records, said = run(study)
    return study, {record["model"]: record for record in records}, said


def test_the_order_of_frames_is_seen_by_a_convolution_through_time_alone(ran):
    _, records, _ = ran
    assert {name: record["status"] for name, record in records.items()} == dict.fromkeys(records, "done")
    assert records["ctt"]["test_accuracy"] == 1.0
    assert records["mean"]["test_accuracy"] <= 0.8  # chance is 0.5; the mean over frames holds no order
    assert records["fused"]["fusion"]["members"] == ["ctt", "av"]
    assert records["fused"]["test_accuracy"] == 1.0


def test_a_damaged_film_is_set_aside_with_its_reason(ran):
    study, _, _ = ran
    rejected = pd.read_csv(study.folder / "rejected.csv")
    assert [path.rpartition("/")[2] for path in rejected["path"]] == ["cut.mp4"]
    assert rejected["reason"][0]
    clips = pd.read_csv(study.folder / "clips.csv")
    assert len(clips) == 40
    assert clips["n_frames"].max() == 8


def test_the_report_names_what_each_model_reads(ran):
    study, _, _ = ran
    report(study.folder)
    found = pd.read_csv(study.folder / "comparison.csv").set_index("model")
    assert found.loc["ctt", "head"].startswith("ctt")
    assert "frames" in found.loc["ctt", "features"]
    assert "low_level" in found.loc["av", "features"]
    assert (study.folder / "report.html").stat().st_size > 10_000


def test_a_film_is_scored_as_in_its_study(ran):
    study, _, _ = ran
    folder = folder_of(study, "ctt")
    written = pd.read_csv(folder / "predictions.csv").query("split == 'test'")
    clips = pd.read_csv(study.folder / "clips.csv").set_index("clip_id")
    predictor = Predictor(folder, check_trial(folder))
    for row in written.head(3).itertuples():
        found = predictor.predict(clips["path"][row.clip_id], timed=True)
        assert found["error"] is None
        assert found["predicted"] == row.y_pred
        assert len(found["windows"]) == 1
    assert "error" in predictor.predict(study.dataset.root / "red_first" / "cut.mp4")
