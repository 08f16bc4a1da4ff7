"""Axes to draw on and terminals to print on, and what was written on them."""

from io import StringIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from rich.console import Console


def axes(rows=1, size=(6, 5)):
    """Return the axes of a new figure."""
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure.subplots(rows, squeeze=False).ravel()


def texts(ax):
    """Return the texts of a table of cells, row by row."""
    return [text.get_text() for text in ax.texts]


def linear_rgb(colour):
    """Return the linear RGB, 0..1, of a colour of sRGB by any of Matplotlib's names."""
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def printed(show, what, width):
    """Return what ``show`` prints in a terminal of so many columns."""
    console = Console(width=width, record=True, file=StringIO())
    show(what, console)
    return console.export_text()
