"""Pictures of pairs and scores, and MATLAB's confusion chart, by their texts, colours and the numbers they drew."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from benchmark.analysis.metrics.calibration import GRID, reliability
from benchmark.analysis.plots import confusion_chart, score_plots
from benchmark.analysis.plots import scatter as plots
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.palette import COLOURS, short_names
from tests.support.drawing import axes, linear_rgb, texts

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


def lab(rgb):
    """Return L*a*b* (CIE 1976, D65) of linear RGB."""
    xyz = rgb @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = np.cbrt(xyz / (0.9505, 1, 1.089))  # all are well above the linear part, or black
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_by_every_kind_of_colour_vision(vision):
    least = 30 if vision == "full" else 10
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear_rgb(colour), 0, 1)) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= least


def test_long_names_are_shortened_unless_two_would_be_alike():
    assert short_names(["rain", "a very long name of a class"], 16) == ["rain", "a very lon…class"]
    alike = ["a very long name (1) of a class", "a very long name (2) of a class"]
    assert short_names(alike, 16) == alike


def test_no_known_class_is_an_empty_picture(ax):
    assert score_plots.plot_curves({"a": None}, {"a": NAN}, ax, ("x", "y"), "lower right") is None
    assert ax.get_legend() is None


# Of 4 Action clips 3 are found; 8 clips are called Drama, of which 5 are; no clip is Horror; none is called Romance.
COUNTS = [[3, 1, 0, 0], [0, 5, 0, 0], [0, 0, 0, 0], [1, 2, 1, 0]]
GENRES = ["Action", "Drama", "Horror", "Romance"]
RECALL = [75, 100, np.nan, 0]  # percent, by hand
PRECISION = [75, 62.5, 0, np.nan]


def test_summaries_are_the_scores_of_scikit_learn():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 4, (2, 200))
    rows, columns = confusion_chart.summaries(confusion_matrix(y_true, y_pred))
    precision, recall, *_ = precision_recall_fscore_support(y_true, y_pred)
    np.testing.assert_allclose(rows[:, 0], 100 * recall)
    np.testing.assert_allclose(columns[0], 100 * precision)
    np.testing.assert_allclose(rows.sum(axis=1), 100)


def test_confusion_has_recall_to_the_right_and_precision_below():
    (ax,) = axes()
    rows, columns = confusion_chart.plot_confusion(COUNTS, GENRES, ax, "VGG-16")
    beyond = 4 + confusion_chart.GAP
    matrix = {(0.5, 0.5): "3", (1.5, 0.5): "1", (1.5, 1.5): "5", (0.5, 3.5): "1", (1.5, 3.5): "2", (2.5, 3.5): "1"}
    recall = [["75.0%", "25.0%"], ["100.0%", "0.0%"], ["NaN", "NaN"], ["0.0%", "100.0%"]]
    precision = [["75.0%", "25.0%"], ["62.5%", "37.5%"], ["0.0%", "100.0%"], ["NaN", "NaN"]]
    places = [(row, column) for row in range(4) for column in range(2)]
    right = {(beyond + column + 0.5, row + 0.5): recall[row][column] for row, column in places}
    below = {(row + 0.5, beyond + column + 0.5): precision[row][column] for row, column in places}
    cells = {text.get_position(): text.get_text() for text in ax.texts if text.get_ha() == "center"}
    assert cells == matrix | right | below
    np.testing.assert_array_equal((rows[:, 0], columns[0]), (RECALL, PRECISION))
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first class on top


def test_confusion_names_its_axes_and_summaries():
    (ax,) = axes()
    confusion_chart.plot_confusion(COUNTS, GENRES, ax, "VGG-16")
    assert (ax.get_title(), ax.get_ylabel(), ax.get_xlabel()) == (
        "VGG-16", "true class (clips)", "predicted class (clips)"
    )  # fmt: skip
    assert [label.get_text() for label in ax.get_yticklabels()] == [*GENRES, "precision (%)"]
    assert [label.get_text() for label in ax.get_xticklabels()] == GENRES
    assert "recall (%)" in texts(ax)


def test_many_classes_have_whole_percentages():
    (ax,) = axes()
    confusion_chart.plot_confusion(np.full((12, 12), 1), list("abcdefghijkl"), ax)
    assert {"8", "92"} <= set(texts(ax))


def test_confusion_is_blue_where_right_and_orange_where_wrong():
    (ax,) = axes()
    confusion_chart.plot_confusion(COUNTS, GENRES, ax)
    ax.figure.draw_without_rendering()
    matrix, right, below = (part.get_facecolors()[:, :3] for part in ax.collections)
    np.testing.assert_allclose(matrix[5], plots.BLUE)  # the greatest count
    np.testing.assert_allclose(matrix[4], (1, 1, 1), atol=0.01)  # 256 shades have no exact middle
    assert matrix[1, 0] > matrix[1, 2]  # more red than blue
    np.testing.assert_allclose(right[[2, 7]], (plots.BLUE, plots.ORANGE))  # 100 % right, 100 % wrong
    np.testing.assert_allclose(below[[3, 7]], np.ones((2, 3)), atol=0.01)  # NaN


@pytest.mark.parametrize("n", [2, 5, 12, 24])
def test_every_text_of_a_confusion_figure_is_inside_it(n):
    names = [f"a class of some length {number}" for number in range(n)]
    figure = confusion_chart.confusion_figure([("one\ntwo", np.ones((n, n), int))] * 2, names)
    figure.draw_without_rendering()
    shown = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert all(figure.bbox.padded(1).contains(*end) for text in shown for end in text.get_window_extent().get_points())


def test_confusion_without_any_clip_is_drawn():
    (ax,) = axes()
    rows, columns = confusion_chart.plot_confusion(np.zeros((2, 2), int), ["a", "b"], ax)
    assert np.isnan(rows).all()
    assert np.isnan(columns).all()
