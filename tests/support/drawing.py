"""Axes to draw on, and what was written on them."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def axes(rows=1, size=(6, 5)):
    """Return the axes of a new figure."""
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure.subplots(rows, squeeze=False).ravel()


def texts(ax):
    """Return the texts of a table of cells, row by row."""
    return [text.get_text() for text in ax.texts]
