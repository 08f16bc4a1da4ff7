"""Studies of clips with several labels before they run: rare classes, copies under other labels, what check tells."""

import shutil

import numpy as np
import pytest
from PIL import Image

from benchmark.config.load import load_study
from benchmark.config.study import DatasetParams
from benchmark.data import preparation as prepare
from benchmark.data.clips import find_clips
from benchmark.data.findings import findings
from benchmark.errors import StudyError
from tests.support.study_files import write_study

N = 40
EVERY = {"a": 2, "b": 3, "rare": 20}
LABELS = ["|".join(name for name, every in EVERY.items() if number % every == 0) for number in range(N)]


@pytest.fixture
def pictures(tmp_path):
    """Pictures of random patches and a table of their labels: every second is a, every third b, two are rare."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(N):
        patches = np.random.default_rng(number).integers(0, 256, (12, 24, 3), dtype=np.uint8)
        Image.fromarray(patches).resize((96, 96)).save(folder / f"{number:02}.png")
    return list_labels(folder, LABELS)


def list_labels(folder, labels):
    rows = [f"{number:02}.png,{label}\n" for number, label in enumerate(labels)]
    (folder / "labels.csv").write_text("path,labels\n" + "".join(rows))
    return folder / "labels.csv"


def study_of(tmp_path, root, **changes):
    changes = {"task": "multilabel", "dataset": {"root": str(root), "kind": "images"}} | changes
    return load_study(write_study(tmp_path, root, **changes))


def test_a_class_that_the_split_finds_too_rare_is_an_error_dropped_or_kept(tmp_path, pictures):
    with pytest.raises(StudyError, match=r"'rare' has 2 clips; .*at least 3\. .*classes\.rare: drop, or keep"):
        prepare.prepare(study_of(tmp_path, pictures), lambda line: None)
    said = []
    clips, _ = prepare.find(study_of(tmp_path, pictures, classes={"rare": "drop"}), said.append)
    assert len(clips) == N
    assert set(clips["label"]) == {"", "a", "a|b", "b"}
    assert said == ["classes (rare: drop): 1 of 3 are not used: 'rare' (2 clips)"]
    said = []
    ready = prepare.prepare(study_of(tmp_path, pictures, classes={"rare": "keep"}), said.append)
    assert "rare" in "|".join(ready.clips["label"])
    assert said[0].startswith("WARNING: classes (rare: keep): 1 may miss in a part of the split: 'rare' (2 clips)")


def test_a_class_with_fewer_clips_than_the_study_asks_for(tmp_path, pictures):
    with pytest.raises(StudyError, match=r"2 of 3 classes have fewer than 20 clips .*'b' \(14 clips\), 'rare' \(2"):
        prepare.find(study_of(tmp_path, pictures, classes={"min_positives": 20}), lambda line: None)
    with pytest.raises(StudyError, match="rare: drop leaves 1 of 3 classes"):
        prepare.find(study_of(tmp_path, pictures, classes={"min_positives": 20, "rare": "drop"}), lambda line: None)
    clips, _ = prepare.find(study_of(tmp_path, pictures, classes={"min_positives": 3, "rare": "drop"}))
    assert (clips["label"] == "").sum() == LABELS.count("")


def test_clips_of_a_rare_class_alone_are_set_aside_where_each_must_have_a_label(tmp_path, pictures):
    labels = ["rare"] * 2 + ["a", "b"] * 19
    study = study_of(tmp_path, list_labels(pictures.parent, labels), task="multiclass", classes={"rare": "drop"})
    clips, rejected = prepare.find(study, lambda line: None)
    assert set(clips["label"]) == {"a", "b"}
    assert [path.rpartition("/")[-1] for path in rejected["path"]] == ["00.png", "01.png"]
    assert set(rejected["reason"]) == {"its class 'rare' is not used (classes)"}


def test_the_same_picture_under_other_labels_is_reported(tmp_path, pictures):
    shutil.copy(pictures.parent / "02.png", pictures.parent / "03.png")  # a, and b
    study = study_of(tmp_path, pictures, classes={"rare": "drop"}, leakage="group")
    ready, said = prepare.prepare(study, lambda line: None), []
    prepare.gate(study, ready, said.append)
    (pair,) = ready.leaks.to_dict("records")
    assert (pair["label_a"], pair["label_b"], pair["relation"], pair["n_folds"]) == ("a", "b", "same bytes", 0)
    assert "03.png ('b')" in said[0]
    refused = study_of(tmp_path, pictures, classes={"rare": "drop"})
    with pytest.raises(StudyError, match="remove the wrong one of each") as caught:
        prepare.gate(refused, ready)
    assert "task:" not in str(caught.value)


def test_one_file_in_two_class_folders_hints_at_the_task(tmp_path, pictures):
    for number, label in enumerate("ab" * 10):
        (tmp_path / "folders" / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures.parent / f"{number:02}.png", tmp_path / "folders" / label)
    shutil.copy(pictures.parent / "00.png", tmp_path / "folders" / "b")
    study = study_of(tmp_path, tmp_path / "folders", task="multiclass", leakage="refuse")
    with pytest.raises(StudyError, match="for clips with any number of labels set task: multilabel"):
        prepare.gate(study, prepare.prepare(study, lambda line: None))
    clips, _ = prepare.find(study_of(tmp_path, tmp_path / "folders"), lambda line: None)
    assert clips["label"].value_counts().to_dict() == {"b": 10, "a": 9, "a|b": 1}


def test_check_tells_of_label_sets(tmp_path, pictures):
    study = study_of(tmp_path, pictures, classes={"drop": ["rare"]})
    lines = list(findings(study, prepare.prepare(study, lambda line: None)))
    (line,) = [line for line in lines if line.startswith("labels: ")]
    # Of 40 clips every second is a, every third b: 20 + 14 labels, and 13 without any.
    assert "0.85 per clip (cardinality), at most 2; density 0.425 of 2 classes; 13 clips without a label" in line
    assert "commonest label sets: (no label) 13; a 13; a|b 7; b 7" in lines
    (table,) = [line for line in lines if line.startswith("clips with both classes")]
    assert [row.split() for row in table.splitlines()[3:5]] == [["a", "20", "7"], ["b", "7", "14"]]
    assert "(no label)" in lines[0]


def test_real_posters_with_their_traps(shared, tmp_path):
    root = shared / "data" / "posters"
    if not root.is_dir():
        pytest.skip(f"needs the posters in {root}")
    said, columns = [], {"path": "Id", "label": "Genre"}
    dataset = DatasetParams(root=root / "posters.csv", folder=root / "images", kind="images", columns=columns)
    clips, rejected = find_clips(dataset, tmp_path, say=said.append, task="multilabel")
    assert (len(clips), len(rejected)) == (1162, 0)
    told = "\n".join(said)
    assert "7 rows repeat another" in told
    assert "5 files of images below" in told
    assert "not read: N/A, Reality-TV" in told  # columns without any 1
    by_columns, _ = find_clips(dataset.model_copy(update={"columns": type(dataset.columns)(path="Id")}), tmp_path,
                               say=said.append, task="multilabel")  # fmt: skip
    assert by_columns.equals(clips)
    assert "no row has a 1 in the columns N/A, Reality-TV" in "\n".join(said)


def test_real_birds_with_clips_without_a_label(shared, tmp_path):
    root = shared / "data" / "birds"
    if not root.is_dir():
        pytest.skip(f"needs the recordings in {root}")
    clips, _ = find_clips(DatasetParams(root=root / "birds.csv"), tmp_path, task="multilabel")
    assert (len(clips), (clips["label"] == "").sum()) == (382, 57)
    assert len({name for label in clips["label"] for name in label.split("|") if name}) == 87
