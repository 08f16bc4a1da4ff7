"""Lines of frames: their reading order, and when lines of several frames are one."""

import numpy as np
import pytest

from benchmark.config.texts import TextParams
from benchmark.texts.lines import joined
from benchmark.texts.screen import Line, in_reading_order

PARAMS = TextParams(recogniser="rapidocr")
BOX = (10, 10, 200, 30)


def words(*rows):
    """Return a word for each (text, left, top): 20 pixels high, 10 a letter wide, in an order of its own."""
    found = [Line(text, 0.9, (left, top, left + 10 * len(text), top + 20)) for text, left, top in rows]
    return [found[place] for place in np.random.default_rng(0).permutation(len(found))]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([("one", 0, 0), ("two", 0, 40), ("three", 0, 80)], ["one", "two", "three"]),
        ([("we", 0, 0), ("are", 30, 3), ("here", 70, -4), ("below", 0, 40)], ["we are here", "below"]),
        ([("left", 0, 0), ("right", 300, 0)], ["left", "right"]),  # two columns
        ([("left", 300, 0), ("lower", 0, 25), ("right", 345, 8)], ["left right", "lower"]),
        ([], []),
    ],
)
def test_lines_go_from_top_to_bottom_and_words_from_left_to_right(rows, lines):
    assert [line.text for line in in_reading_order(words(*rows))] == lines


def test_a_line_of_words_is_as_sure_as_the_least_sure_of_them_and_as_wide_as_all():
    (line,) = in_reading_order([Line("we", 0.9, (0, 0, 20, 20)), Line("are", 0.8, (30, -2, 60, 22))])
    assert line == Line("we are", 0.8, (0, -2, 60, 22))


def shown(*frames, times=None, **settings):
    """Return (start, end, text) of the utterances of frames, each a text or a list of texts, all in one place."""
    frames = [[frame] if isinstance(frame, str) else frame for frame in frames]
    lines = [[Line(text, 0.9, BOX) for text in frame if text] for frame in frames]
    params = TextParams(recogniser="rapidocr", **settings)
    return [u[:3] for u in joined(range(len(frames)) if times is None else times, lines, params)]


def test_a_line_that_stays_is_one_utterance_from_its_first_to_its_last_frame():
    assert shown("", "good night", "good night", "Good Night!", "", times=[0, 0.5, 1, 1.5, 2]) == [
        (0.5, 1.5, "good night")
    ]


def test_a_line_that_is_read_differently_is_what_it_was_mostly_read_as():
    assert shown("good night", "goed night", "good night") == [(0, 2, "good night")]


def test_a_line_that_is_typed_is_its_longest_form():
    assert shown("w", "we ar", "we are he", "we are here", "") == [(0, 3, "we are here")]
    assert shown("we are here", "we are", "we") == [(0, 2, "we are here")]


def test_a_word_in_another_place_does_not_grow_out_of_one_that_begins_alike():
    frames = [[Line("the", 0.9, (0, 0, 30, 20))], [Line("theatre", 0.9, (300, 200, 370, 220))]]
    assert [u.text for u in joined([0, 1], frames, PARAMS)] == ["the", "theatre"]


def test_a_line_that_moves_is_one():
    frames = [[Line("credits", 0.9, (0, top, 70, top + 20))] for top in (300, 200, 100)]
    assert [u[:3] for u in joined([0, 1, 2], frames, PARAMS)] == [(0, 2, "credits")]


@pytest.mark.parametrize(("missed", "n"), [(0, 2), (1, 1)])
def test_a_line_may_be_overlooked_in_some_frames(missed, n):
    assert len(shown("good night", "", "good night", missed=missed)) == n


def test_a_line_that_comes_back_later_is_another():
    assert shown("good night", "", "", "", "good night") == [(0, 0, "good night"), (4, 4, "good night")]


def test_two_lines_of_a_frame_that_say_the_same_stay_two():
    assert shown(["no", "no"], ["no", "no"]) == [(0, 1, "no"), (0, 1, "no")]


def test_other_words_are_another_line():
    assert [u[2] for u in shown("good night", "good morning")] == ["good night", "good morning"]


def test_confidence_is_the_mean_of_what_was_taken():
    frames = [[Line("good", sure, BOX)] for sure in (0.8, 1.0)]
    assert joined([0, 1], frames, PARAMS)[0].confidence == pytest.approx(0.9)


def test_no_frames_and_frames_without_words_say_nothing():
    assert joined([], [], PARAMS) == joined([0, 1], [[], []], PARAMS) == ()
