"""A split that a file of its own gives by the names of clips, as MovieNet's trailers have it."""

import json

import pytest

from benchmark.config.study import DatasetParams
from benchmark.data.clips import find_clips
from benchmark.errors import StudyError
from tests.support.studies import write_pictures


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    return write_pictures(tmp_path / "pictures")


def found(pictures, tmp_path, parts):
    """Return (clips, rejected, notes) of pictures of which each class has a file of each number."""
    file, notes = tmp_path / "splits.json", []
    file.write_text(json.dumps(parts), encoding="utf-8")
    for number, path in enumerate(sorted(pictures.rglob("*.png"))):
        path.rename(path.with_name(f"-id_{number:02}.png"))  # as ids of YouTube may begin
    dataset = DatasetParams(root=pictures, kind="images", splits=file)
    return *find_clips(dataset, tmp_path / "cache", say=notes.append), notes


def test_clips_have_the_part_that_names_them_and_others_are_set_aside(pictures, tmp_path):
    names = [f"-id_{number:02}" for number in range(60)]
    clips, rejected, notes = found(
        pictures, tmp_path, {"trn": names[:40], "val": names[40:45], "tst": [*names[45:58], "gone"]}
    )
    split = dict(zip((path.rsplit("/")[-1][:-4] for path in clips["path"]), clips["split"], strict=True))
    assert split == {name: part for part, of in
                     (("train", names[:40]), ("val", names[40:45]), ("test", names[45:58])) for name in of}  # fmt: skip
    assert list(rejected["reason"].str.partition("/")[0]) == ["is in no part of "] * 2
    assert any("1 names of" in note and "gone" in note for note in notes)


def test_a_split_of_other_clips_is_refused(pictures, tmp_path):
    with pytest.raises(StudyError, match="names none of the clips: it has names such as a, and clips are called -id_"):
        found(pictures, tmp_path, {"train": ["a"], "val": [], "test": []})
