"""Facts about find_clips: what is taken, what is set aside, how clips are named and grouped, what is an error.

Digests are those of hashlib, for a file as it is, however it came to its place."""

import csv
import hashlib
import io
import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from benchmark.config.load import load_study
from benchmark.config.study import DatasetParams, SplitParams
from benchmark.data import digests as module
from benchmark.data.clips import find_clips, safe_name
from benchmark.data.digests import digests
from benchmark.data.splits import make_splits
from benchmark.errors import StudyError
from tests.support.clip_tables import put
from tests.support.sources import SHARED

ESC5 = SHARED / "data" / "esc5"


@pytest.fixture
def root(tmp_path):
    """A data set of two classes with two clips each."""
    for name in ("action/a1.wav", "action/a2.mp3", "comedy/c1.wav", "comedy/c2.wav"):
        put(tmp_path / "data" / name, name.encode())
    return tmp_path / "data"


@pytest.fixture
def find(tmp_path):
    """find_clips of a root, with a cache of its own."""
    return lambda root, **params: find_clips(DatasetParams(root=root, **params), tmp_path / "cache")


@pytest.fixture
def listed(root):
    """Write a CSV beside the data, and return its path."""

    return lambda text, encoding="utf-8": put(root / "clips.csv", text.encode(encoding))


def test_a_folder_per_class_gives_one_row_per_file(find, root):
    clips, rejected = find(root)
    assert clips["clip_id"].tolist() == ["a1", "a2", "c1", "c2"]
    assert clips["label"].tolist() == ["action", "action", "comedy", "comedy"]
    assert clips["path"].tolist()[0] == str(root / "action" / "a1.wav")
    assert clips["sha256"].tolist()[0] == hashlib.sha256(b"action/a1.wav").hexdigest()
    assert set(clips["split"]) == {""}
    assert list(rejected.columns) == ["path", "reason"]
    assert rejected.empty


FOUND = {  # further files, ids of all clips
    "folders below a class, odd cases and video": (
        ["action/2019/deep/B.WAV", "action/film.MkV", "comedy/x.tar.ogg"],
        ["2019_deep_B", "a1", "a2", "film", "c1", "c2", "x.tar"],
    ),
    "what is plainly no media, and pictures, are passed over": (
        ["notes.txt", "action/x.csv", "action/.DS_Store", "action/.hidden.wav", ".git/a.wav", "__MACOSX/a.wav",
         "action/cover.jpg"],
        ["a1", "a2", "c1", "c2"],
    ),
    "a class may be called train": (["train/0.wav"], ["a1", "a2", "c1", "c2", "0"]),
}  # fmt: skip


@pytest.mark.parametrize("what", FOUND)
def test_files_that_are_taken(find, root, what):
    files, ids = FOUND[what]
    for name in files:
        put(root / name)
    clips, rejected = find(root)
    assert clips["clip_id"].tolist() == ids
    assert rejected.empty


def test_a_link_to_a_folder_is_followed_and_a_link_in_a_circle_ends(find, root, tmp_path):
    put(tmp_path / "elsewhere" / "d.wav")
    (root / "drama").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "action" / "again").symlink_to(root / "action", target_is_directory=True)
    assert find(root)[0]["clip_id"].tolist() == ["a1", "a2", "c1", "c2", "d"]


ODD_NAMES = [
    "my clip (1).wav",
    'it\'s "quoted".wav',
    "line\nbreak.wav",
    "rocket 🚀🚀.wav",
    "<b>bold<b> & more.wav",
    "-rf.wav",
    "CON.wav",
    "dots....wav",
    "🚀.wav",
    "café.wav",
    "x" * 240 + ".wav",
]


def test_odd_names_become_unique_safe_ids(find, root):
    for name in ODD_NAMES:
        put(root / "action" / name)
    clips, rejected = find(root)
    assert rejected.empty
    assert len(clips) == 4 + len(ODD_NAMES)
    assert clips["clip_id"].str.casefold().is_unique
    assert clips["clip_id"].str.fullmatch(r"\w[\w.-]*").all()
    assert {"my_clip_1", "it_s_quoted", "line_break", "rocket", "rf", "_CON", "café"} <= set(clips["clip_id"])


