"""Every figure of a study: which there are, what they are called, and where they stand on the page."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.plots.figure import Chart, FigureSpec
from benchmark.analysis.plots.model_charts import confusion_pairs, confusions, example, scores, trainings
from benchmark.analysis.plots.saving import FORMATS, fingerprint, is_current, save_all
from benchmark.analysis.plots.study_charts import accuracy_intervals, accuracy_latency, pairwise

FIGURES = (
    FigureSpec(
        "accuracy_intervals", accuracy_intervals, "summary", "Accuracy",
        "Dots: accuracy; bars: 95 % Wilson interval over the clips tested per seed. Not separable from the best does "
        "not mean equal: with few clips all are.",
    ),
    FigureSpec(
        "accuracy_latency", accuracy_latency, "comparison", "Accuracy and latency",
        "Joined by the line: no other model is as accurate and as fast; where it is dotted, the slower of the two is "
        "not separable from the faster. Bars: 95 % Wilson intervals. Latency: batch 1 on the CPU.",
    ),
    FigureSpec(
        "pairwise", pairwise, "pairs", "Every pair of models",
        "Blue: the row is better; orange: the column is. Bold: the difference is more than chance.",
    ),
    FigureSpec("confusion_*", confusions, "model", "Confusion"),
    FigureSpec("confusion_pair_*", confusion_pairs),
    FigureSpec("training_*", trainings, "model", "Training", "Solid: training; dashed: validation."),
    FigureSpec(
        "scores_*", scores, "model", "Calibration and curves",
        "Calibrated scores lie on the dashed diagonal; bars: share of predictions.",
    ),
    FigureSpec("example", example),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure of a study that is on disk."""

    spec: FigureSpec
    chart: Chart
    paths: tuple[Path, ...]  # one per format


def charts(results, tables):
    """Return (spec, chart) of every figure of a study; tables: of :func:`study_tables`."""
    task = results.study.get("task", "multiclass")
    specs = [spec for spec in FIGURES if not spec.tasks or task in spec.tasks]
    return [(spec, chart) for spec in specs for chart in spec.charts(results, tables)]


def write_figures(results, tables):
    """Draw and save every figure into results/<study>/figures that is not there as it would be; return all of them.

    They are written in the formats that the study names. Figures of models no longer there and of other formats are
    removed; files of any other name in that folder are left alone."""
    folder = results.folder / "figures"
    formats = (results.study.get("figures") or {}).get("formats") or ("png",)
    figures, jobs = [], []
    for spec, chart in charts(results, tables):
        paths, key = tuple(folder / f"{chart.name}.{name}" for name in formats), fingerprint(chart.draw)
        if stale := [path for path in paths if not is_current(path, key)]:
            jobs.append((chart.draw, stale, key))
        figures.append(Figure(spec, chart, paths))
    save_all(jobs)
    written = {path for figure in figures for path in figure.paths}
    for path in folder.glob("*"):
        ours = path.suffix in FORMATS and any(fnmatch.fnmatch(path.stem, spec.pattern) for spec in FIGURES)
        if ours and path not in written:
            path.unlink()
    return figures
