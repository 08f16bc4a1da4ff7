"""Figures by their texts and the numbers they drew, never by their pixels."""

import fnmatch
import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from matplotlib.text import Text

from benchmark.analysis.metrics.front import pareto_front, steps
from benchmark.analysis.metrics.pairwise import pairwise_table
from benchmark.analysis.plots import figures
from benchmark.analysis.plots import scatter as plots
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.labels import place_labels
from benchmark.analysis.plots.model_charts import example
from benchmark.analysis.plots.study_charts import score_intervals, score_latency
from benchmark.analysis.tables import paper_form
from benchmark.analysis.tables.guessing import guessing
from benchmark.analysis.tables.naming import names, titles
from benchmark.analysis.tables.registry import Tables
from benchmark.store.naming import remark
from benchmark.store.results import read_results
from tests.support.drawing import axes, texts
from tests.support.fake_results import NETWORKS, build_results, results_of

SOURCE = "visutsak2025"
NO_PAIRS = pd.DataFrame(columns=["model_a", "model_b", "separable"])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return read_results(build_results(tmp_path_factory.mktemp("results") / "paper", folds=2, synthetic=30))


def test_circle_area_is_proportional_to_size(results):
    (ax,) = axes()
    drawn = plots.drawable(Tables(results)["comparison"])
    plots.plot_score_latency(drawn, [], ax)
    assert "VGG-19" not in drawn["label"].tolist()  # failed: nothing to draw
    circles = next(found for found in ax.collections if hasattr(found, "get_sizes") and len(found.get_sizes()) > 1)
    ratio = circles.get_sizes() / drawn["size_mb"].to_numpy(float)
    np.testing.assert_allclose(ratio, ratio[0])
    assert ax.get_xscale() == "log"
    assert "ms" in ax.get_xlabel()


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_neither_each_other_nor_the_frame(results, seed):
    rng = np.random.default_rng(seed)
    table = Tables(results)["comparison"].dropna(subset="accuracy")
    table["latency_ms_p50"] = rng.uniform(20, 60, len(table))  # crowded
    (ax,) = axes(size=(8, 5))
    plots.plot_score_latency(table, steps(pareto_front(table, pairwise_table(results))), ax, {"chance 0.20": 0.2})
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]  # without the lines to the circles
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    frame = ax.bbox.padded(1)
    assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)


def test_example_names_both_classes():
    (ax,) = axes()
    caption = plots.plot_example(np.zeros((4, 6, 3), np.uint8), "Drama", "Comedy", 0.5, ax)
    assert caption == ax.get_xlabel() == "true: Drama    predicted: Comedy (score 0.50)"
    assert ax.xaxis.label.get_color() == plots.ORANGE


def test_labels_keep_off_the_bars_of_others():
    (ax,) = axes(size=(8, 5))
    x, y = np.array([20.0, 23.0, 60.0]), np.array([0.5, 0.5, 0.5])
    ax.set(xlim=(10, 100), ylim=(0, 1))
    notes = place_labels(ax, x, y, ["ResNet-18", "NASNet-Mobile", "VGG-16"], [3, 3, 3], (y - 0.2, y + 0.2))
    pixels = ax.transData.transform(np.column_stack([x, y]))[:, 0]
    low, high = ax.transData.transform([(10, 0.3), (10, 0.7)])[:, 1]
    for note in notes:
        box = Text.get_window_extent(note)
        assert not any(box.x0 < pixel < box.x1 and box.y0 < high and box.y1 > low for pixel in pixels)


def test_pairs_are_those_of_the_paper_that_a_study_names_then_the_others_two_by_two():
    assert paper_form.pairs(list(NETWORKS), SOURCE) == [*paper_form.PAIRS[SOURCE], ("yamnet", "vggish")]
    assert paper_form.pairs(["vgg16", "yamnet", "resnet18", "a", "b", "c"], SOURCE) == [("yamnet", "a"), ("b", "c")]
    named = paper_form.pairs(["vgg16", "yamnet", "resnet18", "vgg19", "a"])
    assert named == [("vgg16", "yamnet"), ("resnet18", "vgg19")]


def test_every_model_of_the_paper_has_its_two_figures():
    found = paper_form.FIGURES[SOURCE]
    assert len(found) == 5 + 9
    assert found["confusion_pair_vgg16_vgg19"] == "Fig. 6"  # read in the paper
    assert found["confusion_pair_nasnet_mobile"] == "Fig. 8"
    assert found["training_places365_googlenet"] == "Fig. A4"
    assert found["training_nasnet_mobile"] == "Fig. A9"


