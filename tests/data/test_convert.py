"""Facts about the conversion of published features: the numbers stay, and what is wrong is left out and told."""

import json
import pickle
import shutil
import weakref

import h5py
import numpy as np
import pytest

from benchmark.data.addresses import group_name
from benchmark.data.conversion import convert as converting
from benchmark.data.conversion.clip import Clip
from benchmark.data.conversion.convert import FORMATS, convert
from benchmark.data.feature_files import digest, keys_of, read_features, stored_digest
from benchmark.errors import StudyError
from tests.support.sources import python

RNG = np.random.default_rng(0)


def convert_silently(*given, **named):
    return convert(*given, **named, say=lambda line: None)


def said_of(out, clip_id):
    """Return (labels, group, split) of a clip in a file."""
    with h5py.File(out) as file:
        attrs = file[clip_id].attrs
        return list(attrs["labels"]), attrs.get("group", ""), attrs.get("split", "")


# LMTD-9


def test_lmtd_is_read_with_its_table_and_split(tmp_path):
    features = {f"{number:06d}": RNG.normal(size=(number, 2048)).astype("f4") for number in (3, 5)}
    features |= {"000007": np.ones((2, 2048), "f4"), "000009": np.full((1, 2048), np.nan, "f4")}
    (tmp_path / "lmtd9_resnet152.pickle").write_bytes(pickle.dumps(features, 2))
    (tmp_path / "labels.csv").write_text("id,set,is_action,is_drama\n3,0,1,1\n5,1,0,1\n9,2,1,0\n11,2,1,0\n")
    found = convert_silently(tmp_path / "lmtd9_resnet152.pickle", tmp_path / "a.h5", "lmtd", tmp_path / "labels.csv")
    assert found == (
        2,
        [
            ("000007", f"has no row in {tmp_path}/labels.csv"),
            ("000009", "2048 of 2048 numbers of 'features' are NaN or infinite"),
        ],
    )
    np.testing.assert_array_equal(read_features(f"{tmp_path}/a.h5#000005"), features["000005"])
    assert said_of(tmp_path / "a.h5", "000003") == (["action", "drama"], "", "train")
    assert said_of(tmp_path / "a.h5", "000005") == (["drama"], "", "val")


def test_lmtd_without_labels_is_refused(tmp_path):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"000001": np.ones((2, 3))}))
    with pytest.raises(StudyError, match="--labels"):
        convert_silently(tmp_path / "a.pickle", tmp_path / "a.h5", "lmtd")


# MovieNet's trailers

GENRES = {0: "Action", 1: "Comedy", 2: "Drama"}


def published():
    """Return features as Sulun et al. published them: what is not found in a trailer is an empty list."""
    samples = {
        "-a_b": {"features": {"clip": np.ones((4, 3), "f4"), "asr": np.ones(2, "f4")}, "label": np.array([1.0, 0, 1])},
        "xyz": {"features": {"clip": np.ones((2, 3), "f4"), "asr": []}, "label": np.array([0.0, 0, 0])},
        "none": {"features": {"clip": None, "asr": []}, "label": np.array([0.0, 1, 0])},
        "odd": np.ones(3),
    }
    return {"samples": samples, "stats": {"clip": {"mean": np.float32(1)}}, "idx_to_label": GENRES}


def test_the_published_trailers_are_read_with_their_labels_and_split(tmp_path):
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(published()))
    (tmp_path / "splits.json").write_text(json.dumps({"trn": ["-a_b"], "val": [], "tst": ["xyz"]}))
    found = convert_silently(tmp_path / "features.pkl", tmp_path / "a.h5", "sulun2024", None, tmp_path / "splits.json")
    assert found.clips == 2
    assert [name for name, _ in found.left_out] == ["none", "odd"]
    assert found.left_out[0][1] == "it has no features"
    assert said_of(tmp_path / "a.h5", "-a_b") == (["Action", "Drama"], "", "train")
    assert said_of(tmp_path / "a.h5", "xyz") == ([], "", "test")
    assert keys_of(f"{tmp_path}/a.h5#-a_b") == {"asr": (1, 2), "clip": (4, 3)}
    assert keys_of(f"{tmp_path}/a.h5#xyz") == {"clip": (2, 3)}


def test_a_table_of_genres_counts_before_the_published_matrix(tmp_path):
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(published()))
    rows = "imdb_id,youtube_id,genres,title,duration\nt1,-a_b,\"['War']\",A,1.0\n"
    (tmp_path / "labels.csv").write_text(rows)
    found = convert_silently(tmp_path / "features.pkl", tmp_path / "a.h5", "sulun2024", tmp_path / "labels.csv")
    assert found.clips == 1
    assert said_of(tmp_path / "a.h5", "-a_b")[0] == ["War"]


@pytest.mark.parametrize("held", [[1, 2], np.ones(3), {"samples": [1]}])
def test_another_pickle_is_one_sentence(tmp_path, held):
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(held))
    with pytest.raises(StudyError, match="must hold a dict by clip"):
        convert_silently(tmp_path / "features.pkl", tmp_path / "a.h5", "sulun2024")


