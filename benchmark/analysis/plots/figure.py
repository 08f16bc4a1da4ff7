"""What every figure of a study shares: its style and size, and what the registry says of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

DPI = 130
# A class may be called 'Lo$t & $aved': no text is a formula. Salt and fonttype are for SVG: the same identifiers in
# every run, and text that stays text. Letters without hinting are drawn in half the time.
STYLE = {"text.parse_math": False, "text.hinting": "no_hinting", "font.size": 9, "axes.titlesize": 10,
         "svg.hashsalt": "figures", "svg.fonttype": "none"}  # fmt: skip
LINE = 0.17  # inches from one line of a title to the next


@dataclass(frozen=True)
class Chart:
    """One drawing: the name of its file, how it is drawn, and its numbers in words."""

    name: str  # without suffix
    draw: partial  # of a function of this package and plain data; gives a matplotlib Figure
    words: str  # what the page says to who cannot see it
    model: str | None = None  # whose drawing it is; None: of the whole study


@dataclass(frozen=True)
class FigureSpec:
    """A kind of figure: a row of :data:`benchmark.analysis.plots.figures.FIGURES`."""

    pattern: str  # of the names of its files, which a report may remove: 'training_*'
    charts: Callable[..., Iterable[Chart]]  # called with the results of a study and its tables
    place: str = ""  # on the page: a key of page.PLACES, '' where it is not shown there
    title: str = ""  # above it on the page, before the name of its model
    caption: str = ""  # below it on the page: how to read it
    dense: bool = False  # whether it keeps its size on a screen that is smaller, where it scrolls in its frame
    tasks: tuple[str, ...] = ()  # that it applies to, () for all


def new_figure(width, height, margins, rows=1, columns=1, **spaces):
    """Return a figure of width x height inches and its axes, row by row.

    margins: left, right, bottom and top of the axes in inches; spaces: wspace and hspace between them, as in
    ``subplots_adjust``. They are given and not found, since a layout engine draws every figure twice to measure it."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    left, right, bottom, top = margins
    spaces |= {"left": left / width, "right": 1 - right / width, "bottom": bottom / height, "top": 1 - top / height}
    return figure, figure.subplots(rows, columns, squeeze=False, gridspec_kw=spaces).ravel()


def width_of(texts, size):
    """Return the width in inches of the longest of some texts, set in a size in points."""
    return max(map(partial(_width, size=size), texts), default=0.0)


@lru_cache(None)
def _width(text, size):
    return TextPath((0, 0), text, size=size).get_extents().width / 72 if text.strip() else 0.0


def finished(results):
    """Return the models with a trial done, by name."""
    return {model["name"]: model for model in results.models if results.done(model["name"])}
