"""Every figure of a study: which there are, what they are called, and which numbers they show."""

import fnmatch

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from benchmark.analysis.metrics.metrics import total_confusion
from benchmark.analysis.plots.confusion_chart import plot_confusion
from benchmark.analysis.plots.figure import finished, new_figure
from benchmark.analysis.plots.plots import plot_accuracy_latency, plot_example
from benchmark.analysis.plots.score_figures import pairwise_figure, score_figures
from benchmark.analysis.plots.training_progress import kept_iteration, plot_training
from benchmark.analysis.tables.guessing import guessing
from benchmark.analysis.tables.naming import names, origin, titles
from benchmark.analysis.tables.paper_form import as_in_paper, pairs
from benchmark.tasks import accuracy
from spectrograms.files import replacing

# A class may be called 'Lo$t & $aved': no text is a formula.
STYLE = {"text.parse_math": False, "font.size": 9, "axes.titlesize": 10}
# Names that a report may remove.
OURS = ("confusion_*.png", "training_*.png", "scores_*.png", "pairwise.png", "accuracy_latency.png", "example.png")


def write_figures(results, tables):
    """Draw and save every figure into results/<study>/figures; return the paths. tables: of :func:`study_tables`.

    Figures of models no longer there are removed; files of any other name in that folder are left alone."""
    folder = results.folder / "figures"
    written = []
    with matplotlib.rc_context(STYLE):
        for kind in FIGURES:
            for name, figure in kind(results, tables):
                with replacing(folder / f"{name}.png") as path:
                    figure.savefig(path, format="png", pil_kwargs={"compress_level": 1})
                written.append(folder / f"{name}.png")
    for path in folder.glob("*.png"):
        if path not in written and any(fnmatch.fnmatch(path.name, pattern) for pattern in OURS):
            path.unlink()
    return written


def _confusion(results, model, ax, note=""):
    trials = results.done(model["name"])
    seeds = len({trial.seed for trial in trials})
    matrix = total_confusion(trials)
    counted = f"{matrix.sum()} predictions" + (f" of {seeds} seeds" if seeds > 1 else "")
    share = np.trace(matrix) / matrix.sum()
    title = f"{titles(results)[model['name']]}{note}\naccuracy {share:.3f}, {counted}"
    plot_confusion(matrix, results.classes, ax, title)


def confusion_figures(results, tables):
    """Yield (name, figure) of each model's confusion matrix, summed over its trials."""
    side = _side(results)
    for name, model in finished(results).items():
        figure, (ax,) = new_figure(side + 0.3, side)
        _confusion(results, model, ax)
        yield f"confusion_{name}", figure


def confusion_pair_figures(results, tables):
    """Yield (name, figure) of two models' confusion matrices side by side, as in the paper that the study names."""
    side, models, source = _side(results), finished(results), results.study.get("published")
    for pair in pairs(list(models), source):
        name = f"confusion_pair_{'_'.join(pair)}"
        figure, axes = new_figure(len(pair) * side + 0.2, side, columns=len(pair))
        for model, ax in zip(pair, axes, strict=True):
            _confusion(results, models[model], ax, as_in_paper(name, source))
        yield name, figure


def _side(results):
    """Return the side of a confusion chart in inches: two fit on a page, reduced, with their numbers readable."""
    return 4.4 + max(0, len(results.classes) - 5) / 6


def training_figures(results, tables):
    """Yield (name, figure) of each model's training: its first trial in full, with the weights that it kept."""
    called, source = titles(results), results.study.get("published")
    for model in finished(results):
        name, trials = f"training_{model}", results.done(model)
        figure, axes = new_figure(6.6, 5.0, rows=2)
        others = f", first of {len(trials)} trials in full" if len(trials) > 1 else ""
        title = f"{called[model]}{others}{as_in_paper(name, source)}"
        plot_training([trial.history for trial in trials], axes, title, kept_iteration(trials[0].info))
        yield name, figure


def accuracy_latency_figure(results, tables):
    """Yield (name, figure) of accuracy over latency and size, as in Fig. 1 of visutsak2025."""
    comparison = tables["comparison"]
    if not comparison["accuracy"].notna().any():
        return
    figure, (ax,) = new_figure(9.2, 5.0, layout=None)  # labels are placed in axes of fixed size
    FigureCanvasAgg(figure)  # measures the labels
    figure.subplots_adjust(left=0.08, right=0.76, bottom=0.1, top=0.93)
    named = comparison.assign(label=comparison["model"].map(names(results)))
    title = f"{results.study['name']}: accuracy, latency and size{origin(results)}"
    plot_accuracy_latency(named, tables["pairwise"], ax, guessing(results), title)
    yield "accuracy_latency", figure


def example_figure(results, tables):
    """Yield (name, figure) of one test picture with its true and predicted class, as in Fig. 9 of visutsak2025.

    The model is the best on the validation clips: picking by test accuracy would flatter it. The picture is the first
    one in examples/ that a trial of this model was tested on; without one there is no figure."""
    models = finished(results)
    if not models:
        return
    best = max(models, key=lambda name: _validation_accuracy(results.done(name)))
    shown = ((trial, clip, results.folder / "examples" / f"{clip}.png")
             for trial in results.done(best) for clip in trial.test.clip_id)  # fmt: skip
    trial, clip, path = next((place for place in shown if place[2].is_file()), (None, None, None))
    if path is None:
        return
    row = trial.test.take(trial.test.clip_id == clip)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    figure, (ax,) = new_figure(7.0, np.clip(7.0 * len(pixels) / pixels.shape[1] + 0.7, 3.0, 6.0))
    title = f"{titles(results)[best]}: test clip {clip}"
    plot_example(pixels, row.names("y_true")[0], row.names("y_pred")[0], row.y_score[0].max(), ax, title)
    yield "example", figure


def _validation_accuracy(trials):
    """Return the mean accuracy on the validation clips, -1 where there are none."""
    validated = [trial.predictions.of("val") for trial in trials]
    shares = [accuracy(found.y_true, found.y_pred) for found in validated if len(found)]
    return float(np.mean(shares)) if shares else -1.0


FIGURES = (
    confusion_figures,
    confusion_pair_figures,
    training_figures,
    accuracy_latency_figure,
    pairwise_figure,
    score_figures,
    example_figure,
)
