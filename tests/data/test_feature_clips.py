"""Facts about clips that are given as features: in a file each, in a table, or in one HDF5 file."""

import json
import pickle
from collections import Counter
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

from benchmark.config.study import DatasetParams
from benchmark.data import feature_clips
from benchmark.data import preparation as prepare
from benchmark.data.clips import find_clips
from benchmark.data.conversion.convert import convert
from benchmark.data.conversion.label_files import read_label_table, read_split
from benchmark.data.leakage import find_copies
from benchmark.errors import StudyError
from benchmark.store import layout
from tests.support.given import CLASSES, given_study, write_features

RNG = np.random.default_rng(0)


@pytest.fixture
def find(tmp_path):
    """Return a function that finds the clips of a root of features; its sentences stand in ``find.said``."""

    def call(root, task="multiclass", **changes):
        call.said = []
        dataset = DatasetParams(root=root, kind=changes.pop("kind", "features"), **changes)
        return find_clips(dataset, tmp_path / "cache", say=call.said.append, task=task)

    return call


def write_group(path, clips):
    """Write {name: (arrays, attributes)} as groups of an HDF5 file."""
    with h5py.File(path, "w") as file:
        for name, (arrays, attributes) in clips.items():
            group = file.create_group(name)
            for key, array in arrays.items():
                group[key] = array
            group.attrs.update(attributes)
    return path


X = {"x": np.ones((2, 3))}


def test_one_file_holds_clips_labels_groups_and_split(find, tmp_path):
    clips = {
        "b%2F1": (X, {"labels": "drama", "group": "g", "split": "test"}),
        "a": ({"x": np.zeros(3)}, {"labels": np.array(["comedy", "action"], h5py.string_dtype()), "split": "valid"}),
        "c#x": ({"x": np.full(3, 2)}, {"labels": "action|drama"}),
    }
    found, rejected = find(write_group(tmp_path / "a.h5", clips), task="multilabel")
    assert rejected.empty
    rows = found.set_index("clip_id")
    assert rows["path"].to_dict() == {
        "b_1": f"{tmp_path}/a.h5#b%2F1", "a": f"{tmp_path}/a.h5#a", "c_x": f"{tmp_path}/a.h5#c#x",
    }  # fmt: skip
    assert rows["label"].to_dict() == {"b_1": "drama", "a": "action|comedy", "c_x": "action|drama"}
    assert rows["group"].to_dict() == {"b_1": "g", "a": "clip:a", "c_x": "clip:c_x"}
    assert rows["split"].to_dict() == {"b_1": "test", "a": "val", "c_x": ""}


def test_what_a_group_lacks_the_file_says(find, tmp_path):
    path = write_group(tmp_path / "a.h5", {"a": (X, {"labels": "one"}), "b": (X, {"labels": "two", "split": "test"})})
    with h5py.File(path, "a") as file:
        file.attrs["split"] = "train"
    assert find(path)[0].set_index("clip_id")["split"].to_dict() == {"a": "train", "b": "test"}


def test_files_of_classes_a_table_and_one_file_are_the_same_clips(find, tmp_path):
    one = write_features(tmp_path / "all.h5", per_class=2)
    with h5py.File(one) as file:
        for name, group in file.items():
            place = tmp_path / "folder" / name[:-2]
            place.mkdir(parents=True, exist_ok=True)
            if name == "drama00":
                np.save(place / f"{name}.npy", group["x"][()])
            else:
                np.savez(place / f"{name}.npz", x=group["x"][()])
    rows = [f"all.h5#{label}{number:02},{label}" for label in CLASSES for number in range(2)]
    (tmp_path / "t.csv").write_text("path,label\n" + "\n".join(rows))
    columns = ["clip_id", "label", "group"]
    found = [find(root)[0] for root in (one, tmp_path / "folder", tmp_path / "t.csv")]
    for other in found[1:]:
        pd.testing.assert_frame_equal(other[columns], found[0][columns])
    assert list(found[2]["path"]) == list(found[0]["path"])
    # Digests are of the arrays and their keys: a .npy has none of its own.
    differs = found[0]["sha256"] != found[1]["sha256"]
    assert list(found[0]["clip_id"][differs]) == ["drama00"]
    assert found[0]["sha256"].equals(found[2]["sha256"])


