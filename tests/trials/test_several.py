"""Models of several features: read together, fused, with clips that lack some of them."""

import h5py
import numpy as np
import pytest
import yaml

from benchmark.config.heads import HeadParams
from benchmark.config.load import load_study
from benchmark.config.networks import resolve_network
from benchmark.data.conversion.convert import TEXT
from benchmark.errors import StudyError
from benchmark.features.cache import Features
from benchmark.features.fused import SeveralFeatures, StepsOfSeveral
from benchmark.features.reading import Steps, mean_over_steps, reader_of
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.heads.layers import moments
from benchmark.store.layout import PREDICTIONS, read_record
from benchmark.store.predictions import read_predictions
from tests.support.given import given_study
from tests.support.studies import run

CLASSES = ("action", "comedy", "drama")
SEEN, SAID = ({"extends": "given", "name": name, "key": name} for name in ("seen", "said"))
FUSED = {"features": [SEEN, SAID]}
TRANSFORMER = {"kind": "multi_transformer", "width": 16, "n_heads": 2, "positions": 16}
LACKING = 7  # every so many clips have no speech


def fused(name="fused", names=("seen", "said"), **changes):
    """Return a model that reads the given features 'seen' and 'said' of a clip."""
    features = [{"extends": "given", "name": each, "key": each} for each in names]
    return resolve_network({"name": name, "label": name, "features": features, **changes}, dataset_kind="features")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a file of clips whose class only both features together tell: an exclusive or of signs, and noise."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("several") / "clips.h5"
    with h5py.File(path, "w") as file:
        for number in range(120):
            label, group = number % 3, file.create_group(f"c{number:03}")
            seen, said = {0: (1, 1), 1: (1, -1), 2: (-1, 1)}[label]
            group["seen"] = (seen + rng.normal(size=(3 + number % 4, 5)) / 3).astype("f4")
            if number % LACKING:
                group["said"] = (said + rng.normal(size=(1 + number % 3, 4)) / 3).astype("f4")
            group.attrs["labels"] = np.array([CLASSES[label]], TEXT)
    return path


def test_a_fused_model_learns_what_no_feature_tells_alone_and_clips_may_lack_one(file, tmp_path):
    models = [fused(), fused("seen", ("seen",)), fused("forest", estimator="random_forest")]
    study = given_study(file, tmp_path, models, training={"epochs": 30, "patience": 10})
    run(study)
    found = {}
    for model in models:
        trial = study.folder / "trials" / model.name / "0-0"
        test = read_predictions(trial / PREDICTIONS, "multiclass").of("test")
        has_both = np.array([int(clip[1:]) % LACKING != 0 for clip in test.clip_id])
        found[model.name] = (test.y_true & test.y_pred).any(axis=1)[has_both].mean()
    assert found["fused"] > 0.95
    assert found["forest"] > 0.95
    assert found["seen"] < 0.9  # it cannot tell two of three classes apart
    record = read_record(study.folder / "trials" / "fused" / "0-0")
    assert record["weights"]["name"] == "seen: given, said: given"
    assert record["parameters"] == 9 * 3 + 3 + 2 * 9  # dense over 5 + 4 means, and what standardises them


def test_a_finished_fusion_scores_files_as_the_study_did(file, tmp_path):
    study = given_study(file, tmp_path, [fused()], training={"epochs": 5, "save": "model"})
    run(study)
    trial = study.folder / "trials" / "fused" / "0-0"
    predictor, test = (
        Predictor(trial, check_trial(trial)),
        read_predictions(trial / PREDICTIONS, "multiclass").of("test"),
    )
    for clip, scores in list(zip(test.clip_id, test.y_score, strict=True))[:8]:
        said = predictor.predict(f"{file}#{clip}")["scores"]
        np.testing.assert_allclose([said[name] for name in test.classes], scores, atol=2e-6)  # six digits are written


def features_of(tmp_path, name, arrays):
    files = [tmp_path / f"{name}{number}.npy" for number in range(len(arrays))]
    for file, array in zip(files, arrays, strict=True):
        np.save(file, array)
    return Features(files, [array.shape for array in arrays])


