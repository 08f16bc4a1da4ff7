"""Numbers to pictures. Every function gets data and axes, draws, and returns the numbers it drew; none saves.

The two figures that follow MATLAB have files of their own: confusion_chart.py and training_progress.py."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmark.analysis.labels import place_labels
from benchmark.analysis.statistics import pareto

BLUE, ORANGE = (0.0, 0.447, 0.741), (0.85, 0.325, 0.098)  # MATLAB's first two line colours
LARGEST = 900.0  # points^2, the circle of the largest model
SIZES = (10, 30, 100, 300, 1000)  # MB, circles in the legend


def plot_accuracy_latency(table, ax, chance=None, title=""):
    """Draw accuracy (0..1) over latency (ms, logarithmic), circle area = size of the model; return the rows drawn.

    table: rows of the comparison; bars are the Wilson intervals; rows without accuracy or latency are left out;
    chance: share 0..1 drawn as a dashed line. The orange steps join the Pareto front: models than which no other is as
    accurate and as fast. After Fig. 1 of visutsak2025."""
    drawn = table.dropna(subset=["accuracy", "latency_ms_p50", "size_mb"])
    drawn = drawn[drawn["latency_ms_p50"] > 0].reset_index(drop=True)
    x, y = drawn["latency_ms_p50"].to_numpy(float), drawn["accuracy"].to_numpy(float)
    low, high = (drawn[f"accuracy_{end}"].to_numpy(float) for end in ("low", "high"))
    scale = LARGEST / max(drawn["size_mb"].max(), 1e-9) if len(drawn) else 1.0  # points^2 per MB
    areas = scale * drawn["size_mb"].to_numpy(float)
    ax.errorbar(x, y, (y - low, high - y), fmt="none", ecolor="0.4", elinewidth=0.9, capsize=2.5, zorder=4)
    front = drawn[pareto(y, x)].sort_values("latency_ms_p50")
    ax.step(
        front["latency_ms_p50"],
        front["accuracy"],
        where="post",
        color=ORANGE,
        alpha=0.4,
        zorder=1,
        label="Pareto front",
    )
    ax.scatter(x, y, s=areas, color=BLUE, alpha=0.6, edgecolor="white", linewidth=0.6, zorder=3)
    ax.set_xscale("log")
    ax.set(xlim=_log_limits(x), ylim=_share_limits(low, high, chance), title=title)
    ax.set_ylabel("accuracy (share of test clips, 95 % interval)")
    ax.set_xlabel("latency of one prediction (ms, median, batch 1, CPU)")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter("{0:g}".format))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, position: ""))
    ax.grid(alpha=0.3)
    if chance is not None:
        ax.axhline(chance, color="0.4", linestyle="--", linewidth=1, zorder=1, label=f"chance {chance:.2f}")
    _size_legend(ax, scale, drawn["size_mb"].max() if len(drawn) else 0)
    place_labels(ax, x, y, drawn["label"], radii=np.sqrt(areas / np.pi), bars=(low, high))
    return drawn


def _log_limits(x):
    """Return limits with room for circles and labels; at least a factor of 4 apart."""
    if not len(x):
        return 1, 100
    margin = max(2.0, np.sqrt(4 * x.min() / x.max()))
    return x.min() / margin, x.max() * margin


def _share_limits(low, high, chance):
    """Return limits that hold every interval and the chance level, with room for circles, also for one at 1."""
    shown = [*low, *high, *([] if chance is None else [chance])] or [0, 1]
    return max(0, min(shown) - 0.08), min(1.05, max(shown) + 0.08)


def _size_legend(ax, scale, largest):
    for size in SIZES:
        if size <= max(largest, SIZES[0]):
            ax.scatter([], [], s=scale * size, color=BLUE, alpha=0.6, edgecolor="white", label=f"{size} MB")
    ax.legend(title="size of the model", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, labelspacing=1.1)


def plot_example(image, y_true, y_pred, score, ax, title=""):
    """Draw one test picture, (height, width, 3) uint8, with its true and its predicted class; return the caption.

    score: what the model gave the predicted class, 0..1. After Fig. 9 of visutsak2025."""
    ax.imshow(image, aspect="auto", interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=title)
    caption = f"true: {y_true}    predicted: {y_pred} (score {score:.2f})"
    ax.set_xlabel(caption, color=BLUE if y_true == y_pred else ORANGE, fontsize=11, labelpad=8)
    return caption
