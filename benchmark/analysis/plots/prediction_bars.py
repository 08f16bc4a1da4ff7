"""What a model says of single clips: the score of each class as a bar, the true ones marked, and the clip's picture."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, ORANGE, short_names

ACROSS = 2  # clips side by side
MOST = 12  # classes of a clip: its true ones, and those of the highest scores
ROW, BARS, PICTURE = 0.18, 1.9, 2.3  # inches: from one bar to the next; the longest bar; the width of a picture
OTHER = "0.72"  # grey of the bars of classes that a clip has not


def bars_figure(clips, title):
    """Return the figure of :func:`plot_bars` for each clip, with its picture to the left where any clip has one.

    clips: dicts with name, picture ((height, width, 3) uint8 or None), and the arguments of :func:`plot_bars`."""
    # Bold names are wider by an eighth.
    names = 1.13 * width_of([name for clip in clips for name in short_names(list(clip["classes"]))], 8) + 0.2
    picture = PICTURE if any(clip["picture"] is not None for clip in clips) else 0.05
    height = ROW * max(min(MOST, len(clip["classes"])) for clip in clips)
    rows, across = -(-len(clips) // ACROSS), min(ACROSS, len(clips))
    top, bottom, gap = 0.5 + LINE * (1 + title.count("\n")), 0.5, 0.45
    widths = [part for _ in range(across) for part in (picture, names, BARS, 0.3)][:-1]
    width = 0.15 + sum(widths) + 0.35
    figure, axes = new_figure(
        width, bottom + rows * height + (rows - 1) * gap + top, (0.15, 0.35, bottom, top), rows, len(widths),
        width_ratios=widths, wspace=0, hspace=gap / height,
    )  # fmt: skip
    axes = axes.reshape(rows, len(widths))
    for ax in axes.ravel():
        ax.set_axis_off()
    for place, clip in enumerate(clips):
        row, column = place // ACROSS, 4 * (place % ACROSS)
        left, bars = axes[row, column], axes[row, column + 2]
        if clip["picture"] is not None:
            left.imshow(clip["picture"], interpolation="antialiased")
            left.set_anchor("W")
        bars.set_axis_on()
        plot_bars(clip["classes"], clip["scores"], clip["true"], clip["thresholds"], bars, clip["name"])
    _legend(figure)
    figure.suptitle(title, x=0.15 / width, y=1 - 0.1 / figure.get_figheight(), ha="left", va="top", fontsize=10)
    return figure


def plot_bars(classes, scores, true, thresholds, ax, title=""):
    """Draw the scores 0..1 of the classes of one clip as bars, and return the names of the classes drawn.

    classes: (n,) names; scores, thresholds: (n,); true: (n,) bool, which are bold and blue. Of more than :data:`MOST`
    classes the true ones and those of the highest scores are drawn, in the order of ``classes``. A mark on each bar is
    the threshold from which on the class is given. Fig. 7 of wehrmann2017."""
    order = np.lexsort((-scores, ~true))[:MOST]
    shown = np.sort(order)
    y = np.arange(len(shown))
    ax.barh(y, scores[shown], height=0.72, color=[BLUE if true[place] else OTHER for place in shown], zorder=2)
    ax.vlines(thresholds[shown], y - 0.4, y + 0.4, color=ORANGE, linewidth=1.3, zorder=3)
    names = short_names([classes[place] for place in shown])
    ax.set_yticks(y, names, fontsize=8)
    for label, place in zip(ax.get_yticklabels(), shown, strict=True):
        label.set_weight("bold" if true[place] else "normal")
    ax.set_title(title, y=1, fontsize=8.5, loc="left")
    ax.set(xlim=(0, 1), ylim=(len(shown) - 0.5, -0.5))
    ax.set_xticks((0, 0.5, 1), ("0", "0.5", "1"), fontsize=7)
    ax.tick_params(length=0, pad=2)
    ax.spines[["right", "top", "bottom"]].set_visible(False)
    ax.grid(axis="x", color="0.92", linewidth=0.6)
    ax.set_axisbelow(True)
    return names


def _legend(figure):
    mark = Line2D([], [], color=ORANGE, marker="|", linestyle="none", markersize=8, markeredgewidth=1.3)
    handles = {"class that the clip has": Patch(color=BLUE), "another class": Patch(color=OTHER), "threshold": mark}
    style = {"ncols": 3, "frameon": False, "fontsize": 8, "borderaxespad": 0.4}
    corner = (0.15 / figure.get_figwidth(), 0)
    figure.legend(handles.values(), handles, loc="lower left", bbox_to_anchor=corner, **style)
