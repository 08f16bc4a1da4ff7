"""Counts of several labels as tables of cells: what was decided of each class, and which classes come together."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from benchmark.analysis.plots.confusion_chart import DARK, draw_cells
from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, short_names

COLUMNS = 5  # classes side by side
CELL, ABOVE, BETWEEN = (0.62, 0.4), 0.24, 0.2  # inches: a cell, the name above a matrix, from one to the next
WORDS = np.array([["TN", "FP"], ["FN", "TP"]], dtype=object)
RIGHT = np.array([[1, -1], [-1, 1]])
SHADES = LinearSegmentedColormap.from_list("share", ["white", BLUE])
SIZES, SIDES = (5, 20, 60), (0.4, 0.27, 0.13)  # classes that may come together, and the side of a cell in inches
WRITTEN = 30  # classes; with more there is no room for numbers


def matrices_figure(counts, class_names, title):
    """Return the figure of :func:`plot_matrices`."""
    columns = min(COLUMNS, len(counts))
    rows = -(-len(counts) // columns)
    width, height = columns * (2 * CELL[0] + BETWEEN) - BETWEEN, rows * (2 * CELL[1] + ABOVE + BETWEEN) - BETWEEN
    top, side = 0.4 + LINE * title.count("\n"), max(0.15, (width_of(title.split("\n"), 10) - width) / 2 + 0.1)
    figure, (ax,) = new_figure(width + 2 * side, height + top + 0.1, (side, side, 0.1, top))
    plot_matrices(counts, class_names, ax, title)
    ax.set(xlim=(0, width), ylim=(height, 0))
    return figure


def plot_matrices(counts, class_names, ax, title=""):
    """Draw a 2 x 2 matrix per class, in rows of :data:`COLUMNS`, and return the shares of its cells, (n_classes, 2, 2).

    counts: (n_classes, 2, 2), rows true no and yes, columns predicted no and yes; a share is of a row, NaN where that
    has none, so that the lower right one is recall. What is right is blue, what is wrong orange, darker the greater the
    share. After Fig. 5 of posters2025."""
    counts = np.asarray(counts)
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=2, keepdims=True)
    for index, (name, matrix, share) in enumerate(zip(short_names(class_names, 20), counts, shares, strict=True)):
        x = index % COLUMNS * (2 * CELL[0] + BETWEEN)
        y = index // COLUMNS * (2 * CELL[1] + ABOVE + BETWEEN) + ABOVE
        ax.text(x + CELL[0], y - 0.04, name, ha="center", va="bottom", fontsize=8.5, weight="bold")
        percent = np.where(np.isnan(share), "", np.char.mod("%.0f %%", np.nan_to_num(100 * share)))
        texts = WORDS + " " + matrix.astype(str).astype(object) + "\n" + percent
        draw_cells(share * RIGHT, texts, ax, (x, y), 7, CELL)
    ax.set_title(title, y=1)
    ax.axis("off")
    return shares


def together_figure(panels, class_names, title):
    """Return the figure of two or more of :func:`plot_together` side by side; panels: (heading, counts) of each."""
    n, names = len(class_names), short_names(class_names)
    square, longest = n * np.interp(n, SIZES, SIDES), width_of(names, 8)
    left, below, top = longest + 0.2, 0.75 * longest + 0.45, 0.6 + LINE * title.count("\n")
    figure, axes = new_figure(
        len(panels) * (left + square) + 0.25, below + square + top,
        (left, 0.25, below, top), columns=len(panels), wspace=left / square,
    )  # fmt: skip
    for ax, (heading, counts) in zip(axes, panels, strict=True):
        plot_together(counts, class_names, ax, heading)
    figure.suptitle(title, y=1 - 0.1 / figure.get_figheight(), va="top", fontsize=10)
    return figure


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
    ax.set_xticks(centres, names, fontsize=8, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(centres, names, fontsize=8)
    ax.tick_params(length=0)
    return shares
