"""Figures by their texts and the numbers they drew, never by their pixels."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmark.analysis import figures, plots
from benchmark.analysis.results import read_results
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


def history(epochs, per_epoch=1):
    """Return a history whose accuracy rises; validated at the end of each epoch."""
    n = epochs * per_epoch
    last = np.arange(1, n + 1) % per_epoch == 0
    rise = np.linspace(0.2, 0.8, n)
    columns = {"iteration": np.arange(1, n + 1), "epoch": 1 + np.arange(n) // per_epoch, "loss": 2 - rise}
    val = {"val_loss": np.where(last, 2.1 - rise, np.nan), "val_accuracy": np.where(last, rise - 0.1, np.nan)}
    return pd.DataFrame({**columns, "accuracy": rise, **val})


def test_confusion_shows_counts_and_the_percentage_of_each_row():
    (ax,) = axes()
    percent = plots.plot_confusion([[3, 1], [0, 5]], ["Action", "Drama"], ax, "VGG-16")
    np.testing.assert_allclose(percent, [[75, 25], [0, 100]])
    assert [text.get_text() for text in ax.texts] == ["3\n75 %", "1\n25 %", "0", "5\n100 %"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Action", "Drama"]
    assert (ax.get_title(), ax.get_xlabel()) == ("VGG-16", "predicted class")
    assert ax.get_ylabel().startswith("true class")


def test_confusion_of_a_class_without_clips_has_no_percentage():
    (ax,) = axes()
    assert not np.isnan(plots.plot_confusion([[0, 0], [1, 1]], ["a", "b"], ax)).any()


def test_confusion_is_blue_on_the_diagonal_and_orange_beside_it():
    (ax,) = axes()
    plots.plot_confusion([[1, 1], [0, 2]], ["a", "b"], ax)
    image = ax.images[0].get_array()
    np.testing.assert_allclose(image[1, 1], plots.BLUE)  # a full row
    np.testing.assert_allclose(image[1, 0], (1, 1, 1))
    assert image[0, 1, 0] > image[0, 1, 2]  # more red than blue


@pytest.mark.parametrize(("per_epoch", "unit"), [(1, "epoch"), (7, "iteration")])
def test_training_counts_epochs_or_iterations(per_epoch, unit):
    upper, lower = axes(2)
    assert plots.plot_training([history(4, per_epoch)], (upper, lower), "VGG-16") == unit
    assert unit in lower.get_xlabel()
    assert "accuracy" in upper.get_ylabel()
    assert "loss" in lower.get_ylabel()
    training, validation = upper.lines
    assert training.get_color() == plots.BLUE
    assert lower.lines[0].get_color() == plots.ORANGE
    assert (validation.get_color(), validation.get_linestyle(), validation.get_marker()) == ("black", "--", "o")
    assert len(validation.get_xdata()) == 4  # only where it was validated
    assert upper.get_legend().texts[1].get_text() == "validation, 0.70 at the end"


def test_only_the_first_trial_is_drawn_in_full():
    upper, lower = axes(2)
    plots.plot_training([history(4), history(5), history(6)], (upper, lower))
    widths = [line.get_linewidth() for line in upper.lines]
    assert len(widths) == 6
    assert min(widths[:2]) > max(widths[2:])
    assert len(upper.get_legend().texts) == 2


def test_one_epoch_of_training_is_a_point():
    upper, lower = axes(2)
    plots.plot_training([history(1)], (upper, lower))
    assert upper.lines[0].get_marker() == "o"


def test_a_history_without_validation_is_drawn():
    upper, lower = axes(2)
    plots.plot_training([history(3).assign(val_loss=np.nan, val_accuracy=np.nan)], (upper, lower))
    assert upper.get_legend().texts[1].get_text() == "validation"


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


def test_pairs_are_those_of_the_paper_then_the_others_two_by_two():
    assert figures.pairs(list(NETWORKS)) == [*figures.PAPER_PAIRS[:4], ("yamnet", "vggish")]
    assert figures.pairs(["vgg16", "yamnet", "resnet18", "a", "b", "c"]) == [("yamnet", "a"), ("b", "c")]


def test_titles_name_random_weights_and_synthetic_sound(results):
    table = comparison_table(results)
    titles = {
        name: figure.axes[0].get_title()
        for kind in figures.FIGURES
        for name, figure in kind(results, table)
    }  # fmt: skip
    assert len(titles) == 10 + 4 + 10 + 2
    assert all("synthetic sound" in title for title in titles.values())
    assert {name for name, title in titles.items() if "random weights" in title} == {
        "confusion_yamnet", "confusion_pair_yamnet_vggish", "training_yamnet"
    }  # fmt: skip


def test_the_example_is_of_the_model_best_on_validation_clips(tmp_path):
    results = read_results(build_results(tmp_path / "two", models=("nasnet_mobile", "vgg16"), folds=1))
    ((name, figure),) = figures.example_figure(results, None)
    assert name == "example"
    assert figure.axes[0].get_title().startswith("VGG-16")
    assert figure.axes[0].get_title().endswith("test clip clip000")
