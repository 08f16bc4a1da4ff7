"""Curves of several labels: precision over recall, and F1 over the threshold of each class."""

import numpy as np

from benchmark.analysis.plots.class_scores import draw_iso_f1
from benchmark.analysis.plots.figure import LINE, new_figure, width_of
from benchmark.analysis.plots.palette import BLUE, ORANGE, line_styles, short_names
from benchmark.analysis.plots.score_plots import BESIDE, TICKS, extremes

MEANS = {"macro": "-", "micro": "--"}  # what is drawn black, and its line style
ALL_NAMED = 8  # classes; of more those with the highest and the lowest average precision are named
COLUMNS, WIDTH = 5, 9.6  # panels side by side at most, and the inches that they fill
PANEL, GAPS = (1.75, 1.15), (0.12, 0.5)  # inches: a panel, and between panels
MOST = 40  # panels, of the classes with the most positives


def curves_figure(lines, areas, title):
    """Return the figure of :func:`plot_precision_recall`."""
    top, names = 0.3 + LINE * title.count("\n"), short_names([name for name in lines if name not in MEANS])
    beside = width_of([*(f"{name} 0.00" for name in names), "the other 00 classes"], BESIDE) + 1.0
    figure, (ax,) = new_figure(0.62 + 4.4 + beside, 0.5 + 4.4 + top, (0.62, beside, 0.5, top))
    plot_precision_recall(lines, areas, ax, title)
    return figure


def plot_precision_recall(lines, areas, ax, title=""):
    """Draw precision over recall of each class and of the means, between lines of equal F1; return the classes named.

    lines: {'macro', 'micro' or class: precision (n_points,) at recalls evenly from 0 to 1, None where unknown}; areas:
    {the same: its average precision}, written in the legend."""
    known = {name: values for name, values in lines.items() if values is not None}
    classes = {name: values for name, values in known.items() if name not in MEANS}
    ranked = sorted(classes, key=lambda name: -areas[name])
    named = ranked if len(classes) <= ALL_NAMED else extremes(classes, areas)
    draw_iso_f1(ax)
    handles, texts = [], []
    for mean, style in MEANS.items():
        if mean in known:
            handles += _line(known[mean], ax, color="black", linestyle=style, linewidth=2.2, zorder=4)
            texts.append(f"{mean} mean {areas[mean]:.2f}")
    for name, short, style in zip(named, short_names(named), line_styles(len(named)), strict=True):
        handles += _line(classes[name], ax, linewidth=1.3, zorder=3, **style)
        texts.append(f"{short} {areas[name]:.2f}")
    others = [_line(values, ax, color="0.75", linewidth=0.7, zorder=2)[0]
              for name, values in classes.items() if name not in named]  # fmt: skip
    if others:
        handles.append(others[0])
        texts.append(f"the other {len(others)} classes")
    ax.set_title(title, y=1)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision", **TICKS)
    style = {"frameon": False, "borderaxespad": 0, "labelspacing": 0.35, "handlelength": 2.2, "fontsize": BESIDE}
    legend = ax.legend(handles, texts, loc="upper left", bbox_to_anchor=(1.11, 1), alignment="left", **style)
    legend.set_title("average precision", {"size": BESIDE})
    return named


def _line(values, ax, **style):
    return ax.plot(np.linspace(0, 1, len(values)), values, **style)


def thresholds_figure(tried, panels, title):
    """Return the figure of :func:`plot_thresholds`, a panel per class; tried: (n,) thresholds.

    panels: {class: (f1 (n_trials, n), chosen [(threshold, F1) of each trial])}."""
    names, top = short_names(list(panels)), 0.55 + LINE * title.count("\n")
    panel = max(PANEL[0], width_of([f"{name}: F1 0.00 at 0.00" for name in names], 7.5)), PANEL[1]
    columns = min(COLUMNS, len(panels), int(WIDTH // (panel[0] + GAPS[0])))
    rows = -(-len(panels) // columns)
    width, height = (n * size + (n - 1) * gap for n, size, gap in zip((columns, rows), panel, GAPS, strict=True))
    room = max(0.15, width_of(title.split("\n"), 10) - width - 0.2)
    figure, axes = new_figure(
        0.55 + width + room, 0.5 + height + top, (0.55, room, 0.5, top), rows, columns,
        wspace=GAPS[0] / panel[0], hspace=GAPS[1] / panel[1],
    )  # fmt: skip
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    for place, (ax, name, (f1, chosen)) in enumerate(zip(axes, names, panels.values(), strict=False)):
        plot_thresholds(tried, f1, chosen, ax, name)
        ax.tick_params(labelleft=place % columns == 0, labelbottom=place + columns >= len(panels))
    figure.suptitle(title, y=1 - 0.1 / figure.get_figheight(), va="top", fontsize=10)
    figure.supxlabel("threshold", y=0.1 / figure.get_figheight(), va="bottom", fontsize=9)
    figure.supylabel("F1 on the validation clips", x=0.06 / figure.get_figwidth(), ha="left", fontsize=9)
    return figure


def plot_thresholds(tried, f1, chosen, ax, title=""):
    """Draw F1 over the threshold of one class, the first trial in full and the others lightly, with the chosen one.

    tried: (n,) thresholds 0..1; f1: (n_trials, n); chosen: (threshold, F1) of each trial. Returns the title, which
    says those of the first trial."""
    for values in f1[1:]:
        ax.plot(tried, values, color=BLUE, linewidth=0.7, alpha=0.35)
    ax.plot(tried, f1[0], color=BLUE, linewidth=1.4)
    for alpha, (threshold, score) in zip([0.35] * (len(chosen) - 1) + [1], [*chosen[1:], chosen[0]], strict=True):
        ax.plot([threshold] * 2, (0, score), color=ORANGE, linewidth=0.9, linestyle=":", alpha=alpha)
        ax.plot(threshold, score, "o", color=ORANGE, markersize=4, alpha=alpha, clip_on=False, zorder=3)
    said = f"{title}: F1 {chosen[0][1]:.2f} at {chosen[0][0]:.2f}"
    ax.set_title(said, y=1, fontsize=7.5)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), yticks=(0, 0.5, 1))
    ax.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))  # short, as the next panel begins where this one ends
    ax.tick_params(labelsize=7)
    ax.grid(color="0.9", linewidth=0.5)
    return said
