"""MATLAB's confusion chart by its texts, its colours and the numbers it drew."""

import numpy as np
import pytest
from matplotlib.text import Text
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from benchmark.analysis.plots import confusion_chart
from benchmark.analysis.plots import scatter as plots
from tests.support.drawing import axes, texts

# Of 4 Action clips 3 are found; 8 clips are called Drama, of which 5 are; no clip is Horror; none is called Romance.
COUNTS = [[3, 1, 0, 0], [0, 5, 0, 0], [0, 0, 0, 0], [1, 2, 1, 0]]
GENRES = ["Action", "Drama", "Horror", "Romance"]
RECALL = [75, 100, np.nan, 0]  # percent, by hand
PRECISION = [75, 62.5, 0, np.nan]


def test_recall_and_precision_are_those_counted_by_hand():
    rows, columns = confusion_chart.summaries(COUNTS)
    np.testing.assert_array_equal(rows, np.column_stack([RECALL, [25, 0, np.nan, 100]]))
    np.testing.assert_array_equal(columns, [PRECISION, [25, 37.5, 100, np.nan]])


def test_summaries_are_the_scores_of_scikit_learn():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 4, (2, 200))
    rows, columns = confusion_chart.summaries(confusion_matrix(y_true, y_pred))
    precision, recall, *_ = precision_recall_fscore_support(y_true, y_pred)
    np.testing.assert_allclose(rows[:, 0], 100 * recall)
    np.testing.assert_allclose(columns[0], 100 * precision)
    np.testing.assert_allclose(rows.sum(axis=1), 100)


def cells(ax):
    """Return {(x, y) of its middle: text} of the cells."""
    return {text.get_position(): text.get_text() for text in ax.texts if text.get_ha() == "center"}


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
    assert cells(ax) == matrix | right | below
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