# a folder of files


def test_a_folder_of_files_is_read_by_class_or_by_table(tmp_path):
    arrays = {"a/x.npz": RNG.normal(size=(3, 2)), "b/sub/y.npy": RNG.normal(size=4).astype("f2"), "b/z.npz": "no"}
    for name, array in arrays.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array) if name.endswith("npy") else np.savez(path, f=array)
    (tmp_path / "in" / "a" / "broken.npz").write_bytes(b"PK")
    found = convert_silently(tmp_path / "in", tmp_path / "a.h5", "npz_folder")
    assert found.clips == 2
    assert dict(found.left_out).keys() == {"a/broken", "b/z"}
    assert said_of(tmp_path / "a.h5", "a%2Fx") == (["a"], "", "")
    np.testing.assert_array_equal(read_features(f"{tmp_path}/a.h5#a%2Fx"), arrays["a/x.npz"].astype("f4"))
    np.testing.assert_array_equal(read_features(f"{tmp_path}/a.h5#b%2Fsub%2Fy")[0], arrays["b/sub/y.npy"])
    (tmp_path / "t.csv").write_text("name,label,group,split\nx,one|two,g,train\nsub/y.npy,three,,\n")
    found = convert_silently(tmp_path / "in", tmp_path / "b.h5", "npz_folder", tmp_path / "t.csv")
    assert said_of(tmp_path / "b.h5", "a%2Fx") == (["one", "two"], "g", "train")
    assert found.clips == 1


# all formats


def test_half_floats_stay_and_doubles_become_float32(tmp_path):
    for name, dtype in (("half", "f2"), ("single", "f4"), ("double", "f8"), ("whole", "i2")):
        (tmp_path / "in").mkdir(exist_ok=True)
        np.savez(tmp_path / "in" / f"{name}.npz", x=np.ones((2, 3), dtype))
    convert_silently(tmp_path / "in", tmp_path / "a.h5", "npz_folder")
    with h5py.File(tmp_path / "a.h5") as file:
        kept = {name: file[name]["x"].dtype.str for name in file}
    assert kept == {"half": "<f2", "single": "<f4", "double": "<f4", "whole": "<i2"}


