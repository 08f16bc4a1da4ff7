"""The figures of pairs of models and of scores: which there are, what they are called, and which numbers they show."""

from benchmark.analysis.metrics.calibration import curves
from benchmark.analysis.metrics.pairwise import LEVEL, matrix
from benchmark.analysis.plots.figure import finished, new_figure
from benchmark.analysis.plots.score_plots import INSIDE, plot_curves, plot_pairwise, plot_reliability
from benchmark.analysis.tables.naming import names, origin, titles

CURVES = (  # key of calibration.curves, column of the ranking table, axes, place of the legend, title
    ("true_positive_rate", "roc_auc", ("false-positive rate", "true-positive rate"), "lower right", "ROC"),
    ("precision", "average_precision", ("recall", "precision"), "lower left", "Precision and recall"),
)


def pairwise_figure(results, tables):
    """Yield (name, figure) of the matrix of all pairs of models; none where there are no pairs."""
    pairwise = tables["pairwise"]
    if pairwise.empty:
        return
    compared = set(pairwise["model_a"]) | set(pairwise["model_b"])
    models = {model: name for model, name in names(results).items() if model in compared}
    side = 2.4 + 0.52 * len(models)
    figure, (ax,) = new_figure(max(5.2, side + 0.8), side + 0.6)
    test = ", ".join(sorted(set(pairwise["test"])))
    title = (f"{results.study['name']}: accuracy of row minus column{origin(results)}\nin percentage points; below it "
             f"p of the\n{test}, corrected (Holm); bold: p < {LEVEL}")  # fmt: skip
    values = (matrix(pairwise, list(models), column) for column in ("difference", "p_holm"))
    plot_pairwise(*values, LEVEL, list(models.values()), ax, title)
    yield "pairwise", figure


def score_figures(results, tables):
    """Yield (name, figure) of each model's reliability, ROC and precision-recall curves: means over its trials."""
    ranking, reliability, called = tables["ranking"], tables["reliability"], titles(results)
    for name in finished(results):
        figure, (left, *others) = _panels(len(results.classes))
        trials = results.done(name)
        plot_reliability(reliability[reliability["model"] == name], left, called[name])
        found = {label: curves(trials, label) for label in results.classes}
        areas = ranking[ranking["model"] == name].set_index("class")
        for ax, (key, column, axes, corner, title) in zip(others, CURVES, strict=True):
            lines = {label: values[key] for label, values in found.items()}
            plot_curves(lines, areas[column], ax, axes, corner, f"{title}, each class and its area")
        yield f"scores_{name}", figure


def _panels(n_classes):
    """Return a figure and its three axes, wider where legends stand beside the curves."""
    if n_classes > INSIDE:
        return new_figure(15.0, 4.2, columns=3)
    figure, axes = new_figure(11.0, 3.8, columns=3, layout=None)  # nothing here varies in size
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.13, top=0.91, wspace=0.2)
    return figure, axes
