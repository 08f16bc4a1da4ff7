"""Pictures of pairs and scores, by their texts and the numbers they drew."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from benchmark.analysis.metrics.calibration import GRID, reliability
from benchmark.analysis.plots import score_plots
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.palette import COLOURS, short_names

NAN = np.nan


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_pair_shows_its_difference_and_p_value_and_is_bold_where_separable(ax):
    differences = np.array([[NAN, 0.123, -0.001], [-0.123, NAN, NAN], [0.001, NAN, NAN]])
    p_values = np.array([[NAN, 0.0004, 1.0], [0.0004, NAN, NAN], [1.0, NAN, NAN]])
    texts = score_plots.plot_pairwise(differences, p_values, 0.05, ["A", "B", "C"], ax)
    assert texts.tolist() == [["", "+12\n<.001", "+0\n1.000"], ["-12\n<.001", "", ""], ["+0\n1.000", "", ""]]
    weights = [text.get_weight() for text in ax.texts if text.get_text()]
    assert weights == ["bold", "normal", "bold", "normal"]
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


def test_names_that_matplotlib_would_leave_out_or_set_as_formulas_are_in_the_legend(ax):
    lines = dict.fromkeys(("_background_noise_", "__", "Lo$t & $aved", "no"), GRID)
    with matplotlib.rc_context(STYLE):
        score_plots.plot_curves(lines, dict.fromkeys(lines, 0.5), ax, ("x", "y"), "lower right")
    texts = ax.get_legend().get_texts()
    assert [text.get_text() for text in texts] == [f"{name} 0.50" for name in lines]
    assert not any(text.get_parse_math() for text in texts)


@pytest.mark.parametrize("n", [10, 21, score_plots.MANY])
def test_every_class_has_a_line_of_its_own_look(ax, n):
    lines = {f"class {number}": GRID for number in range(n)}
    score_plots.plot_curves(lines, dict.fromkeys(lines, 0.5), ax, ("x", "y"), "lower right")
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == n == len(ax.get_legend().get_texts())
    in_legend = [(to_hex(line.get_color()), line.get_linestyle()) for line in ax.get_legend().get_lines()]
    assert in_legend == [(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines]


def test_of_many_classes_the_mean_and_the_extremes_are_named_and_the_rest_is_counted(ax):
    lines = {f"c{number:02d}": np.full_like(GRID, number / 100) for number in range(87)}
    areas = {name: values[0] for name, values in lines.items()}
    mean = score_plots.plot_curves(lines, areas, ax, ("x", "y"), "lower right")
    np.testing.assert_allclose(mean, 0.43)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "mean of 87 classes", "the other 81 classes", "c86 0.86", "c85 0.85", "c84 0.84", "c02 0.02", "c01 0.01",
        "c00 0.00",
    ]  # fmt: skip
    assert len(ax.lines) == 87 + 1


# Machado et al. 2009 (IEEE TVCG 15, 1291-1298), Table 1, severity 1, for linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return L*a*b* (CIE 1976, D65) of linear RGB."""
    xyz = rgb @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = np.cbrt(xyz / (0.9505, 1, 1.089))  # all are well above the linear part, or black
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_by_every_kind_of_colour_vision(vision):
    least = 30 if vision == "full" else 10
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= least


def test_long_names_are_shortened_unless_two_would_be_alike():
    assert short_names(["rain", "a very long name of a class"], 16) == ["rain", "a very lon…class"]
    alike = ["a very long name (1) of a class", "a very long name (2) of a class"]
    assert short_names(alike, 16) == alike


def test_no_known_class_is_an_empty_picture(ax):
    assert score_plots.plot_curves({"a": None}, {"a": NAN}, ax, ("x", "y"), "lower right") is None
    assert ax.get_legend() is None
