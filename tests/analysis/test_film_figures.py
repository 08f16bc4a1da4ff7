"""Figures of several models together and of single clips: numbers are scikit-learn's and the files' own."""

from functools import partial
from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from sklearn.metrics import precision_recall_curve

from benchmark.analysis.metrics.calibration import GRID
from benchmark.analysis.plots import class_curves as curves_of_classes
from benchmark.analysis.plots import prediction_bars
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.learning_curves import epoch_curves, learning_figure, plot_learning
from benchmark.analysis.plots.model_charts import best_on_validation
from benchmark.analysis.plots.several_models import CLIPS, class_curves, clip_predictions, learning_curves
from benchmark.analysis.tables.paper_form import TABLE_3
from benchmark.analysis.tables.registry import Tables
from benchmark.store.results import read_results
from tests.support.drawing import axes
from tests.support.fake_films import GENRES, METHODS, build_films

NETWORKS = [name for name, row in METHODS.items() if row[2] is not None]  # trained in epochs


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films") / "films"
    return read_results(build_films(folder, seeds=(0,), segments=True, sheets=range(0, 150, 2)))


def charts(kind, results):
    return {chart.name: chart for chart in kind(results, Tables(results))}


def other(tmp_path, models, **more):
    return read_results(build_films(tmp_path / "films", models, seeds=(0,), **({"published": None} | more)))


def test_an_epoch_has_the_mean_loss_of_its_steps_and_its_last_validation():
    history = pd.DataFrame({"epoch": [1, 1, 2, 2, 3], "loss": [2.0, 1.0, 0.5, 0.3, 0.2],
                            "val_x": [0.1, 0.2, 0.4, np.nan, np.nan]})  # fmt: skip
    found = epoch_curves(history, "val_x")
    assert found["loss"].tolist() == [1.5, 0.4, 0.2]
    assert found["score"].tolist()[:2] == [0.2, 0.4]
    assert np.isnan(found["score"][2])


def test_models_share_two_axes_over_epochs_with_the_kept_one_as_a_dot():
    one = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "score": [0.1, 0.5, 0.4]})
    one.attrs["kept"] = 2
    two = one.assign(loss=[3.0, 2.5, 2.4], score=[0.2, np.nan, 0.3])
    two.attrs["kept"] = None
    left, right = axes(2)
    assert plot_learning([one, two], ["A", "B"], (left, right), "Micro AP") == ["A", "B"]
    assert [line.get_ydata().tolist() for line in left.lines] == [[3.0, 2.0, 1.0], [3.0, 2.5, 2.4]]
    assert right.lines[2].get_xdata().tolist() == [1, 3]  # the second model was not validated after epoch 2
    assert (right.lines[1].get_xdata().tolist(), right.lines[1].get_marker()) == ([2], "o")
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["A", "B"]
    assert (left.get_xlabel(), right.get_ylabel()) == ("epoch", "Micro AP")


def test_the_groups_of_the_paper_have_figures_of_their_own(results):
    found = charts(learning_curves, results)
    assert list(found) == ["learning_curves", "learning_curves_frames", "learning_curves_sound"]
    _, names, _, title = found["learning_curves_frames"].draw.args
    assert names == ["CTT-MMC-A", "CTT-MMC-B", "CTT-MMC-C"]
    assert title == "films: training over epochs\nas Fig. 2 of wehrmann2017"
    assert len(found["learning_curves_sound"].draw.args[1]) == 5
    assert {METHODS[name][0] for name in NETWORKS} <= set(found["learning_curves"].draw.args[1])
    assert "Random" not in found["learning_curves"].draw.args[1]


def test_micro_average_precision_is_drawn_where_it_was_watched(tmp_path):
    results = other(tmp_path, ("ctt_a", "ctt_b"))
    for trial in results.trials:
        trial.history["val_average_precision_micro"] = np.linspace(0, 1, len(trial.history))
    (chart,) = charts(learning_curves, results).values()
    curves, _, axis, title = chart.draw.args
    assert axis == "Micro AP of the validation clips"
    assert curves[0]["score"].tolist() == pytest.approx(np.linspace(0, 1, 12))
    assert "Fig." not in title


def test_macro_average_precision_is_drawn_where_a_model_was_trained_without_micro(tmp_path):
    results = other(tmp_path, ("ctt_a", "ctt_b"))
    for trial in results.trials:
        trial.history["val_average_precision_micro"] = 0.5
    del results.trials[0].history["val_average_precision_micro"]
    (chart,) = charts(learning_curves, results).values()
    assert chart.draw.args[2] == "Macro AP of the validation clips"


@pytest.mark.parametrize("models", [("ctt_a",), ("av", "random", "ctt_a")])
def test_one_model_trained_in_epochs_has_no_curves_beside_others(tmp_path, models):
    assert charts(learning_curves, other(tmp_path, models)) == {}


def test_curves_of_each_class_are_scikit_learns_and_the_line_is_its_share(results):
    panels, names, title = charts(class_curves, results)["class_curves"].draw.args
    assert list(panels) == list(GENRES)
    assert names == [METHODS[name][0] for name in (*TABLE_3, "prior")]
    assert title.endswith("as Fig. 6 of wehrmann2017")
    (trial,) = results.done("ctt_c")
    for place, (lines, share) in enumerate(panels.values()):
        truth, score = trial.test.y_true[:, place], trial.test.y_score[:, place]
        precision, recall, _ = precision_recall_curve(truth, score)
        expected = [precision[recall >= point - 1e-12][-1] for point in GRID]  # as the step that reaches the recall
        np.testing.assert_allclose(lines[names.index("CTT-MMC-C")], expected)
        assert share == pytest.approx(truth.mean())
    (ax,) = axes()
    handles = curves_of_classes.plot_class_curves([GRID, None], 0.3, ax, "Drama")
    assert handles[-1].get_ydata() == [0.3, 0.3]
    assert np.isnan(handles[1].get_ydata()).all()  # a model without the class has an entry in the legend alone
    assert (len(handles), ax.get_title()) == (3, "Drama")


