"""Counts to MATLAB's confusion chart: the matrix, recall to its right, precision below it."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, ORANGE, short_names

SHADES = LinearSegmentedColormap.from_list("chart", [ORANGE, "white", BLUE])  # from -1, all wrong, to 1, all right
MANY = 5  # classes; beyond, cells are too narrow for '100.0%'
SIZES = (5, 12, 24)  # classes, and for so many the side of a cell in inches and the size of the text in points
SIDES, FONTS = (0.5, 0.36, 0.28), (9, 8, 7)
DARK = 0.75  # shade on which text is white
SPACE = {"wspace": 0.03, "hspace": 0.03}  # between the matrix and its summaries


def confusion_figure(panels, class_names):
    """Return the figure of confusion charts side by side.

    panels: (title, counts of shape (n_classes, n_classes)) of each; two fit on a page, reduced, with their numbers
    readable."""
    n, columns = len(class_names), len(panels)
    names, cell, font = short_names(class_names), np.interp(n, SIZES, SIDES), _font(n)
    longest, square = width_of([*names, "precision (%)"], font), (n + 2) * cell
    lines = max(title.count("\n") for title, _ in panels) + 1
    left, right, top = longest + 0.4, 0.25, 0.35 + LINE * lines
    bottom = 0.4 + (0.75 * width_of(names, font) if _slanted(names) else 0.2)
    figure, axes = new_figure(
        columns * (left + square + right), bottom + square + top, (left, right, bottom, top), columns=columns,
        wspace=(left + right) / square,
    )  # fmt: skip
    for ax, (title, matrix) in zip(axes, panels, strict=True):
        plot_confusion(matrix, class_names, ax, title)
    return figure


def _font(n):
    return float(np.interp(n, SIZES, FONTS))


def _slanted(names):
    """Return whether names of classes have too little room below their columns."""
    return max(map(len, names)) * len(names) > 36


def summaries(matrix):
    """Return the row summary, shape (n_classes, 2), and the column summary, shape (2, n_classes), in percent.

    The first of the two is the share that is right: recall of each true class, precision of each predicted one; the
    second is the rest. Both are NaN for a class absent from the rows or never predicted (0/0), as in MATLAB."""
    matrix = np.asarray(matrix, dtype=float)
    with np.errstate(invalid="ignore"):
        recall, precision = (100 * np.diag(matrix) / matrix.sum(axis=axis) for axis in (1, 0))
    return np.column_stack([recall, 100 - recall]), np.vstack([precision, 100 - precision])


def plot_confusion(matrix, class_names, ax, title=""):
    """Draw counts, shape (n_classes, n_classes), rows true and columns predicted, and return their two summaries.

    The form is that of MATLAB's confusionchart with a row-normalized and a column-normalized summary: what is right is
    blue, what is wrong orange, darker the greater the count, in the summaries the share; a count of 0 is left blank.
    ``ax`` must be a subplot: it gives a part of its place to two new axes, for the summary to its right and the one
    below it, which bears the names of the predicted classes."""
    matrix = np.asarray(matrix)
    n = len(matrix)
    rows, columns = summaries(matrix)
    right, below = _divide(ax, n)
    signs = np.where(np.eye(n, dtype=bool), 1, -1)
    font = _font(n)
    counts = np.where(matrix > 0, matrix.astype(str), "")
    _cells(signs * matrix / max(matrix.max(), 1), counts, ax, font)
    _cells(rows * (1, -1) / 100, _percentages(rows, n), right, font - 1)
    _cells(columns * [[1], [-1]] / 100, _percentages(columns, n), below, font - 1)
    centres = np.arange(n) + 0.5
    class_names = short_names(class_names)
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if _slanted(class_names) else {}
    ax.set_title(title, y=1, pad=9 + font)
    ax.set_ylabel("true class (clips)")
    ax.set_yticks(centres, class_names, fontsize=font)
    below.set_xticks(centres, class_names, fontsize=font, **slant)
    below.set_xlabel("predicted class (clips)")
    below.set_yticks([0.5], ["precision (%)"], style="italic", fontsize=font)
    right.xaxis.tick_top()
    right.set_xticks([0], ["recall (%)"], style="italic", ha="left", fontsize=font)
    return rows, columns


def _divide(ax, n):
    """Make room right of and below a subplot of n x n cells, and return new axes there: two columns and two rows."""
    place = ax.get_subplotspec()
    grid = place.subgridspec(2, 2, width_ratios=(n, 2), height_ratios=(n, 2), **SPACE)
    ax.set_subplotspec(grid[0, 0])
    return ax.figure.add_subplot(grid[0, 1]), ax.figure.add_subplot(grid[1, 0])


def _cells(shades, texts, ax, font):
    """Draw a table of texts on shades -1 .. 1, the first row on top; NaN is white."""
    shades = np.nan_to_num(shades)
    ax.pcolormesh(shades, vmin=-1, vmax=1, cmap=SHADES, edgecolors="0.8", linewidth=0.6)
    for row, column in np.argwhere(texts != ""):
        colour = "white" if abs(shades[row, column]) > DARK else "0.15"
        place = {"ha": "center", "va": "center", "fontsize": font, "color": colour}
        ax.text(column + 0.5, row + 0.5, texts[row, column], **place)
    ax.set(xlim=(0, shades.shape[1]), ylim=(len(shades), 0), xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set(color="0.4", linewidth=0.6)


def _percentages(values, n):
    digits, sign = (1, "%") if n <= MANY else (0, "")
    return np.array([["NaN" if np.isnan(value) else f"{value:.{digits}f}{sign}" for value in row] for row in values])