def test_the_digest_that_is_kept_is_that_of_the_arrays(tmp_path):
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(published()))
    convert_silently(tmp_path / "features.pkl", tmp_path / "a.h5", "sulun2024")
    kept = {name: stored_digest(f"{tmp_path}/a.h5#{name}") for name in ("-a_b", "xyz")}
    assert None not in kept.values()
    shutil.copyfile(tmp_path / "a.h5", tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5", "a") as file:
        for name in kept:
            del file[name].attrs["sha256"]
    assert {name: digest(f"{tmp_path}/b.h5#{name}") for name in kept} == kept


REFUSED = {
    "an unknown format": ({"form": "audioste"}, "did you mean 'audioset'"),
    "another extension": ({"out": "a.npz"}, "a file .h5 or .hdf5"),
    "a file that is there": ({"out": "there.h5"}, "exists, and is not written over"),
    "a source that is not": ({"source": "nowhere"}, "there is no .*nowhere"),
    "labels that are not": ({"labels": "nowhere.csv"}, "there is no .*nowhere.csv"),
    "a split that is none": ({"split": "list.json"}, r"must be \{part: \[clip_id"),
    "a split with an unknown part": ({"split": "parts.json"}, "got rest"),
    "a split with a clip twice": ({"split": "twice.json"}, "x is in train and in test"),
    "labels without ids": ({"labels": "no_ids.csv"}, "must have a column of ids"),
    "labels without labels": ({"labels": "no_labels.csv"}, "must have a column of labels"),
    "labels that contradict": ({"labels": "two.csv"}, "line 3: x stands in a line before"),
    "labels with another split": ({"labels": "split.csv"}, "line 2: split must be train, val or test"),
    "a folder without files": ({"source": "empty"}, "holds no .npz"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_one_sentence_and_leaves_nothing(tmp_path, case):
    (tmp_path / "in").mkdir()
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "in" / "x.npz", x=np.ones(3))
    (tmp_path / "there.h5").write_bytes(b"mine")
    texts = {
        "list.json": "[1]", "parts.json": '{"train": ["x"], "rest": []}', "twice.json": '{"trn": ["x"], "tst": ["x"]}',
        "no_ids.csv": "a,label\nx,y\n", "no_labels.csv": "id,title\nx,Text of it\n",
        "two.csv": "id,label\nx,a\nx,b\n", "split.csv": "id,label,split\nx,a,holdout\n",
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    before = set(tmp_path.rglob("*"))
    changes, said = REFUSED[case]
    given = {"source": "in", "out": "a.h5", "form": "npz_folder", "labels": None, "split": None} | changes
    places = {name: value if name == "form" or value is None else tmp_path / value for name, value in given.items()}
    with pytest.raises(StudyError, match=said):
        convert_silently(**places)
    assert set(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.h5").read_bytes() == b"mine"


def made(clips):
    return {"made": converting.Format(lambda source, labels: iter(clips), "made")}


ODD_CLIPS = {
    "no text as id": (Clip(7, {"x": np.ones(3)}), "its id is no text"),
    "no id": (Clip("", {"x": np.ones(3)}), "its id is no text"),
    "no features": (Clip("a", {}), "it has no features"),
    "three axes": (Clip("a", {"x": np.ones((2, 3, 4), "f4")}), "got float32 of shape (2, 3, 4)"),
    "text": (Clip("a", {"x": np.array(["b"])}), "must be numbers"),
    "empty": (Clip("a", {"x": np.ones((0, 3))}), "of shape (0, 3)"),
    "infinite": (Clip("a", {"x": np.array([np.inf])}), "NaN or infinite"),
    "a key with a slash": (Clip("a", {"x/y": np.ones(3)}), "'x/y' is no name of features"),
    "a key that is no text": (Clip("a", {3: np.ones(3)}), "3 is no name of features"),
    "a label of two lines": (Clip("a", {"x": np.ones(3)}, ("b\nc",)), "cannot be printed on one line"),
    "a group that ends text": (Clip("a", {"x": np.ones(3)}, (), "b\0"), "cannot be printed on one line"),
}


@pytest.mark.parametrize("case", ODD_CLIPS)
def test_a_clip_that_is_wrong_is_left_out_and_told(tmp_path, monkeypatch, case):
    clip, said = ODD_CLIPS[case]
    monkeypatch.setattr(converting, "FORMATS", made([clip, Clip("right", {"x": np.ones(3)})]))
    found = convert_silently(tmp_path, tmp_path / "a.h5", "made")
    assert found.clips == 1
    ((name, reason),) = found.left_out
    assert name == str(clip.clip_id)
    assert said in reason
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file) == ["right"]


IDS = ["a/b", "a%2Fb", ".", "..", "#1", "x.h5#y", "Größe", "映画", " ", "a\nb", "-x", "CON"]


def test_any_ids_come_back(tmp_path, monkeypatch):
    clips = [Clip(clip_id, {"x": np.full(2, number)}) for number, clip_id in enumerate(IDS)]
    monkeypatch.setattr(converting, "FORMATS", made(clips))
    assert convert_silently(tmp_path, tmp_path / "a.h5", "made").clips == len(IDS)
    for number, clip_id in enumerate(IDS):
        assert read_features(f"{tmp_path}/a.h5#{group_name(clip_id)}")[0, 0] == number


def test_a_conversion_that_is_interrupted_leaves_nothing(tmp_path, monkeypatch):
    def clips():
        yield Clip("a", {"x": np.ones(3)})
        raise KeyboardInterrupt

    monkeypatch.setattr(converting, "FORMATS", made(clips()))
    with pytest.raises(KeyboardInterrupt):
        convert_silently(tmp_path, tmp_path / "out" / "a.h5", "made")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_conversion_that_is_killed_leaves_no_file_of_the_name_and_the_next_sweeps_up(tmp_path):
    code = (
        "import os, signal, numpy as np\nfrom benchmark.data.conversion import convert as c\n"
        "from benchmark.data.conversion.clip import Clip\n"
        "def clips(*given):\n    yield from (Clip(str(n), {'x': np.ones(3)}) for n in range(50))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"c.FORMATS['made'] = c.Format(clips, '')\nc.convert('{tmp_path}', '{tmp_path}/out/a.h5', 'made')"
    )
    assert python("-c", code).returncode == -9
    assert not (tmp_path / "out" / "a.h5").exists()
    assert len(list((tmp_path / "out").iterdir())) == 1
    np.savez(tmp_path / "x.npz", x=np.ones(3))
    convert_silently(tmp_path, tmp_path / "out" / "a.h5", "npz_folder")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.h5"]


def test_clips_are_written_as_they_come_and_not_kept(tmp_path, monkeypatch):
    """Of 60 clips of a megabyte no more than two are in memory at once."""
    most = 0

    def clips():
        nonlocal most
        alive = []
        for number in range(60):
            array = np.ones((250, 1000), "f4")
            alive.append(weakref.ref(array))
            yield Clip(str(number), {"x": array})
            most = max(most, sum(watched() is not None for watched in alive))

    monkeypatch.setattr(converting, "FORMATS", made(clips()))
    convert_silently(tmp_path, tmp_path / "a.h5", "made")
    assert most <= 2


def test_the_command_lists_what_is_left_out(command, tmp_path):
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(published()))
    code, out, _ = command("convert", tmp_path / "features.pkl", tmp_path / "a.h5", "--format", "sulun2024")
    assert code == 0
    assert "left out: none: it has no features" in out
    assert out.splitlines()[-1] == f"{tmp_path}/a.h5: 2 clips; 2 left out"
    code, _, told = command("convert", tmp_path / "features.pkl", tmp_path / "b.h5", "--format", "mp3")
    assert code == 2
    assert all(name in told for name in FORMATS)
