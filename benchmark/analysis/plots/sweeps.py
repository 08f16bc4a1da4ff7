"""The score of models over the values of one setting, a line per model that is varied. Fig. 6 of sulun2024."""

from functools import partial

import numpy as np
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from benchmark.analysis.plots.figure import LINE, Chart, new_figure, width_of
from benchmark.analysis.plots.palette import line_styles, short_names
from benchmark.analysis.tables.naming import origin
from benchmark.analysis.tables.paper_form import as_in_paper
from benchmark.analysis.tables.settings import as_text
from benchmark.analysis.tables.specs.variants import is_number

DECADE = 10  # the largest value over the smallest one from which on the axis is logarithmic
APART = 0.012  # of the axis, from one line's point of a value to the next line's
LEGEND = 8  # points


def sweeps(results, tables):
    """Yield the chart of each setting that a sweep of the study varies."""
    table, score = tables["sweep"], results.task.headline
    scored = table.dropna(subset=score) if len(table) else table
    words = results.task.headline_words[0]
    for setting, rows in scored.groupby("setting", sort=False) if len(scored) else ():
        lines = {
            label: of[["value", score, f"{score}_low", f"{score}_high"]].to_numpy(object).tolist()
            for (_, label), of in rows.groupby(["varied", "varied_label"], sort=False)
        }
        name = f"sweep_{setting}"
        title = f"{results.study['name']}: {words} over {setting}{origin(results)}"
        title += as_in_paper(name, results.study.get("published"))
        said = "; ".join(
            f"{label}: " + ", ".join(f"{as_text(value)} {got:.3f} ({low:.2f} to {high:.2f})"
                                     for value, got, low, high in points)
            for label, points in lines.items()
        )  # fmt: skip
        draw = partial(sweep_figure, lines, setting, f"{words} (95 % interval)", title)
        yield Chart(name, draw, f"{words.capitalize()} over {setting}: {said}")


def sweep_figure(lines, setting, axis, title):
    """Return the figure of :func:`plot_sweep`."""
    top, beside = 0.3 + LINE * title.count("\n"), width_of(short_names(list(lines)), LEGEND) + 0.7
    figure, (ax,) = new_figure(0.7 + 4.6 + beside, 0.5 + 3.2 + top, (0.7, beside, 0.5, top))
    plot_sweep(lines, ax, setting, axis, title)
    return figure


def plot_sweep(lines, ax, setting="", axis="", title=""):
    """Draw scores (0..1) over the values of a setting and return {label: the places of its points (n,) on the axis}.

    lines: {label of a model: [(value, score, low, high)]}. Values that are all numbers stand where they are, over a
    logarithmic axis where they are positive and span a decade; others one after the other. Points of one value are
    drawn beside each other."""
    values = list(dict.fromkeys(point[0] if is_number(point[0]) else as_text(point[0])
                                for points in lines.values() for point in points))  # fmt: skip
    numbers = all(map(is_number, values))
    places = {value: float(value) if numbers else float(place) for place, value in enumerate(values)}
    ends = min(places.values()), max(places.values())
    log = numbers and ends[0] > 0 and ends[1] / ends[0] >= DECADE
    ax.set_xscale("log" if log else "linear")
    drawn = {}
    for number, ((label, points), style) in enumerate(zip(lines.items(), line_styles(len(lines)), strict=True)):
        at = np.array([places[value if numbers else as_text(value)] for value, *_ in points])
        at, y = _beside(at, ends, log, number - (len(lines) - 1) / 2), np.array([point[1:] for point in points], float)
        bars = np.maximum(0, (y[:, 0] - y[:, 1], y[:, 2] - y[:, 0]))
        ax.errorbar(at, y[:, 0], bars, marker="o", markersize=4, capsize=2.5, elinewidth=0.9, label=label, **style)
        drawn[label] = at
    ax.xaxis.set_major_locator(FixedLocator(list(places.values())))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xticks(list(places.values()), [as_text(value) for value in values])
    ax.set(xlabel=f"{setting} (logarithmic)" if log else setting, ylabel=axis)
    ax.set_title(title, y=1)
    ax.grid(alpha=0.3)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, short_names(labels), loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False,
              borderaxespad=0, fontsize=LEGEND)  # fmt: skip
    return drawn


def _beside(at, ends, log, number):
    """Return places (n,) moved by ``number`` times APART of the axis between its ends."""
    if log:
        return at * (ends[1] / ends[0]) ** (APART * number)
    return at + APART * number * ((ends[1] - ends[0]) or 1.0)
