"""How well each class is found: F1 of each class and model, and the map of recall and precision."""

from itertools import cycle

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.labels import place_labels
from benchmark.analysis.plots.palette import BLUE, line_styles, short_names

FEW = 5  # models whose dots stand below each other with their intervals; more share a line and have none
ROW, DOT = 0.27, 0.09  # inches from one class to the next, and from one model's dot to the next below it
NAME = 0.18  # inches from one name of the legend to the next
MARKERS = "osD^vPX"
FAINT = "0.93"  # grey of the line that the dots of a class lie on
ISO_F1 = (0.2, 0.4, 0.6, 0.8)
NAMED = 40  # classes whose points can be named; of more the best and the worst are
EXTREMES = 5  # of them, of each
SIDE, CLEAR = 5.4, 4.0  # inches, the map; points around each class that no name enters


def f1_figure(rows, models, title):
    """Return the figure of :func:`plot_f1`."""
    names, called = short_names([row["class"] for row in rows]), short_names(list(models.values()), 40)
    top, beside = 0.3 + LINE * title.count("\n"), width_of(called, 8) + 0.55
    height = max(len(rows) * _row(len(models)), NAME * len(models) - 0.4)  # the axes end above the bottom
    margins = (width_of(names, 9) + 0.25, beside, 0.5, top)
    figure, (ax,) = new_figure(margins[0] + 5.2 + beside, 0.5 + height + top, margins)
    plot_f1(rows, models, ax, title)
    return figure


def plot_f1(rows, models, ax, title=""):
    """Draw the F1 of each class, the first row on top, a dot per model, and return them, (n_rows, n_models).

    rows: dicts with class and, of each model by its name, (F1, low, high) 0..1; models: {name: what it is called}. Up
    to :data:`FEW` models have a line each, with their intervals."""
    values = np.array([[row[name] for name in models] for row in rows], float)
    y, few = np.arange(len(rows)), len(models) <= FEW
    step = DOT / _row(len(models)) if few else 0.0
    ax.hlines(y, 0, 1, color=FAINT, linewidth=1, zorder=1)
    places = (np.arange(len(models)) - (len(models) - 1) / 2) * step
    for column, (place, style, marker) in enumerate(
        zip(places, line_styles(len(models)), cycle(MARKERS), strict=False)
    ):
        score, low, high = values[:, column].T
        if few:
            ax.hlines(y + place, low, high, color=style["color"], alpha=0.4, linewidth=1.4, zorder=2)
        ax.plot(score, y + place, marker, color=style["color"], markersize=4.5, alpha=0.9, zorder=3, clip_on=False)
    ax.set_title(title, y=1)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="F1 of the class" + ", 95 % interval" * few)
    ax.set_yticks(y, short_names([row["class"] for row in rows]))
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "right", "top"]].set_visible(False)
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "frameon": False, "borderaxespad": 0, "fontsize": 8}
    dots = [line for line in ax.lines if line.get_marker() in MARKERS]
    ax.legend(dots, short_names(list(models.values()), 40), **place)
    return values[:, :, 0]


def _row(n_models):
    """Return the inches from one class to the next."""
    return max(ROW, DOT * n_models + 0.1) if n_models <= FEW else ROW


def map_figure(points, title):
    """Return the figure of :func:`plot_map`."""
    top = 0.3 + LINE * title.count("\n")
    figure, (ax,) = new_figure(SIDE + 1.05, SIDE + 0.5 + top, (0.6, 0.45, 0.5, top))
    FigureCanvasAgg(figure)  # measures the labels
    plot_map(points, ax, title)
    return figure


def plot_map(points, ax, title=""):
    """Draw each class at its recall and precision, between lines of equal F1, and return the names written.

    points: {class: (recall, precision)}, 0..1. Of more than :data:`NAMED` classes those of the highest and of the
    lowest F1 are named. After Fig. 10 of posters2025."""
    names, (recall, precision) = list(points), np.array(list(points.values()), float).T
    draw_iso_f1(ax)
    ax.plot(recall, precision, "o", color=BLUE, alpha=0.7, markersize=5, markeredgewidth=0, zorder=3, clip_on=False)
    ax.set_title(title, y=1)
    least = 0.5 if np.min([recall, precision], initial=1) >= 0.5 else 0  # names of good classes need the room
    said = f" (from {least:g})" if least else ""
    ax.set(xlim=(least, 1.02 - 0.02 * least), ylim=(least, 1.02 - 0.02 * least))
    ax.set(xlabel=f"recall{said}", ylabel=f"precision{said}")
    order = np.argsort(-recall * precision / np.maximum(recall + precision, 1e-9), kind="stable")
    shown = order if len(order) <= NAMED else np.concatenate([order[:EXTREMES], order[-EXTREMES:]])
    x, y, called = recall[shown], precision[shown], np.array(short_names(names), object)[shown]
    place_labels(ax, x, y, called, np.full(len(x), CLEAR), (y, y), fontsize=8)
    return called.tolist()


def draw_iso_f1(ax):
    """Draw lines of equal F1, :data:`ISO_F1`, on axes of recall (x) and precision (y) from 0 to 1, and name them."""
    for f1 in ISO_F1:  # those below are cut off where the axes begin higher
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        ax.plot(recall, f1 * recall / (2 * recall - f1), color="0.8", linewidth=0.8, linestyle=(0, (5, 3)), zorder=1)
        # Named right of the axes, at the end of the line, where no curve is.
        place = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "annotation_clip": True}
        ax.annotate(f"F1 {f1:g}", (1, f1 / (2 - f1)), (3, 0), va="center", fontsize=7, color="0.45", **place)
