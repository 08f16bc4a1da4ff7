"""Numbers to pictures. Every function gets data and axes, draws, and returns the numbers it drew; none saves."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from benchmark.analysis.labels import place_labels

BLUE, ORANGE = (0.0, 0.447, 0.741), (0.85, 0.325, 0.098)  # MATLAB's first two line colours
LARGEST = 900.0  # points^2, the circle of the largest model
SIZES = (10, 30, 100, 300, 1000)  # MB, circles in the legend


def plot_confusion(matrix, class_names, ax, title=""):
    """Draw counts, shape (n_classes, n_classes): rows true, columns predicted; return each row's percentages.

    As in MATLAB's confusionchart, the diagonal is blue and the rest orange, darker with the share of the row."""
    matrix = np.asarray(matrix)
    totals = matrix.sum(axis=1, keepdims=True)
    percent = 100 * matrix / np.maximum(totals, 1)
    diagonal = np.eye(len(matrix), dtype=bool)[:, :, None]
    ax.imshow(1 - percent[:, :, None] / 100 * (1 - np.where(diagonal, BLUE, ORANGE)))
    font = max(6.0, min(9.0, 70 / len(matrix)))  # points
    for (row, column), n in np.ndenumerate(matrix):
        text = f"{n}\n{percent[row, column]:.0f} %" if n else "0"
        color = "white" if percent[row, column] > 55 else "black"
        ax.text(column, row, text, ha="center", va="center", fontsize=font, color=color)
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    wide = max(len(name) for name in class_names) * len(class_names) > 45
    ax.set_xticks(range(len(matrix)), class_names, **(slant if wide else {}))
    ax.set_yticks(range(len(matrix)), class_names)
    ax.tick_params(length=0)
    ax.set(title=title, xlabel="predicted class", ylabel="true class (clips, % of the row)")
    return percent


def plot_training(histories, axes, title=""):
    """Draw accuracy on the upper and loss on the lower of two axes; return what x counts: 'epoch' or 'iteration'.

    histories: frames with columns iteration, epoch, loss, accuracy, val_loss and val_accuracy (accuracies 0..1), one
    per trial. The first is drawn in full, the others lightly. x counts epochs where a row is one epoch. Look after
    MATLAB's training-progress figure: validation is black and dashed with round markers."""
    x = "epoch" if all(history["epoch"].is_unique for history in histories) else "iteration"
    for ax, column, color in zip(axes, ("accuracy", "loss"), (BLUE, ORANGE), strict=True):
        for index, history in enumerate(histories):
            _plot_curve(history, x, column, color, ax, first=index == 0)
        ax.set_ylabel("accuracy (share of clips)" if column == "accuracy" else "loss (cross-entropy)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        ax.grid(alpha=0.3)
        ax.legend(loc="best", fontsize=8, framealpha=0.7)
    axes[0].set(title=title, ylim=(0, 1.02))
    axes[0].tick_params(labelbottom=False)
    axes[1].set_ylim(bottom=0)
    axes[1].set_xlabel(f"{x} (count)")
    return x


def _plot_curve(history, x, column, color, ax, first):
    validated = history.dropna(subset=[f"val_{column}"])
    training = {"color": color, "marker": "o" if len(history) == 1 else None}
    validation = {"color": "black", "linestyle": "--"}
    if first:
        final = validated[f"val_{column}"].iloc[-1:]
        name = "validation" + "".join(f", {value:.2f} at the end" for value in final)
        markers = {"marker": "o", "markersize": 4, "markevery": max(1, len(validated) // 15)}
        ax.plot(history[x], history[column], linewidth=1.8, zorder=3, label="training", **training)
        ax.plot(validated[x], validated[f"val_{column}"], linewidth=1.2, zorder=4, label=name, **validation, **markers)
    else:
        ax.plot(history[x], history[column], linewidth=0.8, alpha=0.3, **training)
        ax.plot(validated[x], validated[f"val_{column}"], linewidth=0.6, alpha=0.25, **validation)


def plot_accuracy_latency(table, ax, chance=None, title=""):
    """Draw accuracy (0..1) over latency (ms, logarithmic), circle area = size of the model; return the rows drawn.

    table: rows of the comparison; bars are the Wilson intervals; rows without accuracy or latency are left out;
    chance: share 0..1 drawn as a dashed line. After Fig. 1 of visutsak2025."""
    drawn = table.dropna(subset=["accuracy", "latency_ms_p50", "size_mb"])
    drawn = drawn[drawn["latency_ms_p50"] > 0].reset_index(drop=True)
    x, y = drawn["latency_ms_p50"].to_numpy(float), drawn["accuracy"].to_numpy(float)
    low, high = (drawn[f"accuracy_{end}"].to_numpy(float) for end in ("low", "high"))
    scale = LARGEST / max(drawn["size_mb"].max(), 1e-9) if len(drawn) else 1.0  # points^2 per MB
    areas = scale * drawn["size_mb"].to_numpy(float)
    ax.errorbar(x, y, (y - low, high - y), fmt="none", ecolor="0.4", elinewidth=0.9, capsize=2.5, zorder=4)
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
    """Return limits within 0..1 that hold every interval and the chance level, with some room."""
    shown = [*low, *high, *([] if chance is None else [chance])] or [0, 1]
    return max(0, min(shown) - 0.08), min(1, max(shown) + 0.08)


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