def test_what_heads_over_steps_read_of_several_is_padded_masked_and_averaged(tmp_path):
    rng = np.random.default_rng(0)
    seen = [rng.normal(size=(n, 3)).astype("float32") for n in (4, 2, 6)]
    said = [rng.normal(size=(n, 2)).astype("float32") for n in (3, 0, 1)]
    several = SeveralFeatures({"seen": features_of(tmp_path, "a", seen), "said": features_of(tmp_path, "b", said)})
    reader = StepsOfSeveral({"seen": Steps(length=5), "said": Steps()}, averaged=["said"])
    ((inputs, n),) = reader.batches(several, np.arange(3), np.eye(3), 8).in_order()
    assert n == 3
    assert {name: part.shape for name, part in inputs.items()} == {
        "seen": (3, 5, 3), "seen_mask": (3, 5), "said": (3, 1, 2), "said_mask": (3, 1),
    }  # fmt: skip
    np.testing.assert_array_equal(inputs["seen_mask"].sum(axis=1), [4, 2, 5])
    np.testing.assert_array_equal(inputs["seen"][2], seen[2][:5])
    np.testing.assert_array_equal(inputs["said_mask"], [[1], [0], [1]])
    np.testing.assert_allclose(inputs["said"][:, 0], [said[0].mean(axis=0), [0, 0], said[2][0]], rtol=1e-6)
    for name, part in reader([several[row] for row in range(3)]).items():  # as predict makes it of lists of clips
        np.testing.assert_allclose(part, inputs[name], rtol=1e-6)
    expected = np.concatenate([inputs["said"][:, 0], np.stack([clip.mean(axis=0) for clip in seen])], axis=1)
    np.testing.assert_allclose(several.means, expected, rtol=1e-6)  # in order of name
    np.testing.assert_allclose(mean_over_steps(list(several)), expected, rtol=1e-6)
    blocks = list(reader.blocks(several, np.array([0, 1]), "standardize_said"))
    assert [block.shape for block in blocks] == [(1, 2), (0, 2)]  # a clip without words does not count


@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize("full_length", [True, False])
def test_what_is_averaged_is_one_step_and_no_zeros_are_added_to_it(tmp_path, trains, full_length):
    rng = np.random.default_rng(0)
    seen, said = rng.normal(size=(3, 2)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")
    several = SeveralFeatures({"seen": features_of(tmp_path, "a", [seen]), "said": features_of(tmp_path, "b", [said])})
    settings = {"length": {"seen": 6, "said": 64}, "averaged": ["said"], "mask": False, "full_length": full_length}
    head = HeadParams(kind="multi_transformer", width=16, positions=64, standardize=False, **settings)
    reader = reader_of(head, names=("seen", "said"))
    inputs = reader.batches(several, np.arange(1), np.eye(1), 8, trains).load(np.arange(1))
    np.testing.assert_allclose(inputs["said"].sum(axis=1) / inputs["said_mask"].sum(), [said.mean(axis=0)], rtol=1e-6)
    assert inputs["seen_mask"].sum() == (6 if trains or not full_length else 3)


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(0, set()), (255, set()), (256, {"said"}), (575, {"said"}), (576, {"said", "heard"}),
     (1535, {"said", "heard"}), (1536, {"said", "heard", "seen"})],
)  # fmt: skip
def test_several_features_share_the_memory_that_is_kept(tmp_path, limit, kept):
    shapes = {"seen": (6, 5), "heard": (5, 2), "said": (2, 4)}  # of eight clips 960, 320 and 256 bytes
    arrays = {name: [np.full(shape, number, "float32") for number in range(8)] for name, shape in shapes.items()}
    parts = {name: features_of(tmp_path, name, of_name) for name, of_name in arrays.items()}
    several = SeveralFeatures(parts, limit)
    assert {name for name, part in parts.items() if part.is_kept} == kept
    first, again = several[3], several[3]
    assert {name for name in parts if first[name] is again[name]} == kept
    for name in parts:
        np.testing.assert_array_equal(first[name], arrays[name][3])


