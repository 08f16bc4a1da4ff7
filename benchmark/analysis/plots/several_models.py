"""The numbers and titles of figures of several labels that show models together, or one model clip by clip."""

from functools import partial

import numpy as np
from PIL import Image, ImageOps

from benchmark.analysis.metrics.calibration import curves
from benchmark.analysis.metrics.multilabel.confident import thresholds_of
from benchmark.analysis.plots.class_curves import class_curves_figure
from benchmark.analysis.plots.figure import Chart, finished
from benchmark.analysis.plots.learning_curves import epoch_curves, learning_figure
from benchmark.analysis.plots.model_charts import best_on_validation
from benchmark.analysis.plots.prediction_bars import bars_figure
from benchmark.analysis.plots.training_progress import is_solved, kept_iteration
from benchmark.analysis.tables.multilabel import HEADERS
from benchmark.analysis.tables.naming import names, origin, titles
from benchmark.analysis.tables.paper_form import CURVES, SHOWN, as_in_paper, in_order
from benchmark.store.layout import EXAMPLES
from benchmark.tasks.thresholds import DEFAULT

WATCHED = ("average_precision_micro", "average_precision_macro")  # the first that every history has is drawn
CLIPS = 6  # of which predictions are drawn
PIXELS = 480  # the longer side of a picture in a figure
MOST = 25  # classes that have a panel, those with the most positives


def learning_curves(results, tables):
    """Yield the chart of the training of all models, the first trial of each, and those of the groups of models that
    the paper has; none of fewer than two models that were trained in epochs."""
    groups = {"learning_curves": tuple(finished(results))} | CURVES.get(results.study.get("published"), {})
    for name, models in groups.items():
        trials = {model: results.done(model)[0] for model in models if model in finished(results)}
        trained = {
            model: trial for model, trial in trials.items() if len(trial.history) and not is_solved(trial.history)
        }
        score = next((score for score in WATCHED if all(f"val_{score}" in t.history for t in trained.values())), None)
        if len(trained) > 1 and score:
            yield _learning(results, name, trained, score)


def _learning(results, name, trained, score):
    found, called = [_epochs(trial, f"val_{score}") for trial in trained.values()], names(results)
    labels, axis = [called[model] for model in trained], f"{HEADERS[score]} of the validation clips"
    first = ", first trials" if results.planned > 1 else ""
    title = f"{results.study['name']}: training over epochs{first}{origin(results)}"
    title += as_in_paper(name, results.study.get("published"))
    said = "; ".join(f"{label} {curve['score'].max():.3f} after {len(curve)} epochs"
                     for label, curve in zip(labels, found, strict=True))  # fmt: skip
    words = f"Training loss and {axis} over epochs; the highest: {said}"
    return Chart(name, partial(learning_figure, found, labels, axis, title), words)


def _epochs(trial, column):
    """Return the :func:`epoch_curves` of a trial, with the epoch whose weights were kept."""
    found, kept = epoch_curves(trial.history, column), kept_iteration(trial.info)
    reached = trial.history[trial.history["iteration"] >= kept] if kept is not None else ()
    found.attrs["kept"] = int(reached["epoch"].iloc[0]) if len(reached) else None
    return found


def class_curves(results, tables):
    """Yield the chart of precision over recall of each class, all models in each panel: means over their trials."""
    published, models = results.study.get("published"), list(finished(results))
    models = in_order(models) if published in CURVES else models
    if len(models) < 2:
        return
    truth = np.concatenate([trial.test.y_true for trial in results.done(models[0])])
    largest = np.argsort(-truth.sum(axis=0), kind="stable")[:MOST]
    panels, called = {}, names(results)
    for place in np.sort(largest[truth.any(axis=0)[largest]]):
        name = results.classes[place]
        lines = [curves(results.done(model), name)["precision"] for model in models]
        panels[name] = (lines, float(truth[:, place].mean()))
    if panels:
        some = f", the {len(panels)} largest classes" if len(panels) < len(results.classes) else ""
        title = f"{results.study['name']}: precision and recall of each class{some}{origin(results)}"
        title += as_in_paper("class_curves", published)
        said = "; ".join(f"{name} {share:.2f}" for name, (_, share) in panels.items())
        labels = [called[model] for model in models]
        words = f"Precision over recall of each class by {', '.join(labels)}. Share of each class: {said}"
        yield Chart("class_curves", partial(class_curves_figure, panels, labels, title), words)


def clip_predictions(results, tables):
    """Yield the chart of the scores of one model for :data:`CLIPS` test clips, from the one it gets most right to the
    one it gets most wrong, at even distances, with their pictures where there are any.

    The model is the one that the paper shows, else the best on the validation clips: picking by test scores would
    flatter it."""
    models, published = finished(results), results.study.get("published")
    if not models:
        return
    shown = SHOWN.get(published) if SHOWN.get(published) in models else best_on_validation(results)
    trial = results.done(shown)[0]
    order = np.argsort(-results.task.clip_score(trial.test.y_true, trial.test.y_pred), kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, CLIPS).round().astype(int))]
    clips = [_clip(results, trial, trial.test.take([row])) for row in rows]
    title = f"{titles(results)[shown]}: {len(clips)} test clips, from right to wrong"
    title += as_in_paper("example", published) if shown == SHOWN.get(published) else ""
    said = "; ".join(f"{clip['name']}: {_scores(clip)}" for clip in clips)
    yield Chart("example", partial(bars_figure, clips, title), f"{title}. Scores: {said}".replace("\n", ", "))


def _clip(results, trial, test):
    """Return what :func:`plots.prediction_bars.bars_figure` draws of one test clip."""
    return {
        "name": test.clip_id[0],
        "picture": _picture(results, test.clip_id[0]),
        "classes": test.classes,
        "scores": test.y_score[0],
        "true": test.y_true[0],
        "thresholds": thresholds_of(trial),
    }


def _scores(clip):
    return ", ".join(f"{name}{' (true)' if true else ''} {score:.2f}"
                     for name, score, true in zip(clip["classes"], clip["scores"], clip["true"], strict=True)
                     if true or score >= DEFAULT) or "no class"  # fmt: skip


def _picture(results, clip):
    """Return the picture of a clip, small, (height, width, 3) uint8: its contact sheet or what was drawn of it; None
    where there is none any more."""
    images = results.clips.set_index("clip_id")["image"] if "image" in results.clips else {}
    for path in (images.get(clip), results.folder / EXAMPLES / f"{clip}.png"):
        try:
            with Image.open(path or "") as image:
                small = ImageOps.exif_transpose(image).convert("RGB")
        except (OSError, ValueError):
            continue
        small.thumbnail((PIXELS, PIXELS))
        return np.asarray(small)
    return None
