"""What trial.json says of the time that features took: measured once, and known to every trial that reads them."""

import json

import pytest

from benchmark.data.film_records import decode_seconds
from benchmark.store.csv_file import read_csv
from benchmark.store.layout import LATENCY
from benchmark.store.results import read_results
from tests.support.films import noise, write_film
from tests.support.studies import folder_of, run, study_of

MEASURES = {"name": "measures", "label": "Measures", "reads": "low_level"}
FUSED = {
    "name": "fused", "label": "Fused",
    "features": [{"name": "pixels", "label": "Pixels", "reads": "pixels", "input_size": 8},
                 {"name": "measures", "label": "Measures", "reads": "low_level"}],
}  # fmt: skip
SVM = MEASURES | {"name": "svm", "estimator": "svm"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run of a model of one kind of features, of one of two, and of an estimator, over films."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(12):
        label = "ab"[number % 2]
        (folder / "data" / label).mkdir(exist_ok=True, parents=True)
        write_film(folder / "data" / label / f"f{number}.mp4", noise(3, [6, 6, 6 + number], seed=number))
    study = study_of(folder / "data", folder, kind="video", models=[MEASURES, FUSED, SVM], leakage="off",
                     frames={"n": 2}, training={"epochs": 2},
                     latency={"calls": 2, "seconds": 0, "warmup": 1})  # fmt: skip
    run(study)
    return study


def recorded(study, name):
    return json.loads((folder_of(study, name) / "trial.json").read_text())["extraction_seconds"]


def test_each_kind_of_features_has_its_seconds_and_the_pass_over_films_has_its_own(study):
    assert set(recorded(study, "measures")) == {"measures", "decode"}
    found = recorded(study, "fused")
    assert set(found) == {"pixels", "measures", "decode"}
    assert all(0 < seconds < 30 for seconds in found.values())
    assert found["measures"] == recorded(study, "measures")["measures"] == recorded(study, "svm")["svm"]


def test_decoding_is_the_mean_of_what_the_records_of_the_test_films_say(study):
    results = read_results(study.folder)
    (trial,) = results.done("fused")
    clips = results.clips[results.clips["clip_id"].isin(trial.test.clip_id)]
    said = {}
    for path in (study.cache / "films").rglob("*.json"):
        record = json.loads(path.read_text())
        assert record["took"] > 0
        said[path.stem] = record["took"]
    expected = sum(said[digest] for digest in clips["sha256"]) / len(clips)
    assert recorded(study, "fused")["decode"] == pytest.approx(expected, abs=1e-6)  # as it is rounded
    assert decode_seconds(study, study.models[1], ["0" * 64]) is None


def test_the_head_is_timed_apart(study):
    timed = read_csv(folder_of(study, "fused") / LATENCY, ("stage", "ms"))
    head, forward = (timed.loc[timed["stage"] == stage, "ms"] for stage in ("head", "forward"))
    assert len(head) == 2
    assert 0 < head.min() <= forward.max()