def test_titles_name_random_weights_synthetic_sound_and_the_figure_of_the_paper(results):
    tables = Tables(results)
    titled = {chart.name: chart.draw().axes[0].get_title() for _, chart in figures.charts(results, tables)}
    assert len(titled) == 10 + 5 + 10 + 10 + 4
    assert all("synthetic sound" in title for title in titled.values())
    assert {name for name, title in titled.items() if "random weights" in title} == {
        "confusion_yamnet", "confusion_pair_yamnet_vggish", "training_yamnet", "scores_yamnet"
    }  # fmt: skip
    second = {name: title.split("\n")[1] for name, title in titled.items() if "visutsak2025" in title}
    known = paper_form.FIGURES[SOURCE]
    drawn = {name: f"as {figure} of visutsak2025" for name, figure in known.items() if name in titled}
    assert second == drawn
    assert len(drawn) == 4 + 8  # VGG-19 failed


@pytest.mark.parametrize(
    ("random", "label", "shown", "in_title"),
    [
        (("vgg16",), "VGG-16", "VGG-16 (random weights)", False),
        (("vgg16", "yamnet"), "VGG-16", "VGG-16", True),
        ((), "VGG-16", "VGG-16", False),
        (("vgg16",), "VGG-16 (random)", "VGG-16 (random)", False),
    ],
)
def test_random_weights_are_said_once_also_by_a_label_that_says_random(tmp_path, random, label, shown, in_title):
    study = {"models": ("vgg16", "yamnet"), "folds": 1, "random": random, "labels": {"vgg16": label}}
    results = read_results(build_results(tmp_path / "two", **study))
    (chart,) = score_latency(results, Tables(results))
    (ax, *_) = chart.draw().axes
    assert texts(ax) == [shown, "YAMNet"]
    assert ("random weights" in ax.get_title()) == in_title
    if "random" in label:
        assert names(results) == titles(results) == {"vgg16": label, "yamnet": "YAMNet"}


@pytest.mark.parametrize(
    ("label", "called"),
    [("VGG-16", "VGG-16 (random weights, synthetic sound)"), ("VGG (random)", "VGG (random) (synthetic sound)"),
     ("VGG, random weights", "VGG, random weights (synthetic sound)"), ("VGG, random", "VGG, random (synthetic sound)"),
     ("Random forest", "Random forest (random weights, synthetic sound)")],
)  # fmt: skip
def test_a_title_hides_nothing_and_says_nothing_twice(label, called):
    assert remark(label, random=True, synthetic=True) == called
    assert remark(label) == label


# Three on the front: b is told from a, d is not told from b; c is slower and worse than b.
FRONT = pd.DataFrame({"model": list("dcba"), "accuracy": [0.9, 0.5, 0.8, 0.4], "latency_ms_p50": [90, 50, 20, 10]})
PAIRS = pd.DataFrame({"model_a": list("bdda"), "model_b": list("abad"), "separable": [True, False, True, True]})


def test_a_step_of_the_front_is_a_tie_where_its_neighbours_are_not_separable():
    front = pareto_front(FRONT, PAIRS)
    assert front["model"].tolist() == ["a", "b", "d"]
    assert front["tie"].tolist() == [False, False, True]
    assert steps(front) == [((10, 20, 20), (0.4, 0.4, 0.8), False), ((20, 90, 90), (0.8, 0.8, 0.9), True)]
    assert pareto_front(FRONT, NO_PAIRS)["tie"].tolist() == [False, True, True]  # not compared


def front_axes(models):
    """Return the axes of a figure of the given models of :data:`FRONT`."""
    (ax,) = axes(size=(8, 5))
    table = FRONT[FRONT["model"].isin(list(models))].assign(label=lambda rows: rows["model"], size_mb=10.0)
    table = table.assign(accuracy_low=table["accuracy"] - 0.05, accuracy_high=table["accuracy"] + 0.05)
    plots.plot_score_latency(
        table, steps(pareto_front(table, PAIRS)), ax, {"chance 0.20": 0.2, "largest class 0.63": 0.63}
    )
    return ax


