"""What every figure of a study shares: its size and style, the models that are drawn, what a title must not hide."""

from matplotlib.figure import Figure

from benchmark.analysis.tables import weights

DPI = 130


def new_figure(width, height, rows=1, columns=1, layout="constrained"):
    """Return a figure of width x height inches and its axes, row by row."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()


def finished(results):
    """Return the models with a trial done, by name."""
    return {model["name"]: model for model in results.models if results.done(model["name"])}


def origin(results, model=None):
    """Return in brackets what a title must not hide, '' if nothing: random weights of the model, synthetic sound."""
    random = model is not None and "random" in weights(results, model)
    synthetic = results.study["dataset"].get("synthetic")
    parts = ["random weights"] * random + ["synthetic sound"] * bool(synthetic)
    return f" ({', '.join(parts)})" if parts else ""
