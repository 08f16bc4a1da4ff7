"""The table of clips as pictures: each made once, made anew when anything changes, bad files set aside."""

import ctypes
import errno
import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from spectrograms import render as render_module
from spectrograms.audio import decode_clip, load_clip
from spectrograms.errors import AudioError
from spectrograms.image import read_image, read_text, to_image
from spectrograms.mel import log_mel
from spectrograms.params import ClipParams, ImageParams, MelParams
from spectrograms.render import image_path, render_clip
from tests.support.clip_tables import table
from tests.support.sounds import tone

# In this process, where it does not matter: another one takes a second or two to start.
render = partial(render_module.render, n_jobs=1)

CLIP, MEL, IMAGE = ClipParams(duration=1), MelParams(), ImageParams()
SETTINGS = (CLIP, MEL, IMAGE)


def write_tone(path, frequency):
    soundfile.write(path, tone(1, frequency=frequency), 22050)


@pytest.fixture
def clips(tmp_path):
    """Return a table of four clips."""
    paths = [tmp_path / f"tone-{i}.wav" for i in range(4)]
    for i, path in enumerate(paths):
        write_tone(path, 300 * (i + 1))
    return table(paths)


def test_every_clip_gets_the_picture_of_its_sound(clips, tmp_path):
    kept, rejected, n_rendered = render(clips, *SETTINGS, tmp_path / "cache")
    assert n_rendered == 4
    assert rejected.empty
    assert list(rejected.columns) == ["path", "reason"]
    pd.testing.assert_frame_equal(kept.drop(columns=["image", "seconds", "caveat"]), clips)
    assert set(kept.seconds) == {1.0}
    assert set(kept.caveat) == {""}
    for row in kept.itertuples():
        expected = to_image(log_mel(load_clip(row.path, CLIP, 22050), MEL), IMAGE, MEL)
        np.testing.assert_array_equal(read_image(row.image), expected)


def test_a_picture_lies_under_the_digest_of_its_file_and_says_what_made_it(clips, tmp_path):
    kept = render(clips, *SETTINGS, tmp_path / "cache").kept
    row = kept.iloc[0]
    images, fingerprint, first, name = os.path.relpath(row.image, tmp_path / "cache").split(os.sep)
    assert (images, first, name) == ("images", row.sha256[:2], f"{row.sha256}.png")
    assert len(fingerprint) == 16
    assert int(fingerprint, 16) >= 0
    text = read_text(row.image)
    assert text["source_sha256"] == row.sha256
    assert json.loads(text["params"])["mel"] == MEL.model_dump(mode="json")


def test_two_data_sets_with_the_same_names_share_no_picture_and_the_same_bytes_share_one(clips, tmp_path):
    (tmp_path / "other").mkdir()
    for i in range(4):
        write_tone(tmp_path / "other" / f"tone-{i}.wav", 300 * (4 - i))  # the same four sounds, the other way round
    other = table(sorted((tmp_path / "other").glob("*.wav")))
    first = render(clips, *SETTINGS, tmp_path / "cache").kept
    before = {path: Path(path).read_bytes() for path in first.image}
    second = render(other, *SETTINGS, tmp_path / "cache")
    assert second.n_rendered == 0
    assert second.kept.image.tolist() == first.image.tolist()[::-1]
    assert {path: Path(path).read_bytes() for path in first.image} == before
    third = pd.concat([clips.iloc[:1], other.iloc[3:]])
    assert render(third, *SETTINGS, tmp_path / "cache2").n_rendered == 1  # two clips, one picture


def test_another_version_of_the_code_makes_pictures_of_its_own(clips, tmp_path, monkeypatch):
    before = image_path(clips.sha256[0], tmp_path, *SETTINGS)
    monkeypatch.setattr(render_module, "pictures", lambda image: "another")
    assert image_path(clips.sha256[0], tmp_path, *SETTINGS) != before


def test_seconds_and_caveat_are_remembered_without_decoding(tmp_path, monkeypatch):
    """A second of sound for a clip of four; samples of 16 bits written as floats."""
    write_tone(tmp_path / "short.wav", 440)
    samples, rate = soundfile.read(tmp_path / "short.wav")
    soundfile.write(tmp_path / "loud.wav", samples * 32768, rate, subtype="FLOAT")
    settings = ClipParams(duration=4), MEL, IMAGE
    mixed = table([tmp_path / "short.wav", tmp_path / "loud.wav"])
    for _ in range(2):
        kept = render(mixed, *settings, tmp_path / "cache").kept
        assert kept.seconds.tolist() == [1.0, 1.0]
        assert kept.caveat.tolist() == ["", "samples at integer scale, divided by 32768"]
        monkeypatch.setattr(render_module, "decode_clip", None)
    np.testing.assert_array_equal(*map(read_image, kept.image))


def test_a_changed_file_alone_is_rendered_anew(clips, tmp_path):
    render(clips, *SETTINGS, tmp_path)
    write_tone(clips.path[2], 5000)
    changed = table([*map(Path, clips.path)])
    again = render(changed, *SETTINGS, tmp_path)
    assert again.n_rendered == 1
    expected = to_image(log_mel(load_clip(clips.path[2], CLIP, 22050), MEL), IMAGE, MEL)
    np.testing.assert_array_equal(read_image(again.kept.image[2]), expected)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"text"])
