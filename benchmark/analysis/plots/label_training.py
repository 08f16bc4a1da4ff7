"""Histories of several labels: losses below, what validation scored above, over iterations, epochs as bands."""

from benchmark.analysis.plots.figure import LINE, new_figure
from benchmark.analysis.plots.palette import BLUE, COLOURS, ORANGE
from benchmark.analysis.plots.training_progress import (
    BATCHES,
    SOLVED,
    draw_bands,
    dress,
    epoch_bands,
    is_solved,
    mark_kept,
)

SCORES = {  # columns of a history: what they are called, colour and line style
    "val_average_precision_macro": ("macro AP", BLUE, "-"),
    "val_f1_macro": ("macro F1 at 0.5", COLOURS[3], "--"),
    "val_f1_macro_tuned": ("macro F1, tuned", COLOURS[4], ":"),
}
LOSSES = {"loss": ("training", ORANGE, "-"), "val_loss": ("validation", "black", "--")}
COLUMNS = ("iteration", "epoch", *LOSSES, *SCORES, "learning_rate")
PANELS = ((SCORES, "score on the validation clips"), (LOSSES, "loss"))


def label_training_figure(histories, title, kept):
    """Return the figure of :func:`plot_label_training`."""
    top = 0.6 + LINE * title.count("\n")
    figure, axes = new_figure(6.6, 4.5 + top, (0.6, 0.2, 0.45, top), rows=2, hspace=0.24)
    plot_label_training(histories, axes, title, kept)
    return figure


def plot_label_training(histories, axes, title="", kept=None):
    """Draw scores on the upper and losses on the lower of two axes; return {column: what was drawn} of each history.

    histories: one per trial, with columns of :data:`COLUMNS`; the first is drawn in full, the others lightly; kept:
    the iteration of the first whose weights were kept. A score is drawn where it was validated. Fig. 6 of
    posters2025."""
    drawn = [_plot(history, axes, 0.3 if number else 1.0) for number, history in enumerate(histories)]
    bands, solved = epoch_bands(histories[0]), is_solved(histories[0])
    for ax, (_, label) in zip(axes, PANELS, strict=True):
        mark_kept(kept, histories[0], ax)
        ax.set(xlim=(0, max(history["iteration"].max() for history in histories)), ylabel=label)
        dress(ax)
    axes[0].set(ylim=(0, 1.02))
    axes[0].set_title(title, y=1, pad=20)
    axes[1].set_ylim(0, 1.1 * axes[1].get_ylim()[1])
    axes[1].set_xlabel(SOLVED if solved else BATCHES)
    for ax, height in zip(axes, (0.03, 0.92), strict=True):
        draw_bands(bands, ax, height)
    return drawn


def _plot(history, axes, alpha):
    """Draw one history, lightly and without names in the legend where alpha is below 1."""
    drawn = {}
    for ax, (columns, _) in zip(axes, PANELS, strict=True):
        for column, (name, colour, style) in columns.items():
            if column in history:
                drawn[column] = history[["iteration", column]].dropna()
                light = {"linewidth": 0.7, "alpha": alpha} if alpha < 1 else {"linewidth": 1.6, "label": name}
                marker = "o" if len(drawn[column]) == 1 else None
                ax.plot(*drawn[column].to_numpy(float).T, color=colour, linestyle=style, marker=marker, **light)
    return drawn
