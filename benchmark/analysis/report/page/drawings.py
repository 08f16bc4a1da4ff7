"""Figures to what the page shows of them: the very files that stand in figures/."""

import struct

from benchmark.analysis.plots.figure import DPI
from benchmark.analysis.report.page.examples import data_uri

# What a browser shows, the best first: an SVG is sharp at any size.
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
PIXELS = 96  # to an inch, in CSS
WIDE = 700  # pixels; a drawing wider than that takes the whole width


def drawings(figures, place, title, model=None):
    """Return a dict per figure of a place of the page, of one model or of the whole study, for its template.

    figures: of :func:`benchmark.analysis.plots.figures.write_figures`; title: set behind that of the figure."""
    mine = [figure for figure in figures if figure.spec.place == place and figure.chart.model == model]
    return [
        {"name": figure.chart.name, "title": f"{figure.spec.title}{title}", "caption": figure.spec.caption,
         "words": figure.chart.words, "dense": figure.spec.dense, **_picture(figure.paths)}
        for figure in mine
    ]  # fmt: skip


def _picture(paths):
    path = next(path for suffix in MEDIA_TYPES for path in paths if path.suffix == suffix)
    content = path.read_bytes()
    # An SVG has its size in points; that of a PNG stands in its header, in dots.
    width = round(struct.unpack(">I", content[16:20])[0] * PIXELS / DPI) if path.suffix == ".png" else None
    return {"uri": data_uri(MEDIA_TYPES[path.suffix], content), "width": width, "wide": (width or WIDE) >= WIDE}
