"""Estimators and late fusion in a study: what may stand together, what has no effect, and what --only keeps."""

import numpy as np
import pytest

from benchmark.config.load import load_study
from benchmark.config.networks import resolve_network
from benchmark.errors import StudyError
from benchmark.trials.notes import training_notes
from tests.support.study_files import write_study

SVM = {"extends": "vgg16", "name": "svm", "label": "SVM", "estimator": "svm"}
CHANCE = {"name": "chance", "label": "Chance", "estimator": "uniform"}
FUSION = {"name": "both", "label": "Both", "fusion": {"members": ["vgg16", "svm"]}}
MODELS = ["vgg16", SVM, CHANCE, FUSION]


def load(tmp_path, models=MODELS, only=(), **changes):
    return load_study(write_study(tmp_path, "data", models=models, **changes), only=only)


def fusion(**changes):
    return FUSION | {"fusion": FUSION["fusion"] | changes}


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([SVM | {"estimator": "svn"}], "model svm: estimator.kind: .*got 'svn'; did you mean 'svm'"),
        ([SVM | {"estimator": {"kind": "knn", "C": 1}}], "the estimator knn takes n_neighbors; got C"),
        ([SVM | {"estimator": {"kind": "prior", "C": 1}}], "the estimator prior takes no settings; got C"),
        ([SVM | {"estimator": {"kind": "svm", "C": [1, 1]}}], "estimator.C: .*several different ones"),
        ([SVM | {"estimator": {"kind": "svm", "C": []}}], "estimator.C: .*several different ones"),
        ([SVM | {"estimator": {"kind": "svm", "C": [1, -1]}}], r"estimator.C.1: .*greater than 0; got -1"),
        ([SVM | {"estimator": {"kind": "svm", "gama": 1}}], "did you mean 'gamma'"),
        ([SVM | {"head": "mlp"}], "one of head, estimator and fusion; got estimator and head"),
        ([SVM | {"fusion": FUSION["fusion"]}], "reads: nothing takes no backbone"),
        ([SVM | {"estimator": "uniform"}], "reads: nothing takes no backbone; got keras.applications.VGG16"),
        ([CHANCE | {"estimator": "svm"}], "neither what it reads nor a backbone"),
        ([CHANCE | {"estimator": "svm", "reads": "nothing"}], "estimator: svm needs features"),
        ([CHANCE | {"reads": "spectrogram"}], "estimator: uniform reads nothing: leave it out; got reads: spectrogram"),
        ([{"name": "a", "label": "A", "reads": "nothing"}], "a model with head needs features"),
        ([{"extends": "vgg16", "weights": None}], "needs weights: imagenet, .*or a path; got null"),
        (["vgg16", SVM, fusion(members=["vgg16"])], "fusion.members: .*at least 2 items"),
        (["vgg16", SVM, fusion(members=["svm", "svm"])], "members named twice: svm"),
        (["vgg16", SVM, fusion(members=["vgg16", "svn"])], "no model svn; did you mean 'svm'.*models are vgg16, svm"),
        ([*MODELS, fusion(members=["vgg16", "both"]) | {"name": "more"}], "both is a fusion itself; name its members"),
        (["vgg16", fusion(members=["vgg16", "both"])], "both is a fusion itself"),
        (["vgg16", SVM, fusion(step=0.3)], "step must go into 1 a whole number of times"),
        ([fusion(members=list("abcdefg"))], "7 members can be weighed in 230,230 ways .*choose a larger step"),
        (["vgg16", SVM, FUSION | {"augment": {"hue": 0.1}}], "augment has no effect on a model with fusion"),
        (["vgg16", SVM | {"training": {"epochs": 3}}], "svm: training.epochs has no effect: a model of scikit-learn"),
        (["vgg16", CHANCE | {"training": {"batch_size": 3}}], "chance: training.batch_size has no effect"),
        (["vgg16", SVM, FUSION | {"training": {"C": 3}}], "training.C has no effect: a mean of other models' scores"),
        (["vgg16", SVM | {"training": {"epohs": 3}}], "svm: training: unknown key 'epohs'; did you mean 'epochs'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path, models, message):
    with pytest.raises(StudyError, match=message):
        load(tmp_path, models)


@pytest.mark.parametrize("changes", [{"training": {"epochs": 5}}, {"augment": {"hue": 0.1}}])
def test_settings_of_a_training_that_no_model_has_are_refused(tmp_path, changes):
    with pytest.raises(StudyError, match=r"training.epochs has no effect: .*scikit-learn|frozen features"):
        load(tmp_path, [SVM, CHANCE], **changes)
    assert load(tmp_path, [SVM, CHANCE], training={"batch_size": 8}).training.batch_size == 8


def test_a_study_that_fine_tunes_leaves_estimators_as_they_are(tmp_path):
    training = {"regime": "finetune", "epochs": 3, "batch_size": 8, "mixed_precision": "off"}
    study = load(tmp_path, training=training, augment={"hue": 0.1})
    tuned, svm, chance, both = (study.for_model(model) for model in study.models)
    assert (tuned.training.regime, tuned.augment.hue) == ("finetune", 0.1)
    assert svm.training.model_dump(exclude_defaults=True) == {"batch_size": 8, "mixed_precision": "off"}
    assert chance.training.changed() == both.training.changed() == svm.augment.changed() == set()


def test_a_plain_word_is_a_kind_with_its_settings_however_they_are_written(tmp_path):
    written = [1, [1], [1.0]]
    found = [resolve_network(SVM | {"estimator": {"kind": "logistic", "C": C}}).estimator for C in written]
    assert found == [resolve_network(SVM | {"estimator": "logistic"}).estimator] * 3
    assert resolve_network(SVM | {"estimator": {"kind": "logistic", "C": None}}).estimator == found[0]
    assert resolve_network(CHANCE).model_dump()["weights"] is None


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        (["both"], ["vgg16", "svm", "both"]),  # a fusion brings its members along
        (["svm"], ["svm"]),
        (["vgg16", "svm"], ["vgg16", "svm"]),
        (["both", "chance"], ["vgg16", "svm", "chance", "both"]),
    ],
)
def test_only_keeps_the_members_of_a_fusion_and_no_fusion_with_its_members(tmp_path, only, kept):
    study = load(tmp_path, only=only, ensembles=[["vgg16", "svm"], ["svm", "chance"]])
    assert [model.name for model in study.models] == kept
    assert [set(names) <= set(kept) for names in study.ensembles] == [True] * len(study.ensembles)


def test_check_says_what_models_without_a_head_are_and_read(tmp_path):
    folds = {0: [np.array(["train"] * 7 + ["val"] * 3), np.array(["train"] * 8 + ["val"] * 2)]}
    assert training_notes(load(tmp_path), folds) == [
        "svm: estimator svm, reads picture; 55 settings are compared on 2 validation clips",
        "chance: estimator uniform, reads nothing",
        "both: fusion of vgg16, svm, reads nothing; 21 weights are compared on 2 validation clips",
    ]
