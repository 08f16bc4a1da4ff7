"""Counts of several labels as tables of cells: what was decided of each class, and which classes come together."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from benchmark.analysis.plots.confusion_chart import DARK, draw_cells
from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, short_names

COLUMNS, WIDTH = 5, 8.0  # classes side by side at most, and the inches that they fill
CELL, ABOVE, BETWEEN = (0.62, 0.4), 0.24, 0.2  # inches: a cell, the name above a matrix, from one to the next
NAME = {"fontsize": 8.5, "weight": "bold", "ha": "center", "va": "bottom"}
BOLD = 1.2  # how much wider than plain text is bold text
WORDS = np.array([["TN", "FP"], ["FN", "TP"]], dtype=object)
RIGHT = np.array([[1, -1], [-1, 1]])
SHADES = LinearSegmentedColormap.from_list("share", ["white", BLUE])
# Classes that may come together, and for so many the side of a cell in inches and the size of names in points.
SIZES, SIDES, FONTS = (5, 20, 60), (0.4, 0.25, 0.13), (8, 8, 6)
LEAST = 2.2  # inches, the side of all
WRITTEN = 30  # classes; with more there is no room for numbers


def matrices_figure(counts, class_names, title):
    """Return the figure of :func:`plot_matrices`."""
    names = short_names(class_names)
    across = max(2 * CELL[0] + BETWEEN, BOLD * width_of(names, NAME["fontsize"]) + 0.1)
    columns = min(COLUMNS, len(names), int(WIDTH // across))
    down, rows = 2 * CELL[1] + ABOVE + BETWEEN, -(-len(names) // columns)
    width, height, top = columns * across, rows * down, 0.4 + LINE * title.count("\n")
    side = max(0.1, (width_of(title.split("\n"), 10) - width) / 2 + 0.1)
    figure, (ax,) = new_figure(width + 2 * side, height + top, (side, side, 0, top))
    plot_matrices(counts, names, ax, title, columns, (across, down))
    ax.set(xlim=(0, width), ylim=(height, 0))
    return figure


def plot_matrices(counts, names, ax, title="", columns=COLUMNS, step=(2, 2)):
    """Draw a 2 x 2 matrix per class, ``columns`` in a row, and return the shares of its cells, (n_classes, 2, 2).

    counts: (n_classes, 2, 2), rows true no and yes, columns predicted no and yes; a share is of a row, NaN where that
    has none, so that the lower right one is recall; step: from a class to the next and from a row to the next, inches.
    What is right is blue, what is wrong orange, darker the greater the share. After Fig. 5 of posters2025."""
    counts = np.asarray(counts)
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=2, keepdims=True)
    for index, (name, matrix, share) in enumerate(zip(names, counts, shares, strict=True)):
        centre, y = (index % columns + 0.5) * step[0], index // columns * step[1] + ABOVE
        ax.text(centre, y - 0.04, name, **NAME)
        percent = np.where(np.isnan(share), "", np.char.mod("%.0f %%", np.nan_to_num(100 * share)))
        texts = WORDS + " " + matrix.astype(str).astype(object) + "\n" + percent
        draw_cells(share * RIGHT, texts, ax, (centre - CELL[0], y), 7, CELL)
    ax.set_title(title, y=1)
    ax.axis("off")
    return shares


def together_figure(panels, class_names, title):
    """Return the figure of two or more of :func:`plot_together` side by side; panels: (heading, counts) of each."""
    n, names = len(class_names), short_names(class_names)
    square, longest = max(LEAST, n * np.interp(n, SIZES, SIDES)), width_of(names, _font(n))
    left, below, top = longest + 0.2, 0.75 * longest + 0.45, 0.6 + LINE * title.count("\n")
    width = len(panels) * (left + square)
    right = max(0.25, width_of(title.split("\n"), 10) + 0.2 - width)
    figure, axes = new_figure(
        width + right, below + square + top, (left, right, below, top), columns=len(panels), wspace=left / square
    )
    for ax, (heading, counts) in zip(axes, panels, strict=True):
        plot_together(counts, class_names, ax, heading)
    figure.suptitle(title, y=1 - 0.1 / figure.get_figheight(), va="top", fontsize=10)
    return figure


def _font(n):
    return float(np.interp(n, SIZES, FONTS))


def plot_together(counts, class_names, ax, title=""):
    """Draw of the clips of each class the share that has each other class too, and return the shares.

    counts: (n_classes, n_classes), clips that have both, on the diagonal that have the class, which is left blank. A
    row is a class; its shares 0..1 are NaN where no clip has it. After Fig. 7 of posters2025."""
    counts = np.asarray(counts, float)
    n, names = len(counts), short_names(class_names)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / np.diag(counts)[:, None]
    drawn = np.where(np.eye(n, dtype=bool), np.nan, shares)
    edges = {"edgecolors": "0.9", "linewidth": 0.4}
    ax.set_facecolor("0.88")  # of the diagonal, and of classes that no clip has
    ax.pcolormesh(np.arange(n + 1), np.arange(n + 1), np.ma.masked_invalid(drawn), vmin=0, vmax=1, cmap=SHADES, **edges)
    for row, column in np.argwhere(np.nan_to_num(drawn) >= 0.005) if n <= WRITTEN else ():
        share = drawn[row, column]
        colour = "white" if share > DARK else "0.15"
        ax.text(column + 0.5, row + 0.5, f"{100 * share:.0f}", ha="center", va="center", fontsize=6.5, color=colour)
    centres = np.arange(n) + 0.5
    ax.set(xlim=(0, n), ylim=(n, 0), xlabel="has this class too (%)")
    ax.set_title(title, y=1)
    ax.set_xticks(centres, names, fontsize=_font(n), rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(centres, names, fontsize=_font(n))
    ax.tick_params(length=0)
    return shares
