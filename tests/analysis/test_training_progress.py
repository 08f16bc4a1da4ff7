"""MATLAB's training-progress figure by its curves, its epochs and its texts."""

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.plots import scatter as plots
from benchmark.analysis.plots import training_progress
from tests.support.drawing import axes, texts


def history(epochs, per_epoch=1):
    """Return a history whose accuracy rises; validated at the end of each epoch."""
    n = epochs * per_epoch
    last = np.arange(1, n + 1) % per_epoch == 0
    rise = np.linspace(0.2, 0.8, n)
    columns = {"iteration": np.arange(1, n + 1), "epoch": 1 + np.arange(n) // per_epoch, "loss": 2 - rise}
    val = {"val_loss": np.where(last, 2.1 - rise, np.nan), "val_accuracy": np.where(last, rise - 0.1, np.nan)}
    return pd.DataFrame({**columns, "accuracy": rise, **val})


def test_epochs_end_with_their_last_iteration():
    for frame in (history(3, 7), history(3, 7).query("iteration % 7 == 0")):  # a row per iteration, and per epoch
        bands = training_progress.epoch_bands(frame)
        assert bands.to_numpy().tolist() == [[1, 0, 7], [2, 7, 14], [3, 14, 21]]


def test_accuracies_are_drawn_in_percent_and_a_row_per_epoch_is_not_smoothed():
    curves = training_progress.training_curves(history(3))
    assert curves["accuracy"].tolist() == pytest.approx([20, 50, 80])
    assert curves["val_accuracy"].tolist() == pytest.approx([10, 40, 70])
    assert curves["val_loss"].tolist() == pytest.approx([1.9, 1.6, 1.3])
    curves = training_progress.training_curves(history(20))
    assert curves[["smooth_accuracy", "smooth_loss"]].isna().all(axis=None)


def test_smoothing_leaves_a_constant_and_shrinks_noise():
    frame = history(4, 100)
    noise = np.random.default_rng(0).normal(1, 0.1, 400)
    curves = training_progress.training_curves(frame.assign(accuracy=0.3, loss=noise))
    np.testing.assert_allclose(curves["smooth_accuracy"], 30)
    # An exponential moving average of span 10 has weight 2/11, and variance a / (2 - a) = 1/10 of white noise.
    # rel=0.3: neighbours are alike, so that 350 values count as about 35
    assert curves["smooth_loss"][50:].std() == pytest.approx(0.1 / np.sqrt(10), rel=0.3)


def test_training_by_epoch_has_a_training_and_a_validation_curve():
    upper, lower = axes(2)
    (drawn,) = training_progress.plot_training([history(4)], (upper, lower), "VGG-16")
    assert upper.get_title() == "VGG-16"
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("accuracy (%)", "loss (cross-entropy)")
    assert "iteration" in lower.get_xlabel()
    training, validation = upper.lines
    np.testing.assert_array_equal(training.get_ydata(), drawn["accuracy"])
    assert (training.get_color(), lower.lines[0].get_color()) == (plots.BLUE, plots.ORANGE)
    assert (validation.get_color(), validation.get_linestyle(), validation.get_marker()) == ("black", "--", "o")
    assert legend(upper) == ["training, mean of an epoch", "validation"]


def test_training_by_iteration_is_light_smoothed_dark_and_validated_by_epoch():
    upper, lower = axes(2)
    (drawn,) = training_progress.plot_training([history(4, 7)], (upper, lower))
    assert legend(upper) == legend(lower) == ["mini-batch", "smoothed", "validation"]
    light, dark, validation = upper.lines
    assert light.get_alpha() < 0.5
    assert dark.get_linewidth() > light.get_linewidth()
    np.testing.assert_array_equal(dark.get_ydata(), drawn["smooth_accuracy"])
    assert validation.get_xdata().tolist() == [7, 14, 21, 28]  # only where it was validated
    assert upper.get_xlim() == lower.get_xlim() == (0, 28)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().texts]


@pytest.mark.parametrize("per_epoch", [1, 7])
@pytest.mark.parametrize(("epochs", "named"), [(1, [1]), (5, [1, 2, 3, 4, 5]), (30, [5, 10, 15, 20, 25, 30])])
def test_every_second_epoch_is_a_band_and_those_with_room_are_named(epochs, named, per_epoch):
    for ax in training_axes([history(epochs, per_epoch)]):
        assert [text for text in texts(ax) if text.startswith("Epoch")] == [f"Epoch {epoch}" for epoch in named]
        (bands,) = ax.collections
        ends = [path.get_extents().intervalx.tolist() for path in bands.get_paths()]
        assert ends == [[per_epoch * (epoch - 1), per_epoch * epoch] for epoch in range(2, epochs + 1, 2)]


def training_axes(histories, **settings):
    """Return the two axes after drawing these histories."""
    pair = axes(2)
    training_progress.plot_training(histories, pair, **settings)
    return pair


@pytest.mark.parametrize("per_epoch", [1, 7])
def test_the_final_validation_of_the_first_trial_is_written(per_epoch):
    upper, lower = training_axes([history(4, per_epoch), history(6)])
    assert "Final\n70.0%" in texts(upper)
    assert "Final\n1.30" in texts(lower)


def test_only_the_first_trial_is_drawn_in_full():
    upper, _ = training_axes([history(4, 7), history(5, 7), history(6)])
    assert legend(upper) == ["mini-batch", "smoothed", "validation"]
    others = [line for line in upper.lines if line.get_label().startswith("_")]
    assert len(others) == 4
    assert max(line.get_alpha() for line in others) < 0.5
    assert upper.get_xlim() == (0, 35)  # the longest


def test_one_epoch_of_training_is_a_point():
    upper, _ = training_axes([history(1)])
    assert upper.lines[0].get_marker() == "o"


def test_a_history_without_validation_is_drawn_and_has_no_final_value():
    for ax in training_axes([history(3).assign(val_loss=np.nan, val_accuracy=np.nan)]):
        assert texts(ax) == ["Epoch 1", "Epoch 2", "Epoch 3"]


def upright(ax):
    """Return the places of the upright lines."""
    return [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]


@pytest.mark.parametrize(
    ("per_epoch", "kept", "said"),
    [(1, 3, "epoch 3, iteration 3"), (7, 14, "epoch 2, iteration 14"), (7, 15, "epoch 3, iteration 15")],
)
def test_the_kept_weights_are_marked_in_both_axes(per_epoch, kept, said):
    for ax in training_axes([history(4, per_epoch), history(6)], kept=kept):
        assert upright(ax) == [kept]
        assert legend(ax)[-1] == f"weights kept: {said}"


def test_without_a_record_no_weights_are_marked():
    assert training_progress.kept_iteration({}) is None
    for record in (None, "9", True, -1, 1.5):
        assert training_progress.kept_iteration({"kept_iteration": record}) is None
    assert training_progress.kept_iteration({"kept_iteration": 40}) == 40
    for ax in training_axes([history(4)]):
        assert upright(ax) == []


def test_the_iterations_of_a_solver_are_no_epochs():
    """A solver has no learning rate, and each of its iterations looks at all clips."""
    frame = history(12).assign(learning_rate=np.nan)
    upper, lower = training_axes([frame], kept=12)
    assert training_progress.epoch_bands(frame).empty
    said = [text for ax in (upper, lower) for text in (*texts(ax), *legend(ax))]
    assert not [text for text in said if "poch" in text]
    assert said.count("weights kept: iteration 12") == 2
    assert "solver" in lower.get_xlabel()
    stepped = frame.assign(learning_rate=0.1)
    assert len(training_progress.epoch_bands(stepped)) == 12
