"""Figures of several labels: numbers are those of scikit-learn and of the tables; axes say what they show."""

import fnmatch
from functools import partial
from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from benchmark.analysis.metrics.calibration import GRID
from benchmark.analysis.metrics.multilabel.curves import TRIED, precision_curves, threshold_curves
from benchmark.analysis.plots import class_scores, figures, label_curves, label_matrices, label_training
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.label_charts import thresholds, together
from benchmark.analysis.report.report import report
from benchmark.analysis.tables.registry import Tables
from benchmark.store.results import read_results
from tests.support.drawing import axes, texts
from tests.support.fake_results import build_results, results_of

TRIO = ("mobilenet_v2", "vgg16", "vgg19")
CLASSES = ("Action", "Comedy", "Drama", "War")
SEVERAL_MODELS = {"pairwise", "learning_curvesvgg16", "class_curves"}  # of two models or more
VARIED = "sweep_*"  # of studies that vary a setting: tests/analysis/test_variants.py
SEVERAL = [
    spec for spec in figures.FIGURES if ("multilabel" in spec.tasks or not spec.tasks) and spec.pattern != VARIED
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels") / "posters"
    return read_results(build_results(folder, TRIO, 1, (0, 1), classes=CLASSES, task="multilabel", published=None))


@pytest.fixture(scope="module")
def drawn(results):
    """Return {name: chart} of every figure."""
    return {chart.name: chart for _, chart in figures.charts(results, Tables(results))}


def decisions(results):
    """Return y_true and y_pred of the trials of VGG-16, one below the other."""
    parts = [trial.test for trial in results.done("vgg16")]
    return (np.concatenate([getattr(part, name) for part in parts]) for name in ("y_true", "y_pred"))


@pytest.mark.parametrize("spec", SEVERAL, ids=lambda spec: spec.pattern)
def test_every_kind_of_figure_is_named_by_its_pattern_and_said_in_words(results, spec):
    found = list(spec.charts(results, Tables(results)))
    assert found
    assert all(fnmatch.fnmatch(chart.name, spec.pattern) and len(chart.words) > 20 for chart in found)
    assert all((chart.model is not None) == (spec.place == "model") for chart in found)


def test_a_report_writes_every_figure_of_the_models_that_are_done(tmp_path):
    models = ("vgg16", "vgg19")  # the second one failed, so that there is no pair
    folder = build_results(tmp_path / "posters", models, 1, classes=CLASSES, task="multilabel", published=None)
    written = {path.stem for path in report(folder).files if path.parent.name == "figures"}
    assert written == {spec.pattern.replace("*", "vgg16") for spec in SEVERAL} - SEVERAL_MODELS


def test_dots_of_f1_are_scikit_learns(results, drawn):
    y_true, y_pred = decisions(results)
    rows, models, _ = drawn["f1_classes"].draw.args
    found = {row["class"]: row["vgg16"][0] for row in rows}
    expected = dict(zip(CLASSES, f1_score(y_true, y_pred, average=None), strict=True))
    assert found == pytest.approx(expected | {"macro mean": f1_score(y_true, y_pred, average="macro")})
    assert list(models) == list(TRIO[:2])
    (ax,) = axes()
    values = class_scores.plot_f1(rows, models, ax, "title")
    shown = [line.get_xdata() for line in ax.lines]
    np.testing.assert_array_equal(np.transpose(shown), values)
    assert [label.get_text() for label in ax.get_yticklabels()] == [row["class"] for row in rows]
    assert ax.get_xlabel() == "F1 of the class, 95 % interval"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["MobileNet-v2", "VGG-16"]
    low_high = np.array([path.vertices[:, 0] for path in ax.collections[2].get_paths()])
    np.testing.assert_array_equal(low_high, [row["vgg16"][1:] for row in rows])


def test_many_models_share_a_line_and_have_no_interval():
    models = {f"m{n}": f"M{n}" for n in range(class_scores.FEW + 1)}
    (ax,) = axes()
    class_scores.plot_f1([{"class": "a"} | dict.fromkeys(models, (0.5, 0.4, 0.6))], models, ax)
    assert {float(line.get_ydata()[0]) for line in ax.lines} == {0.0}
    assert len(ax.collections) == 1
    assert ax.get_xlabel() == "F1 of the class"


def test_matrices_count_what_is_found_missed_and_given_wrongly(results, drawn):
    y_true, y_pred = decisions(results)
    counts, names, title = drawn["matrices_vgg16"].draw.args
    for column, matrix in enumerate(counts):
        truth, said = y_true[:, column], y_pred[:, column]
        assert matrix.tolist() == [[(~truth & ~said).sum(), (~truth & said).sum()],
                                   [(truth & ~said).sum(), (truth & said).sum()]]  # fmt: skip
    (ax,) = axes()
    shares = label_matrices.plot_matrices(counts, names, ax, title)
    np.testing.assert_allclose(shares[:, 1, 1], recall_score(y_true, y_pred, average=None))
    first = counts[0]
    assert texts(ax)[:2] == ["Action", f"TN {first[0, 0]}\n{100 * first[0, 0] / first[0].sum():.0f} %"]
    assert len(ax.texts) == 5 * len(CLASSES)
    assert ax.get_title() == f"VGG-16\neach class, {len(y_true)} predictions of 2 seeds"


def test_a_class_without_a_positive_clip_has_counts_and_no_shares():
    (ax,) = axes()
    shares = label_matrices.plot_matrices([[[3, 1], [0, 0]]], ["a"], ax)
    assert np.isnan(shares[0, 1]).all()
    assert texts(ax) == ["a", "TN 3\n75 %", "FP 1\n25 %", "FN 0\n", "TP 0\n"]


def test_classes_that_come_together_are_counted_in_truth_and_prediction(results, drawn):
    panels, *_ = drawn["together_vgg16"].draw.args
    y_true, y_pred = decisions(results)
    for (_, counts), marked in zip(panels, (y_true, y_pred), strict=True):
        expected = [[int((one & other).sum()) for other in marked.T] for one in marked.T]
        assert counts.tolist() == expected
    (ax,) = axes()
    shares = label_matrices.plot_together(np.array([[4, 1, 0], [1, 2, 0], [0, 0, 0]]), ["a", "b", "c"], ax, "true")
    assert shares[:2].tolist() == [[1, 0.25, 0], [0.5, 1, 0]]
    assert np.isnan(shares[2]).all()
    assert texts(ax) == ["25", "50"]  # no number on the diagonal, nor where it is 0
    assert ax.get_xlabel() == "has this class too (%)"
    assert [heading for heading, _ in panels] == ["true labels", "predicted labels"]


def test_the_map_has_each_class_at_its_recall_and_precision(results, drawn):
    y_true, y_pred = decisions(results)
    figure = drawn["map_vgg16"].draw()
    (ax,) = figure.axes
    (dots,) = (line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), recall_score(y_true, y_pred, average=None))
    np.testing.assert_allclose(dots.get_ydata(), precision_score(y_true, y_pred, average=None))
    assert set(CLASSES) <= set(texts(ax))
    assert ax.get_title() == "VGG-16: recall and precision of each class"


