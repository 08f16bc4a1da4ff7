"""Pictures of how far scores and differences can be trusted: pairs of models, reliability, curves per class."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from benchmark.analysis.calibration import GRID
from benchmark.analysis.plots import BLUE, ORANGE

SHADES = LinearSegmentedColormap.from_list("difference", [ORANGE, "white", BLUE])
# MATLAB's line colours, then as many greys as there are classes.
COLOURS = (BLUE, ORANGE, (0.929, 0.694, 0.125), (0.494, 0.184, 0.556), (0.466, 0.674, 0.188), (0.301, 0.745, 0.933))
MANY = 10  # classes; with more there is no legend, and only the mean stands out


def plot_pairwise(differences, p_values, level, labels, ax, title=""):
    """Draw the difference in accuracy of every pair, row minus column, and return what stands in the cells.

    differences, p_values: (n_models, n_models), NaN where a pair was not compared, as on the diagonal. A cell shows the
    difference in percentage points and below it the corrected p value; both are bold where it is below ``level``."""
    n, largest = len(labels), np.nanmax(np.abs(differences), initial=0.01)
    # Half the range of the colours: on the other half no text could be read.
    ax.imshow(np.nan_to_num(differences), cmap=SHADES, vmin=-2 * largest, vmax=2 * largest)
    texts = np.full((n, n), "", dtype=object)
    for row, column in np.argwhere(~np.isnan(differences)):
        p = p_values[row, column]
        texts[row, column] = f"{round(100 * differences[row, column]) + 0:+d}\n{'<.001' if p < 0.001 else f'{p:.3f}'}"
        weight = "bold" if p < level else "normal"
        ax.text(column, row, texts[row, column], ha="center", va="center", fontsize=7, weight=weight)
    ax.set(title=title, xticks=range(n), yticks=range(n))
    ax.set_yticklabels(labels)
    ax.set_xticklabels(labels, rotation=45, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    return texts


def plot_reliability(table, ax, title=""):
    """Draw accuracy over confidence in bins, with the share of predictions in each, and return the bins drawn.

    table: of :func:`benchmark.analysis.calibration.reliability`; empty bins are left out; on the dashed diagonal
    scores mean what they say."""
    drawn = table[table["n"] > 0]
    width = (drawn["high"] - drawn["low"]).to_numpy()
    ax.bar(drawn["low"], drawn["n"] / drawn["n"].sum(), width, align="edge", color="0.88", edgecolor="white")
    ax.plot((0, 1), (0, 1), color="0.4", linestyle="--", linewidth=1)
    ax.plot(drawn["confidence"], drawn["accuracy"], color=BLUE, marker="o", markersize=4)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title=title, xlabel="confidence (highest score)")
    ax.set_ylabel("accuracy (bars: share of predictions)")
    return drawn


def plot_curves(lines, areas, ax, names, corner, title=""):
    """Draw a curve per class, with its area in the legend, and return the mean of the curves, None without any.

    lines: {class: values (n_points,) over :data:`benchmark.analysis.calibration.GRID`, None where unknown}; areas:
    {class: its area 0..1}; names: of the two axes; corner: where the legend stands, such as 'lower right'."""
    known = {name: values for name, values in lines.items() if values is not None}
    for number, (name, values) in enumerate(known.items()):
        colour = COLOURS[number % len(COLOURS)] if len(known) <= MANY else "0.8"
        ax.plot(GRID, values, color=colour, linewidth=1.2, label=f"{name} {areas[name]:.2f}")
    mean = np.mean(list(known.values()), axis=0) if known else None
    if len(known) > MANY:
        ax.plot(GRID, mean, color=BLUE, linewidth=2, label=f"mean of {len(known)} classes")
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title=title, xlabel=names[0], ylabel=names[1])
    if known:
        handles, texts = ax.get_legend_handles_labels()
        last = slice(-1, None) if len(known) > MANY else slice(None)
        ax.legend(handles[last], texts[last], loc=corner, fontsize=8, framealpha=0.7)
    return mean
