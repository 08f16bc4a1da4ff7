"""Ablations and sweeps: which models a study has when it is read, and what it says where that cannot be."""

import pytest
import yaml

from benchmark.config.ablation import AblationParams
from benchmark.config.heads import HEADS
from benchmark.config.load import load_study
from benchmark.config.networks import CONFIGS
from benchmark.config.variants import with_variants
from benchmark.errors import StudyError
from tests.support.study_files import write_study

FIVE = ("clip", "musicnet", "audiotag", "ocr", "asr")


def given(*names):
    return [{"name": name, "label": name.upper(), "reads": "given", "key": name} for name in names]


def fused(*names, head="mlp", **more):
    return {"name": "fused", "label": "Fused", "features": given(*names), "head": head} | more


def study(tmp_path, models=(), only=(), overrides=(), **sections):
    dataset = {"root": "data", "kind": "features"}
    return load_study(write_study(tmp_path, "data", dataset=dataset, models=list(models), **sections), overrides, only)


def sections_of(**sections):
    """Return raw entries of models as sections make them, without judging their heads."""
    return with_variants({"models": [fused(*FIVE, head="multi")], **sections}, "study.yaml", CONFIGS)


def test_features_are_added_one_by_one_as_table_3_of_sulun2024_has_them():
    section = AblationParams(model="m", features=FIVE, averaged=("ocr", "asr"))
    rows = ["".join("*" if name in averaged else "X" for name in chosen) for chosen, averaged in section.subsets]
    assert rows == ["X", "XX", "XXX", "XXXX", "XXX*", "XXXXX", "XXX**"]


def test_all_subsets_are_every_choice_once_with_and_without_averaging():
    section = AblationParams(model="m", features=FIVE, averaged=("ocr",), trials="all_subsets")
    plain = [chosen for chosen, averaged in section.subsets if not averaged]
    assert len(plain) == len(set(plain)) == 2**5 - 1
    assert sum(bool(averaged) for _, averaged in section.subsets) == 2**4  # those that hold it
    assert len(AblationParams(model="m", features=("a", "b"), trials="all_subsets").subsets) == 3


def test_models_of_an_ablation_keep_the_settings_of_theirs_and_tell_what_they_read(tmp_path):
    base = fused("clip", "asr", head={"kind": "mlp", "hidden": [8]}, dropout=0.25)
    found = study(tmp_path, [base], ablation={"model": "fused", "features": given("clip", "ocr", "asr")})
    assert [(model.name, model.label) for model in found.models] == [
        ("fused", "Fused"), ("fused-clip", "clip"), ("fused-clip-ocr", "clip + ocr"),
        ("fused-clip-ocr-asr", "clip + ocr + asr"),
    ]  # fmt: skip
    assert {model.dropout for model in found.models} == {0.25}
    assert {model.head.hidden for model in found.models} == {(8,)}
    assert [part.key for part in found.models[2].features] == ["clip", "ocr"]
    assert [len(model.variants) for model in found.models] == [0, 1, 1, 1]


def test_averaged_features_are_named_and_set_in_the_head(monkeypatch):
    averaging = {"multi": {"averaged": None, "length": None}, "mlp": {}}
    monkeypatch.setattr("benchmark.config.variants.HEADS", averaging)
    section = {"model": "fused", "features": given("clip", "ocr"), "averaged": ["ocr"]}
    _, *made = sections_of(ablation=section)
    assert [entry["name"] for entry in made] == ["fused-clip", "fused-clip-ocr", "fused-clip-ocr_averaged"]
    assert made[2]["label"] == "clip + ocr*"
    assert made[2]["head"] == {"kind": "multi", "averaged": ["ocr"]}
    assert made[1].get("head", "multi") == "multi"
    assert made[2]["variants"][0]["value"] == {"clip": "plain", "ocr": "averaged"}


def test_lengths_of_features_that_are_left_out_go_with_them(monkeypatch):
    monkeypatch.setattr("benchmark.config.variants.HEADS", {"multi": {"averaged": None, "length": None}})
    base = fused("clip", "ocr", head={"kind": "multi", "length": {"clip": 8, "ocr": 4}})
    section = {"model": "fused", "features": given("clip", "ocr")}
    made = with_variants({"models": [base], "ablation": section}, "study.yaml", CONFIGS)
    assert [entry["head"]["length"] for entry in made] == [{"clip": 8, "ocr": 4}, {"clip": 8}]


def test_a_variant_that_a_model_is_already_is_that_model(tmp_path):
    found = study(tmp_path, [fused("ocr", "clip")], ablation={"model": "fused", "features": given("clip", "ocr")},
                  sweep={"setting": "head.dropout", "values": [0.1, 0.5], "models": ["fused"]})  # fmt: skip
    assert [model.name for model in found.models] == ["fused", "fused-clip", "fused-head.dropout-0.1"]
    assert [variant.section for variant in found.models[0].variants] == ["ablation", "sweep"]


def test_a_sweep_varies_one_setting_and_leaves_the_rest_of_its_section(tmp_path):
    base = fused("clip", training={"epochs": 3, "patience": 2})
    sweeps = [{"setting": "training.epochs", "values": [3, 30], "models": ["fused"]},
              {"setting": "dropout", "values": [0.5], "models": ["fused"]}]  # fmt: skip
    found = {
        model.name: model for model in study(tmp_path, [base], sweep=sweeps, training={"optimizer": "adam"}).models
    }
    assert list(found) == ["fused", "fused-training.epochs-30", "fused-dropout-0.5"]
    assert found["fused-training.epochs-30"].training == {"epochs": 30, "patience": 2}
    assert found["fused-training.epochs-30"].label == "Fused, epochs 30"
    assert found["fused-dropout-0.5"].variants[0].model_dump() == {
        "section": "sweep", "of": "fused", "label": "Fused", "setting": "dropout", "value": 0.5
    }  # fmt: skip


