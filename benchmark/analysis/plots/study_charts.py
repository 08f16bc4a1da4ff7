"""The numbers and titles of the figures that show all models of a study."""

from functools import partial

from benchmark.analysis.metrics.front import pareto_front, steps
from benchmark.analysis.metrics.pairwise import LEVEL, matrix
from benchmark.analysis.plots.figure import Chart
from benchmark.analysis.plots.scatter import drawable, intervals_figure, score_latency_figure
from benchmark.analysis.plots.score_plots import pairwise_figure
from benchmark.analysis.tables.guessing import guessing
from benchmark.analysis.tables.naming import names, origin

AXES = {"accuracy": "accuracy (share of test clips, 95 % interval)"}  # by the headline; of others its words


def _headline(results):
    """Return the score that the task ranks by, its columns in tables, its words, and what its axis says."""
    score, words = results.task.headline, results.task.headline_words[0]
    return score, [f"{score}{end}" for end in ("", "_low", "_high")], words, AXES.get(score, f"{words} (95 % interval)")


def score_intervals(results, tables):
    """Yield the chart of the score of each model that the task ranks by, with its interval, the highest first."""
    score, columns, called, axis = _headline(results)
    scored = _named(results, tables).dropna(subset=[score])
    scored = scored.sort_values(score, ascending=False, kind="stable")
    rows = scored[["label", *columns, "best"]].to_dict("records")
    if rows:
        levels, title = guessing(results), f"{results.study['name']}: {called}{origin(results)}"
        said = "; ".join(
            f"{row['label']} {row[score]:.3f} ({row[columns[1]]:.2f} to {row[columns[2]]:.2f})"
            + (f", {row['best']}" if row["best"] else "")
            for row in rows
        )
        words = (f"{called.capitalize()} of each model with its 95 % interval, the highest first: {said}; "
                 f"lines: {', '.join(levels)}")  # fmt: skip
        yield Chart(f"{score}_intervals", partial(intervals_figure, rows, levels, title, score, axis), words)


def score_latency(results, tables):
    """Yield the chart of that score over latency and size, as in Fig. 1 of visutsak2025."""
    score, columns, called, axis = _headline(results)
    drawn, levels = drawable(_named(results, tables), score), guessing(results)
    if len(drawn):
        front = pareto_front(drawn, tables["pairwise"], score)
        title = f"{results.study['name']}: {called}, latency and size{origin(results)}"
        said = [f"{row['label']}: {called} {row[score]:.3f}, {row['latency_ms_p50']:.1f} ms, {row['size_mb']:.1f} MB"
                for row in drawn.to_dict("records")]  # fmt: skip
        words = (f"{called.capitalize()} over median latency, circles as large as the model. {'; '.join(said)}. "
                 f"Pareto front: {', '.join(front['label'])}. Lines: {', '.join(levels)}")  # fmt: skip
        shown, stairs = drawn[["label", *columns, "latency_ms_p50", "size_mb"]], steps(front, score)
        yield Chart(f"{score}_latency", partial(score_latency_figure, shown, stairs, levels, title, score, axis), words)


def pairwise(results, tables):
    """Yield the chart of the matrix of all pairs of models; none where there are no pairs."""
    pairs = tables["pairwise"]
    if pairs.empty:
        return
    compared = set(pairs["model_a"]) | set(pairs["model_b"])
    models = {model: name for model, name in names(results).items() if model in compared}
    test, called = ", ".join(sorted(set(pairs["test"]))), results.task.headline_words[0]
    title = (f"{results.study['name']}: {called} of row minus column{origin(results)}\nin percentage points; below it "
             f"p of the\n{test}, corrected (Holm); bold: p < {LEVEL}")  # fmt: skip
    values = (matrix(pairs, list(models), column) for column in ("difference", "p_holm"))
    said = (f"{models[row.model_a]} minus {models[row.model_b]} {100 * row.difference:+.1f} points, p {row.p_holm:.2g}"
            for row in pairs.itertuples())  # fmt: skip
    draw = partial(pairwise_figure, *values, LEVEL, list(models.values()), title)
    yield Chart("pairwise", draw, f"Differences of all pairs in {called}: {'; '.join(said)}")


def _named(results, tables):
    """Return the comparison with what each model is called as its label."""
    return tables["comparison"].assign(label=tables["comparison"]["model"].map(names(results)))
