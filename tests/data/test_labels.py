"""Facts about reading the labels of clips that have several or none, in every form that they are written in."""

import json
import re
import sys

import numpy as np
import pytest

from benchmark.config.labels import ClassParams
from benchmark.config.study import DatasetParams
from benchmark.data.clips import find_clips
from benchmark.data.label_columns import names_in
from benchmark.errors import StudyError
from tests.support.clip_tables import put

LABELS = {"a": {"Action", "Drama"}, "b": {"Drama"}, "c": set(), "d": {"Action", "Sci-Fi"}}
CLASSES = ["Action", "Drama", "Sci-Fi"]


def text_of(cell, header="path,label"):
    return header + "\n" + "".join(f"{name}.wav,{cell(names)}\n" for name, names in LABELS.items())


def flags(names, yes="1", no="0"):
    return ",".join(yes if name in names else no for name in CLASSES)


def long_form():
    rows = [(name, label) for name, labels in LABELS.items() for label in sorted(labels) or [""]]
    return "path,label\n" + "".join(f"{name}.wav,{label}\n" for name, label in reversed(rows))


FORMS = {
    "a|b": text_of(lambda names: "|".join(sorted(names))),
    "b|a with blanks": text_of(lambda names: " | ".join(sorted(names, reverse=True))),
    "under labels": text_of(lambda names: "|".join(names), "path,labels"),
    "Python list": text_of(lambda names: f'"{sorted(names)}"'),
    "JSON list": text_of(lambda names: '"' + json.dumps(sorted(names)).replace('"', '""') + '"'),
    "columns of 0 and 1": text_of(flags, "path,Action,Drama,Sci-Fi"),
    "columns of False and True": text_of(lambda names: flags(names, "True", "False"), "path,Action,Drama,Sci-Fi"),
    "columns of 0.0 and 1.0": text_of(lambda names: flags(names, "1.0", "0.0"), "path,Action,Drama,Sci-Fi"),
    "both": text_of(lambda names: f'"{sorted(names)}",' + flags(names), "path,label,Action,Drama,Sci-Fi"),
    "a row per label": long_form(),
}


@pytest.fixture
def find(tmp_path):
    """Write a table beside four sounds and read it: {name of the clip: its classes}."""
    for name in LABELS:
        put(tmp_path / f"{name}.wav", name.encode())

    def read(content, said=None, task="multilabel", classes=None, **params):
        content = content.encode() if isinstance(content, str) else content
        dataset = DatasetParams(root=put(tmp_path / "clips.csv", content), **params)
        say = (said if said is not None else []).append
        clips, rejected = find_clips(dataset, tmp_path / "cache", True, say, task, classes or ClassParams())
        assert clips["label"].map(lambda label: label.split("|") == sorted(label.split("|"))).all()
        found = {
            clip: set(label.split("|")) - {""} for clip, label in zip(clips["clip_id"], clips["label"], strict=True)
        }
        return found, dict(rejected.itertuples(index=False))

    return read


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_labels(find, form):
    assert find(FORMS[form])[0] == LABELS


@pytest.mark.parametrize("form", FORMS)
def test_one_label_per_clip_is_asked_for_unless_the_study_says_otherwise(find, form):
    with pytest.raises(StudyError, match=r"clips with any number of labels set task: multilabel"):
        find(FORMS[form], task="multiclass")


@pytest.mark.parametrize("cell", ["{0}", "['{0}']", '["{0}"]', "{0}|"])
def test_one_label_each_is_multiclass_however_it_is_written(find, cell):
    rows = [
        f'{name}.wav,"{cell.format(label).replace(chr(34), chr(34) * 2)}"'
        for name, label in zip("abcd", "xyxy", strict=True)
    ]
    found, _ = find("path,label\n" + "\n".join(rows), task="multiclass")
    assert found == {"a": {"x"}, "b": {"y"}, "c": {"x"}, "d": {"y"}}


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("rock 'n' roll", ["rock 'n' roll"]),
        ("""['rock "n" roll', "it's"]""", ['rock "n" roll', "it's"]),
        ('["a, b", "c"]', ["a, b", "c"]),
        ("[noise]", ["[noise]"]),  # as transcripts call what is no word
        ("[1, 2]", ["1", "2"]),
        ("[]", []),
        ("007", ["007"]),
        ("__import__('os').getcwd()", ["__import__('os').getcwd()"]),
    ],
)
def test_a_cell_is_a_list_or_what_it_says(cell, names):
    assert names_in(cell) == names


@pytest.mark.parametrize("cell", [str(np.array(["Action", "Drama"])), "['Action' , 'Drama' 'War']"])
def test_a_list_without_commas_is_not_read_as_one_long_name(cell):
    with pytest.raises(ValueError, match="commas"):
        names_in(cell)


def test_a_list_is_never_executed(tmp_path):
    with pytest.raises(ValueError, match="is none"):
        names_in("['a', __import__('sys').modules.update(evil=1)]")
    assert "evil" not in sys.modules


