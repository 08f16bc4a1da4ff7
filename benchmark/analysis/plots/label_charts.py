"""The numbers and titles of the figures of each model of several labels, and of F1 per class of all."""

from functools import partial

import numpy as np
from sklearn.metrics import multilabel_confusion_matrix

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.multilabel.curves import TRIED, precision_curves, threshold_curves
from benchmark.analysis.metrics.scores import tested
from benchmark.analysis.plots.class_scores import f1_figure, map_figure
from benchmark.analysis.plots.figure import Chart, finished
from benchmark.analysis.plots.label_curves import MEANS, MOST, curves_figure, thresholds_figure
from benchmark.analysis.plots.label_matrices import matrices_figure, together_figure
from benchmark.analysis.plots.label_training import COLUMNS, label_training_figure
from benchmark.analysis.plots.training_progress import kept_iteration, kept_words
from benchmark.analysis.tables.naming import names, origin, titles

ENDS = ("", "_low", "_high")


def _of_model(tables, name, model):
    return tables[name][tables[name]["model"] == model].to_dict("records")


def _counted(trials):
    """Return '90 predictions of 3 seeds' of the test clips of some trials."""
    seeds, n = len({trial.seed for trial in trials}), sum(len(trial.test) for trial in trials)
    return f"{n} predictions" + (f" of {seeds} seeds" if seeds > 1 else "")


def f1_classes(results, tables):
    """Yield the chart of the F1 of each class and model, the class with the highest mean first, and their means."""
    models = {name: called for name, called in names(results).items() if results.done(name)}
    if not models:
        return
    rows = {name: {"class": name} for name in results.classes}
    for row in tables["per_class"].to_dict("records"):
        rows[row["class"]][row["model"]] = tuple(row[f"f1{end}"] for end in ENDS)
    ranked = sorted(rows.values(), key=lambda row: -np.mean([row[model][0] for model in models]))
    scores = {model: model_scores(results, model) for model in models}
    mean = {"class": "macro mean"} | {model: tuple(scores[model][f"f1_macro{end}"] for end in ENDS) for model in models}
    said = (f"{row['class']} " + ", ".join(f"{row[model][0]:.2f}" for model in models) for row in (*ranked, mean))
    words = f"F1 of each class by {', '.join(models.values())}: {'; '.join(said)}"
    title = f"{results.study['name']}: F1 of each class{origin(results)}"
    yield Chart("f1_classes", partial(f1_figure, [mean, *ranked], models, title), words)


def matrices(results, tables):
    """Yield the chart of each model's matrices, one per class, summed over its trials."""
    for model in finished(results):
        found = tested(results.done(model))
        counts = multilabel_confusion_matrix(found.y_true, found.y_pred)
        title = f"{titles(results)[model]}\neach class, {_counted(results.done(model))}"
        said = "; ".join(f"{name}: {n[1, 1]} found, {n[1, 0]} missed, {n[0, 1]} given wrongly, {n[0, 0]} rightly not"
                         for name, n in zip(results.classes, counts, strict=True))  # fmt: skip
        draw = partial(matrices_figure, counts, results.classes, title)
        yield Chart(f"matrices_{model}", draw, f"Matrices of {title}. {said}".replace("\n", ", "), model)


def together(results, tables):
    """Yield the chart of which classes come together, in truth and as each model has it."""
    table, n = tables["cooccurrence"], len(results.classes)
    place = {name: index for index, name in enumerate(results.classes)}
    rows, columns = (table[end].map(place).to_numpy(int) for end in ("class", "other"))

    def square(column):
        counts = np.zeros((n, n), int)
        counts[rows, columns] = counts[columns, rows] = table[column]
        return counts

    for model in finished(results):
        panels = [("true labels", square("true")), ("predicted labels", square(f"predicted_{model}"))]
        title = f"{titles(results)[model]}\nof the clips of each class, the share of each other class"
        pairs = table[table["class"] != table["other"]].head(10)
        said = "; ".join(f"{row['class']} and {row['other']} {row['true']} and {row[f'predicted_{model}']}"
                         for row in pairs.to_dict("records"))  # fmt: skip
        words = f"Classes that come together, in truth and as predicted: {said}"
        yield Chart(f"together_{model}", partial(together_figure, panels, results.classes, title), words, model)


def class_maps(results, tables):
    """Yield the chart of the recall and the precision of each class of each model."""
    for model in finished(results):
        rows = _of_model(tables, "per_class", model)
        points = {row["class"]: (row["recall"], row["precision"]) for row in rows}
        title = f"{titles(results)[model]}: recall and precision of each class"
        said = "; ".join(f"{name} {recall:.2f} and {precision:.2f}" for name, (recall, precision) in points.items())
        yield Chart(f"map_{model}", partial(map_figure, points, title), f"{title}: {said}", model)


def precision_recall(results, tables):
    """Yield the chart of each model's precision over recall: means over its trials, and their average precision."""
    for model in finished(results):
        lines, scores = precision_curves(results.done(model), results.classes), model_scores(results, model)
        areas = {mean: scores[f"average_precision_{mean}"] for mean in MEANS}
        areas |= {row["class"]: row["average_precision"] for row in _of_model(tables, "per_class", model)}
        title = f"{titles(results)[model]}: precision and recall"
        said = "; ".join(f"{name} {area:.2f}" for name, area in areas.items() if np.isfinite(area))
        draw = partial(curves_figure, lines, areas, title)
        yield Chart(f"precision_recall_{model}", draw, f"{title}, average precision: {said}", model)


def thresholds(results, tables):
    """Yield the chart of F1 over the threshold of each class, on the validation clips; none without any."""
    for model in finished(results):
        found = threshold_curves(results.done(model), results.classes)
        if not found:
            continue
        val, shown = results.done(model)[0].predictions.of("val"), list(found)
        if len(found) > MOST:
            positives = dict(zip(results.classes, val.y_true.sum(axis=0), strict=True))
            largest = sorted(found, key=lambda name: -positives[name])[:MOST]
            shown = [name for name in found if name in largest]
        some = f", the {len(shown)} largest classes" if len(shown) < len(found) else ""
        title = f"{titles(results)[model]}: chosen thresholds{some}"
        said = "; ".join(f"{name} {chosen[0][0]:.2f}, F1 {chosen[0][1]:.2f}" for name, (_, chosen) in found.items())
        draw = partial(thresholds_figure, TRIED, {name: found[name] for name in shown}, title)
        yield Chart(f"thresholds_{model}", draw, f"{title} and their F1 on the validation clips: {said}", model)


def label_trainings(results, tables):
    """Yield the chart of each model's losses and scores while it was trained, its first trial in full."""
    for model in finished(results):
        trials = results.done(model)
        histories = [trial.history[[name for name in COLUMNS if name in trial.history]] for trial in trials]
        if not len(histories[0]):
            continue
        others = f", first of {len(trials)} trials in full" if len(trials) > 1 else ""
        title, kept = f"{titles(results)[model]}{others}", kept_iteration(trials[0].info)
        headline = f"val_{results.task.headline}"
        last = histories[0][headline].dropna() if headline in histories[0] else ()
        words = f"Training of {title}"
        words += f"; last {results.task.headline_words[0]} of validation {last.iloc[-1]:.3f}" if len(last) else ""
        words += "" if kept is None else f"; weights kept: {kept_words(histories[0], kept)}"
        yield Chart(f"training_{model}", partial(label_training_figure, histories, title, kept), words, model)
