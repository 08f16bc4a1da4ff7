"""Numbers to pictures. Every function gets data and axes, draws, and returns the numbers it drew; none saves.

The two figures that follow MATLAB have files of their own: confusion_chart.py and training_progress.py."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.labels import place_labels
from benchmark.analysis.plots.palette import BLUE, ORANGE, short_names

LARGEST = 900.0  # points^2, the circle of the largest model
SIZES = (10, 30, 100, 300, 1000)  # MB, circles in the legend
LEVEL_STYLES = ("--", "-.")  # of the scores that need no model
ROW = 0.26  # inches from one interval to the next
FAINT = "0.93"  # grey of the line that an interval lies on


def intervals_figure(rows, levels, title, score, axis):
    """Return the figure of :func:`plot_intervals`."""
    longest = width_of(short_names([row["label"] for row in rows], 40), 9)
    texts = width_of((_written(row, score) for row in rows), 9)
    bottom, top = 0.45 + 0.25 * bool(levels), 0.3 + LINE * title.count("\n")
    margins, height = (longest + 0.25, 1.1 * texts + 0.2, bottom, top), ROW * len(rows)
    figure, (ax,) = new_figure(margins[0] + 4.2 + margins[1], bottom + height + top, margins)
    plot_intervals(rows, ax, levels, title, score, axis)
    return figure


def plot_intervals(rows, ax, levels=None, title="", score="accuracy", axis=""):
    """Draw the score of each model with its interval, the first row on top, and return what stands beside them.

    rows: dicts with label, ``score``, its ends _low and _high (0..1) and best, how it stands to the best one in words;
    levels: {name: score 0..1} drawn as dashed lines; axis: what the score is called. The axis goes from 0 to 1, so that
    the figures of two studies compare."""
    values, *ends = (np.array([row[f"{score}{end}"] for row in rows], float) for end in ("", "_low", "_high"))
    y = np.arange(len(rows))
    ax.hlines(y, 0, 1, color=FAINT, linewidth=1, zorder=1)
    ax.hlines(y, *ends, color=BLUE, alpha=0.5, linewidth=2.5, zorder=3)
    ax.plot(values, y, "o", color=BLUE, markersize=6, zorder=4)
    _draw_levels(levels or {}, ax.axvline)
    written = [_written(row, score) for row in rows]
    for place, (text, row) in enumerate(zip(written, rows, strict=True)):
        weight = "bold" if row["best"].startswith("best") else "normal"
        ax.text(1.02, place, text, transform=ax.get_yaxis_transform(), va="center", weight=weight)
    ax.set_title(title, y=1)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
    ax.set_yticks(y, short_names([row["label"] for row in rows], 40))
    ax.set_xlabel(axis)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "right", "top"]].set_visible(False)
    if levels:
        ax.figure.legend(*ax.get_legend_handles_labels(), loc="lower center", ncols=2, frameon=False, fontsize=8)
    return written


def _written(row, score):
    standing = f"  {row['best']}" if row["best"] else ""
    return f"{row[score]:.3f} ({row[f'{score}_low']:.2f} to {row[f'{score}_high']:.2f}){standing}"


def score_latency_figure(table, stairs, levels, title, score, axis):
    """Return the figure of :func:`plot_score_latency`."""
    top = 0.3 + LINE * title.count("\n")
    figure, (ax,) = new_figure(9.2, 4.7 + top, (0.7, 2.2, 0.5, top))
    FigureCanvasAgg(figure)  # measures the labels
    plot_score_latency(table, stairs, ax, levels, title, score, axis)
    return figure


def drawable(comparison, score="accuracy"):
    """Return the rows of a comparison that have the score, a latency above 0 and a size."""
    drawn = comparison.dropna(subset=[score, "latency_ms_p50", "size_mb"])
    return drawn[drawn["latency_ms_p50"] > 0].reset_index(drop=True)


def plot_score_latency(table, stairs, ax, levels=None, title="", score="accuracy", axis=""):
    """Draw a score (0..1) over latency (ms, logarithmic), circle area = size of the model; return the labels.

    table: :func:`drawable` rows of a comparison; bars are the intervals of the score, a column of it; stairs: of
    :func:`analysis.metrics.front.steps`, says which steps along the Pareto front are dotted, as they may be chance;
    levels: {name: score 0..1} drawn as dashed lines; axis: what the score is called. After Fig. 1 of visutsak2025."""
    levels = levels or {}
    x = table["latency_ms_p50"].to_numpy(float)
    y, low, high = (table[f"{score}{end}"].to_numpy(float) for end in ("", "_low", "_high"))
    scale = LARGEST / max(table["size_mb"].max(), 1e-9) if len(table) else 1.0  # points^2 per MB
    areas = scale * table["size_mb"].to_numpy(float)
    bars = np.maximum(0, (y - low, high - y))  # an interval of accuracy 1 may end at 1 - 1e-16
    ax.errorbar(x, y, bars, fmt="none", ecolor="0.4", elinewidth=0.9, capsize=2.5, zorder=4)
    _draw_front(stairs, ax)
    ax.scatter(x, y, s=areas, color=BLUE, alpha=0.6, edgecolor="white", linewidth=0.6, zorder=3)
    ax.set_xscale("log")
    ax.set_title(title, y=1)
    ax.set(xlim=_log_limits(x), ylim=_share_limits(low, high, levels.values()))
    ax.set_ylabel(axis)
    ax.set_xlabel("latency of one prediction (ms, median, batch 1, CPU)")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter("{0:g}".format))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, position: ""))
    ax.grid(alpha=0.3)
    _draw_levels(levels, ax.axhline)
    _legends(ax, scale, table["size_mb"].max() if len(table) else 0)
    lines = [line for across, along, _ in stairs for line in zip(across, along, across[1:], along[1:], strict=False)]
    left, right = ax.get_xlim()
    lines += [(left, share, right, share) for share in levels.values()]
    return place_labels(ax, x, y, table["label"], radii=np.sqrt(areas / np.pi), bars=(low, high), lines=lines)


def _draw_levels(levels, draw):
    """Draw the scores that need no model as lines across the axes; draw: axhline or axvline."""
    for (name, share), style in zip(levels.items(), LEVEL_STYLES, strict=False):
        draw(share, color="0.4", linestyle=style, linewidth=1, zorder=2, label=name)


def _draw_front(stairs, ax):
    """Draw the steps of the front, those that may be chance dotted, each kind with its line in the legend."""
    named = set()
    for across, along, tie in stairs:
        name = "Pareto front, neighbours\n" + ("not separable" if tie else "separable")
        style = {"linestyle": (0, (1, 1.5)) if tie else "-", "color": ORANGE, "linewidth": 1.6, "zorder": 2}
        ax.plot(across, along, label=name if tie not in named else None, **style)
        named.add(tie)


def _log_limits(x):
    """Return limits with room for circles and labels; at least a factor of 4 apart."""
    if not len(x):
        return 1, 100
    margin = max(2.0, np.sqrt(4 * x.min() / x.max()))
    return x.min() / margin, x.max() * margin


def _share_limits(low, high, levels):
    """Return limits that hold every interval and level, with room for circles, also for one at 1."""
    shown = [*low, *high, *levels] or [0, 1]
    return max(0, min(shown) - 0.08), min(1.05, max(shown) + 0.08)


def _legends(ax, scale, largest):
    """Write the legend of the lines right of the axes, and below it that of the circles."""
    beside = {"bbox_to_anchor": (1.01, 0.55), "frameon": False, "alignment": "left"}
    if ax.get_legend_handles_labels()[0]:
        ax.add_artist(ax.legend(loc="lower left", labelspacing=0.9, **beside))
    circles = [
        ax.scatter([], [], s=scale * size, color=BLUE, alpha=0.6, edgecolor="white")
        for size in SIZES if size <= max(largest, SIZES[0])
    ]  # fmt: skip
    texts = [f"{size} MB" for size, _ in zip(SIZES, circles, strict=False)]
    ax.legend(circles, texts, title="size of the model", loc="upper left", labelspacing=1.1, **beside)


def example_figure(pixels, y_true, y_pred, score, title):
    """Return the figure of :func:`plot_example`."""
    top = 0.3 + LINE * title.count("\n")
    height = np.clip(6.8 * len(pixels) / pixels.shape[1], 2.2, 5.2)
    figure, (ax,) = new_figure(7.0, height + 0.5 + top, (0.1, 0.1, 0.5, top))
    plot_example(pixels, y_true, y_pred, score, ax, title)
    return figure


def plot_example(image, y_true, y_pred, score, ax, title=""):
    """Draw one test picture, (height, width, 3) uint8, with its true and its predicted class; return the caption.

    score: what the model gave the predicted class, 0..1. After Fig. 9 of visutsak2025."""
    ax.imshow(image, aspect="auto", interpolation="nearest")
    ax.set_title(title, y=1)
    ax.set(xticks=[], yticks=[])
    caption = f"true: {y_true}    predicted: {y_pred} (score {score:.2f})"
    ax.set_xlabel(caption, color=BLUE if y_true == y_pred else ORANGE, fontsize=11, labelpad=8)
    return caption
