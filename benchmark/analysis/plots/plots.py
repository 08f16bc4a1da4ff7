"""Numbers to pictures. Every function gets data and axes, draws, and returns the numbers it drew; none saves.

The two figures that follow MATLAB have files of their own: confusion_chart.py and training_progress.py."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmark.analysis.metrics.front import pareto_front, steps
from benchmark.analysis.plots.labels import place_labels
from benchmark.analysis.plots.palette import BLUE, ORANGE

LARGEST = 900.0  # points^2, the circle of the largest model
SIZES = (10, 30, 100, 300, 1000)  # MB, circles in the legend
LEVEL_STYLES = ("--", "-.")  # of the accuracies that need no model


def plot_accuracy_latency(table, pairwise, ax, levels=None, title=""):
    """Draw accuracy (0..1) over latency (ms, logarithmic), circle area = size of the model; return the rows drawn.

    table: rows of the comparison; bars are the Wilson intervals; rows without accuracy or latency are left out;
    pairwise: of the study, says which steps along the Pareto front are dotted, as they may be chance (see
    :func:`analysis.metrics.front.pareto_front`); levels: {name: share 0..1} drawn as dashed lines. After Fig. 1 of
    visutsak2025."""
    drawn = table.dropna(subset=["accuracy", "latency_ms_p50", "size_mb"])
    drawn = drawn[drawn["latency_ms_p50"] > 0].reset_index(drop=True)
    levels = levels or {}
    x, y = drawn["latency_ms_p50"].to_numpy(float), drawn["accuracy"].to_numpy(float)
    low, high = (drawn[f"accuracy_{end}"].to_numpy(float) for end in ("low", "high"))
    scale = LARGEST / max(drawn["size_mb"].max(), 1e-9) if len(drawn) else 1.0  # points^2 per MB
    areas = scale * drawn["size_mb"].to_numpy(float)
    bars = np.maximum(0, (y - low, high - y))  # an interval of accuracy 1 may end at 1 - 1e-16
    ax.errorbar(x, y, bars, fmt="none", ecolor="0.4", elinewidth=0.9, capsize=2.5, zorder=4)
    stairs = steps(pareto_front(drawn, pairwise))
    _draw_front(stairs, ax)
    ax.scatter(x, y, s=areas, color=BLUE, alpha=0.6, edgecolor="white", linewidth=0.6, zorder=3)
    ax.set_xscale("log")
    ax.set(xlim=_log_limits(x), ylim=_share_limits(low, high, levels.values()), title=title)
    ax.set_ylabel("accuracy (share of test clips, 95 % interval)")
    ax.set_xlabel("latency of one prediction (ms, median, batch 1, CPU)")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter("{0:g}".format))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, position: ""))
    ax.grid(alpha=0.3)
    for (name, share), style in zip(levels.items(), LEVEL_STYLES, strict=False):
        ax.axhline(share, color="0.4", linestyle=style, linewidth=1, zorder=1, label=name)
    _legends(ax, scale, drawn["size_mb"].max() if len(drawn) else 0)
    lines = [line for across, along, _ in stairs for line in zip(across, along, across[1:], along[1:], strict=False)]
    left, right = ax.get_xlim()
    lines += [(left, share, right, share) for share in levels.values()]
    place_labels(ax, x, y, drawn["label"], radii=np.sqrt(areas / np.pi), bars=(low, high), lines=lines)
    return drawn


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


def plot_example(image, y_true, y_pred, score, ax, title=""):
    """Draw one test picture, (height, width, 3) uint8, with its true and its predicted class; return the caption.

    score: what the model gave the predicted class, 0..1. After Fig. 9 of visutsak2025."""
    ax.imshow(image, aspect="auto", interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=title)
    caption = f"true: {y_true}    predicted: {y_pred} (score {score:.2f})"
    ax.set_xlabel(caption, color=BLUE if y_true == y_pred else ORANGE, fontsize=11, labelpad=8)
    return caption
