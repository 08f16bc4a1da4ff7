"""Ablation, sweep and the time of features: in tables, in a figure, and in the form of sulun2024."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from benchmark.analysis.metrics.variants import SHAPING
from benchmark.analysis.plots.figure import STYLE
from benchmark.analysis.plots.sweeps import plot_sweep, sweeps
from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.files import write_tables
from benchmark.analysis.tables.registry import Tables
from benchmark.analysis.tables.specs.parity_multilabel import parity_table
from benchmark.config.features import FeatureParams
from benchmark.store.results import read_results
from tests.support.drawing import axes
from tests.support.fake_movienet import FEATURES, FRAMES, SECONDS, WHOLE, ablation, build_movienet

TICKS = [["✓", "", "", "", ""], ["✓", "✓", "", "", ""], ["✓", "✓", "✓", "", ""], ["✓", "✓", "✓", "✓", ""],
         ["✓", "✓", "✓", "*", ""], ["✓", "✓", "✓", "✓", "✓"], ["✓", "✓", "✓", "*", "*"]]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return read_results(build_movienet(tmp_path_factory.mktemp("movienet") / "movienet"))


@pytest.fixture(scope="module")
def tables(results):
    return Tables(results)


def of_model(results, name):
    (trial,) = results.done(name)
    return trial.test.y_true, trial.test.y_score


def test_the_ablation_has_the_rows_and_ticks_of_table_3(tables):
    shown = tables.render("ablation", Output.MARKDOWN)
    assert shown.header[1:6] == tuple(FEATURES.values())
    assert [[cell.text for cell in row[1:6]] for row in shown.rows] == TICKS
    assert shown.header[6].startswith("Macro AP [95 %]")


def test_seconds_are_the_sum_over_features_with_decoding_and_the_head_apart(tables):
    table = tables["ablation"].set_index("model")
    assert table["extraction_s"].tolist() == [5.0, 5.5, 5.75, 25.75, 25.75, 33.75, 33.75]
    assert table["classification_s"].tolist() == pytest.approx([0.0005] * 7)  # a hundredth of 50 ms
    assert (table["total_s"] - table["extraction_s"]).tolist() == pytest.approx([0.0005] * 7)


def test_numbers_stay_numbers_in_csv(tmp_path):
    models = (*list(ablation())[2:5], "mlp-frames.n-16", "mlp-frames.n-8")
    results = read_results(build_movienet(tmp_path / "some", models))
    write_tables(results)
    table = pd.read_csv(results.folder / "ablation.csv", keep_default_na=False)
    assert table["uses_ocr"].tolist() == ["", "plain", "averaged"]
    for column in ("average_precision_macro", "extraction_s", "classification_s", "total_s", "parameters"):
        assert pd.api.types.is_numeric_dtype(table[column]), column
    assert "$\\surd$" in (results.folder / "ablation.tex").read_text()
    assert pd.read_csv(results.folder / "sweep.csv")["value"].tolist() == [8, 16]


def test_what_was_not_measured_leaves_the_sum_blank(tmp_path):
    models = ("multi_transformer-clip", "multi_transformer-clip-musicnet")
    results = read_results(build_movienet(tmp_path / "some", models, unknown=("musicnet",)))
    table = Tables(results)["ablation"]
    assert table["extraction_s"].tolist()[0] == 5.0
    assert table[["extraction_s", "total_s"]].iloc[1].isna().all()
    assert Tables(results)["extraction"]["features"].tolist() == ["(decoding)", "clip"]


def test_each_kind_of_features_has_its_seconds_and_readers(tables):
    table = tables["extraction"].set_index("features")
    assert table.loc["ocr", "seconds_per_clip"] == SECONDS["ocr"]
    assert table.loc["clip", "hours_per_1000_clips"] == pytest.approx(4000 / 3600)
    assert table.index[0] == "(decoding)"
    assert set(table.loc["asr", "models"].split(", ")) == {*WHOLE, "multi_transformer-clip-musicnet-audiotag-ocr-asr"}


def test_each_setting_that_shapes_features_tells_them_apart():
    assert {*SHAPING, "frames"} == set(FeatureParams.model_fields) - {"weights_sha256", "random"}


def test_features_of_one_name_are_told_apart_by_what_is_not_alike_in_them(tmp_path):
    results = read_results(build_movienet(tmp_path / "some", ("mlp", "mlp-frames.n-8", "mlp-frames.n-16")))
    for model, n in zip(results.study["models"], (None, 8, 16), strict=True):
        model["frames"] = {} if n is None else {"n": n}  # as a sweep writes it down
        for part in model["features"]:
            part["frames"] = {"size": 360} if part["name"] == "ocr" else {}
        for trial in results.done(model["name"]):
            trial.info["extraction_seconds"]["clip"] = 2.0 + (n or 4)
    found = Tables(results)["extraction"].set_index("features")["seconds_per_clip"]
    assert found[["clip", "clip (frames.n 8)", "clip (frames.n 16)"]].tolist() == [6.0, 10.0, 18.0]
    assert found["ocr"] == SECONDS["ocr"]  # alone of its name


def test_studies_without_variants_have_no_such_tables_nor_figures(tmp_path):
    results = read_results(build_movienet(tmp_path / "plain", ("mlp",), published=None))
    tables = Tables(results)
    assert [tables[name].empty for name in ("ablation", "sweep")] == [True, True]
    assert list(sweeps(results, tables)) == []


def test_table_1_has_scikit_learns_numbers_at_a_half_in_the_papers_order(results, tables):
    table = tables["table_1"]
    assert table["model"].tolist() == list(WHOLE)
    for row in table.to_dict("records"):
        y_true, y_score = of_model(results, row["model"])
        for score in ("precision", "recall"):
            oracle = getattr(metrics, f"{score}_score")(y_true, y_score >= 0.5, average="macro", zero_division=0)
            assert row[f"{score}_macro"] == pytest.approx(oracle)
        oracle = metrics.average_precision_score(y_true, y_score, average="macro")
        assert row["average_precision_macro"] == pytest.approx(oracle)
    shown = tables.render("table_1", Output.MARKDOWN)
    assert shown.header[:4] == ("Models", "P@0.5", "R@0.5", "mAP")
    assert shown.rows[0][3].text == f"{100 * table['average_precision_macro'][0]:.2f}"


def test_table_2_is_of_the_best_model_and_the_baseline(results, tables):
    table = tables["table_2"].set_index("class")
    y_true, y_score = of_model(results, "multi_transformer")
    precision, recall, _, _ = metrics.precision_recall_fscore_support(y_true, y_score >= 0.5, zero_division=0)
    np.testing.assert_allclose(table["precision_multi_transformer"], precision)
    np.testing.assert_allclose(table["recall_multi_transformer"], recall)
    expected = metrics.average_precision_score(y_true, y_score, average=None)
    np.testing.assert_allclose(table["average_precision_multi_transformer"], expected)
    assert {"precision_vit_ast", "recall_vit_ast", "average_precision_vit_ast"} <= set(table)
    assert len(tables.render("table_2", Output.MARKDOWN).header) >= 7


def test_table_3_begins_with_the_baseline(tables):
    table = tables["table_3"]
    assert table["model"].tolist() == ["vit_ast", *ablation()]
    shown = tables.render("table_3", Output.MARKDOWN)
    assert [cell.text for cell in shown.rows[0][1:6]] == [""] * 5
    assert [[cell.text for cell in row[1:6]] for row in shown.rows[1:]] == TICKS


def test_each_row_of_table_3_stands_beside_the_printed_one(results):
    found = parity_table(results)
    table_3 = found[found["table"] == "Table 3"].set_index("model")
    printed = dict(zip(ablation(), ("64.73%", "65.17%", "65.31%", "63.33%", "65.46%", "64.66%"), strict=False))
    assert table_3["printed"].to_dict() == printed  # the last row of the paper is that of Table 1
    halves = found[(found["model"] == "mlp") & (found["metric"] == "recall_macro")]
    y_true, y_score = of_model(results, "mlp")
    expected = metrics.recall_score(y_true, y_score >= 0.5, average="macro", zero_division=0)
    assert halves["ours"].tolist() == pytest.approx([expected])


def test_a_sweep_is_a_line_per_model_over_the_values_in_order(results, tables):
    (chart,) = sweeps(results, tables)
    assert chart.name == "sweep_frames.n"
    with matplotlib.rc_context(STYLE):
        (ax,) = chart.draw().axes
    assert ax.get_xscale() == "log"
    assert "as Fig. 6 of sulun2024" in ax.get_title()
    assert [text.get_text() for text in ax.get_xticklabels()] == list(map(str, FRAMES))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["MLP", "Single-transformer"]
    table = tables["sweep"]
    mlp = table[table["varied"] == "mlp"]["average_precision_macro"].tolist()
    assert ax.containers[0].lines[0].get_ydata().tolist() == mlp


@pytest.mark.parametrize(
    ("values", "scale", "ticks"),
    [([1, 2, 9], "linear", ["1", "2", "9"]), ([0.001, 0.1], "log", ["0.001", "0.1"]),
     ([0, 100], "linear", ["0", "100"]),
     (["uniform", "scene"], "linear", ["uniform", "scene"]), ([True, None], "linear", ["true", "null"]),
     ([[8, 8], [16]], "linear", ["[8, 8]", "[16]"]), ([5], "linear", ["5"])],
)  # fmt: skip
def test_the_axis_suits_the_values(values, scale, ticks):
    (ax,) = axes(1)
    drawn = plot_sweep({"A": [(value, 0.5, 0.4, 0.6) for value in values]}, ax, "x")
    assert ax.get_xscale() == scale
    assert [text.get_text() for text in ax.get_xticklabels()] == ticks
    assert len(drawn["A"]) == len(values)


def test_points_of_one_value_stand_beside_each_other():
    (ax,) = axes(1)
    drawn = plot_sweep({name: [(1, 0.5, 0.4, 0.6), (2, 0.6, 0.5, 0.7)] for name in "AB"}, ax, "x")
    assert (drawn["A"] < drawn["B"]).all()
    assert np.allclose((drawn["A"] + drawn["B"]) / 2, [1, 2])
