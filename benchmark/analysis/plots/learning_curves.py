"""The training of several models in one figure: loss and what validation scored, over epochs."""

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import line_styles, short_names

SIDE = 3.3  # inches, each of the two axes
LEGEND = 7.5  # points


def epoch_curves(history, column):
    """Return a frame with epoch, loss and score of a history.

    loss: the mean of the steps of an epoch; score: the last value of a column of validation in it, NaN where it was
    not validated."""
    epochs = history.groupby("epoch")
    return epochs.agg(loss=("loss", "mean"), score=(column, "last")).reset_index()  # last: that is not NaN


def learning_figure(curves, names, axis, title):
    """Return the figure of :func:`plot_learning`."""
    top, beside = 0.4 + LINE * (1 + title.count("\n")), width_of(short_names(names), LEGEND) + 0.75
    margins = (0.6, beside, 0.5, top)
    figure, axes = new_figure(0.6 + 2 * SIDE + 0.75 + beside, 0.5 + 2.7 + top, margins, columns=2, wspace=0.75 / SIDE)
    plot_learning(curves, names, axes, axis)
    figure.suptitle(title, x=0.6 / figure.get_figwidth(), y=1 - 0.1 / figure.get_figheight(), ha="left", va="top",
                    fontsize=10)  # fmt: skip
    return figure


def plot_learning(curves, names, axes, axis=""):
    """Draw a) the training loss and b) the validation score of models over epochs, and return their names as written.

    curves: of :func:`epoch_curves`, one per model, with the epoch whose weights were kept as its attribute
    ``attrs['kept']``, if any, which has a dot; names: of the models; axis: what the score is called. Fig. 2 and 5 of
    wehrmann2017."""
    left, right = axes
    written = short_names(names)
    for found, name, style in zip(curves, written, line_styles(len(names)), strict=True):
        marker = "o" if len(found) == 1 else None
        left.plot(found["epoch"], found["loss"], linewidth=1.3, marker=marker, **style)
        scored = found.dropna(subset="score")
        right.plot(scored["epoch"], scored["score"], linewidth=1.3, marker=marker, label=name, **style)
        kept = scored[scored["epoch"] == found.attrs.get("kept")]
        right.plot(kept["epoch"], kept["score"], "o", color=style["color"], markersize=4.5, zorder=4)
    for ax, letter, label in ((left, "a", "training loss, mean of an epoch"), (right, "b", axis)):
        ax.set(xlabel="epoch", ylabel=label)
        ax.set_title(f"{letter})", y=1, loc="left")
        ax.grid(color="0.9", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.xaxis.get_major_locator().set_params(integer=True)
    right.set_ylim(0, 1.02)
    right.legend(loc="upper left", bbox_to_anchor=(1.03, 1), frameon=False, borderaxespad=0, fontsize=LEGEND)
    return written
