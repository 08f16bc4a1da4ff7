"""Ensembles: combined as by hand, and chosen without a look at the test clips."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from benchmark.analysis.metrics import ensembles
from benchmark.store.predictions import pooled, predictions
from benchmark.tasks.thresholds import tune_per_class
from tests.support.fake_results import predictions_of, results_of, scored_clips

CLASSES = ["a", "b", "c"]


def scored(skill, seed):
    """Return predictions of 20 validation and 30 test clips, the same for every seed; skill: of the true class."""
    return predictions_of(scored_clips(50, skill, seed).assign(split=["val"] * 20 + ["test"] * 30), CLASSES)


def study(**models):
    """Return results of one trial of each model."""
    return results_of({name: {(0, 0): frame} for name, frame in models.items()}, classes=CLASSES)


def test_majority_vote_by_hand():
    # Two of three models say 'a' with little confidence; the mean of scores says 'b'.
    y_scores = np.array([[[0.5, 0.4, 0.1]], [[0.5, 0.4, 0.1]], [[0.0, 1.0, 0.0]]])
    assert ensembles.mean_of_scores(y_scores).argmax() == 1
    vote = ensembles.majority_vote(y_scores)
    assert vote[0] == pytest.approx([(2 + 1 / 3) / 4, (1 + 0.6) / 4, (0.2 / 3) / 4])
    assert vote.sum() == pytest.approx(1)


def test_a_tied_vote_is_decided_by_the_mean():
    assert ensembles.majority_vote([[[0.6, 0.4, 0]], [[0.1, 0.9, 0]]]).argmax() == 1
    assert ensembles.majority_vote([[[0.9, 0.1, 0]], [[0.4, 0.6, 0]]]).argmax() == 0


def test_clips_meet_by_name():
    one, other = scored(0.2, 1), scored(0.2, 2)
    mixed = other.take(np.random.default_rng(0).permutation(len(other)))
    np.testing.assert_array_equal(ensembles.aligned([one, other])[1], ensembles.aligned([one, mixed])[1])


def test_the_models_that_a_study_names_decide_together_too():
    results = study(one=scored(0.2, 1), other=scored(0.3, 2), third=scored(0.1, 3))
    results.study["ensembles"] = [["one", "third"], ["one", "gone"]]
    table = ensembles.ensembles_table(results)
    named = table[table["ensemble"].isin(["mean_named", "vote_named"])]
    assert named["models"].tolist() == ["one, third"] * 2
    members = [results.done(name)[0].test for name in ("one", "third")]
    decided = np.mean([found.y_score for found in members], axis=0).argmax(axis=1)
    assert named["accuracy"].iloc[0] == pytest.approx((decided == members[0].y_true.argmax(axis=1)).mean())


def test_clips_that_a_member_lacks_are_left_out():
    one, other = scored(0.2, 1), scored(0.2, 2)
    rows, y_scores = ensembles.aligned([one, other.take(slice(5, None))])
    assert rows.clip_id.tolist() == one.clip_id.tolist()[5:]
    assert y_scores.shape == (2, len(rows), 3)


def test_the_choice_sees_no_test_clip():
    """Test labels turned around change accuracies, and nothing about who takes part."""
    models = {name: scored(skill, seed) for seed, (name, skill) in enumerate({"x": 0.5, "y": 0.3, "z": 0.1}.items())}
    turned = {}
    for name, frame in models.items():
        is_val = (frame.split == "val")[:, None]
        turned[name] = replace(frame, y_true=np.where(is_val, frame.y_true, np.roll(frame.y_true, 1, axis=1)))
    tables = [ensembles.ensembles_table(study(**frames)) for frames in (models, turned)]
    assert tables[0]["members"].tolist() == tables[1]["members"].tolist()
    assert tables[0]["val_accuracy"].tolist() == tables[1]["val_accuracy"].tolist()
    assert (tables[0]["accuracy"] != tables[1]["accuracy"]).all()


def test_the_best_on_validation_is_chosen_though_it_is_worst_on_test():
    good, bad = scored(2.0, 1), scored(-0.0, 2)
    lucky = pooled([good.of("val"), bad.of("test")])
    steady = pooled([bad.of("val"), good.of("test")])
    table = ensembles.ensembles_table(study(lucky=lucky, steady=steady)).set_index("ensemble")
    assert table.loc["single", "models"] == "lucky"
    assert table.loc["single", "val_accuracy"] == 1 > table.loc["single", "accuracy"]


@pytest.mark.parametrize("rule", ensembles.RULES)
def test_a_member_that_only_disturbs_is_left_out(rule):
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, 60)
    sure = np.eye(3)[y_true]
    wrong = np.eye(3)[(y_true + 1) % 3]
    assert ensembles.best_first(sure.astype(bool), np.stack([wrong, sure, sure, wrong, wrong]), rule) == [1, 2]


def test_each_trial_has_members_of_its_own():
    strong, weak = scored(0.8, 1), scored(0.0, 2)
    models = {"x": {(0, 0): strong, (1, 0): weak}, "y": {(0, 0): weak, (1, 0): strong}}
    results = results_of(models, "kfold", folds=2, classes=CLASSES)
    table = ensembles.ensembles_table(results).set_index("ensemble")
    assert table.loc["single", "members"] == "X (1), Y (1)"
    assert table.loc["mean_all", "members"] == "X, Y"
    assert table.loc["mean_all", ["trials", "models"]].tolist() == [2, "x, y"]


def test_a_model_with_fewer_trials_takes_no_part():
    models = {name: {(0, seed): scored(0.2, seed) for seed in range(n)} for name, n in (("x", 2), ("y", 2), ("z", 1))}
    results = results_of(models, "predefined", (0, 1), classes=CLASSES)
    assert ensembles.members(results) == ["x", "y"]
    assert ensembles.members(study(x=scored(0.2, 1))) == []
    assert ensembles.ensembles_table(study(x=scored(0.2, 1))).empty


def test_without_validation_clips_nothing_is_chosen():
    frames = {name: scored(0.2, seed).of("test") for seed, name in enumerate("xy")}
    table = ensembles.ensembles_table(study(**frames))
    assert table["ensemble"].tolist() == ["mean_all", "vote_all"]
    assert table["val_accuracy"].isna().all()


def labelled(skill, seed, n_val=40, n_test=40):
    """Return predictions of several labels of the same validation and test clips for every seed."""
    y_true = np.random.default_rng(0).random((n_val + n_test, 3)) < 0.4
    noise = np.random.default_rng(seed).normal(size=y_true.shape)
    y_score = 1 / (1 + np.exp(1 - skill * y_true - noise))
    split = np.repeat(["val", "test"], [n_val, n_test])
    return predictions(split, range(len(y_true)), y_true, y_score, CLASSES, "multilabel")


def test_of_several_labels_scores_are_averaged_and_thresholds_found_on_validation():
    frames = {name: labelled(skill, seed) for seed, (name, skill) in enumerate({"x": 2.0, "y": 1.5, "z": 0.0}.items())}
    results = results_of({name: {(0, 0): frame} for name, frame in frames.items()}, classes=CLASSES, task="multilabel")
    for trial in results.trials:
        trial.info["settings"] = {"thresholds": {"kind": "per_class", "search": "exact", "step": 0.05}}
    table = ensembles.ensembles_table(results).set_index("ensemble")
    assert table.index.tolist() == ["single", "mean_all", "mean_chosen"]  # a vote is for one class
    assert table.loc["single", "models"] == "x"
    assert table.loc["mean_chosen", "models"] == "x, y"
    mean = np.mean([frame.y_score for frame in frames.values()], axis=0)
    val, test, y_true = *(frames["x"].split == split for split in ("val", "test")), frames["x"].y_true
    expected = average_precision_score(y_true[test], mean[test], average="macro")
    assert table.loc["mean_all", "average_precision_macro"] == pytest.approx(expected)
    decided = mean[test] >= tune_per_class(y_true[val], mean[val])
    assert table.loc["mean_all", "f1_macro"] == pytest.approx(f1_score(y_true[test], decided, average="macro"))
