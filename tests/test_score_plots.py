"""Pictures of pairs and scores, by their texts and the numbers they drew."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmark.analysis import score_plots
from benchmark.analysis.calibration import GRID, reliability

NAN = np.nan


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_pair_shows_its_difference_and_p_value_and_is_bold_where_separable(ax):
    differences = np.array([[NAN, 0.123, -0.001], [-0.123, NAN, NAN], [0.001, NAN, NAN]])
    p_values = np.array([[NAN, 0.0004, 1.0], [0.0004, NAN, NAN], [1.0, NAN, NAN]])
    texts = score_plots.plot_pairwise(differences, p_values, 0.05, ["A", "B", "C"], ax)
    assert texts.tolist() == [["", "+12\n<.001", "+0\n1.000"], ["-12\n<.001", "", ""], ["+0\n1.000", "", ""]]
    assert [text.get_weight() for text in ax.texts] == ["bold", "normal", "bold", "normal"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B", "C"]


def test_reliability_leaves_empty_bins_out(ax):
    drawn = score_plots.plot_reliability(reliability([0.62, 0.68, 0.94, 0.96], [True, False, True, True]), ax)
    assert drawn["n"].tolist() == [2, 2]
    np.testing.assert_allclose(ax.lines[-1].get_xydata(), [[0.65, 0.5], [0.95, 1.0]])
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)


def test_curves_name_their_class_and_area_and_skip_unknown_ones(ax):
    lines = {"a": GRID, "b": None, "c": 1 - GRID}
    mean = score_plots.plot_curves(lines, {"a": 0.5, "b": NAN, "c": 0.25}, ax, ("x", "y"), "lower right")
    np.testing.assert_allclose(mean, 0.5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a 0.50", "c 0.25"]


def test_many_classes_have_one_line_in_the_legend(ax):
    lines = {f"class {number}": GRID for number in range(score_plots.MANY + 1)}
    score_plots.plot_curves(lines, dict.fromkeys(lines, 0.5), ax, ("x", "y"), "lower right")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mean of 11 classes"]


def test_no_known_class_is_an_empty_picture(ax):
    assert score_plots.plot_curves({"a": None}, {"a": NAN}, ax, ("x", "y"), "lower right") is None
    assert ax.get_legend() is None
