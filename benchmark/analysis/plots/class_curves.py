"""Precision over recall of every class, all models in each panel."""

import math

import numpy as np

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import line_styles, short_names

COLUMNS = 5  # panels side by side at most
PANEL, GAP = 1.95, (0.16, 0.36)  # inches: the least side of a panel, and between two of them
LEFT, ENTRY = 0.6, 0.19  # inches: left of the panels; from one name of the legend to the next
LEGEND, HEADING = 8, 8.5  # points
SHARE = "share of the class"


def class_curves_figure(panels, names, title):
    """Return the figure of :func:`plot_class_curves` for each class; panels: {class: (lines, share)}."""
    columns, written = min(COLUMNS, math.ceil(math.sqrt(len(panels)))), [*short_names(names), SHARE]
    side, rows = max(PANEL, width_of(short_names(list(panels)), HEADING) - GAP[0] / 2), -(-len(panels) // columns)
    width, height = (n * side + (n - 1) * gap for n, gap in zip((columns, rows), GAP, strict=True))
    beside = max(width_of(written, LEGEND) + 0.75, width_of(title.split("\n"), 10) - width + 0.2)
    top, bottom = 0.45 + LINE * (1 + title.count("\n")), 0.5 + max(0, ENTRY * len(written) - height)
    wide, high = LEFT + width + beside, bottom + height + top
    figure, axes = new_figure(
        wide, high, (LEFT, beside, bottom, top), rows, columns, wspace=GAP[0] / side, hspace=GAP[1] / side
    )
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    for place, (ax, name) in enumerate(zip(axes, short_names(list(panels)), strict=False)):
        handles = plot_class_curves(*panels[list(panels)[place]], ax, name)
        ax.tick_params(labelleft=place % columns == 0, labelbottom=place + columns >= len(panels))
    corner = (LEFT + width + 0.12) / wide, 1 - top / high
    style = {"frameon": False, "borderaxespad": 0, "fontsize": LEGEND}
    figure.legend(handles, written, loc="upper left", bbox_to_anchor=corner, **style)
    figure.suptitle(title, x=LEFT / wide, y=1 - 0.1 / high, ha="left", va="top", fontsize=10)
    figure.supxlabel("recall", x=(LEFT + width / 2) / wide, y=(bottom - 0.42) / high, va="bottom", fontsize=9)
    figure.supylabel("precision", x=0.06 / wide, ha="left", fontsize=9)
    return figure


def plot_class_curves(lines, share, ax, title=""):
    """Draw the precision of each model over recall for one class, and return the lines, that of its share last.

    lines: precision (n_points,) at recalls evenly from 0 to 1 of each model, None where unknown; share: of the class
    among the test clips, which scores that say nothing have as precision. Fig. 6 of wehrmann2017."""
    handles = []
    for values, style in zip(lines, line_styles(len(lines)), strict=True):
        values = np.full(2, np.nan) if values is None else values
        handles += ax.plot(np.linspace(0, 1, len(values)), values, linewidth=1.1, **style)
    handles.append(ax.axhline(share, color="0.45", linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=1))
    ax.set_title(title, y=1, fontsize=HEADING)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), yticks=(0, 0.5, 1))
    ax.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))  # short, as the next panel begins where this one ends
    ax.tick_params(labelsize=7)
    ax.grid(color="0.92", linewidth=0.5)
    return handles
