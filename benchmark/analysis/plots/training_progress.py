"""Histories to MATLAB's training-progress figure: accuracy above, loss below, over iterations, epochs as bands."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from benchmark.analysis.plots.figure import LINE, new_figure
from benchmark.analysis.plots.palette import BLUE, ORANGE

PANELS = (("accuracy", "accuracy (%)", "{:.1f}%", BLUE), ("loss", "loss (cross-entropy)", "{:.2f}", ORANGE))
SOLVED, BATCHES = "iteration (of the solver, over all training clips)", "iteration (mini-batches)"
BAND = "0.93"  # grey of every second epoch
LABELS = 10  # epochs that can be named side by side
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # every how many epochs one is named
LEGEND = {"ncols": 4, "fontsize": 8, "columnspacing": 1.2, "frameon": False, "borderaxespad": 0.2}
MARKERS = 30  # round markers on a validation curve at most


def training_figure(histories, title, kept):
    """Return the figure of :func:`plot_training`."""
    top = 0.6 + LINE * title.count("\n")
    figure, axes = new_figure(6.6, 4.5 + top, (0.6, 0.6, 0.45, top), rows=2, hspace=0.24)
    plot_training(histories, axes, title, kept)
    return figure


def training_curves(history):
    """Return the curves of a history: iteration, accuracy, loss, val_accuracy, val_loss, smooth_accuracy, smooth_loss.

    history: frame with columns iteration, epoch, loss, accuracy, val_loss and val_accuracy, accuracies 0..1; they come
    back in percent. With a row per iteration, the smooth curves are exponential moving averages that start at the
    first value and whose span is a 50th of all iterations, at least 10: MATLAB does not publish its own. With a row per
    epoch, which is a mean already, they are missing."""
    curves = history[["iteration", "accuracy", "loss", "val_accuracy", "val_loss"]].copy()
    curves[["accuracy", "val_accuracy"]] *= 100
    detailed = not history["epoch"].is_unique
    span = max(10, len(history) / 50)
    for quantity, *_ in PANELS:
        smooth = curves[quantity].ewm(span=span).mean()
        curves[f"smooth_{quantity}"] = smooth if detailed else np.nan
    return curves


def is_solved(history):
    """Return whether a history is of a solver, which has no learning rate; each iteration looks at all clips."""
    return "learning_rate" in history and bool(history["learning_rate"].isna().all())


def epoch_bands(history):
    """Return a frame with a row per epoch: epoch, start and end in iterations; an epoch is all after start up to end.

    Three epochs of 7 iterations are (0, 7], (7, 14] and (14, 21]. A solver has none."""
    if is_solved(history):
        history = history.head(0)
    end = history.groupby("epoch")["iteration"].max()
    return pd.DataFrame({"epoch": end.index, "start": end.shift(fill_value=0).to_numpy(), "end": end.to_numpy()})


def kept_iteration(info):
    """Return the iteration whose weights a trial kept, None where its trial.json, a dict, does not record it."""
    found = info.get("kept_iteration")
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def kept_words(history, iteration):
    """Return 'epoch 7, iteration 140' of an iteration of a history, which has a row per iteration or per epoch."""
    if is_solved(history):
        return f"iteration {iteration}"
    reached = history[history["iteration"] >= iteration]
    epoch = reached["epoch"].iloc[0] if len(reached) else history["epoch"].iloc[-1]
    return f"epoch {epoch:.0f}, iteration {iteration}"


def plot_training(histories, axes, title="", kept=None):
    """Draw accuracy on the upper and loss on the lower of two axes; return the :func:`training_curves` of each history.

    histories: one per trial; the first is drawn in full, with its epochs as bands, the others lightly; kept: the
    iteration of the first whose weights were kept, marked by an upright line. Look after MATLAB's training-progress
    figure: mini-batches light, smoothed dark, validation black and dashed with round markers, its last value written
    at the right end."""
    drawn = [training_curves(history) for history in histories]
    bands, solved = epoch_bands(histories[0]), is_solved(histories[0])
    end = max(curves["iteration"].max() for curves in drawn)
    for ax, (quantity, label, form, color) in zip(axes, PANELS, strict=True):
        for curves in drawn[1:]:
            _plot_lightly(curves, quantity, color, ax)
        _plot_in_full(drawn[0], quantity, color, ax, "training clips" if solved else "training, mean of an epoch")
        mark_kept(kept, histories[0], ax)
        _write_final(drawn[0], quantity, form, ax)
        ax.set(xlim=(0, end), ylabel=label)
        dress(ax)
    axes[0].set(ylim=(0, 102))
    axes[0].set_title(title, y=1, pad=20)
    axes[1].set_ylim(0, 1.1 * axes[1].get_ylim()[1])
    axes[1].set_xlabel(SOLVED if solved else BATCHES)
    # The curves rise to the top of the upper axes and fall to the bottom of the lower ones: names stand opposite.
    draw_bands(bands, axes[0], height=0.03)
    draw_bands(bands, axes[1], height=0.92)
    return drawn


def mark_kept(kept, history, ax):
    """Draw an upright line at the iteration of a history whose weights were kept; none where it is None."""
    if kept is not None:
        said = f"weights kept: {kept_words(history, kept)}"
        ax.axvline(kept, color="0.35", linestyle="-.", linewidth=1.2, zorder=2, label=said)


def dress(ax):
    """Give axes of a training their ticks, grid and legend, which stands above them."""
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.grid(axis="y", color="0.88", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.99), **LEGEND)


def _plot_in_full(curves, quantity, color, ax, label):
    x, smooth = curves["iteration"], curves[f"smooth_{quantity}"]
    dark = {"color": color, "linewidth": 1.8, "zorder": 3}
    if smooth.isna().all():
        ax.plot(x, curves[quantity], label=label, marker="o" if len(x) == 1 else None, **dark)
    else:
        ax.plot(x, curves[quantity], color=color, alpha=0.35, linewidth=0.8, label="mini-batch")
        ax.plot(x, smooth, label="smoothed", **dark)
    valid = curves.dropna(subset=[f"val_{quantity}"])
    every = max(1, len(valid) // MARKERS)
    black = {"color": "black", "linestyle": "--", "linewidth": 1.1, "zorder": 4, "clip_on": False}
    # Counted from the end, as the last value is the one that is written out.
    round_markers = {"marker": "o", "markersize": 4, "markevery": slice((len(valid) - 1) % every, None, every)}
    ax.plot(valid["iteration"], valid[f"val_{quantity}"], label="validation", **black, **round_markers)


def _plot_lightly(curves, quantity, color, ax):
    training = curves[f"smooth_{quantity}"].fillna(curves[quantity])
    valid = curves.dropna(subset=[f"val_{quantity}"])
    ax.plot(curves["iteration"], training, color=color, linewidth=0.8, alpha=0.35)
    ax.plot(valid["iteration"], valid[f"val_{quantity}"], color="black", linestyle="--", linewidth=0.6, alpha=0.25)


def _write_final(curves, quantity, form, ax):
    """Write the last validation value of the first trial beside the axes, at its height."""
    for value in curves[f"val_{quantity}"].dropna().iloc[-1:]:
        place = {"transform": ax.get_yaxis_transform(), "ha": "left", "va": "center", "fontsize": 8}
        ax.text(1.01, value, f"Final\n{form.format(value)}", **place)


def draw_bands(bands, ax, height):
    """Draw every second epoch grey and name the epochs that have room, at a height 0..1 of the axes.

    A name is centred in its band, or ends with it where it is wider."""
    step = next((step for step in STEPS if len(bands) <= LABELS * step), STEPS[-1])
    place = {"transform": ax.get_xaxis_transform(), "ha": "center" if step == 1 else "right", "va": "bottom"}
    even = bands[bands["epoch"] % 2 == 0]
    spans = np.column_stack([even["start"], even["end"] - even["start"]])
    # All at once: a patch of its own for each would measure the axes anew.
    ax.broken_barh(spans, (0, 1), transform=ax.get_xaxis_transform(), color=BAND, linewidth=0, zorder=0)
    for band in bands.itertuples():
        if band.epoch % step == 0:
            x = (band.start + band.end) / 2 if step == 1 else band.end
            ax.text(x, height, f"Epoch {band.epoch}", color="0.5", fontsize=7, **place)