def test_points_on_a_line_of_the_map_have_its_f1():
    (ax,) = axes()
    class_scores.draw_iso_f1(ax)
    for line, f1 in zip(ax.lines, class_scores.ISO_F1, strict=True):
        recall, precision = line.get_data()
        np.testing.assert_allclose(2 * recall * precision / (recall + precision), f1)
        assert precision.max() == pytest.approx(1)
    assert texts(ax) == ["F1 0.2", "F1 0.4", "F1 0.6", "F1 0.8"]


@pytest.mark.parametrize(("least", "low"), [(0.5, 0.5), (0.49, 0)])
def test_the_map_begins_at_half_where_no_class_is_below(least, low):
    figure = class_scores.map_figure({"a": (0.9, least), "b": (0.6, 0.7)}, "title")
    (ax,) = figure.axes
    assert ax.get_xlim()[0] == ax.get_ylim()[0] == low
    assert ax.get_xlabel() == ("recall (from 0.5)" if low else "recall")


def test_of_many_classes_the_best_and_the_worst_of_the_map_are_named():
    points = {f"c{n:03d}": (n / 100, n / 100) for n in range(100)}
    (ax,) = axes(size=(6, 6))
    named = class_scores.plot_map(points, ax)
    assert named == [f"c{n:03d}" for n in (*range(99, 94, -1), *range(4, -1, -1))]


