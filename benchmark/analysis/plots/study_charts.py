"""The numbers and titles of the figures that show all models of a study."""

from functools import partial

from benchmark.analysis.metrics.front import pareto_front, steps
from benchmark.analysis.metrics.pairwise import LEVEL, matrix
from benchmark.analysis.plots.figure import Chart
from benchmark.analysis.plots.scatter import accuracy_latency_figure, drawable, intervals_figure
from benchmark.analysis.plots.score_plots import pairwise_figure
from benchmark.analysis.tables.guessing import guessing
from benchmark.analysis.tables.naming import names, origin

INTERVAL = ("label", "accuracy", "accuracy_low", "accuracy_high", "best")
SPOT = ("label", "accuracy", "accuracy_low", "accuracy_high", "latency_ms_p50", "size_mb")


def accuracy_intervals(results, tables):
    """Yield the chart of the accuracy of each model with its interval, the highest first."""
    scored = _named(results, tables).dropna(subset=["accuracy"])
    rows = scored.sort_values("accuracy", ascending=False, kind="stable")[list(INTERVAL)].to_dict("records")
    if rows:
        levels, title = guessing(results), f"{results.study['name']}: accuracy{origin(results)}"
        said = "; ".join(
            f"{row['label']} {row['accuracy']:.3f} ({row['accuracy_low']:.2f} to {row['accuracy_high']:.2f})"
            + (f", {row['best']}" if row["best"] else "")
            for row in rows
        )
        words = f"Accuracy of each model with its 95 % interval, the highest first: {said}; lines: {', '.join(levels)}"
        yield Chart("accuracy_intervals", partial(intervals_figure, rows, levels, title), words)


def accuracy_latency(results, tables):
    """Yield the chart of accuracy over latency and size, as in Fig. 1 of visutsak2025."""
    drawn, levels = drawable(_named(results, tables)), guessing(results)
    if len(drawn):
        front = pareto_front(drawn, tables["pairwise"])
        title = f"{results.study['name']}: accuracy, latency and size{origin(results)}"
        said = [f"{row.label}: accuracy {row.accuracy:.3f}, {row.latency_ms_p50:.1f} ms, {row.size_mb:.1f} MB"
                for row in drawn.itertuples()]  # fmt: skip
        words = (f"Accuracy over median latency, circles as large as the model. {'; '.join(said)}. "
                 f"Pareto front: {', '.join(front['label'])}. Lines: {', '.join(levels)}")  # fmt: skip
        draw = partial(accuracy_latency_figure, drawn[list(SPOT)], steps(front), levels, title)
        yield Chart("accuracy_latency", draw, words)


def pairwise(results, tables):
    """Yield the chart of the matrix of all pairs of models; none where there are no pairs."""
    pairs = tables["pairwise"]
    if pairs.empty:
        return
    compared = set(pairs["model_a"]) | set(pairs["model_b"])
    models = {model: name for model, name in names(results).items() if model in compared}
    test = ", ".join(sorted(set(pairs["test"])))
    title = (f"{results.study['name']}: accuracy of row minus column{origin(results)}\nin percentage points; below it "
             f"p of the\n{test}, corrected (Holm); bold: p < {LEVEL}")  # fmt: skip
    values = (matrix(pairs, list(models), column) for column in ("difference", "p_holm"))
    said = (f"{models[row.model_a]} minus {models[row.model_b]} {100 * row.difference:+.1f} points, p {row.p_holm:.2g}"
            for row in pairs.itertuples())  # fmt: skip
    draw = partial(pairwise_figure, *values, LEVEL, list(models.values()), title)
    yield Chart("pairwise", draw, f"Differences of all pairs in accuracy: {'; '.join(said)}")


def _named(results, tables):
    """Return the comparison with what each model is called as its label."""
    return tables["comparison"].assign(label=tables["comparison"]["model"].map(names(results)))
