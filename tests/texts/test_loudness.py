"""What of a waveform is loud enough to be listened to."""

from itertools import pairwise

import numpy as np
import pytest

from benchmark.texts.loudness import RATE, WINDOW, is_loud, levels, loud_pieces, packed


def sine(seconds, decibels):
    """Return a tone whose RMS is so many dB below full scale 1."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (2**0.5 * 10 ** (decibels / 20) * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def silence(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize("decibels", [-60, -20, -3.01])
def test_the_level_of_a_tone_is_its_rms(decibels):
    assert levels(sine(1, decibels)) == pytest.approx(decibels, abs=0.01)  # 22 periods in a window


def test_silence_is_below_every_gate_and_what_is_left_at_the_end_is_measured():
    assert (levels(silence(1)) < -120).all()
    assert len(levels(np.ones(WINDOW + 1, np.float32))) == 2
    assert levels(np.ones(WINDOW + 1, np.float32))[-1] == pytest.approx(0)


def seconds(pieces):
    return [(start / RATE, end / RATE) for start, end in pieces]


def test_loud_sound_is_a_piece_with_a_margin_and_soft_sound_is_none():
    waveform = np.concatenate([silence(2), sine(1, -20), sine(2, -60), sine(1, -20)])
    assert np.ravel(seconds(loud_pieces(waveform, -45, 30))) == pytest.approx([1.7, 3.3, 4.7, 6.0])
    assert loud_pieces(waveform, -10, 30) == []


@pytest.mark.parametrize("n_samples", [0, 1, WINDOW - 1])
def test_no_sound_has_no_pieces_and_the_shortest_is_one(n_samples):
    pieces = loud_pieces(np.full(n_samples, 0.5, np.float32), -45, 30)
    assert pieces == ([(0, n_samples)] if n_samples else [])


def test_a_long_piece_is_cut_where_it_is_softest():
    waveform = np.concatenate([sine(7, -20), sine(0.1, -40), sine(5, -20)])
    pieces = seconds(loud_pieces(waveform, -45, 10))
    assert len(pieces) == 2
    assert 7 <= pieces[0][1] <= 7.1
    assert pieces[0][1] == pieces[1][0]


@pytest.mark.parametrize("longest", [1.0, 10, 30])
def test_two_hours_of_sound_are_cut_into_pieces_that_leave_nothing_out(longest):
    rng = np.random.default_rng(0)
    waveform = rng.standard_normal(7200 * RATE // 10, np.float32).repeat(10)
    pieces = loud_pieces(waveform, -45, longest)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(waveform)
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    assert max(end - start for start, end in pieces) <= longest * RATE


def test_pieces_are_put_together_over_short_gaps_up_to_a_length():
    pieces = [(0, 4 * RATE), (5 * RATE, 9 * RATE), (10 * RATE, 11 * RATE), (20 * RATE, 21 * RATE)]
    assert seconds(packed(pieces, 10, 2)) == [(0, 9), (10, 11), (20, 21)]
    assert packed(pieces, 10, 0) == pieces
    assert packed([], 10, 2) == []


def test_words_are_loud_where_some_of_their_sound_is():
    waveform = np.concatenate([silence(1), sine(0.2, -20), silence(1)])
    assert is_loud(waveform, 0.9, 1.3, -45)
    assert not is_loud(waveform, 1.5, 1.9, -45)
    assert not is_loud(waveform, 5, 6, -45)