@pytest.mark.parametrize("seeds", [1, 2])
def test_areas_below_the_curves_are_scikit_learns_average_precision(results, seeds):
    trials = results.done("vgg16")[:seeds]
    lines = precision_curves(trials, CLASSES)
    areas = {name: np.trapezoid(values, GRID) for name, values in lines.items()}
    for mean in ("macro", "micro", None):
        found = np.mean([average_precision_score(t.test.y_true, t.test.y_score, average=mean) for t in trials], axis=0)
        expected = dict(zip(CLASSES, found, strict=True)) if mean is None else {mean: found}
        for name, area in expected.items():
            assert areas[name] == pytest.approx(area, abs=0.02)  # steps lie between points of the grid, 0.005 apart


def test_curves_name_means_and_extremes_with_their_average_precision(results, drawn):
    lines, areas, title = drawn["precision_recall_vgg16"].draw.args
    table = Tables(results)["per_class"].query("model == 'vgg16'")
    assert [areas[name] for name in CLASSES] == table["average_precision"].tolist()
    (ax,) = axes()
    assert set(label_curves.plot_precision_recall(lines, areas, ax, title)) == set(CLASSES)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named[:2] == [f"macro mean {areas['macro']:.2f}", f"micro mean {areas['micro']:.2f}"]
    many = {f"c{n:02d}": GRID for n in range(20)} | {"unknown": None}
    (ax,) = axes()
    label_curves.plot_precision_recall(many, {name: place / 20 for place, name in enumerate(many)}, ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "c19 0.95", "c18 0.90", "c17 0.85", "c02 0.10", "c01 0.05", "c00 0.00", "the other 14 classes"
    ]  # fmt: skip


def test_f1_over_thresholds_is_scikit_learns_and_the_chosen_one_is_marked(results):
    trials = results.done("vgg16")
    for column, (name, (f1, chosen)) in enumerate(threshold_curves(trials, CLASSES).items()):
        assert name == CLASSES[column]
        for trial, values, (threshold, score) in zip(trials, f1, chosen, strict=True):
            val = trial.predictions.of("val")
            at = partial(f1_score, val.y_true[:, column], zero_division=0)
            np.testing.assert_allclose(values[::10], [at(val.y_score[:, column] >= one) for one in TRIED[::10]])
            assert threshold == trial.info["thresholds"][name]
            assert score == pytest.approx(at(val.y_pred[:, column]))
            assert score >= values.max() - 1e-9  # per class it was tuned on these clips


def test_a_panel_of_thresholds_says_the_chosen_one_of_its_first_trial():
    (ax,) = axes()
    f1 = np.array([[0.1, 0.8, 0.2], [0.3, 0.4, 0.5]])
    said = label_curves.plot_thresholds(np.array([0, 0.5, 1]), f1, [(0.5, 0.8), (1.0, 0.5)], ax, "War")
    assert said == ax.get_title() == "War: F1 0.80 at 0.50"
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [(float(dot.get_xdata()[0]), float(dot.get_ydata()[0])) for dot in dots] == [(1.0, 0.5), (0.5, 0.8)]


def test_panels_of_thresholds_are_of_the_largest_classes(monkeypatch, results):
    monkeypatch.setattr("benchmark.analysis.plots.label_charts.MOST", 2)
    chart = next(thresholds(results, Tables(results)))
    _, panels, title = chart.draw.args
    positives = results.done("mobilenet_v2")[0].predictions.of("val").y_true.sum(axis=0)
    assert set(panels) == {CLASSES[place] for place in np.argsort(-positives, kind="stable")[:2]}
    assert title.endswith("the 2 largest classes")
    figure = chart.draw()
    assert figure.get_suptitle() == title
    assert figure.get_supxlabel() == "threshold"


