"""Figures by their texts and the numbers they drew, never by their pixels."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmark.analysis import figures, plots
from benchmark.analysis.labels import place_labels
from benchmark.analysis.results import read_results
from benchmark.analysis.study_tables import study_tables
from benchmark.analysis.tables import comparison_table
from tests.fake_results import NETWORKS, build_results


def axes(rows=1, size=(6, 5)):
    """Return the axes of a new figure."""
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure.subplots(rows, squeeze=False).ravel()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return read_results(build_results(tmp_path_factory.mktemp("results") / "paper", folds=2, synthetic=30))


def texts(ax):
    """Return the texts of a table of cells, row by row."""
    return [text.get_text() for text in ax.texts]


def test_circle_area_is_proportional_to_size(results):
    (ax,) = axes()
    drawn = plots.plot_accuracy_latency(comparison_table(results), ax, 0.2)
    assert "VGG-19" not in drawn["label"].tolist()  # failed: nothing to draw
    ratio = ax.collections[1].get_sizes() / drawn["size_mb"].to_numpy(float)
    np.testing.assert_allclose(ratio, ratio[0])
    assert ax.get_xscale() == "log"
    assert "ms" in ax.get_xlabel()


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_neither_each_other_nor_the_frame(results, seed):
    rng = np.random.default_rng(seed)
    table = comparison_table(results).dropna(subset="accuracy")
    table["latency_ms_p50"] = rng.uniform(20, 60, len(table))  # crowded
    (ax,) = axes(size=(8, 5))
    plots.plot_accuracy_latency(table, ax)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]  # without the lines to the circles
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    frame = ax.bbox.padded(1)
    assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)


def test_accuracy_latency_of_nothing_is_an_empty_picture(results):
    (ax,) = axes()
    assert plots.plot_accuracy_latency(comparison_table(results).iloc[:0], ax).empty


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


def test_pairs_are_those_of_the_paper_then_the_others_two_by_two():
    assert figures.pairs(list(NETWORKS)) == [*figures.PAPER_PAIRS, ("yamnet", "vggish")]
    assert figures.pairs(["vgg16", "yamnet", "resnet18", "a", "b", "c"]) == [("yamnet", "a"), ("b", "c")]


def test_every_model_of_the_paper_has_its_two_figures():
    assert len(figures.PAPER_FIGURES) == 5 + 9
    assert figures.PAPER_FIGURES["confusion_pair_vgg16_vgg19"] == "Fig. 6"  # read in the paper
    assert figures.PAPER_FIGURES["confusion_pair_nasnet_mobile"] == "Fig. 8"
    assert figures.PAPER_FIGURES["training_places365_googlenet"] == "Fig. A4"
    assert figures.PAPER_FIGURES["training_nasnet_mobile"] == "Fig. A9"


def test_titles_name_random_weights_synthetic_sound_and_the_figure_of_the_paper(results):
    tables = study_tables(results)
    titles = {
        name: figure.axes[0].get_title()
        for kind in figures.FIGURES
        for name, figure in kind(results, tables)
    }  # fmt: skip
    assert len(titles) == 10 + 5 + 10 + 10 + 3
    assert all("synthetic sound" in title for title in titles.values())
    assert {name for name, title in titles.items() if "random weights" in title} == {
        "confusion_yamnet", "confusion_pair_yamnet_vggish", "training_yamnet", "scores_yamnet"
    }  # fmt: skip
    second = {name: title.split("\n")[1] for name, title in titles.items() if "visutsak2025" in title}
    drawn = {name: f"as {figure} of visutsak2025" for name, figure in figures.PAPER_FIGURES.items() if name in titles}
    assert second == drawn
    assert len(drawn) == 4 + 8  # VGG-19 failed


@pytest.mark.parametrize(
    ("random", "labels", "in_title"),
    [
        (("vgg16",), ["VGG-16 (random)", "YAMNet"], False),
        (("vgg16", "yamnet"), ["VGG-16", "YAMNet"], True),
        ((), ["VGG-16", "YAMNet"], False),
    ],
)
def test_random_weights_are_said_once(tmp_path, random, labels, in_title):
    results = read_results(build_results(tmp_path / "two", models=("vgg16", "yamnet"), folds=1, random=random))
    ((_, figure),) = figures.accuracy_latency_figure(results, {"comparison": comparison_table(results)})
    assert texts(figure.axes[0]) == labels
    assert ("random weights" in figure.axes[0].get_title()) == in_title


def test_a_label_that_says_random_is_left_alone(tmp_path):
    study = {"models": ("vgg16", "yamnet"), "folds": 1, "random": ("vgg16",), "labels": {"vgg16": "VGG-16 (random)"}}
    results = read_results(build_results(tmp_path / "two", **study))
    ((_, figure),) = figures.accuracy_latency_figure(results, {"comparison": comparison_table(results)})
    assert texts(figure.axes[0]) == ["VGG-16 (random)", "YAMNet"]


def test_the_example_is_of_the_model_best_on_validation_clips(tmp_path):
    results = read_results(build_results(tmp_path / "two", models=("nasnet_mobile", "vgg16"), folds=1))
    ((name, figure),) = figures.example_figure(results, None)
    assert name == "example"
    assert figure.axes[0].get_title().startswith("VGG-16")
    assert figure.axes[0].get_title().endswith("test clip clip000")