def test_columns_that_are_no_classes_are_named_and_not_taken(find):
    said = []
    content = "path,Action,Drama,year,title\na.wav,1,0,1999,x\nb.wav,0,1,2001,y\nc.wav,1,1,1970,z\n"
    assert find(content, said)[0] == {"a": {"Action"}, "b": {"Drama"}, "c": {"Action", "Drama"}}
    assert "the labels are in 2 columns of 0 and 1: Action, Drama" in said
    assert [line for line in said if "not read: year, title" in line]


def test_columns_of_0_and_1_beside_the_labels_are_no_classes_unless_they_have_their_names(find):
    said = []
    content = "path,label,is_old,is_new\na.wav,x|y,1,0\nb.wav,x,0,1\nc.wav,y,1,1\n"
    assert find(content, said)[0] == {"a": {"x", "y"}, "b": {"x"}, "c": {"y"}}
    assert [line for line in said if "not read: is_old, is_new" in line]


def test_the_columns_that_are_classes_may_be_named(find):
    content = "path,Action,Drama,is_old\na.wav,1,0,1\nb.wav,0,1,0\nc.wav,0,0,1\n"
    found, _ = find(content, columns={"labels": ["Drama", "Action"]})
    assert found == {"a": {"Action"}, "b": {"Drama"}, "c": set()}


def test_a_class_without_any_clip_is_named(find):
    said = []
    find("path,Action,Drama,News\na.wav,1,0,0\nb.wav,0,1,0\n", said)
    assert [line for line in said if "no row has a 1 in the columns News" in line]


def test_an_id_is_a_file_without_its_extension(find, tmp_path):
    for name in ("0076759.ogg", "notes/0076759.txt", "tt12.wav"):
        put(tmp_path / "media" / name, name.encode())
    said = []
    columns, folder = {"path": "Id", "label": "Genre"}, tmp_path / "media"
    found, _ = find("Id,Genre\n0076759,a|b\n", said, columns=columns, folder=folder)
    assert found == {"0076759": {"a", "b"}}
    assert [line for line in said if "1 files of audio below" in line and line.endswith("tt12.wav")]
    assert find("Id,Genre\n76759,a|b\n", columns=columns | {"path": "{Id:07}"}, folder=folder)[0] == found


def test_rows_without_a_file_are_an_error_or_set_aside_and_listed(find):
    content = "path,label\na.wav,x|y\nb.wav,x\ngone.wav,y\n"
    with pytest.raises(StudyError, match=r"line 4: no such file.*dataset\.missing: set_aside"):
        find(content)
    found, rejected = find(content, missing="set_aside")
    assert set(found) == {"a", "b"}
    assert "line 4" in rejected["gone.wav"]
    with pytest.raises(StudyError, match="line 2, 3: no such file"):
        find("path,label\nx.wav,x\ny.wav,y\n", missing="set_aside")


def test_a_repeated_row_counts_once_and_is_told(find):
    said = []
    assert find("path,label\na.wav,x|y\nb.wav,y\na.wav,y|x\n", said)[0] == {"a": {"x", "y"}, "b": {"y"}}
    assert [line for line in said if "line 4: 1 rows repeat another" in line]


@pytest.mark.parametrize("other", ["x", "x|z", ""])
def test_a_row_that_contradicts_another_is_an_error(find, other):
    with pytest.raises(StudyError, match=r"lines 2 and 4: a\.wav is listed as 'x\|y' and as"):
        find(f"path,label\na.wav,x|y\nb.wav,y\na.wav,{other}\n")


def test_a_row_per_label_is_one_clip_only_where_a_clip_may_have_several(find):
    said, content = [], "path,label\na.wav,x\nb.wav,y\na.wav,y\n"
    assert find(content, said)[0] == {"a": {"x", "y"}, "b": {"y"}}
    assert [line for line in said if "1 clips have several rows with a label each, as in lines 2, 4" in line]
    with pytest.raises(StudyError, match=r"lines 2 and 4: a\.wav is listed as 'x' and as 'y'.*task: multilabel"):
        find(content, task="multiclass")


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        (["Drama", "Sci-Fi", "-1ru6xV7SOMDrama"], r"'-1ru6xV7SOMDrama' \(1 clips\).*begins with what may be junk"),
        (["Drama", "War", "xYDrama"], r"'xYDrama' \(1 clips\).*begins with what may be junk"),
        (["Drama", "War", "N/A"], r"'N/A' \(1 clips\).*looks like no class"),
        (["Drama", "War", "nan"], r"'nan' \(1 clips\).*looks like no class"),
        (["Drama", "War", '"Drama, War"'], r"'Drama, War' \(1 clips\).*is made of classes"),
    ],
)
def test_an_odd_class_name_is_told(find, labels, what):
    said = []
    find("path,label\n" + "".join(f"{name}.wav,{label}\n" for name, label in zip("abc", labels, strict=True)), said)
    (line,) = [line for line in said if line.startswith("WARNING")]
    assert re.search(what, line)


