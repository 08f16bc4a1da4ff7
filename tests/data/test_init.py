"""A study proposed from what lies there: what is found is what was put there, and what is written is accepted."""

import os
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from benchmark.config.load import load_study
from benchmark.data import proposed_settings
from benchmark.data.durations import clip_seconds, header_seconds, sample_seconds
from benchmark.data.preparation import gate, prepare
from benchmark.data.study_text import write_proposal
from benchmark.errors import StudyError
from tests.support.sounds import encode, tone


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a folder of its own: there the cache lies, and paths start."""
    monkeypatch.chdir(tmp_path)


def silent(sentence):
    pass


def draw(path, seed, suffix=".png"):
    """Write a picture of random patches, of which no two are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize((48, 48)).save(path, format="png")


def sound(path, seed, seconds=0.6):
    """Write noise, which is no copy of another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.random.default_rng(seed).normal(size=round(seconds * 8000)), 8000)


def folders(root, names, write=draw):
    """Write a file per name, in each of two class folders."""
    for number, name in enumerate(names):
        for at, label in enumerate(("cat", "dog")):
            write(root / label / name, 2 * number + at)
    return root


def listing(root, text, n=20):
    """Write pictures 00.png to 19.png beside a CSV, of which each row is ``text`` with its number and class."""
    for number in range(n):
        draw(root / "media" / f"{number:02}.png", number)
    header, row = text
    parts = ("train", "train", "val", "test")
    rows = [
        row.format(
            at=at, number=at, label="ab"[at % 2], one=at % 2, other=1 - at % 2, part=parts[at // 2 % 4], film=at // 4
        )
        for at in range(n)
    ]
    (root / "list.csv").write_text("\n".join([header, *rows, ""]))
    return root / "list.csv"


def proposed(place, **changes):
    """Return (the study that was written, its text in one line), after it was read back and prepared as check does."""
    out = write_proposal(place, say=silent, **changes)
    study = load_study(out)
    gate(study, prepare(study, silent), silent)
    return study, re.sub(r"\s+(# )?", " ", out.read_text())


def test_a_folder_of_pictures(tmp_path):
    study, text = proposed(folders(tmp_path / "pets", [f"{n:02}.png" for n in range(10)]))
    assert (study.name, study.dataset.kind, study.task) == ("pets", "images", "multiclass")
    assert study.dataset.root.as_posix() == "pets"  # it lies below the current folder
    assert [network.name for network in study.models] == ["mobilenet_v2"]
    assert (study.split.protocol, study.split.folds) == ("kfold", 5)
    assert "2 classes and their clips: cat 10, dog 10." in text
    assert " group_pattern: " in text
    assert study.dataset.group_pattern is None


def test_large_classes_get_a_holdout_of_three_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(proposed_settings, "SMALL", 10)
    study, _ = proposed(folders(tmp_path / "pets", [f"{n:03}.png" for n in range(10)]))
    assert (study.split.protocol, study.split.seeds) == ("holdout", (0, 1, 2))
    assert study.split.fractions == (0.7, 0.15, 0.15)


def test_pictures_without_extension_are_told_by_their_content(tmp_path):
    assert proposed(folders(tmp_path / "pets", [f"p{n}" for n in range(6)]))[0].dataset.kind == "images"


def test_a_folder_of_sound_gets_clips_that_most_files_fill(tmp_path):
    root = folders(tmp_path / "sounds", [f"{n}.wav" for n in range(6)], sound)
    sound(root / "cat" / "long.wav", 99, 1.5)
    study, text = proposed(root)
    assert study.dataset.kind == "audio"
    assert study.clip.duration == 0.6
    assert [network.name for network in study.models] == ["mobilenet_v2", "yamnet"]
    assert "of 13 of 13 files they last 0.6 to 1.5 s" in text


NAMES = {  # names of two classes of 12 files each: the group of the first file
    "takes": ([f"{n // 2 % 5}-{1000 + n // 2}-{'AB'[n % 2]}.png" for n in range(12)], "0-1000"),
    "films": ([f"film{n // 3}_{n % 3:04}.png" for n in range(12)], "film0"),
    "counted copies": ([f"p{n // 2}{' (2)' if n % 2 else ''}.png" for n in range(12)], "p0"),
    "takes with the class": ([f"1-{1000 + n // 2}-{'AB'[n % 2]}-7.png" for n in range(12)], "1-1000"),
    "numbers at the end": ([f"film{'abcd'[n // 3]}{n % 3}.png" for n in range(12)], "filma"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_parts_of_one_recording_are_told_by_their_names(tmp_path, kind):
    names, group = NAMES[kind]
    study, text = proposed(folders(tmp_path / "pets", names))
    clips = prepare(study, silent).clips
    together = clips[clips["group"] == group]["path"].map(os.path.basename)
    assert set(together) == {name for name in names if name.startswith(group)}
    assert f"are the group '{group}'" in text


@pytest.mark.parametrize("pattern", ["bird_{:03}.png", "{:03}.png", "one-two-{}.png"])
def test_names_that_would_put_a_class_into_one_group_are_no_groups(tmp_path, pattern):
    study, _ = proposed(folders(tmp_path / "pets", [pattern.format(n) for n in range(8)]))
    assert study.dataset.group_pattern is None


def test_one_file_in_several_class_folders_asks_for_several_labels(tmp_path):
    root = folders(tmp_path / "pets", [f"{n:02}.png" for n in range(8)])
    for label in ("cat", "dog"):
        draw(root / label / "both.png", 99)
    study, text = proposed(root)
    assert (study.task, study.thresholds.kind) == ("multilabel", "per_class")
    assert "both.png does ('cat|dog')" in text


def test_folders_of_a_split(tmp_path):
    for at, part in enumerate(("train", "val", "test")):
        folders(tmp_path / "pets" / part, [f"{at}{n}.png" for n in range(3)], lambda p, n, at=at: draw(p, 100 * at + n))
    study, text = proposed(tmp_path / "pets")
    assert study.split.protocol == "predefined"
    assert "6 train" in text


def test_copies_that_a_given_split_parts_are_told_and_marked(tmp_path):
    for at, part in enumerate(("train", "test")):
        folders(tmp_path / "pets" / part, [f"{at}{n}.png" for n in range(8)], lambda p, n, at=at: draw(p, 100 * at + n))
        draw(tmp_path / "pets" / part / "cat" / f"copy{at}.png", 999)
    study, text = proposed(tmp_path / "pets")
    assert study.leakage == "warn"
    assert "1 pair" in text


TABLES = {  # the CSV's header and rows: (task, dataset.columns that are set)
    "as the reader has it": (("path,label", "media/{number:02}.png,{label}"), "multiclass", {}),
    "ids and a genre": (("Id,Genre", "{number:02},{label}"), "multiclass", {"path": "Id", "label": "Genre"}),
    "numbers without their zeros": (("track;genre", "{at};{label}"), "multiclass",
                                    {"path": "{track:02}", "label": "genre"}),
    "lists": (("file,tags", '{number:02}.png,"[\'{label}\', \'b\']"'), "multilabel", {"path": "file", "label": "tags"}),
    "columns of 0 and 1": (("name,a,b", "{number:02}.png,{one},{other}"), "multiclass", {"path": "name"}),
    "a split": (("file,what,subset", "{number:02}.png,{label},{part}"), "multiclass",
                {"path": "file", "label": "what", "split": "subset"}),
    "a source": (("file,label,film", "{number:02}.png,{label},{film}"), "multiclass",
                 {"path": "file", "group": "film"}),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLES)
def test_columns_of_a_table(tmp_path, what):
    text, task, columns = TABLES[what]
    study, _ = proposed(listing(tmp_path / "data", text))
    assert study.task == task
    assert study.dataset.columns.given() == columns
    assert study.split.protocol == ("predefined" if "split" in columns else "kfold")
    assert study.dataset.folder is None or study.dataset.folder.as_posix() == "data/media"
    assert len(prepare(study, silent).clips) == 20


def test_a_folder_with_a_table_and_its_files_is_read_by_the_table(tmp_path):
    listing(tmp_path / "data", TABLES["ids and a genre"][0])
    assert proposed(tmp_path / "data", name="mine")[0].dataset.root.as_posix() == "data/list.csv"


def test_ids_of_files_in_the_current_folder(tmp_path):
    table = listing(tmp_path, TABLES["ids and a genre"][0])
    for file in (tmp_path / "media").iterdir():
        file.rename(tmp_path / file.name)
    assert len(prepare(proposed(table)[0], silent).clips) == 20


def test_a_table_apart_from_its_files_with_rows_without_a_file(tmp_path):
    table = listing(tmp_path / "data", TABLES["ids and a genre"][0])
    (tmp_path / "data" / "meta").mkdir()
    moved = table.rename(tmp_path / "data" / "meta" / "list.csv")
    moved.write_text(moved.read_text() + "gone,a\n")
    study, text = proposed(moved)
    assert study.dataset.missing == "set_aside"
    assert "1 of its cells name no file, such as 'gone'" in text
    assert study.dataset.folder.as_posix() == "data/media"


def test_rare_classes_and_names_of_no_class_are_left_out(tmp_path):
    table = listing(tmp_path / "data", TABLES["ids and a genre"][0])
    draw(tmp_path / "data" / "media" / "rare.png", 77)
    draw(tmp_path / "data" / "media" / "none.png", 78)
    table.write_text(table.read_text() + "rare,c\nnone,N/A\n")
    study, text = proposed(table)
    assert (study.classes.rare, study.classes.drop) == ("drop", ("N/A",))
    assert "too rare for the split below" in text
    assert set(prepare(study, silent).clips["label"]) == {"a", "b"}


def test_a_study_of_the_current_folder_keeps_its_results_out_of_the_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(folders(tmp_path / "pets", [f"{n}.png" for n in range(6)]))
    assert proposed(".")[0].results.as_posix() == "../results"


def nothing(root):
    root.mkdir()


def texts(root):
    nothing(root)
    (root / "a.txt").write_text("a")


def one_class(root):
    draw(root / "cat" / "a.png", 0)


def no_class(root):
    draw(root / "a.png", 0)


def unusable_table(root):
    nothing(root)
    (root / "list.csv").write_text("a,b\n1,2\n3,4\n")


def doubtful_table(root):
    listing(root, ("file,colour,shape", "{number:02}.png,{label},{label}"))


REFUSED = {
    nothing: "holds no sound, video or picture, but no file",
    texts: "but 1 other files, such as",
    one_class: "one class only, 'cat'",
    no_class: "expected a folder per class",
    unusable_table: r"no column of .*list\.csv names files",
    doubtful_table: r"which column of .*list\.csv is the label\? colour, shape all could be",
    lambda root: None: "there is no data",
}


@pytest.mark.parametrize("lay", REFUSED, ids=list(REFUSED.values()))
def test_what_no_study_can_be_of_is_one_sentence_and_no_file(tmp_path, lay):
    lay(tmp_path / "data")
    with pytest.raises(StudyError, match=REFUSED[lay]) as error:
        write_proposal("data", say=silent)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.yaml"))


def test_a_file_that_exists_is_left_as_it_is(command, tmp_path):
    folders(tmp_path / "pets", [f"{n}.png" for n in range(6)])
    (tmp_path / "pets.yaml").write_text("mine")
    code, _, err = command("init", "pets")
    assert code == 2
    assert err == "error: pets.yaml exists, and is not written over; give another name: --out FILE\n"
    assert (tmp_path / "pets.yaml").read_text() == "mine"
    code, out, _ = command("init", "pets", "--out", "other.yaml", "--name", "animals")
    assert code == 0
    assert out.endswith("written: other.yaml\n")
    assert load_study("other.yaml").name == "animals"


def test_headers_tell_how_long_sound_is(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1.25, 8000), 8000)
    encode(tmp_path / "b.mka", np.stack([tone(2, 48000)] * 2, axis=1), "flac")
    (tmp_path / "c.mp3").write_bytes(b"no sound")
    paths = [str(tmp_path / name) for name in ("a.wav", "b.mka", "c.mp3")]
    assert header_seconds(paths[0]) == 1.25
    assert header_seconds(paths[1]) == pytest.approx(2, abs=0.1)  # the container counts packets
    assert sorted(sample_seconds(paths)) == pytest.approx([1.25, 2], abs=0.1)


@pytest.mark.parametrize(
    ("seconds", "clip"),
    [([5.0] * 20, 5.0), ([4.99996] * 20, 5.0), ([1.0] + [5.0] * 19, 5.0), ([1.0] * 4 + [5.0] * 6, 5.0),
     ([1.0] * 6 + [5.0] * 4, 1.0), ([120.0] * 9, 15.0), ([12.7] * 9, 12.0), ([0.61] * 9, 0.6), ([0.2] * 9, 0.5)],
)  # fmt: skip
def test_a_clip_is_as_long_as_half_of_the_recordings(seconds, clip):
    assert clip_seconds(np.array(seconds)) == clip


def test_real_recordings_keep_takes_of_one_source_together(shared, tmp_path):
    root = shared / "data" / "esc5"
    if not root.is_dir():
        pytest.skip(f"needs the recordings in {root}")
    for label in ("baby_cry", "sea_waves"):  # twelve of each are enough to tell
        (tmp_path / "esc" / label).mkdir(parents=True)
        for file in sorted((root / label).iterdir())[:12]:
            (tmp_path / "esc" / label / file.name).symlink_to(file)
    study, _ = proposed("esc")
    assert (study.task, study.clip.duration, study.split.protocol) == ("multiclass", 5.0, "kfold")
    clips = prepare(study, silent).clips
    of_name = clips["path"].map(lambda path: "-".join(os.path.basename(path).split("-")[:2]))
    assert len(clips) > of_name.nunique() == clips["group"].nunique()
    assert (clips.groupby(of_name)["group"].nunique() == 1).all()


def test_real_posters(shared, tmp_path):
    root = shared / "data" / "posters"
    if not root.is_dir():
        pytest.skip(f"needs the posters in {root}")
    rows = pd.read_csv(root / "posters.csv", keep_default_na=False)[80:240]  # with two rows that stand twice
    (tmp_path / "images").mkdir()
    for name in rows["Id"].unique():
        (tmp_path / "images" / f"{name}.jpg").symlink_to(root / "images" / f"{name}.jpg")
    rows.to_csv("posters.csv", index=False)
    study, text = proposed("posters.csv")
    assert (study.task, study.dataset.kind, study.classes.rare) == ("multilabel", "images", "drop")
    assert study.dataset.columns.given() == {"path": "Id", "label": "Genre"}
    assert study.dataset.folder.as_posix() == "images"
    assert f"Drama {rows.drop_duplicates('Id')['Drama'].sum()}," in text


def test_containers_of_video_count_as_sound(shared, tmp_path):
    files = sorted(file for file in (shared / "data" / "videos").glob("*") if file.suffix in (".mp4", ".webm"))
    if len(files) < 4:
        pytest.skip(f"needs the videos in {shared / 'data' / 'videos'}")
    for number, file in enumerate(files):
        for label in ("film", "trailer")[number % 2 :: 2]:
            (tmp_path / "clips" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "clips" / label / file.name).symlink_to(file)
    with pytest.raises(StudyError, match="of 4 in all; take more"):  # which were found
        write_proposal("clips", say=silent)
