"""What a prediction takes, stage by stage, and its scores as bars."""

import numpy as np
import pytest
from PIL import Image

from benchmark.inference.score_lines import bars, ranked
from benchmark.inference.scores_figure import plot_scores
from benchmark.inference.stage_clock import StageClock

ROW = {
    "file": "films/a film.mp4",
    "predicted": "Drama|War",
    "thresholds": {"Comedy": 0.5, "Drama": 0.5, "War": 0.25},
    "scores": {"Comedy": 0.04, "Drama": 0.9, "War": 0.3},
}


def test_bars_are_as_long_as_scores_and_the_best_is_the_first():
    lines = bars(ROW)
    assert [line.split()[0] for line in lines] == ["Drama", "War", "Comedy"]
    assert [line.count("█") for line in lines] == [36, 12, 1]  # of 40, and what is left is less than one
    assert [line.endswith("*") for line in lines] == [True, True, False]
    assert [name for name, _, is_predicted, _ in ranked(ROW) if is_predicted] == ["Drama", "War"]


def test_pictures_of_scores_are_written_for_files_that_were_scored(tmp_path):
    failed = ROW | {"scores": None, "error": "has no sound"}
    paths = plot_scores([ROW, failed, ROW | {"file": "other/a film.mp4"}], tmp_path / "new", "A <b>model</b> & $x$")
    assert [path.name for path in paths] == ["a_film.mp4_scores.png", "a_film.mp4_scores_2.png"]
    picture = np.asarray(Image.open(paths[0]).convert("RGB"))
    dark = (picture == (0x2A, 0x6F, 0x97)).all(axis=2).sum(axis=1).max()
    light = (picture == (0xB8, 0xC4, 0xCC)).all(axis=2).sum(axis=1).max()
    assert dark / light == pytest.approx(0.9 / 0.04, rel=0.1)  # pixels of the longest bar of each colour


def test_stages_add_up_also_where_one_ends_in_an_error():
    clock = StageClock()
    for _ in range(2):
        with pytest.raises(ValueError, match="no film"), clock("read"):
            raise ValueError("no film")
    with clock("head"):
        pass
    assert list(clock) == ["read", "head"]
    assert all(seconds >= 0 for seconds in clock.values())
