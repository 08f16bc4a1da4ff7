"""Facts about the sound of films: from the pass that gives the frames it is, to the bit, what it is alone."""

import numpy as np
import pytest

from benchmark.config.frames import FrameParams
from benchmark.video import sound as passing
from benchmark.video.film import see_film
from spectrograms.audio import clip_of, decode_clip, load_clip
from spectrograms.errors import AudioError
from spectrograms.params import ClipParams
from tests.support.films import noise, plain, tone, write_film

SHA = "22" * 32
FILMS = {
    "mp4": ("a.mp4", "libx264", "aac"), "mkv": ("a.mkv", "mpeg4", "flac"), "webm": ("a.webm", "libvpx", "libopus"),
    "ts": ("a.ts", "mpeg2video", "mp2"), "avi": ("a.avi", "mpeg4", "mp2"), "flv": ("a.flv", "flv1", "aac"),
}  # fmt: skip
CLIPS = [*(ClipParams(duration=seconds) for seconds in (1.0, 2.5, 9.0)), ClipParams(duration=1.0, offset=1.5)]


def same(path, clip, **frames):
    """Assert that the sound of a pass and that of the file alone are one."""
    sound = see_film(path, [FrameParams(**frames)], SHA, clip).sound
    alone = decode_clip(path, clip)
    assert sound._replace(mono=None) == alone._replace(mono=None)
    assert np.array_equal(sound.mono, alone.mono)
    assert np.array_equal(clip_of(sound, clip, 16000).waveform, load_clip(path, clip, 16000))


@pytest.mark.parametrize("clip", CLIPS, ids=str)
@pytest.mark.parametrize("name", FILMS)
def test_made_films(tmp_path, name, clip):
    file, codec, sound_codec = FILMS[name]
    path = write_film(
        tmp_path / file, plain((200, 30, 30), (30, 30, 200), n=40), codec=codec, sound=tone(3.2),
        sound_codec=sound_codec,
    )  # fmt: skip
    same(path, clip)


@pytest.mark.parametrize("clip", [ClipParams(), ClipParams(duration=200.0)], ids=str)
@pytest.mark.parametrize("suffix", [".webm", ".mp4"])
def test_real_films(shared, suffix, clip):
    films = sorted((shared / "data" / "videos").glob(f"*{suffix}"))
    if not films:
        pytest.skip(f"needs films in {shared / 'data' / 'videos'}")
    for film in films:
        same(film, clip, n=1, end=1.0)  # the frames after it are not decoded


def test_sound_of_a_film_that_breaks_off(tmp_path):
    path = write_film(tmp_path / "a.mkv", noise(3, [25] * 3), sound=tone(3.0), sound_codec="flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    same(path, ClipParams(duration=9.0))


def test_packets_that_give_less_than_they_claim_are_not_the_last_word(tmp_path, monkeypatch):
    path = write_film(tmp_path / "a.mp4", noise(2, [40] * 2), sound=tone(3.2))
    monkeypatch.setattr(passing, "SLACK", -1.5)  # seconds: packets of less than the clip
    same(path, ClipParams(duration=2.0))


def test_a_film_without_sound_has_a_reason_and_its_frames(tmp_path):
    path = write_film(tmp_path / "a.mp4", plain((9, 200, 9), n=5))
    found = see_film(path, [FrameParams()], SHA, ClipParams())
    assert isinstance(found.sound, AudioError)
    assert str(found.sound) == "has no audio track"
    assert len(found.frames[FrameParams()].times) == 5