REFUSED = {
    "no group": ({}, {}, "must hold a group per clip; it holds nothing"),
    "one class": ({"a": (X, {"labels": "one"})}, {}, "one class only"),
    "a class with a bar": (
        {"a": (X, {"labels": np.array(["one|two"], h5py.string_dtype())}), "b": (X, {"labels": "three"})},
        {"task": "multilabel"}, "has a '|' in its name",
    ),
    "no label": ({"a": (X, {}), "b": (X, {"labels": "one"})}, {}, "1 of 2 clips, the first 'a', have other than"),
    "two labels": ({"a": (X, {"labels": "one|two"}), "b": (X, {"labels": "one"})}, {}, "set task: multilabel"),
    "labels that are numbers": ({"a": (X, {"labels": np.ones(3)})}, {}, "clip 'a': labels, group and split must be"),
    "a split that is none": ({"a": (X, {"labels": "one", "split": "rest"})}, {}, "clip 'a': split must be train, val"),
    "a label of two lines": ({"a": (X, {"labels": "one\ntwo"})}, {}, "the label cannot be printed"),
    "columns": ({"a": (X, {"labels": "one"})}, {"columns": {"label": "genre"}}, "belong to a CSV"),
    "another kind": ({"a": (X, {"labels": "one"})}, {"kind": "audio"}, "set dataset.kind: features"),
    "labels that differ in case": (
        {"a": (X, {"labels": "one"}), "b": (X, {"labels": "One"})}, {}, "differ in case or punctuation alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_cannot_mean_is_one_sentence(find, tmp_path, case):
    clips, changes, said = REFUSED[case]
    path = write_group(tmp_path / "a.h5", clips)
    with pytest.raises(StudyError) as told:
        find(path, **changes)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_of_arrays_alone_a_broken_and_a_missing_one(find, tmp_path):
    with h5py.File(tmp_path / "arrays.h5", "w") as file:
        file["x"] = np.ones(3)
    (tmp_path / "broken.h5").write_bytes(b"hello")
    for name, said in (("arrays", "it holds x"), ("broken", "cannot be read as HDF5"), ("nowhere", "no file")):
        with pytest.raises(StudyError, match=said):
            find(tmp_path / f"{name}.h5")


def test_a_group_without_features_is_set_aside(find, tmp_path):
    clips = {name: (X, {"labels": name}) for name in ("one", "two")} | {"three": ({}, {"labels": "two"})}
    found, rejected = find(write_group(tmp_path / "a.h5", clips))
    assert len(found) == 2
    assert rejected.to_numpy().tolist() == [[f"{tmp_path}/a.h5#three", "holds no array of features"]]


def test_files_that_cannot_be_read_are_set_aside(find, tmp_path):
    for label in ("one", "two"):
        (tmp_path / "in" / label).mkdir(parents=True)
        np.savez(tmp_path / "in" / label / "a.npz", x=np.ones(3) * len(label))
    (tmp_path / "in" / "one" / "empty.npz").write_bytes(b"")
    (tmp_path / "in" / "two" / "broken.npy").write_bytes(b"hello")
    (tmp_path / "in" / "two" / "sound.wav").write_bytes(b"hello")
    found, rejected = find(tmp_path / "in")
    assert len(found) == 2
    reasons = {path.rpartition("/")[2]: reason for path, reason in rejected.itertuples(index=False)}
    assert reasons.keys() == {"empty.npz", "broken.npy"}
    assert reasons["empty.npz"] == "is empty (0 bytes)"
    assert reasons["broken.npy"].startswith("cannot be read")


def test_groups_are_found_in_ids(find, tmp_path):
    path = write_features(tmp_path / "a.h5", per_class=4)
    found, _ = find(path, group_pattern="^[a-z]+")  # not at the start of the file's name, which is a.h5
    assert found["group"].value_counts().to_dict() == dict.fromkeys(CLASSES, 4)


def test_a_second_look_reads_nothing(find, tmp_path, monkeypatch):
    path = write_features(tmp_path / "a.h5", per_class=2)
    first, _ = find(path)
    monkeypatch.setattr("benchmark.data.digests.digest", lambda path: pytest.fail("read again"))
    pd.testing.assert_frame_equal(find(path)[0], first)


def test_a_folder_of_features_under_another_kind_says_which_is_meant(find, tmp_path):
    for label in ("one", "two"):
        (tmp_path / "in" / label).mkdir(parents=True)
        np.savez(tmp_path / "in" / label / "a.npz", x=np.ones(3))
    with pytest.raises(StudyError, match=r"is dataset\.kind: features meant"):
        find(tmp_path / "in", kind="audio")


# what draw says of them


def looked_at(clips, *keys):
    models, said = [SimpleNamespace(reads="given", key=key) for key in keys], []
    study = SimpleNamespace(models=models, read=[(model, model) for model in models])
    kept, rejected = feature_clips.draw(study, clips, pd.DataFrame(columns=["path", "reason"]), said.append)
    return kept, rejected, said


def table(path, names):
    return pd.DataFrame({"clip_id": names, "path": [f"{path}#{name}" for name in names]})


def test_clips_without_what_a_model_reads_are_set_aside(tmp_path):
    clips = {
        "right": {"x": np.ones((4, 3)), "y": np.ones((2, 2))},
        "more": {"x": np.ones((6, 3)), "y": np.ones(2)},
        "narrow": {"x": np.ones((4, 2)), "y": np.ones((2, 2))},
        "without": {"x": np.ones((4, 3))},
        "nan": {"x": np.full((1, 3), np.nan), "y": np.ones(2)},
        "last": {"x": np.ones((5, 3)), "y": np.ones(2)},
    }
    path = write_group(tmp_path / "a.h5", {name: (arrays, {}) for name, arrays in clips.items()})
    kept, rejected, said = looked_at(table(path, list(clips)), "x", "y")
    assert list(kept["clip_id"]) == ["right", "more", "last"]
    assert "image" not in kept
    assert list(kept["n_steps_x"]) == [4, 6, 5]
    assert list(kept["n_steps_y"]) == [2, 1, 1]
    reasons = {row.path.partition("#")[2]: row.reason for row in rejected.itertuples()}
    assert reasons == {
        "narrow": "'x' has 2 numbers a step, where most clips have 3",
        "without": "holds no array 'y'; it holds 'x' float64 (4, 3)",
        "nan": "3 of 3 numbers of 'x' are NaN or infinite",
    }
    assert said[0] == "'x': 3 numbers a step; 4 to 6 steps a clip, median 5"
    assert said[-1] == "3 clips of features; 3 set aside"


def test_the_numbers_of_converted_clips_are_not_read(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for name in "ab":
        np.savez(tmp_path / "in" / f"{name}.npz", x=np.ones((3, 2)))
    convert(tmp_path / "in", tmp_path / "a.h5", "npz_folder", say=lambda line: None)
    monkeypatch.setattr("benchmark.data.feature_files.read_array", lambda *given: pytest.fail("read"))
    kept, _, _ = looked_at(table(tmp_path / "a.h5", ["a", "b"]), None)
    assert list(kept["n_steps"]) == [3, 3]


def test_no_clip_that_can_be_used(tmp_path):
    path = write_group(tmp_path / "a.h5", {"a": (X, {})})
    kept, rejected, said = looked_at(table(path, ["a"]), "y")
    assert kept.empty
    assert len(rejected) == 1
    assert said == ["0 clips of features; 1 set aside"]


# a study of them


def test_a_study_is_prepared_and_written_without_pictures(tmp_path):
    study = given_study(write_features(tmp_path / "a.h5"), tmp_path)
    ready = prepare.prepare(study, say=lambda line: None)
    prepare.write_study(study, ready)
    assert list((study.folder / layout.EXAMPLES).iterdir()) == []
    written = pd.read_csv(study.folder / layout.CLIPS)
    assert written["n_steps"].between(3, 5).all()
    assert "image" not in written


def test_the_same_arrays_are_copies_in_whatever_file(tmp_path, find):
    array = RNG.normal(size=(4, 3))
    for label, name in (("one", "a"), ("two", "b"), ("two", "c")):
        (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
        save = np.savez_compressed if name == "b" else np.savez
        save(tmp_path / "in" / label / f"{name}.npz", x=array + (name == "c"))
    found, _ = find(tmp_path / "in")
    pairs = find_copies(found, None, tmp_path / "cache", "features")
    assert pairs[["clip_a", "clip_b", "relation"]].to_numpy().tolist() == [["a", "b", "same bytes"]]


def test_there_is_nothing_to_render(command, tmp_path, monkeypatch):
    study = given_study(write_features(tmp_path / "a.h5"), tmp_path)
    monkeypatch.setattr("benchmark.cli.load_study", lambda *given: study)
    code, _, told = command("render", "study.yaml")
    assert (code, told) == (
        2,
        "error: clips of dataset.kind: features have no pictures, so there is nothing to render\n",
    )


def test_init_says_that_it_proposes_no_study_of_features(command, tmp_path):
    for label in ("one", "two"):
        (tmp_path / "in" / label).mkdir(parents=True)
        np.savez(tmp_path / "in" / label / "a.npz", x=np.ones(3))
    code, _, told = command("init", tmp_path / "in")
    assert code == 2
    assert "of which init proposes no study" in told


MOVIENET = "trailers_genres_clean.csv", "splits.json"


def test_movienets_split_and_genres_are_those_of_the_paper(shared):
    labels, split = (shared / "data" / "movienet" / name for name in MOVIENET)
    parts, table = read_split(split), read_label_table(labels)
    assert Counter(parts.values()) == {"train": 18_488, "val": 2_642, "test": 5_282}
    assert parts.keys() == table.keys()
    assert sum(not said.labels for said in table.values()) == 21
    tested = Counter(name for clip_id, said in table.items() if parts[clip_id] == "test" for name in said.labels)
    assert [tested[name] for name in ("Action", "Drama", "War", "Western")] == [877, 2512, 158, 67]


def test_movienets_trailers_become_clips_of_a_study(shared, find, tmp_path):
    """Each tenth trailer, with features that are made; one genre of all is dirty, and the reader says so."""
    labels, split = (shared / "data" / "movienet" / name for name in MOVIENET)
    table = pd.read_csv(labels, index_col="youtube_id")
    chosen = [*table.index[::10], *table.index[table["genres"].str.contains("-1ru6")]]
    samples = {clip_id: {"clip": np.array([n], "f4")} for n, clip_id in enumerate(chosen)}
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(samples))
    done = convert(tmp_path / "features.pkl", tmp_path / "a.h5", "sulun2024", labels, split, say=lambda line: None)
    assert done == (2_643, [])
    found, rejected = find(tmp_path / "a.h5", task="multilabel")
    assert rejected.empty
    ids = found["path"].str.partition("#")[2]
    assert set(ids) == set(chosen)
    written = json.loads(split.read_text())
    for theirs, ours in (("trn", "train"), ("val", "val"), ("tst", "test")):
        assert set(ids[found["split"] == ours]) == set(written[theirs]) & set(chosen)
    assert (found["label"] == "").sum() == (table["genres"][chosen] == "[]").sum()
    drama = found["label"].str.split("|").map(lambda names: "Drama" in names)
    assert drama.sum() == table["genres"][chosen].str.contains("'Drama'").sum()
    assert any("'-1ru6xV7SOMDrama' (1 clips)" in line for line in find.said)


@pytest.mark.parametrize(("n_right", "slip"), [(0, "no clip of .* can be used"), (2, "'action' has 2 clips")])
def test_where_too_few_clips_are_left_the_commonest_reason_is_told(tmp_path, n_right, slip):
    for name, number in [(name, number) for name in CLASSES for number in range(8)]:
        (tmp_path / "features" / name).mkdir(parents=True, exist_ok=True)
        arrays = {"x": RNG.normal(size=(2, 3))} | ({} if number < n_right else {"y": np.ones(2)})
        np.savez(tmp_path / "features" / name / f"{name}{number}.npz", **arrays)
    (tmp_path / "features" / "action" / "action7.npz").write_bytes(b"PK")
    study = given_study(tmp_path / "features", tmp_path)
    n_bad = 24 - 3 * n_right
    with pytest.raises(
        StudyError, match=f"{slip}.*; {n_bad} set aside, {n_bad - 1} of them for this reason: .*'x'.*'y'"
    ):
        prepare.prepare(study, lambda line: None)