def test_without_validation_clips_there_is_no_figure_of_thresholds():
    frame = pd.DataFrame({"clip_id": ["a", "b"], "y_true": ["x", "x|y"], "y_pred": ["x", "y"]})
    results = results_of({"m": {(0, 0): frame}}, classes=("x", "y"), task="multilabel")
    assert list(thresholds(results, Tables(results))) == []
    assert len(list(together(results, Tables(results)))) == 1


LONG = tuple(f"a rather long name of class {number} of many" for number in range(12))


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES, LONG])
@pytest.mark.parametrize("title", ["VGG-16", "A model that is called by a name as long as some are, all the same"])
def test_no_text_of_a_figure_of_classes_covers_another_or_leaves_it(classes, title):
    n = len(classes)
    panels = {name: (np.full((1, 3), 0.5), [(0.5, 0.5)]) for name in classes}
    counts = np.arange(n * n).reshape(n, n) + 1
    draws = (
        partial(label_matrices.matrices_figure, np.full((n, 2, 2), 5), classes),
        partial(label_matrices.together_figure, [("true labels", counts), ("predicted labels", counts)], classes),
        partial(label_curves.thresholds_figure, np.linspace(0, 1, 3), panels),
    )
    for draw in draws:
        with matplotlib.rc_context(STYLE):
            figure = draw(title)
            figure.draw_without_rendering()
        found = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        boxes = [text.get_window_extent().padded(-1) for text in found if text.get_rotation() != 45]
        inside = figure.bbox.padded(1)
        assert all(inside.contains(*box.min) and inside.contains(*box.max) for box in boxes)
        headings = [ax.title.get_window_extent() for ax in figure.axes if ax.get_title()]
        headings += [text.get_window_extent() for ax in figure.axes for text in ax.texts if text.get_text() in classes]
        assert not [1 for one, other in combinations(headings, 2) if one.overlaps(other)]


def history(n=4):
    """Return a history of n epochs of 10 iterations."""
    rise = np.linspace(0.2, 0.8, n)
    scores = {column: rise - 0.1 * place for place, column in enumerate(label_training.SCORES)}
    return pd.DataFrame({"iteration": 10 * np.arange(1, n + 1), "epoch": np.arange(1, n + 1), "loss": 2 - rise,
                         "val_loss": 2.1 - rise, "learning_rate": 0.1, **scores})  # fmt: skip


def test_losses_stand_below_scores_and_the_kept_weights_are_marked():
    upper, lower = axes(2)
    drawn, other = label_training.plot_label_training([history(), history(3)], (upper, lower), "VGG-16", kept=30)
    assert (upper.get_title(), upper.get_ylabel(), lower.get_ylabel()) == (
        "VGG-16", "score on the validation clips", "loss"
    )  # fmt: skip
    kept = "weights kept: epoch 3, iteration 30"
    said = [text.get_text() for text in upper.get_legend().get_texts()]
    assert said == ["macro AP", "macro F1 at 0.5", "macro F1, tuned", kept]
    assert [text.get_text() for text in lower.get_legend().get_texts()] == ["training", "validation", kept]
    assert {float(line.get_xdata()[0]) for line in (upper.lines[-1], lower.lines[-1])} == {30.0}
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), history()["val_average_precision_macro"])
    assert drawn["val_loss"]["val_loss"].tolist() == history()["val_loss"].tolist()
    assert len(other["loss"]) == 3


def test_headline_figures_show_the_numbers_of_the_comparison(results, drawn):
    table = Tables(results)["comparison"].set_index("model")
    rows, levels, title, score, axis = drawn["average_precision_macro_intervals"].draw.args
    assert [row[score] for row in rows] == sorted(table[score].dropna(), reverse=True)
    assert title == "posters: macro average precision"
    assert axis == "macro average precision (95 % interval)"
    # Each trial has another test split, so that the mean share is the mean over trials.
    shares = [trial.test.y_true.mean(axis=0) for trial in results.done("vgg16")]
    assert list(levels.values()) == pytest.approx([np.mean(shares)])
    ax = drawn["average_precision_macro_latency"].draw().axes[0]
    assert ax.get_ylabel() == axis
    assert {"MobileNet-v2", "VGG-16"} <= set(texts(ax))
    assert "macro average precision of row minus column" in drawn["pairwise"].draw().axes[0].get_title()
