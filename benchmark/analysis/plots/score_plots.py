"""Pictures of how far scores and differences can be trusted: pairs of models, reliability, curves per class."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, ORANGE, line_styles, short_names

SHADES = LinearSegmentedColormap.from_list("difference", [ORANGE, "white", BLUE])
MANY = 24  # classes; with more only the mean and the extremes are named
EXTREMES = 3  # classes of the greatest and of the least area that are named then
INSIDE = 8  # entries of a legend that fit on the curves; more stand beside them
TICKS = {"xticks": (0, 0.5, 1), "yticks": (0, 0.25, 0.5, 0.75, 1)}  # few: to draw them takes longer than all curves
BESIDE = 7.5  # points, the text of a legend that stands beside the curves
CURVES = (  # what is drawn, its axes, the place of the legend, title
    ("roc_auc", ("false-positive rate", "true-positive rate"), "lower right", "ROC"),
    ("average_precision", ("recall", "precision"), "lower left", "Precision and recall"),
)


def pairwise_figure(differences, p_values, level, labels, title):
    """Return the figure of :func:`plot_pairwise`."""
    labels, side = short_names(labels, 40), max(0.52 * len(labels), 2.2)
    longest, top = width_of(labels, 9), 0.25 + LINE * (1 + title.count("\n"))
    right = max(0, width_of(title.split("\n"), 10) - side) / 2 + 0.15  # a title is centred above the axes
    margins = (max(longest + 0.2, right), right, 0.75 * longest + 0.2, top)
    figure, (ax,) = new_figure(margins[0] + side + margins[1], margins[2] + side + top, margins)
    plot_pairwise(differences, p_values, level, labels, ax, title)
    return figure


def scores_figure(reliability, curves, areas, title):
    """Return the figure of a model's reliability, ROC and precision-recall curves.

    reliability: as in :func:`plot_reliability`; curves and areas: {key of :data:`CURVES`: {class: of
    :func:`plot_curves`}}."""
    named = next(iter(curves.values()))
    beside = len(named) > INSIDE
    room = 0.95 + width_of([f"{name} 0.00" for name in short_names(named)], BESIDE) if beside else 0.72
    space, side, top = {"wspace": room / 3.0}, 3.0, 0.35 + LINE * title.count("\n")
    width = 0.62 + 3 * side + 2 * room + (room if beside else 0.15)
    figure, (left, *others) = new_figure(
        width, 0.5 + side + top, (0.62, room if beside else 0.15, 0.5, top), columns=3, **space
    )
    plot_reliability(reliability, left, title)
    for ax, (key, axes, corner, heading) in zip(others, CURVES, strict=True):
        plot_curves(curves[key], areas[key], ax, axes, corner, f"{heading}, each class and its area")
    return figure


def plot_pairwise(differences, p_values, level, labels, ax, title=""):
    """Draw the difference in accuracy of every pair, row minus column, and return what stands in the cells.

    differences, p_values: (n_models, n_models), NaN where a pair was not compared, as on the diagonal. A cell shows the
    difference in percentage points and below it the corrected p value; both are bold where it is below ``level``."""
    n, largest = len(labels), np.nanmax(np.abs(differences), initial=0.01)
    from seaborn import heatmap  # imported late: it takes half a second

    texts = np.full((n, n), "", dtype=object)
    for row, column in np.argwhere(~np.isnan(differences)):
        p = p_values[row, column]
        texts[row, column] = f"{round(100 * differences[row, column]) + 0:+d}\n{'<.001' if p < 0.001 else f'{p:.3f}'}"
    # Half the range of the colours: on the other half no text could be read.
    shades = {"vmin": -2 * largest, "vmax": 2 * largest, "cmap": SHADES, "cbar": False}
    cells = {"annot": texts, "fmt": "", "annot_kws": {"fontsize": 7}, "square": True}
    heatmap(np.nan_to_num(differences), ax=ax, xticklabels=labels, yticklabels=labels, **shades, **cells)
    for text, p in zip(ax.texts, np.ravel(p_values), strict=True):
        text.set_weight("bold" if p < level else "normal")
    ax.set_title(title, y=1)
    ax.tick_params("y", rotation=0)
    ax.set_xticklabels(labels, rotation=45, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    return texts


def plot_reliability(table, ax, title=""):
    """Draw accuracy over confidence in bins, with the share of predictions in each, and return the bins drawn.

    table: of :func:`analysis.metrics.calibration.reliability`; empty bins are left out; on the dashed diagonal
    scores mean what they say."""
    drawn = table[table["n"] > 0]
    if drawn.empty:
        ax.text(0.5, 0.5, "no diagram: the scores\nof a clip do not sum to 1", ha="center", va="center")
    width = (drawn["high"] - drawn["low"]).to_numpy()
    ax.bar(drawn["low"], drawn["n"] / drawn["n"].sum(), width, align="edge", color="0.88", edgecolor="white")
    ax.plot((0, 1), (0, 1), color="0.4", linestyle="--", linewidth=1)
    ax.plot(drawn["confidence"], drawn["accuracy"], color=BLUE, marker="o", markersize=4)
    ax.set_title(title, y=1)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence (highest score)", **TICKS)
    ax.set_ylabel("accuracy (bars: share of predictions)")
    return drawn


def plot_curves(lines, areas, ax, names, corner, title=""):
    """Draw a curve per class, with its area in the legend, and return the mean of the curves, None without any.

    lines: {class: values (n_points,) at points evenly from 0 to 1, None where unknown}; areas: {class: its area 0..1};
    names: of the two axes; corner: where the legend stands, such as 'lower right'. Of more than :data:`MANY` classes
    the mean and those of the greatest and the least area are named, the others grey."""
    known = {name: values for name, values in lines.items() if values is not None}
    mean = np.mean(list(known.values()), axis=0) if known else None
    grid = np.linspace(0, 1, len(mean) if known else 2)
    named = list(known) if len(known) <= MANY else extremes(known, areas)
    others = [values for name, values in known.items() if name not in named]
    # Handles and texts are given to the legend together: a label of a line that begins with '_' would be left out.
    handles, texts = [], []
    for values in others:
        (line,) = ax.plot(grid, values, color="0.85", linewidth=0.8, zorder=1)
    if others:
        (above,) = ax.plot(grid, mean, color="black", linewidth=2.5, zorder=3)
        handles, texts = [above, line], [f"mean of {len(known)} classes", f"the other {len(others)} classes"]
    for name, short, style in zip(named, short_names(named), line_styles(len(named)), strict=True):
        handles += ax.plot(grid, known[name], linewidth=1.2, zorder=2, **style)
        texts.append(f"{short} {areas[name]:.2f}")
    ax.set_title(title, y=1)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=names[0], ylabel=names[1], **TICKS)
    if known:
        _legend(ax, handles, texts, corner)
    return mean


def extremes(known, areas):
    """Return the :data:`EXTREMES` classes of the greatest areas, then those of the least, the greatest first."""
    ranked = sorted(known, key=lambda name: -areas[name])
    return ranked[:EXTREMES] + ranked[-EXTREMES:]


def _legend(ax, handles, texts, corner):
    """Write the legend on the curves, or beside them where it is long."""
    if len(texts) <= INSIDE:
        ax.legend(handles, texts, loc=corner, fontsize=8, framealpha=0.7)
    else:
        style = {"frameon": False, "borderaxespad": 0, "labelspacing": 0.25, "handlelength": 1.8}
        ax.legend(handles, texts, loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=BESIDE, **style)