@pytest.mark.parametrize("text", [*ODD_NAMES, "", ".", "..", "a/b\\c:d", "nul", "COM1.txt", "é" * 300, " x "])
def test_a_safe_name_is_valid_on_every_system_and_stays_as_it_is(text):
    name = safe_name(text)
    assert not set(name) & set('<>:"/\\|?*\n\t ')  # what Windows forbids, and blanks
    assert name not in ("", ".", "..")
    assert name.lower().split(".")[0] not in ("con", "nul", "com1")
    assert name[-1] != "."
    assert len(name.encode()) <= 121
    assert safe_name(name) == name


def test_clips_of_one_name_are_told_apart_the_same_on_every_machine(find, root, tmp_path):
    for base in (root, tmp_path / "other" / "place"):
        for name in ("action/001.wav", "comedy/001.wav", "comedy/x y.wav", "comedy/x_y.wav", "comedy/X_Y.wav"):
            put(base / name)
    one, other = (find(base)[0] for base in (root, tmp_path / "other" / "place"))
    assert one["clip_id"].str.casefold().is_unique
    assert one["clip_id"].str.startswith("001-").sum() == 2
    assert set(other["clip_id"]) <= set(one["clip_id"])


def test_pictures_are_found_whatever_they_are_called(find, tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "PNG")
    for name in ("a/one", "a/two.jfif", "a/three.v2", "b/four.jpe", "b/five.pnm"):
        put(tmp_path / "pictures" / name, content.getvalue())
    put(tmp_path / "pictures" / "a" / "six.v2", b"no picture")
    put(tmp_path / "pictures" / "b" / "notes.txt")
    clips, rejected = find(tmp_path / "pictures", kind="images")
    assert clips["clip_id"].tolist() == ["one", "three", "two", "five", "four"]
    assert rejected["reason"].tolist() == ["unknown extension '.v2'"]


def test_labels_stay_as_written_but_may_not_differ_in_case_or_punctuation_alone(find, root):
    put(root / "Sci-Fi & Fantasy" / "s.wav")
    assert "Sci-Fi & Fantasy" in set(find(root)[0]["label"])
    for other in ("Sci-Fi + Fantasy", "sci-fi & fantasy"):
        twin = put(root / other / "s.wav")
        with pytest.raises(StudyError, match=rf"labels .*'{re.escape(other)}'.*rename one"):
            find(root)
        shutil.rmtree(twin.parent)


GROUPS = [  # dataset.group_pattern, the group of each file below; those without one have their own
    (r"^\d-(\d+)", ["111", "112", "7", None, "112"]),  # the capture group
    (r"^\d-\d+", ["1-111", "1-112", "2-7", None, "3-112"]),  # the whole match
    (None, [None] * 5),
    *(
        (pairs, ["one cry", "source 112", "one cry", None, "source 112"])  # the first that is found
        for pairs in (
            [["^(1-111|2-7)-", "one cry"], [r"^\d-(\d+)", r"source \1"]],
            {"^(1-111|2-7)-": "one cry", r"^\d-(\d+)": r"source \1"},
        )
    ),
]


@pytest.mark.parametrize(("pattern", "groups"), GROUPS)
def test_groups_come_from_the_file_name(find, tmp_path, pattern, groups):
    names = ["1-111-A", "1-112-B", "2-7-A", "plain", "3-112-A"]
    for name in names:
        put(tmp_path / "data" / ("rain" if name[0] == "3" else "dog") / f"{name}.ogg")
    clips, _ = find(tmp_path / "data", group_pattern=pattern)
    expected = {name: group or f"clip:{name}" for name, group in zip(names, groups, strict=True)}
    assert dict(zip(clips["clip_id"], clips["group"], strict=True)) == expected


def test_a_group_pattern_that_fits_no_name_is_an_error(find, root):
    with pytest.raises(StudyError, match=r"group_pattern 'z\+' is in no file name, such as a1.wav"):
        find(root, group_pattern="z+")
    with pytest.raises(StudyError, match=r"group_pattern 'z\+' or 'y' is in no file name"):
        find(root, group_pattern=[["z+", "z"], ["y", "y"]])


def test_the_groups_of_esc5_are_its_sources_with_the_two_uploads_of_one_cry_as_one(find):
    if not ESC5.is_dir():
        pytest.skip(f"needs the recordings in {ESC5}")
    pattern = load_study(Path(__file__).parents[2] / "configs" / "esc5.yaml").dataset.group_pattern
    clips, _ = find(ESC5, group_pattern=pattern)
    sources = clips["clip_id"].str.split("-").str[:2].str.join("-")  # fold and source clip, as its documentation says
    together = clips["group"].groupby(sources).agg(set)
    assert (together.str.len() == 1).all()
    shared = clips.groupby("group")["clip_id"].agg(lambda ids: {"-".join(clip.split("-")[:2]) for clip in ids})
    assert [sorted(held) for held in shared if len(held) > 1] == [["3-151080", "5-151085"]]