def test_a_class_without_a_positive_test_clip_has_no_panel(tmp_path):
    results = other(tmp_path, ("ctt_a", "random"))
    for trial in results.trials:
        trial.test.y_true[:, 2] = False
    panels, *_ = charts(class_curves, results)["class_curves"].draw.args
    assert list(panels) == [name for name in GENRES if name != GENRES[2]]


def test_predictions_of_single_clips_go_from_right_to_wrong(results):
    (chart,) = charts(clip_predictions, results).values()
    clips, title = chart.draw.args
    assert title == "CTT-MMC-TN: 6 test clips, from right to wrong\nas Fig. 7 of wehrmann2017"
    (trial,) = results.done("ctt_tn")
    right = dict(zip(trial.test.clip_id, results.task.clip_score(trial.test.y_true, trial.test.y_pred), strict=True))
    drawn = [right[clip["name"]] for clip in clips]
    assert len(clips) == CLIPS
    assert drawn == sorted(drawn, reverse=True)
    assert (drawn[0], drawn[-1]) == (max(right.values()), min(right.values()))
    for clip in clips:
        row = trial.test.take(trial.test.clip_id == clip["name"])
        assert clip["scores"].tolist() == row.y_score[0].tolist()
        assert (clip["picture"] is not None) == (int(clip["name"].removeprefix("clip")) % 2 == 0)  # its contact sheet
        assert clip["thresholds"].tolist() == [trial.info["thresholds"][name] for name in GENRES]


def test_without_the_paper_the_model_is_the_best_on_validation_clips(tmp_path):
    results = other(tmp_path, ("random", "ctt_c", "ctt_tn", "av"))
    (chart,) = charts(clip_predictions, results).values()
    best = best_on_validation(results)
    assert best in ("ctt_c", "ctt_tn")
    assert chart.draw.args[1] == f"{METHODS[best][0]}: 6 test clips, from right to wrong"


def test_bars_mark_true_classes_and_thresholds():
    (ax,) = axes()
    scores, true = np.array([0.9, 0.2, 0.6]), np.array([True, False, False])
    names = prediction_bars.plot_bars("abc", scores, true, np.array([0.5, 0.4, 0.7]), ax, "clip")
    assert names == ["a", "b", "c"]
    assert [bar.get_width() for bar in ax.patches] == scores.tolist()
    blue = to_hex(prediction_bars.BLUE)
    assert [to_hex(bar.get_facecolor()) == blue for bar in ax.patches] == true.tolist()
    assert [label.get_weight() for label in ax.get_yticklabels()] == ["bold", "normal", "normal"]
    marks = [path.vertices[0, 0] for path in ax.collections[0].get_paths()]
    assert marks == [0.5, 0.4, 0.7]
    assert to_rgb(prediction_bars.ORANGE) == tuple(ax.collections[0].get_colors()[0][:3])


def test_of_many_classes_the_true_ones_and_the_highest_scores_are_drawn_in_their_order():
    (ax,) = axes()
    n = prediction_bars.MOST + 5
    classes, scores = [f"c{place:02d}" for place in range(n)], np.linspace(1, 0, n)
    true = np.arange(n) == n - 1  # the lowest score of all
    names = prediction_bars.plot_bars(classes, scores, true, np.full(n, 0.5), ax)
    assert names == [*classes[: prediction_bars.MOST - 1], classes[-1]]


LONG = tuple(f"a rather long name of class {number} of many" for number in range(12))


@pytest.mark.parametrize("classes", [GENRES[:2], GENRES, LONG])
@pytest.mark.parametrize("title", ["VGG-16", "A model that is called by a name as long as some are\nas Fig. 6"])
def test_no_text_leaves_a_figure_or_covers_another(classes, title):
    clip = {"name": "a clip", "picture": np.zeros((30, 60, 3), np.uint8), "classes": classes,
            "scores": np.full(len(classes), 0.5), "true": np.ones(len(classes), bool),
            "thresholds": np.full(len(classes), 0.5)}  # fmt: skip
    curve = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "score": [0.1, 0.5]})
    labels = [f"model {number}" for number in range(20)]
    draws = (
        partial(curves_of_classes.class_curves_figure, {name: ([GRID] * 20, 0.3) for name in classes}, labels),
        partial(prediction_bars.bars_figure, [clip] * 6),
        partial(learning_figure, [curve] * 5, labels[:5], "Micro AP of the validation clips"),
    )
    for draw in draws:
        with matplotlib.rc_context(STYLE):
            figure = draw(title)
            figure.draw_without_rendering()
        found = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        found = [text for text in found if not text.get_text().replace(".", "").isdigit()]  # ticks beyond the limits
        inside = figure.bbox.padded(1)
        boxes = [text.get_window_extent() for text in found if text.axes is None or text.axes.axison]
        assert all(inside.contains(*box.min) and inside.contains(*box.max) for box in boxes)
        headings = [ax.title.get_window_extent() for ax in figure.axes if ax.get_title()]
        headings += [figure._suptitle.get_window_extent()]
        assert not [1 for one, two in combinations(headings, 2) if one.overlaps(two)]
