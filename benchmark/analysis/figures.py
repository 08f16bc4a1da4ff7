"""Every figure of a study: which there are, what they are called, and which numbers they show."""

import fnmatch
from itertools import chain

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from benchmark.analysis.confusion_chart import plot_confusion
from benchmark.analysis.figure import finished, new_figure, origin
from benchmark.analysis.metrics import accuracy, total_confusion
from benchmark.analysis.plots import plot_accuracy_latency, plot_example
from benchmark.analysis.predictions import score_matrix
from benchmark.analysis.score_figures import pairwise_figure, score_figures
from benchmark.analysis.training_progress import plot_training
from benchmark.files import replacing

# A class may be called 'Lo$t & $aved': no text is a formula.
STYLE = {"text.parse_math": False, "font.size": 9, "axes.titlesize": 10}
# The models of visutsak2025, by the names in configs/models, as its Fig. 4 to 8 show them: the last one alone.
PAPER_PAIRS = (
    ("mobilenet_v2", "resnet18"),
    ("densenet201", "places365_googlenet"),
    ("vgg16", "vgg19"),
    ("inception_resnet_v2", "inception_v3"),
    ("nasnet_mobile",),
)
# What visutsak2025 calls a figure of ours: confusion matrices are in its text, training in its appendix.
PAPER_FIGURES = {
    **{f"confusion_pair_{'_'.join(pair)}": f"Fig. {4 + index}" for index, pair in enumerate(PAPER_PAIRS)},
    **{f"training_{name}": f"Fig. A{1 + index}" for index, name in enumerate(chain(*PAPER_PAIRS))},
}
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


def pairs(models):
    """Return the models shown side by side: as in the paper, then the models that are not in it, two by two."""
    others = [name for name in models if name not in chain(*PAPER_PAIRS)]
    found = [pair for pair in PAPER_PAIRS if set(pair) <= set(models)]
    return found + list(zip(others[::2], others[1::2], strict=False))


def _as_in_paper(name):
    """Return the line of a title that says which figure of the paper the one of this name is like, '' for none."""
    return f"\nas {PAPER_FIGURES[name]} of visutsak2025" if name in PAPER_FIGURES else ""


def _confusion(results, model, ax, note=""):
    trials = results.done(model["name"])
    seeds = len({trial.seed for trial in trials})
    matrix = total_confusion(trials, results.classes)
    counted = f"{matrix.sum()} predictions" + (f" of {seeds} seeds" if seeds > 1 else "")
    share = np.trace(matrix) / matrix.sum()
    title = f"{model['label']}{origin(results, model)}{note}\naccuracy {share:.3f}, {counted}"
    plot_confusion(matrix, results.classes, ax, title)


def confusion_figures(results, tables):
    """Yield (name, figure) of each model's confusion matrix, summed over its trials."""
    side = _side(results)
    for name, model in finished(results).items():
        figure, (ax,) = new_figure(side + 0.3, side)
        _confusion(results, model, ax)
        yield f"confusion_{name}", figure


def confusion_pair_figures(results, tables):
    """Yield (name, figure) of two models' confusion matrices side by side, as in Fig. 4 to 8 of visutsak2025."""
    side, models = _side(results), finished(results)
    for pair in pairs(list(models)):
        name = f"confusion_pair_{'_'.join(pair)}"
        figure, axes = new_figure(len(pair) * side + 0.2, side, columns=len(pair))
        for model, ax in zip(pair, axes, strict=True):
            _confusion(results, models[model], ax, _as_in_paper(name))
        yield name, figure


def _side(results):
    """Return the side of a confusion chart in inches: two fit on a page, reduced, with their numbers readable."""
    return 4.4 + max(0, len(results.classes) - 5) / 7


def training_figures(results, tables):
    """Yield (name, figure) of each model's training: its first trial in full, as in Fig. A1 to A9 of visutsak2025."""
    for model_name, model in finished(results).items():
        name = f"training_{model_name}"
        histories = [trial.history for trial in results.done(model_name)]
        figure, axes = new_figure(6.6, 5.0, rows=2)
        others = f", first of {len(histories)} trials in full" if len(histories) > 1 else ""
        plot_training(histories, axes, f"{model['label']}{origin(results, model)}{others}{_as_in_paper(name)}")
        yield name, figure


def accuracy_latency_figure(results, tables):
    """Yield (name, figure) of accuracy over latency and size, as in Fig. 1 of visutsak2025."""
    comparison = tables["comparison"]
    if not comparison["accuracy"].notna().any():
        return
    figure, (ax,) = new_figure(8.0, 5.0, layout=None)  # labels are placed in axes of fixed size
    FigureCanvasAgg(figure)  # measures the labels
    figure.subplots_adjust(left=0.08, right=0.84, bottom=0.1, top=0.93)
    random = comparison["weights"].str.contains("random")
    alike = results.models[0] if random.all() else None  # then the title says it for all
    unmarked = ~random | random.all() | comparison["label"].str.contains("(random)", regex=False)
    marked = comparison.assign(label=comparison["label"].where(unmarked, comparison["label"] + " (random)"))
    title = f"{results.study['name']}: accuracy, latency and size{origin(results, alike)}"
    plot_accuracy_latency(marked, ax, 1 / len(results.classes), title)
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
             for trial in results.done(best) for clip in trial.test["clip_id"])  # fmt: skip
    trial, clip, path = next((place for place in shown if place[2].is_file()), (None, None, None))
    if path is None:
        return
    row = trial.test[trial.test["clip_id"] == clip]
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    figure, (ax,) = new_figure(7.0, np.clip(7.0 * len(pixels) / pixels.shape[1] + 0.7, 3.0, 6.0))
    title = f"{models[best]['label']}{origin(results, models[best])}: test clip {clip}"
    plot_example(pixels, row["y_true"].iloc[0], row["y_pred"].iloc[0], score_matrix(row).max(), ax, title)
    yield "example", figure


def _validation_accuracy(trials):
    """Return the mean accuracy on the validation clips, -1 where there are none."""
    frames = [trial.predictions[trial.predictions["split"] == "val"] for trial in trials]
    shares = [accuracy(frame["y_true"], frame["y_pred"]) for frame in frames if len(frame)]
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
