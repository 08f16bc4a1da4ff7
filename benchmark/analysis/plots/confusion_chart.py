"""Counts to MATLAB's confusion chart: the matrix, recall to its right, precision below it."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, ORANGE, short_names

SHADES = LinearSegmentedColormap.from_list("chart", [ORANGE, "white", BLUE])  # from -1, all wrong, to 1, all right
MANY = 5  # classes; beyond, cells are too narrow for '100.0%'
SIZES = (5, 12, 24)  # classes, and for so many the side of a cell in inches and the size of the text in points
SIDES, FONTS = (0.5, 0.36, 0.28), (9, 8, 7)
DARK = 0.75  # shade on which text is white
GAP = 0.12  # cells between the matrix and its summaries


def confusion_figure(panels, class_names):
    """Return the figure of confusion charts side by side.

    panels: (title, counts of shape (n_classes, n_classes)) of each; two fit on a page, reduced, with their numbers
    readable."""
    n, columns = len(class_names), len(panels)
    names, cell, font = short_names(class_names), np.interp(n, SIZES, SIDES), _font(n)
    longest, square = width_of([*names, "precision (%)"], font), (n + 2 + GAP) * cell
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
    blue, what is wrong orange, darker the greater the count, in the summaries the share; a count of 0 is left blank."""
    matrix = np.asarray(matrix)
    n, font = len(matrix), _font(len(matrix))
    rows, columns = summaries(matrix)
    signs, beyond = np.where(np.eye(n, dtype=bool), 1, -1), n + GAP
    counts = np.where(matrix > 0, matrix.astype(str), "")
    draw_cells(signs * matrix / max(matrix.max(), 1), counts, ax, (0, 0), font)
    draw_cells(rows * (1, -1) / 100, _percentages(rows, n), ax, (beyond, 0), font - 1)
    draw_cells(columns * [[1], [-1]] / 100, _percentages(columns, n), ax, (0, beyond), font - 1)
    centres, names = np.arange(n) + 0.5, short_names(class_names)
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if _slanted(names) else {}
    ax.set(xlim=(0, beyond + 2), ylim=(beyond + 2, 0), xlabel="predicted class (clips)", ylabel="true class (clips)")
    ax.set_title(title, y=1, pad=9 + font)
    ax.set_xticks(centres, names, fontsize=font, **slant)
    ax.set_yticks([*centres, beyond + 0.5], [*names, "precision (%)"], fontsize=font)
    ax.get_yticklabels()[-1].set_style("italic")
    ax.text(beyond, -0.1, "recall (%)", style="italic", fontsize=font, va="bottom")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return rows, columns


def draw_cells(shades, texts, ax, corner, font, cell=(1, 1)):
    """Draw a table of texts on shades -1 .. 1, its first row on top, from a corner (x, y) on; NaN is white.

    cell: width and height of one, data."""
    (x, y), shades, (rows, columns), (wide, high) = corner, np.nan_to_num(shades), np.shape(shades), cell
    grid = {"edgecolors": "0.8", "linewidth": 0.6}
    across, down = x + wide * np.arange(columns + 1), y + high * np.arange(rows + 1)
    ax.pcolormesh(across, down, shades, vmin=-1, vmax=1, cmap=SHADES, **grid)
    frame = {"facecolor": "none", "edgecolor": "0.4", "linewidth": 0.6, "clip_on": False, "zorder": 2}
    ax.add_patch(Rectangle(corner, wide * columns, high * rows, **frame))
    for row, column in np.argwhere(texts != ""):
        colour = "white" if abs(shades[row, column]) > DARK else "0.15"
        place = {"ha": "center", "va": "center", "fontsize": font, "color": colour}
        ax.text(x + wide * (column + 0.5), y + high * (row + 0.5), texts[row, column], **place)


def _percentages(values, n):
    digits, sign = (1, "%") if n <= MANY else (0, "")
    return np.array([["NaN" if np.isnan(value) else f"{value:.{digits}f}{sign}" for value in row] for row in values])
