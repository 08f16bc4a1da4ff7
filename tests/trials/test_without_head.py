"""Estimators and late fusion as trials: kept, redone, failed and reported like those of networks."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.analysis.report.report import report
from benchmark.errors import StudyError
from benchmark.features.extractors import EXTRACTORS
from benchmark.inference.explain import explain
from benchmark.inference.export import export
from benchmark.inference.predictor import check_trial
from benchmark.store.predictions import read_predictions
from benchmark.store.results import read_results
from benchmark.tasks import TASKS
from benchmark.trials.checks import judge
from tests.support.studies import NETWORK, SmallNet, folder_of, run, study_of

UNIFORM = {"name": "chance", "label": "Chance", "estimator": "uniform"}
KINDS = [
    NETWORK | {"name": "svm", "label": "SVM", "estimator": {"kind": "svm", "C": [0.1, 10], "kernel": "linear"}},
    NETWORK | {"name": "forest", "label": "Forest", "estimator": {"kind": "random_forest", "n_estimators": 10}},
    NETWORK | {"name": "logistic", "label": "Logistic", "estimator": "logistic"},
    NETWORK | {"name": "knn", "label": "kNN", "estimator": "knn"},
    UNIFORM,
    {"name": "shares", "label": "Shares", "estimator": "prior"},
]
FUSION = {"name": "both", "label": "Both", "fusion": {"members": ["small", "chance"]}}
QUICK = {"training": {"save": "none", "epochs": 2}}
NEEDLESS = [name["name"] for name in (*KINDS, FUSION)]  # of a head


def labels_of(pictures, folder):
    """Write a table in which a picture is of its colour, and also bright or not by its number; return its path."""
    rows = [
        (path, f"{path.parent.name}|even" if int(path.stem) % 2 == 0 else path.parent.name)
        for path in sorted(pictures.glob("*/*.png"))
    ]
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(folder / "labels.csv", index=False)
    return folder / "labels.csv"


@pytest.fixture(scope="module", params=["multiclass", "multilabel"])
def done(pictures, tmp_path_factory, request):
    """A study of every kind of model that has run, the fusion before its members: study, records, what was said."""
    folder = tmp_path_factory.mktemp(request.param)
    several = request.param == "multilabel"
    root = labels_of(pictures, folder) if several else pictures
    more = {"thresholds": "per_class"} if several else {}
    study = study_of(root, folder, models=[FUSION, *KINDS, NETWORK], task=request.param, **QUICK, **more)
    records, said = run(study)
    return study, {record["model"]: record for record in records}, said


def found_in(study, name):
    record = json.loads((folder_of(study, name) / "trial.json").read_text())
    return read_predictions(folder_of(study, name) / "predictions.csv", study.task, record["thresholds"])


def test_each_kind_leaves_the_files_of_a_trial_and_says_what_it_has_not(done):
    study, records, said = done
    assert {name: record["error"] for name, record in records.items()} == dict.fromkeys(records)
    headline = TASKS[study.task].headline
    for name in NEEDLESS:
        record = records[name]
        assert {path.name for path in folder_of(study, name).iterdir()} == {
            "trial.json", "predictions.csv", "history.csv"
        }  # fmt: skip
        assert [record[key] for key in ("regime", "parameters", "flops", "size_mb")] == [None] * 4
        assert "latency" not in record
        assert TASKS[study.task].scores[headline](
            found_in(study, name).of("test").y_true, found_in(study, name).of("test").y_score
        ) == pytest.approx(record[f"test_{headline}"])
    assert records["svm"]["weights"] == records["small"]["weights"]
    assert records["both"]["weights"] == records["chance"]["weights"] == {"name": None, "sha256": None}
    assert records["svm"]["estimator"]["tried"] == 2
    assert "latency: 1 to time" in said
    assert said.index("Both, fold 0, seed 0: not run yet") > said.index("Small, fold 0, seed 0: not run yet")


def test_every_kind_stands_in_the_report(done):
    study, records, _ = done
    table = report(study.folder).comparison.set_index("model")
    headline = TASKS[study.task].headline
    assert set(records) <= set(table.index)
    assert table.loc[list(records), [headline, f"{headline}_low", f"{headline}_high"]].notna().all(axis=None)
    assert table.loc[NEEDLESS, ["parameters", "latency_ms_p50"]].isna().all(axis=None)
    assert [len(read_results(study.folder).timed(name)) for name in ("small", "svm")] == [1, 0]


def test_what_was_done_is_kept(done):
    study, records, _ = done
    _, said = run(study)
    assert said.count("done before, kept") == len(records)


def test_an_estimator_scores_the_features_of_its_network(done):
    study, _, _ = done
    found, clips = found_in(study, "logistic"), pd.read_csv(study.folder / "clips.csv")
    x = np.concatenate(EXTRACTORS["picture"](study.models[3], study, 0).features(clips.assign(image=clips["path"]), 32))
    train = (clips["split_0-0"] == "train").to_numpy()
    test = pd.Index(clips["clip_id"]).get_indexer(found.of("test").clip_id)
    model = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8, max_iter=5000))
    for column, name in enumerate(found.classes):
        if study.task == "multilabel":
            labels, of_class = clips["label"].str.split("|").map(lambda names, name=name: name in names), 1
        else:
            labels, of_class = clips["label"], column
        expected = model.fit(x[train], labels[train]).predict_proba(x[test])[:, of_class]
        np.testing.assert_allclose(found.of("test").y_score[:, column], expected, atol=1e-4)  # two stops of L-BFGS


def test_a_fusion_is_the_weighted_mean_of_what_its_members_wrote(done):
    study, records, _ = done
    fusion, parts = records["both"]["fusion"], [found_in(study, name) for name in ("small", "chance")]
    assert fusion["members"] == ["small", "chance"]
    assert sum(fusion["weights"]) == pytest.approx(1)
    found = found_in(study, "both")
    expected = sum(weight * part.y_score for weight, part in zip(fusion["weights"], parts, strict=True))
    np.testing.assert_allclose(found.y_score, expected, rtol=1e-12)
    np.testing.assert_array_equal(found.clip_id, parts[0].clip_id)
    headline = TASKS[study.task].headline
    val = found.of("val")
    best = TASKS[study.task].scores[headline](val.y_true, val.y_score)
    assert best == pytest.approx(fusion[f"val_{headline}"])
    for part in parts:  # each alone stands on the grid too
        assert best >= TASKS[study.task].scores[headline](part.of("val").y_true, part.of("val").y_score) - 1e-12


@pytest.mark.parametrize("act", [check_trial, explain, lambda folder: export(folder, "keras")])
@pytest.mark.parametrize(("name", "what"), [("svm", "SVM is an estimator"), ("both", "Both is a late fusion")])
def test_there_is_nothing_to_predict_with(done, act, name, what):
    study, _, _ = done
    with pytest.raises(StudyError, match=f"{what}.*keeps nothing to predict with"):
        act(folder_of(study, name))


def test_a_fusion_runs_again_when_a_members_predictions_changed_and_an_estimator_with_no_training(pictures, tmp_path):
    models = [KINDS[2], UNIFORM, NETWORK, FUSION]
    run(study_of(pictures, tmp_path, models=models, **QUICK))
    changed = study_of(pictures, tmp_path, models=models, training={"save": "none", "epochs": 3})
    _, said = run(changed)
    assert "Small, fold 0, seed 0: again, since training changed" in said
    assert "Both, fold 0, seed 0: again, since predictions of small changed" in said
    assert said.count("done before, kept") == 2
    file = folder_of(changed, "chance") / "predictions.csv"
    file.write_text(file.read_text() + "\n")
    assert "again, since predictions of chance changed" in run(changed)[1]


def test_a_trial_runs_again_when_a_setting_is_taken_back(pictures, tmp_path):
    root = labels_of(pictures, tmp_path)
    for more, why in (({"thresholds": 0.3}, "not run yet"), ({}, "again, since thresholds changed")):
        study = study_of(root, tmp_path, models=[UNIFORM], task="multilabel", **QUICK, **more)
        (record,), said = run(study)
        assert f"Chance, fold 0, seed 0: {why}" in said
        assert set(record["thresholds"].values()) == {more.get("thresholds", 0.5)}


def test_a_fusion_with_a_failed_member_names_it_and_the_rest_goes_on(pictures, tmp_path):
    broken = NETWORK | {"name": "small", "backbone": "tests.trials.test_without_head:BrokenNet"}
    records, _ = run(study_of(pictures, tmp_path, models=[FUSION, broken, UNIFORM], **QUICK))
    assert [record["status"] for record in records] == ["failed", "failed", "done"]
    assert records[0]["error"].startswith("its member small failed: ")
    assert "no such layer" in records[0]["error"]
    assert records[0]["regime"] is None
    mended, _ = run(study_of(pictures, tmp_path, models=[FUSION, NETWORK, UNIFORM], **QUICK))
    assert [record["status"] for record in mended] == ["done"] * 3


def test_a_study_whose_fusions_all_need_a_wrong_network_cannot_be_run(pictures, tmp_path):
    wrong = NETWORK | {"backbone": "tests.trials.test_without_head:NoSuchNet"}
    fusion = FUSION | {"fusion": {"members": ["small", "other"]}}
    models = [wrong, wrong | {"name": "other"}, fusion]
    with pytest.raises(StudyError, match="no network of the study can be run"):
        judge(study_of(pictures, tmp_path, models=models))
    found = judge(study_of(pictures, tmp_path, models=[*models, UNIFORM]), lambda line: None)
    assert set(found) == {"small", "other"}
    found = judge(study_of(pictures, tmp_path, models=[*models, UNIFORM]), lambda line: None, thorough=True)
    assert found[FUSION["name"]] == "so will small, other, of which it is made"


def BrokenNet(**arguments):
    """A network that cannot be built."""
    raise ValueError("no such layer")


BrokenNet.preprocess_input = SmallNet.preprocess_input


def test_processes_run_a_fusion_after_its_members(pictures, tmp_path):
    fusion = FUSION | {"fusion": {"members": ["shares", "chance"], "step": 0.5}}
    engine = {"kind": "processes", "workers": 2}
    study = study_of(pictures, tmp_path, models=[fusion, UNIFORM, KINDS[-1]], engine=engine, **QUICK)
    records, _ = run(study)
    assert [record["error"] for record in records] == [None] * 3
    weights, parts = records[0]["fusion"]["weights"], [found_in(study, name) for name in ("shares", "chance")]
    expected = weights[0] * parts[0].y_score + weights[1] * parts[1].y_score
    np.testing.assert_allclose(found_in(study, "both").y_score, expected, rtol=1e-12)