def test_common_names_are_not_odd(find):
    said = []
    find("path,label\na.wav,Music|Musical\nb.wav,Romance|Sci-Fi\nc.wav,Sport|R&B\nd.wav,Drama|Dramatic\n", said)
    assert said == []


def test_blanks_around_the_names_of_a_list_are_left_out_and_told(find):
    said = []
    assert find("path,label\na.wav,\"[' Drama', 'War']\"\nb.wav,Drama\n", said)[0]["a"] == {"Drama", "War"}
    assert [line for line in said if "1 labels have blanks around them" in line]


@pytest.fixture
def genres(tmp_path):
    """A folder per genre with the same films in several."""
    films = {"heat": ("Action", "Drama"), "alien": ("Horror",), "up": ("Action", "Drama", "Horror")}
    for film, labels in films.items():
        for label in labels:
            put(tmp_path / "genres" / label / f"{film}.wav", film.encode())
    return tmp_path / "genres"


def labels_of(root, tmp_path, task="multilabel"):
    said = []
    clips, rejected = find_clips(DatasetParams(root=root), tmp_path / "cache", True, said.append, task)
    return dict(zip(clips["clip_id"], clips["label"], strict=True)), rejected, said


def test_a_file_in_several_class_folders_is_one_clip(genres, tmp_path):
    labels, rejected, said = labels_of(genres, tmp_path)
    assert labels == {"heat": "Action|Drama", "alien": "Horror", "up": "Action|Drama|Horror"}
    assert said == [f"6 files in the class folders of {genres} are 3 clips, 2 of several classes"]
    assert len(rejected) == 3
    assert set(labels_of(genres, tmp_path, "multiclass")[0].values()) == {"Action", "Drama", "Horror"}


def test_the_same_bytes_under_another_name_are_the_same_clip(genres, tmp_path):
    (genres / "Drama" / "heat.wav").rename(genres / "Drama" / "heat (1995).wav")
    assert labels_of(genres, tmp_path)[0]["heat"] == "Action|Drama"


def test_a_name_stands_for_a_clip_where_most_names_do(genres, tmp_path):
    put(genres / "Drama" / "heat.wav", b"heat, saved anew")  # up has the same bytes in all folders
    labels, _, said = labels_of(genres, tmp_path)
    assert labels["heat"] == "Action|Drama"
    assert "1 names are in several class folders" in said[1]
    assert said[1].endswith("one clip, as most names stand for the same bytes")


def test_a_number_in_every_folder_is_no_clip_of_several_classes(tmp_path):
    for label in ("cat", "dog"):
        for number in range(3):
            put(tmp_path / "data" / label / f"{number}.wav", f"{label} {number}".encode())
    labels, rejected, said = labels_of(tmp_path / "data", tmp_path)
    assert len(labels) == 6
    assert rejected.empty
    assert said[0].endswith("cat/0.wav and dog/0.wav: they are taken for different clips")


def test_a_clip_on_two_sides_of_a_split_by_folders_stays_two(tmp_path):
    for place in ("train/cat/0", "train/dog/0", "test/cat/1", "test/dog/1", "test/dog/0"):
        put(tmp_path / "data" / f"{place}.wav", place[-1].encode())
    clips, _ = find_clips(DatasetParams(root=tmp_path / "data"), tmp_path / "cache", task="multilabel")
    assert sorted(zip(clips["split"], clips["label"], strict=True)) == [
        ("test", "cat|dog"), ("test", "dog"), ("train", "cat|dog"),
    ]  # fmt: skip


def test_classes_that_are_not_used_are_taken_off_and_their_clips_stay(find):
    said = []
    found, rejected = find(FORMS["a|b"], said, classes=ClassParams(drop=("Drama",)))
    assert found == {name: labels - {"Drama"} for name, labels in LABELS.items()}
    assert rejected == {}
    assert said == ["classes (keep and drop): 1 of 3 are not used: 'Drama' (2 clips)"]
    assert find(FORMS["a|b"], classes=ClassParams(keep=("Drama", "Sci-Fi")))[0]["a"] == {"Drama"}


def test_where_a_clip_must_have_a_label_those_of_other_classes_are_set_aside(find):
    content = "path,label\na.wav,x\nb.wav,y\nc.wav,z\nd.wav,x\n"
    found, rejected = find(content, task="multiclass", classes=ClassParams(keep=("x", "y")))
    assert found == {"a": {"x"}, "b": {"y"}, "d": {"x"}}
    assert list(rejected.values()) == ["its class 'z' is not used (classes)"]


def test_a_class_that_is_not_there_cannot_be_kept(find):
    with pytest.raises(StudyError, match="has no class 'Dramma'; did you mean 'Drama'"):
        find(FORMS["a|b"], classes=ClassParams(keep=("Dramma", "Action")))
