"""MATLAB's confusion chart by its texts, its colours and the numbers it drew."""

import subprocess
import sys

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from benchmark.analysis.plots import confusion_chart, plots
from tests.support.drawing import axes, texts
from tests.support.sources import ROOT

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


def test_confusion_has_recall_to_the_right_and_precision_below():
    (ax,) = axes()
    rows, columns = confusion_chart.plot_confusion(COUNTS, GENRES, ax, "VGG-16")
    matrix, right, below = ax.figure.axes
    assert matrix is ax
    assert texts(matrix) == ["3", "1", "", "", "", "5", "", "", "", "", "", "", "1", "2", "1", ""]
    assert texts(right) == ["75.0%", "25.0%", "100.0%", "0.0%", "NaN", "NaN", "0.0%", "100.0%"]
    assert texts(below) == ["75.0%", "62.5%", "0.0%", "NaN", "25.0%", "37.5%", "100.0%", "NaN"]
    np.testing.assert_array_equal((rows[:, 0], columns[0]), (RECALL, PRECISION))
    ax.figure.draw_without_rendering()
    assert right.get_position().x0 > matrix.get_position().x1
    assert below.get_position().y1 < matrix.get_position().y0


def test_confusion_names_its_axes_and_summaries():
    (ax,) = axes()
    confusion_chart.plot_confusion(COUNTS, GENRES, ax, "VGG-16")
    _, right, below = ax.figure.axes
    assert (ax.get_title(), ax.get_ylabel(), below.get_xlabel()) == (
        "VGG-16", "true class (clips)", "predicted class (clips)"
    )  # fmt: skip
    assert [label.get_text() for label in ax.get_yticklabels()] == GENRES
    assert [label.get_text() for label in below.get_xticklabels()] == GENRES
    assert [label.get_text() for label in right.get_xticklabels()] == ["recall (%)"]
    assert [label.get_text() for label in below.get_yticklabels()] == ["precision (%)"]
    assert ax.get_ylim() == (4, 0)  # the first class on top


def test_many_classes_have_whole_percentages():
    (ax,) = axes()
    confusion_chart.plot_confusion(np.full((12, 12), 1), list("abcdefghijkl"), ax)
    assert texts(ax.figure.axes[1])[:2] == ["8", "92"]


def test_confusion_is_blue_where_right_and_orange_where_wrong():
    (ax,) = axes()
    confusion_chart.plot_confusion(COUNTS, GENRES, ax)
    matrix, right, below = (part.collections[0].get_facecolors()[:, :3] for part in ax.figure.axes)
    np.testing.assert_allclose(matrix[5], plots.BLUE)  # the greatest count
    np.testing.assert_allclose(matrix[4], (1, 1, 1), atol=0.01)  # 256 shades have no exact middle
    assert matrix[1, 0] > matrix[1, 2]  # more red than blue
    np.testing.assert_allclose(right[[2, 7]], (plots.BLUE, plots.ORANGE))  # 100 % right, 100 % wrong
    np.testing.assert_allclose(below[[3, 7]], np.ones((2, 3)), atol=0.01)  # NaN


def test_confusion_without_any_clip_is_drawn():
    (ax,) = axes()
    rows, columns = confusion_chart.plot_confusion(np.zeros((2, 2), int), ["a", "b"], ax)
    assert np.isnan(rows).all()
    assert np.isnan(columns).all()


def test_confusion_leaves_no_figure_in_pyplot():
    (ax,) = axes()
    confusion_chart.plot_confusion(COUNTS, GENRES, ax)  # by seaborn, which imports pyplot
    assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_seaborn_is_not_imported_before_it_draws():
    script = "import sys, benchmark.analysis.plots.figures; print({'seaborn', 'matplotlib.pyplot'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