def test_a_value_that_the_study_has_for_all_is_no_further_model(tmp_path):
    found = study(tmp_path, [fused("clip")], training={"optimizer": "adam", "epochs": 4},
                  sweep={"setting": "training.epochs", "values": [2, 4], "models": ["fused"]})  # fmt: skip
    assert [model.name for model in found.models] == ["fused", "fused-training.epochs-2"]


def test_only_takes_the_names_of_variants_and_set_changes_sections(tmp_path):
    section = {"model": "fused", "features": given("clip", "ocr")}
    assert [m.name for m in study(tmp_path, [fused("asr")], ["fused-clip"], ablation=section).models] == ["fused-clip"]
    changed = study(tmp_path, [fused("asr")], overrides=["ablation.trials=all_subsets"], ablation=section)
    assert len(changed.models) == 1 + 3


def test_the_study_that_is_written_has_models_alone_and_can_be_read_again(tmp_path):
    found = study(tmp_path, [fused("asr")], ablation={"model": "fused", "features": given("clip", "ocr")})
    told = found.model_dump(mode="json")
    assert not {"ablation", "sweep"} & set(told)
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(told))
    assert load_study(tmp_path / "again.yaml").models == found.models


WRONG = {
    "unknown feature": (
        {"model": "fused", "features": ["yamnett"]}, "unknown features 'yamnett'; did you mean 'yamnet'",
    ),
    "unknown model": ({"model": "fussed", "features": ["yamnet"]}, "unknown model 'fussed'; did you mean 'fused'"),
    "averaged": (
        {"model": "fused", "features": given("clip", "ocr"), "averaged": ["ocrr"]},
        "averaged: ocrr is none of the features clip, ocr; did you mean 'ocr'",
    ),
    "mean": ({"model": "fused", "features": given("clip"), "averaged": ["clip"]}, "reads the mean of all features"),
    "backbone": ({"model": "vgg16", "features": given("clip")}, "model vgg16 has backbone"),
    "twice": ({"model": "fused", "features": given("clip", "clip")}, "features named twice: clip"),
    "many": (
        {"model": "fused", "features": given(*"abcdef"), "trials": "all_subsets"},
        "6 features are 63 models, more than 31",
    ),
    "nameless": ({"model": "fused", "features": [{"key": "a"}]}, "an entry that extends no file must have a name; got"),
    "no list": ({"model": "fused", "features": "clip"}, "ablation: features: input should be a valid list; got 'clip'"),
    "no mapping": ("fused", "ablation: input should be a valid mapping; got 'fused'"),
    "no name": (
        {"model": "fused", "features": [3]},
        "ablation: features.0: input should be a valid string or input should be a valid mapping; got 3",
    ),
    "length": (
        {"model": {"extends": "single_transformer", "head": {"kind": "single_transformer", "length": {"orc": 3}}},
         "features": given("clip", "ocr")},
        "head.length: orc is none of its features clip",
    ),
    "key": ({"model": "fused", "features": given("clip"), "avreaged": []}, "did you mean 'averaged'"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_an_ablation_that_cannot_be_is_told_in_one_sentence(tmp_path, what):
    section, said = WRONG[what]
    with pytest.raises(StudyError, match=said) as told:
        study(tmp_path, [fused("asr")], ablation=section)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [("frames.m", "section frames has no setting 'm'"), ("hed.dropout", "did you mean 'head'"),
     ("training.epoch", "did you mean 'epochs'"), ("name", "no model has the setting 'name'"),
     ("training", "section training has no setting ''; it has ")],
)  # fmt: skip
def test_a_sweep_of_what_is_no_setting_is_told_in_one_sentence(tmp_path, setting, said):
    with pytest.raises(StudyError, match=said) as told:
        study(tmp_path, [fused("asr")], sweep={"setting": setting, "values": [1, 2], "models": ["fused"]})
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"values": [2, 2.0]}, "sweep: values: 2.0 stands there twice"),
     ({"models": ["fused", "fused"]}, "sweep: models: 'fused' stands there twice"),
     ({"values": []}, "sweep: values: list should have at least 1 item, not 0")],
)  # fmt: skip
def test_what_is_swept_twice_or_not_at_all_is_told_in_one_sentence(tmp_path, changes, said):
    section = {"setting": "training.epochs", "values": [1, 2], "models": ["fused"]} | changes
    with pytest.raises(StudyError, match=said) as told:
        study(tmp_path, [fused("asr")], sweep=section)
    assert "\n" not in str(told.value)


def test_values_that_differ_by_their_sign_make_two_models(tmp_path):
    section = {"setting": "thresholds", "values": [-1, 1], "models": ["fused"]}
    made = with_variants({"models": [fused("asr")], "sweep": section}, "study.yaml", CONFIGS)
    assert [model["name"] for model in made[1:]] == ["fused-thresholds--1", "fused-thresholds-1"]


@pytest.mark.parametrize("kind", [kind for kind, settings in HEADS.items() if "averaged" in settings])
def test_heads_over_several_features_are_told_which_are_averaged(tmp_path, kind):
    section = {"model": "fused", "features": given(*FIVE), "averaged": ["ocr", "asr"]}
    *others, whole = study(tmp_path, [fused(*FIVE, head=kind)], ablation=section).models
    assert len(others) == 1 + 6 - 1  # the whole one without averaging is the study's own model
    assert whole.head.averaged == ("ocr", "asr")
    assert whole.name == "fused-clip-musicnet-audiotag-ocr_averaged-asr_averaged"