def test_the_front_is_solid_between_separable_models_and_dotted_between_ties_and_chance_is_a_line_with_a_name():
    ax = front_axes("abcd")
    front = [line for line in ax.lines if line.get_color() == plots.ORANGE]
    assert [line.is_dashed() for line in front] == [False, True]
    assert [line.get_label() for line in front] == [
        "Pareto front, neighbours\nseparable", "Pareto front, neighbours\nnot separable"
    ]  # fmt: skip
    assert max(line.get_zorder() for line in ax.lines) < min(text.get_zorder() for text in ax.texts)
    # A model alone has no step, and no line in the legend.
    assert not [line for line in front_axes("a").lines if line.get_color() == plots.ORANGE]
    named = {line.get_label(): line.get_ydata()[0] for line in ax.lines}
    assert named["chance 0.20"] == 0.2
    assert named["largest class 0.63"] == 0.63
    low, high = ax.get_ylim()
    assert low < 0.2 < 0.63 < high


def test_a_model_that_is_always_right_has_an_interval_to_draw():
    frame = pd.DataFrame({"clip_id": [f"c{n}" for n in range(10)], "y_true": ["a", "b"] * 5})
    table = Tables(results_of({"m": {(0, 0): frame.assign(y_pred=frame["y_true"])}}))["comparison"]
    assert table["accuracy_high"][0] == pytest.approx(1)  # Wilson's formula may end a rounding below 1
    (ax,) = axes()
    assert len(plots.plot_score_latency(table.assign(latency_ms_p50=5.0), [], ax)) == 1


@pytest.mark.parametrize(
    ("labels", "found"),
    [(["a"] * 5 + ["b"] * 2 + ["c"], {"chance 0.33": 1 / 3, "largest class 0.62": 5 / 8}),
     (["a", "b"], {"chance, largest class 0.50": 0.5})],
)  # fmt: skip
def test_accuracies_without_a_model_are_chance_and_the_largest_class(labels, found):
    frame = pd.DataFrame({"clip_id": [f"c{n}" for n in range(len(labels))], "y_true": labels, "y_pred": "a"})
    results = results_of({"m": {(0, 0): frame}}, classes=tuple(sorted(set(labels))))
    assert guessing(results) == pytest.approx(found)


def test_legends_end_inside_the_figure(results):
    with matplotlib.rc_context(STYLE):
        (chart,) = score_latency(results, Tables(results))
        figure = chart.draw()
        figure.draw_without_rendering()
    boxes = [part.get_window_extent() for part in figure.axes[0].get_children() if isinstance(part, Legend)]
    assert len(boxes) == 2
    assert not boxes[0].overlaps(boxes[1])
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


def test_the_example_is_of_the_model_best_on_validation_clips(tmp_path):
    results = read_results(build_results(tmp_path / "two", models=("nasnet_mobile", "vgg16"), folds=1))
    (chart,) = example(results, None)
    assert chart.name == "example"
    figure = chart.draw()
    assert figure.axes[0].get_title().startswith("VGG-16")
    assert figure.axes[0].get_title().endswith("test clip clip000")


def test_intervals_are_those_of_the_comparison_the_highest_first(results):
    tables = Tables(results)
    (chart,) = score_intervals(results, tables)
    expected = tables["comparison"].dropna(subset=["accuracy"]).sort_values("accuracy", ascending=False, kind="stable")
    (ax,) = chart.draw().axes
    (dots,) = (line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(dots.get_xdata(), expected["accuracy"])
    bars = np.array([path.vertices[:, 0] for path in ax.collections[1].get_paths()])
    np.testing.assert_array_equal(bars, expected[["accuracy_low", "accuracy_high"]])
    assert [text.get_text()[:5] for text in ax.texts] == [f"{share:.3f}" for share in expected["accuracy"]]
    assert [label.get_text() for label in ax.get_yticklabels()] == expected["model"].map(names(results)).tolist()
    assert {line.get_label(): line.get_xdata()[0] for line in ax.lines if line is not dots} == guessing(results)
    assert all(text.get_text() in chart.words for text in ax.get_yticklabels())


# But that of a sweep, which this study has not.
ONE_LABEL = [spec for spec in figures.FIGURES if spec.tasks in ((), ("multiclass",)) and spec.pattern != "sweep_*"]


@pytest.mark.parametrize("spec", ONE_LABEL, ids=lambda spec: spec.pattern)
def test_every_kind_of_figure_is_named_by_its_pattern_and_said_in_words(results, spec):
    found = list(spec.charts(results, Tables(results)))
    assert found
    assert all(fnmatch.fnmatch(chart.name, spec.pattern) and chart.words for chart in found)
    assert all((chart.model is not None) == (spec.place == "model") for chart in found)
