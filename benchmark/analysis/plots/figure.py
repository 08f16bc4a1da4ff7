"""What every figure of a study shares: its size, and the models that are drawn."""

from matplotlib.figure import Figure

DPI = 130


def new_figure(width, height, rows=1, columns=1, layout="constrained"):
    """Return a figure of width x height inches and its axes, row by row."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()


def finished(results):
    """Return the models with a trial done, by name."""
    return {model["name"]: model for model in results.models if results.done(model["name"])}