def test_a_feature_that_no_training_clip_has_is_standardised_to_nothing():
    mean, std = moments([np.zeros((0, 3)), np.zeros((0, 3))])
    assert mean.tolist() == std.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": [{"extends": "given", "name": "a"}] * 2}, "features named twice: a"),
        ({"features": ["vvlf"]}, "features: unknown features 'vvlf'; did you mean 'vllf'"),
        ({"features": [3]}, "features: an entry must be a name or a mapping; got 3"),
        ({"features": [{"extends": "given", "keys": "a"}]}, "features: given: unknown key 'keys'; did you mean 'key'"),
        ({"features": [{"extends": "given", "name": "What is seen"}]}, "called by small letters, digits and '_'"),
        ({"features": [{"extends": "given"}], "head": "lstm"}, "the lstm head reads one kind of features"),
        ({"features": [{"extends": "vllf"}]}, r"m \(vllf: low_level\) cannot read clips of dataset.kind 'features'"),
        ({"features": []}, "features must name at least one file of configs/features"),
        ({"features": [{"key": "a"}]}, "features: an entry that extends no file must have a name; got {'key': 'a'}"),
        ({"features": [SEEN], "weights": "random"}, "weights has no effect on reads: several, which has no network"),
        ({"features": [SEEN | {"name": "seen_mask"}]}, "so a layer of the head is called.* than 'seen_mask'"),
        ({"features": [SEEN | {"name": "scores"}]}, "so a layer of the head is called.* than 'scores'"),
        (FUSED | {"head": TRANSFORMER | {"averaged": ["sad"]}}, r"head.averaged: sad is none .* did you mean 'said'"),
        (FUSED | {"head": TRANSFORMER | {"length": {"sad": 3}}}, r"head.length: sad is none of its features seen"),
        (
            FUSED | {"head": TRANSFORMER | {"length": {"seen": 3}, "mask": False}},
            r"head.length: mask: false needs that of said too",
        ),
        (FUSED | {"head": TRANSFORMER | {"length": {"seen": 0}}}, r"head.length.seen: input should be greater than 0"),
        (
            FUSED | {"head": TRANSFORMER | {"length": [3]}},
            r"head.length: input should be a valid integer or input should be a valid mapping; got \[3\]",
        ),
        (
            {"features": "given", "head": TRANSFORMER | {"length": {"given": 3}}},
            "head.length names given, but the model reads one kind of features",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_several_features_is_one_sentence(file, tmp_path, changes, message):
    path = tmp_path / "study.yaml"
    model = {"name": "m", "label": "M"} | changes
    path.write_text(yaml.safe_dump({"dataset": {"root": str(file), "kind": "features"}, "models": [model]}))
    with pytest.raises(StudyError, match=message) as error:
        load_study(path)
    assert "\n" not in str(error.value)


def test_a_clip_without_any_of_the_features_is_set_aside(file, tmp_path):
    study = given_study(file, tmp_path, [fused("said", ("said",))], training={"epochs": 2})
    run(study)
    rejected = (study.folder / "rejected.csv").read_text()
    assert rejected.count("holds no array 'said'") == -(-120 // LACKING)


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "single_transformer", "width": 16, "n_heads": 2, "n_layers": 1, "positions": 16},
        {"kind": "multi_transformer", "width": 16, "n_heads": 2, "positions": 16, "averaged": ["said"]},
        {"kind": "mlp_transformer", "hidden": [16], "n_heads": 2, "positions": 16, "step_epochs": 5},
    ],
    ids=lambda head: head["kind"],
)
def test_transformers_fuse_several_features_of_which_clips_may_lack_one(file, tmp_path, head):
    head |= {"dropout": 0.0, "length": {"seen": 5}, "full_length": True}
    model = fused(head=head, training={"optimizer": "adam", "learning_rate": 0.01, "head_init": "glorot"})
    study = given_study(file, tmp_path, [model], training={"epochs": 10, "save": "model"})
    run(study)
    trial = study.folder / "trials" / "fused" / "0-0"
    test = read_predictions(trial / PREDICTIONS, "multiclass").of("test")
    right = (test.y_true & test.y_pred).any(axis=1)
    lacks = np.array([int(clip[1:]) % LACKING == 0 for clip in test.clip_id])
    assert right[~lacks].mean() > 0.9
    assert np.isfinite(test.y_score).all()
    predictor = Predictor(trial, check_trial(trial))
    for clip, scores in list(zip(test.clip_id, test.y_score, strict=True))[:4]:
        said = predictor.predict(f"{file}#{clip}")["scores"]
        np.testing.assert_allclose([said[name] for name in test.classes], scores, atol=5e-6)
