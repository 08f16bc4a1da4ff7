"""The numbers and titles of the figures of each model."""

from functools import partial

import numpy as np
from PIL import Image

from benchmark.analysis.metrics.calibration import curves
from benchmark.analysis.metrics.scores import total_confusion
from benchmark.analysis.plots.confusion_chart import confusion_figure
from benchmark.analysis.plots.figure import Chart, finished
from benchmark.analysis.plots.scatter import example_figure
from benchmark.analysis.plots.score_plots import scores_figure
from benchmark.analysis.plots.training_progress import kept_iteration, kept_words, training_figure
from benchmark.analysis.tables.naming import titles
from benchmark.analysis.tables.paper_form import as_in_paper, pairs
from benchmark.store.layout import EXAMPLES

HISTORY = ("iteration", "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
CURVES = {"roc_auc": "true_positive_rate", "average_precision": "precision"}  # column of ranking: key of curves()


def _confusion(results, model, note=""):
    """Return the title of a model's confusion chart and its counts, summed over its trials."""
    trials = results.done(model)
    seeds, counts = len({trial.seed for trial in trials}), total_confusion(trials)
    counted = f"{counts.sum()} predictions" + (f" of {seeds} seeds" if seeds > 1 else "")
    return f"{titles(results)[model]}{note}\naccuracy {np.trace(counts) / counts.sum():.3f}, {counted}", counts


def confusions(results, tables):
    """Yield the chart of each model's confusion matrix, summed over its trials."""
    for model in finished(results):
        title, counts = _confusion(results, model)
        said = "; ".join(f"true {name}: {_counted(row, results.classes)}"
                         for name, row in zip(results.classes, counts, strict=True))  # fmt: skip
        words = f"Confusion matrix of {title}. Predicted of {said}".replace("\n", ", ")
        draw = partial(confusion_figure, [(title, counts)], results.classes)
        yield Chart(f"confusion_{model}", draw, words, model)


def _counted(row, classes):
    """Return '3 rain, 1 dog' of the counts of a row of a confusion matrix."""
    return ", ".join(f"{n} {name}" for n, name in zip(row, classes, strict=True) if n) or "none"


def confusion_pairs(results, tables):
    """Yield the chart of two models' confusion matrices side by side, as in the paper that the study names."""
    source = results.study.get("published")
    for pair in pairs(list(finished(results)), source):
        name = f"confusion_pair_{'_'.join(pair)}"
        panels = [_confusion(results, model, as_in_paper(name, source)) for model in pair]
        yield Chart(name, partial(confusion_figure, panels, results.classes), "Two confusion matrices")


def trainings(results, tables):
    """Yield the chart of each model's training: its first trial in full, with the weights that it kept."""
    for model in finished(results):
        name, trials = f"training_{model}", results.done(model)
        histories = [trial.history[[column for column in HISTORY if column in trial.history]] for trial in trials]
        if not len(histories[0]):
            continue
        others = f", first of {len(trials)} trials in full" if len(trials) > 1 else ""
        title = f"{titles(results)[model]}{others}{as_in_paper(name, results.study.get('published'))}"
        kept, last = kept_iteration(trials[0].info), histories[0]["val_accuracy"].dropna()
        words = f"Training of {title}".replace("\n", ", ")
        words += f"; last validation accuracy {100 * last.iloc[-1]:.1f} %" if len(last) else ""
        words += "" if kept is None else f"; weights kept: {kept_words(histories[0], kept)}"
        yield Chart(name, partial(training_figure, histories, title, kept), words, model)


def scores(results, tables):
    """Yield the chart of each model's reliability, ROC and precision-recall curves: means over its trials."""
    for model in finished(results):
        trials, title = results.done(model), titles(results)[model]
        bins, ranking = (tables[name][tables[name]["model"] == model] for name in ("reliability", "ranking"))
        found = {name: curves(trials, name) for name in results.classes}
        lines = {column: {name: values[key] for name, values in found.items()} for column, key in CURVES.items()}
        areas = {column: dict(zip(ranking["class"], ranking[column], strict=True)) for column in CURVES}
        bins = bins[["low", "high", "n", "confidence", "accuracy"]]
        held = (f"{row.n} clips, mean score {row.confidence:.2f}, accuracy {row.accuracy:.2f}"
                for row in bins.itertuples() if row.n)  # fmt: skip
        said = (f"{name} {areas['roc_auc'][name]:.2f} and {areas['average_precision'][name]:.2f}"
                for name in results.classes)  # fmt: skip
        words = (f"Calibration of {title} in bins of the highest score: {'; '.join(held) or 'none'}. "
                 f"Area under the ROC curve and average precision of each class: {'; '.join(said)}")  # fmt: skip
        yield Chart(f"scores_{model}", partial(scores_figure, bins, lines, areas, title), words, model)


def example(results, tables):
    """Yield the chart of one test picture with its true and predicted class, as in Fig. 9 of visutsak2025.

    The model is the best on the validation clips: picking by test accuracy would flatter it. The picture is the first
    one in examples/ that a trial of this model was tested on; without one there is no chart."""
    if not finished(results):
        return
    best = best_on_validation(results)
    shown = ((trial, clip, results.folder / EXAMPLES / f"{clip}.png")
             for trial in results.done(best) for clip in trial.test.clip_id)  # fmt: skip
    trial, clip, path = next((place for place in shown if place[2].is_file()), (None, None, None))
    if path is None:
        return
    row = trial.test.take(trial.test.clip_id == clip)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    title = f"{titles(results)[best]}: test clip {clip}"
    seen = (row.names("y_true")[0], row.names("y_pred")[0], float(row.y_score[0].max()))
    yield Chart("example", partial(example_figure, pixels, *seen, title), title)


def best_on_validation(results):
    """Return the name of the model done with the highest score, of those that the task ranks by, on the validation
    clips: the mean over its trials; the first one where nothing was validated."""
    score = results.task.scores[results.task.headline]

    def validated(name):
        parts = (trial.predictions.of("val") for trial in results.done(name))
        found = [score(part.y_true, part.y_score) for part in parts if len(part)]
        return np.nan_to_num(np.mean(found), nan=-1.0) if found else -1.0

    return max(finished(results), key=validated)
