"""Every figure of a study: which there are, what they are called, and where they stand on the page."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.plots.figure import Chart, FigureSpec
from benchmark.analysis.plots.label_charts import (
    class_maps,
    f1_classes,
    label_trainings,
    matrices,
    precision_recall,
    thresholds,
    together,
)
from benchmark.analysis.plots.model_charts import confusion_pairs, confusions, example, scores, trainings
from benchmark.analysis.plots.pool import finish
from benchmark.analysis.plots.saving import FORMATS, fingerprint, is_current, save
from benchmark.analysis.plots.several_models import class_curves, clip_predictions, learning_curves
from benchmark.analysis.plots.study_charts import pairwise, score_intervals, score_latency
from benchmark.analysis.plots.sweeps import sweeps
from benchmark.store import layout

ONE_LABEL, SEVERAL = ("multiclass",), ("multilabel",)
# In this order they are begun, those first that need no tables, or few: the others are drawn while tables are computed.
FIGURES = (
    FigureSpec("confusion_*", confusions, "model", "Confusion", tasks=ONE_LABEL),
    FigureSpec("training_*", trainings, "model", "Training", "Solid: training; dashed: validation.",
               tasks=ONE_LABEL),
    FigureSpec("confusion_pair_*", confusion_pairs, tasks=ONE_LABEL),
    FigureSpec("example", example, tasks=ONE_LABEL),
    FigureSpec(
        "scores_*", scores, "model", "Calibration and curves",
        "Calibrated scores lie on the dashed diagonal; bars: share of predictions.",
        tasks=ONE_LABEL,
    ),
    FigureSpec(
        "accuracy_intervals", score_intervals, "summary", "Accuracy",
        "Dots: accuracy; bars: 95 % Wilson interval over the clips tested per seed. Not separable from the best does "
        "not mean equal: with few clips all are.",
        tasks=ONE_LABEL,
    ),
    FigureSpec(
        "accuracy_latency", score_latency, "comparison", "Accuracy and latency",
        "Joined by the line: no other model is as accurate and as fast; where it is dotted, the slower of the two is "
        "not separable from the faster. Bars: 95 % Wilson intervals. Latency: batch 1 on the CPU.",
        tasks=ONE_LABEL,
    ),
    FigureSpec(
        "training_*", label_trainings, "model", "Training",
        "Above, scores of validation: tuned has the thresholds that suit these very clips best. Below, losses.",
        tasks=SEVERAL,
    ),
    FigureSpec(
        "learning_curves*", learning_curves, "comparison", "Training of the models",
        "Dots: the epoch whose weights were kept. What was solved in one go is left out.",
        tasks=SEVERAL,
    ),
    FigureSpec(
        "class_curves", class_curves, "comparison", "Precision and recall of each class",
        "All models in each panel, means over their trials. Dotted: the share of the class, which scores that say "
        "nothing have as precision.",
        dense=True, tasks=SEVERAL,
    ),
    FigureSpec(
        "example", clip_predictions, "comparison", "Predictions of single clips",
        "Clips at even distances from the one that the model gets most right to the one it gets most wrong. Blue and "
        "bold: the classes that the clip has.",
        dense=True, tasks=SEVERAL,
    ),
    FigureSpec(
        "precision_recall_*", precision_recall, "model", "Precision and recall at every threshold",
        "Macro: the mean of the classes; micro: all scores of all classes together. Of many classes those with the "
        "highest and the lowest average precision are named.",
        tasks=SEVERAL,
    ),
    FigureSpec(
        "thresholds_*", thresholds, "model", "Thresholds",
        "F1 on the validation clips over the threshold of each class; dot and title: the one chosen, and its F1.",
        dense=True, tasks=SEVERAL,
    ),
    FigureSpec(
        "matrices_*", matrices, "model", "Each class right and wrong",
        "TP, FN: clips of the class found and missed; FP, TN: others given it, and rightly not. Shares of each row: "
        "that of TP is recall.",
        tasks=SEVERAL,
    ),
    FigureSpec(
        "map_*", class_maps, "model", "Recall and precision",
        "Upper right is best; along a grey line F1 is the same.", tasks=SEVERAL,
    ),
    FigureSpec(
        "together_*", together, "model", "Classes that come together",
        "Of the clips that have, or are given, the class of a row, the share that has each other class; grey: no clip.",
        dense=True, tasks=SEVERAL,
    ),
    FigureSpec(
        "average_precision_macro_intervals", score_intervals, "summary", "Macro average precision",
        "Dots: macro average precision; bars: 95 % interval, its variance by bootstrap of the test clips. Not "
        "separable from the best does not mean equal: with few clips all are.",
        tasks=SEVERAL,
    ),
    FigureSpec("f1_classes", f1_classes, "comparison", "F1 of each class",
               "Decided by the thresholds of the models. Bars: 95 % intervals, variance by bootstrap.", tasks=SEVERAL),
    FigureSpec(
        "average_precision_macro_latency", score_latency, "comparison", "Macro average precision and latency",
        "Joined by the line: no other model has as high a score and is as fast; where it is dotted, the slower of the "
        "two is not separable from the faster. Bars: 95 % intervals, variance by bootstrap. Latency: batch 1, CPU.",
        tasks=SEVERAL,
    ),
    FigureSpec(
        "sweep_*", sweeps, "comparison", "One setting varied",
        "Bars: 95 % intervals over the test clips, as in the comparison; points of one value stand beside each other.",
    ),
    FigureSpec(
        "pairwise", pairwise, "pairs", "Every pair of models",
        "Blue: the row is better; orange: the column is. Bold: the difference is more than chance.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure of a study that is on disk."""

    spec: FigureSpec
    chart: Chart
    paths: tuple[Path, ...]  # one per format


def charts(results, tables):
    """Yield (spec, chart) of every figure of a study; tables: :class:`analysis.tables.registry.Tables`."""
    for spec in FIGURES:
        if results.concerns(spec.tasks):
            yield from ((spec, chart) for chart in spec.charts(results, tables))


def write_figures(results, tables):
    """Write every figure of a study that is not there as it should be; return all as :class:`Figure`."""
    return FigureWriter(results, tables).finish()


class FigureWriter:
    """Draws and saves the figures of a study into results/<study>/figures, in the formats that it names.

    They are begun at once where there is a pool (:func:`plots.pool.drawing_pool`). A figure that is there as it should
    be is not drawn again."""

    def __init__(self, results, tables, pool=None):
        self.folder, self.figures, self.started = results.folder / layout.FIGURES, [], []
        formats = results.study.get("figures", {}).get("formats", ("png",))
        for spec, chart in charts(results, tables):
            paths, key = tuple(self.folder / f"{chart.name}.{name}" for name in formats), fingerprint(chart.draw)
            self.figures.append(Figure(spec, chart, paths))
            if stale := [path for path in paths if not is_current(path, key)]:
                job = (chart.draw, stale, key)
                self.started.append((pool.submit(save, *job) if pool else None, job))

    def finish(self):
        """Write the other figures and return all as :class:`Figure`.

        Figures of models no longer there and of other formats are removed; files of any other name in that folder are
        left alone."""
        finish(save, self.started)
        written = {path for figure in self.figures for path in figure.paths}
        for path in self.folder.glob("*"):
            ours = path.suffix in FORMATS and any(fnmatch.fnmatch(path.stem, spec.pattern) for spec in FIGURES)
            if ours and path not in written:
                path.unlink()
        return self.figures
