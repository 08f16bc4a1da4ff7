"""Tables in the form of wehrmann2017 and trailers2023: scikit-learn's numbers, in the papers' rows and columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.files import write_tables
from benchmark.analysis.tables.paper_form import DRAWS, PARTS, TABLE_1, TABLE_3, TABLE_4, in_order
from benchmark.analysis.tables.registry import Tables
from benchmark.analysis.tables.specs.paper_trailers import THRESHOLDS
from benchmark.analysis.tables.specs.parity_multilabel import PAPERS, parity_table
from benchmark.store.results import read_results
from tests.support.fake_films import GENRES, METHODS, SEGMENTS, build_films
from tests.support.fake_results import build_results

SKLEARN = {
    "average_precision_macro": lambda t, s: metrics.average_precision_score(t, s, average="macro"),
    "average_precision_micro": lambda t, s: metrics.average_precision_score(t, s, average="micro"),
    "average_precision_weighted": lambda t, s: metrics.average_precision_score(t, s, average="weighted"),
    "ranking_loss": metrics.label_ranking_loss,
}
SOUND = ("yamnet", "vggish", "vgg16")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films") / "films"
    return read_results(build_films(folder, tuple(reversed(METHODS)), seeds=(0,), segments=True))


@pytest.fixture(scope="module")
def tables(results):
    return Tables(results)


@pytest.fixture(scope="module")
def trailers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trailers") / "trailers"
    more = {"classes": GENRES, "task": "multilabel", "random": ()}
    return read_results(build_results(folder, SOUND, 1, (0, 1), published="trailers2023", **more))


def test_table_3_has_scikit_learns_numbers_in_the_papers_order(results, tables):
    table = tables["table_3"]
    assert table["model"].tolist() == [*TABLE_3, "prior"]  # others follow; the models of Table 1 do not
    for row in table.to_dict("records"):
        (trial,) = results.done(row["model"])
        for score, oracle in SKLEARN.items():
            assert row[score] == pytest.approx(oracle(trial.test.y_true, trial.test.y_score)), score
    shown = tables.render("table_3", Output.MARKDOWN)
    assert shown.header[:5] == ("Method", "AU(PRC), macro", "AU(PRC), micro", "AU(PRC), weighted", "Ranking Loss")
    assert [row[0].text for row in shown.rows][-2] == "CTT-MMC-TN"


def test_table_4_has_a_column_per_method_in_the_papers_order(results, tables):
    table = tables["table_4"].set_index("class")
    assert table.index.tolist() == list(GENRES)
    assert table.columns.tolist()[: len(TABLE_4)] == list(TABLE_4)
    (trial,) = results.done("ctt_c")
    expected = metrics.average_precision_score(trial.test.y_true, trial.test.y_score, average=None)
    np.testing.assert_allclose(table["ctt_c"], expected)
    shown = tables.render("table_4", Output.MARKDOWN)
    assert shown.header[:7] == ("Genre", "CTT-MMC-C", "CTT-MMC-S", "CTT-MMC-TN", "LSTM", "AV", "Random")


def test_table_1_is_of_the_validation_clips_by_parts_and_draws(results, tables):
    table = tables["table_1"].set_index("parts")
    assert table.index.tolist() == list(PARTS)
    for (parts, draws), model in TABLE_1.items():
        (trial,) = results.done(model)
        val = trial.predictions.of("val")
        expected = metrics.average_precision_score(val.y_true, val.y_score, average="micro")
        assert table.loc[parts, f"samples_{draws}"] == pytest.approx(expected)
    header = tables.render("table_1", Output.MARKDOWN).header
    assert header[:3] == ("Value of segments p", *(f"{draws} samples" for draws in DRAWS))


def test_a_study_without_that_head_has_no_table_1(tmp_path):
    folder = build_films(tmp_path / "films", ("ctt_a", "random"), seeds=(0,))
    _, written = write_tables(read_results(folder))
    assert {"table_3.csv", "table_4.csv", "table_4.tex"} <= {path.name for path in written}
    assert not (folder / "table_1.csv").exists()


def test_without_the_paper_there_is_no_table_of_its_form(tmp_path):
    folder = build_films(tmp_path / "films", ("ctt_a", "random"), seeds=(0,), published=None)
    (folder / "table_3.md").touch()  # of an earlier report
    write_tables(read_results(folder))
    assert not [path.name for path in folder.glob("table_*")]
    assert not [path.name for path in folder.glob("fixed_*")]


def test_models_of_another_name_follow_those_of_the_paper():
    assert in_order(["mine", "ctt_c", "ctt_s_3_5", "random"]) == ["random", "ctt_c", "mine"]


def test_weights_of_late_fusion_are_those_of_each_trial(tmp_path):
    folder = build_films(tmp_path / "films", ("ctt_c", "ctt_s", "ctt_tn"), published=None)
    table = Tables(read_results(folder))["fusion"]
    assert table[["seed", "member_label", "weight"]].to_numpy().tolist() == [
        [0, "CTT-MMC-C", 0.6], [0, "CTT-MMC-S", 0.4], [1, "CTT-MMC-C", 0.65], [1, "CTT-MMC-S", 0.35]
    ]  # fmt: skip
    assert table.groupby("seed")["weight"].sum().tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_scores_at_a_fixed_threshold_are_scikit_learns(trailers, threshold):
    table = Tables(trailers)["fixed_thresholds"].set_index(["model", "threshold"])
    for model in ("yamnet", "vgg16"):
        y_true, y_score = (np.concatenate([getattr(trial.test, name) for trial in trailers.done(model)])
                           for name in ("y_true", "y_score"))  # fmt: skip
        row, y_pred = table.loc[(model, threshold)], y_score >= threshold
        for mean in ("macro", "micro"):
            for score in ("precision", "recall"):
                oracle = getattr(metrics, f"{score}_score")(y_true, y_pred, average=mean, zero_division=0)
                assert row[f"{score}_{mean}"] == pytest.approx(oracle)
        assert row["subset_accuracy"] == pytest.approx(metrics.accuracy_score(y_true, y_pred))
        assert row["hamming_loss"] == pytest.approx(metrics.hamming_loss(y_true, y_pred))
        assert row["labels_per_clip"] == pytest.approx(y_pred.sum() / len(y_pred))


def test_keras_accuracy_is_the_same_at_every_threshold(trailers):
    table = Tables(trailers)["fixed_thresholds"]
    assert (table.groupby("model")["keras_accuracy"].nunique() == 1).all()
    scores = Tables(trailers)["comparison"].set_index("model")["keras_accuracy"]
    assert table.groupby("model")["keras_accuracy"].first()["yamnet"] == pytest.approx(scores["yamnet"])


def test_genres_stand_side_by_side_at_each_threshold(trailers):
    table = Tables(trailers)["fixed_thresholds_classes"].set_index(["model", "class"])
    y_true, y_score = (np.concatenate([getattr(trial.test, name) for trial in trailers.done("vggish")])
                       for name in ("y_true", "y_score"))  # fmt: skip
    for threshold in THRESHOLDS:
        for score in ("precision", "recall"):
            oracle = getattr(metrics, f"{score}_score")(y_true, y_score >= threshold, average=None, zero_division=0)
            np.testing.assert_allclose(table.loc["vggish", f"{score}_{threshold:g}"], oracle)
    shown = Tables(trailers).render("fixed_thresholds_classes", Output.MARKDOWN)
    assert shown.header[1:4] == ("Precision at 0.5", "Recall at 0.5", "Precision at 0.36")


def line(frame, **place):
    """Return the first row of a frame with these values."""
    return frame[(frame[list(place)] == list(place.values())).all(axis=1)].iloc[0]


def test_what_the_text_of_trailers2023_states_stands_beside_ours(trailers):
    table = parity_table(trailers)
    fixed = Tables(trailers)["fixed_thresholds_classes"].set_index(["model", "class"])
    drama = line(table, model="vggish", row="VGGISH, threshold 10%", **{"class": "Drama"})
    assert (drama["printed"], drama["metric"]) == ("48%", "precision")
    assert drama["ours"] == fixed.loc[("vggish", "Drama"), "precision_0.1"]
    frames = line(table, model="vgg16", row="VGG16 on frames, threshold 0.36", **{"class": "Drama"})
    assert frames["ours"] == fixed.loc[("vgg16", "Drama"), "precision_0.36"]
    assert line(table, model="yamnet", row="YAMNET, threshold 50%", **{"class": ""})["published"] == pytest.approx(0.26)


def test_parity_with_tables_1_3_and_4(results, tables):
    table = parity_table(results)
    row = line(table, model="ctt_tn", table="Table 4", **{"class": "Horror"})
    assert (row["published"], row["ours"]) == (0.667, tables["table_4"].set_index("class").loc["Horror", "ctt_tn"])
    assert row["ours_low"] < row["ours"] < row["ours_high"] or row["ours"] == 1
    row = line(table, model="ctt_s_7_5", table="Table 1")
    assert (row["row"], row["published"]) == ("p = 7, 5 samples", 0.639)
    assert row["ours"] == tables["table_1"].set_index("parts").loc[7, "samples_5"]
    assert pd.isna(row["ours_low"])


def test_the_models_of_the_papers_are_named():
    assert set(METHODS) | set(SEGMENTS) == set(PAPERS["wehrmann2017"].models)
    assert PAPERS["trailers2023"].models == ("vgg16", "cnn", "yamnet", "vggish", "cnn_frames", "vgg16_one_label")
