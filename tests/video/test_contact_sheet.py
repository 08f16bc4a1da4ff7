"""Facts about contact sheets: all frames in order, each with its time, their form kept."""

import numpy as np
import pytest

from benchmark.video.contact_sheet import COLUMNS, GAP, MOST, TEXT, WIDEST, clock, contact_sheet
from benchmark.video.film import Frames


def frames(n, height=90, width=160):
    """Return ``n`` frames a second apart, each of a grey of its own."""
    greys = (np.arange(n) * 255 // max(1, n - 1)).astype(np.uint8)
    return Frames(
        np.arange(n, dtype=float), np.repeat(greys, height * width * 3).reshape(n, height, width, 3).astype("uint8")
    )


@pytest.mark.parametrize("n", [1, 2, COLUMNS, COLUMNS + 1, MOST])
def test_each_frame_is_in_its_place(n):
    sheet = np.asarray(contact_sheet(frames(n)))
    for number in range(n):
        row, column = divmod(number, COLUMNS)
        at = sheet[GAP + row * (90 + TEXT + GAP) + 45, GAP + column * (WIDEST + GAP) + 80]
        assert (at == frames(n).images[number, 0, 0]).all()
    assert sheet.shape[1] == GAP + min(n, COLUMNS) * (WIDEST + GAP)


def test_of_many_frames_some_are_shown_and_their_number_is_told():
    few, many = contact_sheet(frames(MOST)), contact_sheet(frames(300))
    assert many.height == few.height + TEXT
    assert np.asarray(many)[GAP + 5, GAP + 5].tolist() == [0, 0, 0]
    assert np.asarray(many)[few.height - GAP - TEXT - 5, -GAP - 5].tolist() == [255, 255, 255]  # the last of all


def test_under_each_frame_stands_its_time():
    sheet = np.asarray(contact_sheet(frames(2)).convert("L"))
    below = sheet[GAP + 90 + 2 : GAP + 90 + TEXT]
    assert (below[:, GAP : GAP + 40] < 128).any()
    assert (below[:, GAP + WIDEST + GAP : GAP + WIDEST + GAP + 40] < 128).any()
    assert (below[:, GAP + 60 : GAP + WIDEST] > 200).all()


@pytest.mark.parametrize(("shape", "cell"), [((160, 90), (120, 68)), ((2160, 3840), (90, 160)), ((40, 60), (40, 60))])
def test_frames_keep_their_form(shape, cell):
    sheet = contact_sheet(frames(1, *shape))
    assert sheet.size == (cell[1] + 2 * GAP, cell[0] + TEXT + 2 * GAP)


TIMES = {0: "0:00.0", 0.3: "0:00.3", 59.99: "0:59.9", 75.25: "1:15.2", 3600.5: "60:00.5"}


@pytest.mark.parametrize("seconds", TIMES)
def test_times_are_minutes_and_seconds(seconds):
    assert clock(seconds) == TIMES[seconds]