def test_a_changed_file_gets_a_new_digest_and_a_broken_memo_is_made_again(find, root, tmp_path):
    find(root)
    put(root / "action" / "a1.wav", b"something else")
    (clips, _), memo = find(root), tmp_path / "cache" / "digests.csv"
    assert clips["sha256"].tolist()[0] == hashlib.sha256(b"something else").hexdigest()
    whole = memo.read_bytes()
    for broken in (b"\xff\xfe\x00", whole[: len(whole) // 2], b'"', b"a,b\n1,2,3,4\n"):
        memo.write_bytes(broken)
        assert find(root)[0].equals(clips)
        assert sorted(csv.reader(memo.open()))[-4:] == sorted(csv.reader(whole.decode().splitlines()))
    assert os.listdir(memo.parent) == ["digests.csv"]  # no half-written file is left


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_gives_label_group_and_split(find, listed, encoding):
    table = listed(
        "Path, label ,group,split,remark\n"
        "action/a1.wav,Äktion,film 1,train,x\n"
        "\n"
        '"action/a2.mp3",Äktion,,val,"a, b"\n'
        "./action/a2.mp3,Äktion,,val,listed twice alike counts once\n"
        "comedy/c1.wav,comedy,film 1,test,\n",
        encoding,
    )
    clips, _ = find(table)
    assert clips[["clip_id", "label", "group", "split"]].to_numpy().tolist() == [
        ["c1", "comedy", "film 1", "test"],
        ["a1", "Äktion", "film 1", "train"],
        ["a2", "Äktion", "clip:a2", "val"],
    ]


def test_paths_of_a_csv_may_start_at_the_current_folder_or_be_absolute_or_from_windows(
    find, root, tmp_path, monkeypatch
):
    monkeypatch.chdir(root.parent)
    rows = [f"data/action/a1.wav,a\n{root}/action/a2.mp3,a\n", "data\\comedy\\c1.wav,b\n"]
    clips, _ = find(put(tmp_path / "lists" / "clips.csv", ("path,label\n" + "".join(rows)).encode()))
    assert clips["path"].tolist() == [str(root / name) for name in ("action/a1.wav", "action/a2.mp3", "comedy/c1.wav")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no column path and label"),
        ("path,label\n", "no row below its header"),
        ("file,label\na,b\n", r"no column path; its columns: \['file', 'label'\]"),
        (
            "path,label\naction/a1.wav,a\ncomedy/c1.wav, \n",
            "line 3: the label is blank.*task: multilabel; got comedy/c1.wav",
        ),
        ("path,label\n,a\n", "line 2: the path is blank"),
        ("path,label\nx.wav,a\ncomedy/c1.wav,b\ny.wav,b\n", "line 2, 4: no such file"),
        ("path,label\n" + "x.wav,a\n" * 9, "line 2, 3, 4, 5, 6 and more: no such file"),
        (
            "path,label,split\naction/a1.wav,a,evaluation\n",
            "line 2: split must be train, val or test.*got action/a1.wav,a,,evaluation",
        ),
        ("path,label\naction/a1.wav,a\naction/a1.wav,b\n", "lines 2 and 3: action/a1.wav is listed as 'a' and as 'b'"),
        ("path,label\naction/a1.wav,a\ncomedy/c1.wav,a\n", "one class only, 'a'"),
        ('path,label\n"action/a1.wav,a\n', "cannot be read as a CSV"),
        ("path,label\naction/a1.wav,\udcc4\udcc4\udcc4ktion\n", "is not in UTF-8, from line 2 on.*dataset.encoding"),
        ("path,label\naction/a1.wav,\udc81\n", "is not in UTF-8, from line 2 on"),  # a byte that cp1252 lacks
        ("path,label\naction/a1.wav,a\0\n", "holds bytes of 0"),
    ],
)
def test_a_csv_that_cannot_be_meant_is_an_error_that_names_the_line(find, listed, text, message):
    with pytest.raises(StudyError, match=message):
        find(listed(text.encode(errors="surrogateescape").decode("latin-1"), "latin-1"))  # these very bytes


def test_a_csv_of_pictures_is_images_and_no_audio(find, root, listed):
    for name in ("p.PNG", "q.jpeg"):
        put(root / name)
    table = listed("path,label\np.PNG,a\nq.jpeg,b\n")
    assert find(table, kind="images")[0]["clip_id"].tolist() == ["p", "q"]
    with pytest.raises(StudyError, match=r"no clip of 'a'.*p\.PNG: is no file of audio"):
        find(table)


@pytest.mark.parametrize(
    ("files", "place", "message"),
    [
        ([], "nowhere", "nowhere does not exist"),
        ([], "nowhere.csv", r"no CSV .*nowhere\.csv"),
        (["a.wav"], "", "expected a folder per class in .*found none, and 1 files of audio directly in it"),
        (["a/a.wav"], "a/a.wav", r"a\.wav is another file"),
        (["a/a.wav"], "", "one class only, 'a'"),
        (["a/a.wav", "b/p.png"], "", "no audio in the class folder .*b; holds images; is dataset.kind: images meant"),
        (["a/a.wav", "b/c/notes.txt"], "", "no audio in the class folder .*b; fill or remove it"),
        (["a/a.wav", "b/empty.wav"], "", r"no clip of 'b'.*empty\.wav: is empty"),
        (["train/a/0.wav", "test/0.wav"], "", r"test is part of .*1 files such as 0\.wav lie in it without a class"),
        (["train/0.wav", "test/0.wav"], "", "train is part of a split|test is part of a split"),
        (["train/a/0.wav", "test/a/0.wav", "noise/0.wav"], "", "a split, and noise beside .*path, label and split"),
        (["train/a/0.wav", "val/a/0.wav", "validation/a/0.wav"], "", "two of them are the same part"),
        (["train/a/0.wav", "test/notes.txt"], "", "expected a folder per class in .*test"),
    ],
)
def test_a_root_without_two_classes_of_sound_or_whole_splits_is_an_error(find, tmp_path, files, place, message):
    for name in files:
        put(tmp_path / "set" / name, b"" if "empty" in name else b"sound")
    with pytest.raises(StudyError, match=message):
        find(tmp_path / "set" / place)


LAYOUTS = [
    ("train", "val", "test"),
    ("Training", "Validation", "Testing"),
    ("TRAIN", "valid", "Test"),
    ("train", "test"),
]


@pytest.mark.parametrize("names", LAYOUTS)
def test_folders_train_val_and_test_are_a_split_and_no_classes(tmp_path, names):
    splits = ("train", "val", "test") if len(names) == 3 else ("train", "test")
    for name in names:
        for label in ("dog", "cat"):
            put(tmp_path / "data" / name / label / "deep" / "0.wav", f"{name}{label}".encode())
    said = []
    clips, _ = find_clips(DatasetParams(root=tmp_path / "data"), tmp_path, say=said.append)
    expected = {(label, split) for label in ("cat", "dog") for split in splits}
    assert set(zip(clips["label"], clips["split"], strict=True)) == expected
    assert clips["clip_id"].is_unique
    (note,) = said
    assert all(name in note for name in names)
    assert "the classes are cat, dog" in note


def test_settings_of_a_csv_are_refused_for_a_folder(find, root):
    with pytest.raises(StudyError, match="belong to a CSV"):
        find(root, columns={"label": "genre"})


def drawn(root, tmp_path, split):
    """Return {(sha256, label): split} of each clip, as a seed draws it, and the table of clips."""
    clips, _ = find_clips(DatasetParams(root=root), tmp_path / "cache")
    folds = make_splits(clips, split, 3)
    return dict(zip(zip(clips["sha256"], clips["label"], strict=True), zip(*folds, strict=True), strict=True)), clips


@pytest.fixture
def numbered(tmp_path):
    """Two classes of 20 clips with the same names in both."""
    for label in ("action", "comedy"):
        for number in range(20):
            put(tmp_path / "one" / label / f"{number}.wav", f"{label} {number}".encode())
    return tmp_path / "one"


@pytest.mark.parametrize("split", [SplitParams(), SplitParams(protocol="kfold", folds=3)], ids=["auto", "kfold"])
@pytest.mark.parametrize("takes", [1, 3])
def test_split_and_ids_depend_on_the_clips_alone(numbered, tmp_path, monkeypatch, split, takes):
    """Not on the place of the data, the way that a CSV writes paths, the order of its rows, nor the names of files."""

    def table(place, write, root=numbered, reverse=False):
        files = sorted(root.glob("*/*.wav"), reverse=reverse)
        number = {file: int("".join(filter(str.isdigit, file.stem))) for file in files}
        rows = [f"{write(file)},{file.parent.name},{file.parent.name}{number[file] // takes}" for file in files]
        return put(place, ("path,label,group\n" + "\n".join(rows) + "\n").encode())

    first, clips = drawn(table(numbered / "a.csv", lambda file: file.relative_to(numbered)), tmp_path, split)
    assert len(first) == 40
    assert len(set(first.values())) > 1
    moved = shutil.copytree(numbered, tmp_path / "quite" / "another" / "place")
    renamed = tmp_path / "renamed"
    for file in numbered.glob("*/*.wav"):
        put(renamed / file.parent.name / f"x{37 - int(file.stem) % 7}" / f"take{file.stem}.wav", file.read_bytes())
    monkeypatch.chdir(moved.parent)
    others = {
        "./": table(numbered / "b.csv", lambda file: f"./{file.relative_to(numbered)}"),
        "rows turned round": table(numbered / "c.csv", lambda file: file.relative_to(numbered), reverse=True),
        "absolute": table(tmp_path / "deep" / "down" / "d.csv", lambda file: file),
        "copied": table(moved / "e.csv", lambda file: file, moved),
        "from the current folder": table(tmp_path / "f.csv", lambda file: f"place/{file.relative_to(moved)}", moved),
    }
    for what, path in others.items():
        again, those = drawn(path, tmp_path, split)
        assert again == first, what
        assert those["clip_id"].tolist() == clips["clip_id"].tolist(), what
    if takes == 1:
        in_folders, those = drawn(numbered, tmp_path, split)
        assert drawn(renamed, tmp_path, split)[0] == in_folders == first
        assert those["clip_id"].tolist() == clips["clip_id"].tolist()


PAST = (1_577_836_800, 1_577_836_800)  # the whole second that tar and unzip restore


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def put_past(path, content, times=PAST):
    path.write_bytes(content)
    os.utime(path, times)
    return str(path)


def swapped(one, other):
    os.rename(one, one + ".x")
    os.rename(other, one)
    os.rename(one + ".x", other)


def overwritten(one, other):
    contents = [Path(file).read_bytes() for file in (other, one)]
    for file, content in zip((one, other), contents, strict=True):
        put_past(Path(file), content)


def renamed_over(one, other):
    put_past(Path(one + ".new"), b"new content")
    os.replace(one + ".new", one)


@pytest.mark.parametrize("replace", [swapped, overwritten, renamed_over])
def test_a_file_of_equal_size_and_time_in_the_place_of_another_is_noticed(tmp_path, replace):
    paths = [put_past(tmp_path / name, content) for name, content in (("a", b"content one"), ("b", b"content two"))]
    memo = tmp_path / "cache" / "digests.csv"
    digests(paths, memo)
    states = [(os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    replace(*paths)
    assert [(os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths] == states  # all that was looked at
    assert digests(paths, memo) == {path: sha256(path) for path in paths}


def test_a_file_that_is_the_same_is_not_read_again(tmp_path, monkeypatch):
    paths = [put_past(tmp_path / name, name.encode()) for name in "ab"]
    first = digests(paths, tmp_path / "digests.csv")
    monkeypatch.setattr(module, "_sha256", lambda path: pytest.fail(f"read {path}"))
    assert digests(paths, tmp_path / "digests.csv") == first


def test_what_another_process_wrote_meanwhile_is_kept(tmp_path, monkeypatch):
    memo, one, other = tmp_path / "digests.csv", put_past(tmp_path / "a", b"a"), put_past(tmp_path / "b", b"b")
    read = module._sha256

    def meanwhile(path):
        monkeypatch.setattr(module, "_sha256", read)
        digests([other], memo)
        return read(path)

    monkeypatch.setattr(module, "_sha256", meanwhile)
    digests([one], memo)
    assert {row[0] for row in csv.reader(memo.open())} == {one, other}


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    file = put_past(tmp_path / "a", b"a")
    put_past(tmp_path / "cache", b"a file")
    with pytest.raises(StudyError, match=r"the cache folder .* cannot be written"):
        digests([file], tmp_path / "cache" / "digests.csv")