def test_a_damaged_picture_is_rendered_anew(clips, tmp_path, damage):
    path = image_path(clips.sha256[1], tmp_path, *SETTINGS)
    render(clips, *SETTINGS, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert render(clips, *SETTINGS, tmp_path).n_rendered == 1
    assert path.read_bytes() == whole


def test_bad_files_are_set_aside_with_the_reason_and_the_rest_go_on(clips, tmp_path):
    (tmp_path / "text.wav").write_text("no sound" * 100)
    soundfile.write(tmp_path / "silent.wav", np.zeros(22050), 22050)
    paths = [tmp_path / name for name in ("text.wav", "tone-0.wav", "silent.wav", "tone-1.wav")]
    mixed = table(paths)
    mixed.index = [7, 5, 3, 1]
    kept, rejected, n_rendered = render(mixed, *SETTINGS, tmp_path / "cache")
    assert list(kept.clip_id) == ["tone-0.wav", "tone-1.wav"]
    assert list(kept.index) == [5, 1]
    assert list(rejected.path) == [str(paths[0]), str(paths[2])]
    assert rejected.reason[0].startswith("cannot be decoded as audio")
    assert rejected.reason[1] == "is silent throughout"
    assert n_rendered == 2


def test_no_clips_give_empty_tables(clips, tmp_path):
    kept, rejected, n_rendered = render(clips.iloc[:0], *SETTINGS, tmp_path)
    assert list(kept.columns) == [*clips.columns, "image", "seconds", "caveat"]
    assert (len(kept), len(rejected), n_rendered) == (0, 0, 0)


def test_worker_processes_make_the_same_pictures_in_the_same_order(clips, tmp_path, monkeypatch):
    (tmp_path / "text.wav").write_text("no sound" * 100)
    mixed = table([tmp_path / "text.wav", *map(Path, clips.path)])
    here = render(mixed, *SETTINGS, tmp_path / "here", n_jobs=1)
    monkeypatch.setattr(render_module, "FEW_CLIPS", 1)
    there = render_module.render(mixed, *SETTINGS, tmp_path / "there", n_jobs=2)
    assert there.n_rendered == here.n_rendered == 4
    pd.testing.assert_frame_equal(there.rejected, here.rejected)
    pd.testing.assert_frame_equal(there.kept.drop(columns="image"), here.kept.drop(columns="image"))
    for one, other in zip(here.kept.image, there.kept.image, strict=True):
        np.testing.assert_array_equal(read_image(one), read_image(other))


def test_a_full_disk_ends_the_run_naming_the_picture_and_what_was_made_is_kept(clips, tmp_path, monkeypatch):
    save, left = Image.Image.save, [2]

    def fills_up(picture, *given, **named):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")  # as Pillow tells it: without a name
        save(picture, *given, **named)

    monkeypatch.setattr(Image.Image, "save", fills_up)
    with pytest.raises(OSError, match="No space left") as caught:
        render(clips, *SETTINGS, tmp_path / "cache")
    assert caught.value.filename == str(image_path(clips.sha256[2], tmp_path / "cache", *SETTINGS))
    monkeypatch.setattr(Image.Image, "save", save)
    assert render(clips, *SETTINGS, tmp_path / "cache").n_rendered == 2  # the other two were kept


FAILURES = {
    OSError(errno.EIO, "Input/output error"): "cannot be read: Input/output error",
    MemoryError(): "needs more memory than there is",
    AudioError("is silent throughout"): "is silent throughout",
}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_file_that_fails_in_reading_is_set_aside_and_the_rest_go_on(clips, tmp_path, monkeypatch, failure):
    def fails(path, *settings):
        if path == clips.path[1]:
            raise failure
        return decode_clip(path, *settings)

    monkeypatch.setattr(render_module, "decode_clip", fails)
    kept, rejected, _ = render(clips, *SETTINGS, tmp_path / "cache")
    assert len(kept) == 3
    assert rejected.values.tolist() == [[clips.path[1], FAILURES[failure]]]


def render_or_crash(sha256, path, *task):
    """Render a clip as ever, but for one that takes its process down, as a damaged file may do with its decoder."""
    if Path(path).stem == "tone-2":
        ctypes.string_at(0)
    return render_clip(sha256, path, *task)


def test_a_file_that_kills_its_decoder_is_set_aside_by_name_and_the_rest_go_on(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(render_module, "render_clip", render_or_crash)
    kept, rejected, n_rendered = render_module.render(clips, *SETTINGS, tmp_path / "cache")  # few, yet not in here
    assert list(kept.clip_id) == ["tone-0.wav", "tone-1.wav", "tone-3.wav"]
    assert n_rendered == 3
    assert rejected.path.tolist() == [clips.path[2]]
    assert rejected.reason[0].startswith("crashes its decoder")


def test_the_tasks_may_be_spread_by_another_way(clips, tmp_path):
    def backwards(function, tasks):
        assert function is render_clip
        for task in reversed(list(tasks)):
            yield (task[0], "its node died") if task[1] == clips.path[1] else function(*task)

    kept, rejected, n_rendered = render_module.render(clips, *SETTINGS, tmp_path, spread=backwards)
    assert (list(kept.clip_id), n_rendered) == (["tone-0.wav", "tone-2.wav", "tone-3.wav"], 3)
    assert rejected.values.tolist() == [[clips.path[1], "its node died"]]


def test_without_a_terminal_nothing_is_printed(clips, tmp_path, capfd):
    render_module.render(clips, *SETTINGS, tmp_path)
    assert capfd.readouterr() == ("", "")
