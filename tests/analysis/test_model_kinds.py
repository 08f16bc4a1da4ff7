"""Models that are no network (estimators, late fusion) stand in every table, figure and page beside those that are."""

import json
import re

import pandas as pd
import pytest

from benchmark.analysis.plots.study_charts import score_latency
from benchmark.analysis.report.compare import compare
from benchmark.analysis.report.page.summary import facets
from benchmark.analysis.report.report import print_comparison, report
from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.model_settings import features_in_words, model_settings
from benchmark.analysis.tables.registry import Tables
from benchmark.store.frames import read_frames
from benchmark.store.results import read_results
from tests.support.drawing import printed
from tests.support.fake_films import METHODS, build_films
from tests.support.fake_results import build_results

NO_NETWORK = [name for name, (*_, latency, parameters, size) in METHODS.items() if latency is None]
FEW = ("random", "av", "ctt_a", "ctt_tn")
CTT = ("random", "av", "ctt_a", "ctt_b", "ctt_c", "ctt_s", "ctt_tn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_films(tmp_path_factory.mktemp("kinds") / "films", FEW, seeds=(0,), published=None)


@pytest.fixture(scope="module")
def summary(folder):
    return report(folder)


@pytest.fixture(scope="module")
def tables(folder):
    return Tables(read_results(folder))


def test_a_report_of_every_kind_of_model_is_whole(folder, summary):
    assert summary.failures == {}
    table = pd.read_csv(folder / "comparison.csv").set_index("model")
    lacking = [name for name in FEW if name in NO_NETWORK]
    for column in ("latency_ms_p50", "parameters", "size_mb"):
        assert table.loc[lacking, column].isna().all()
        assert table.loc[["ctt_a"], column].notna().all()
    assert table.loc[list(FEW), "average_precision_macro"].notna().all()


def test_what_a_model_has_not_is_blank_and_never_the_word_none(folder, summary):
    page = re.sub(r"data:[^\"]+", "", (folder / "report.html").read_text())
    texts = [path.read_text() for path in (*folder.glob("*.md"), *folder.glob("*.tex"))]
    for text in (*texts, page, printed(print_comparison, summary, 110)):
        assert not re.search(r"\b(None|nan)\b", text)  # a setting may be null


def test_a_model_without_latency_stands_in_no_figure_over_latency(tables):
    (chart,) = score_latency(tables.results, tables)
    assert "CTT-MMC-A" in chart.words
    assert "CTT-MMC-TN" not in chart.words


def test_models_on_one_feature_are_told_apart_by_their_heads(tables, tmp_path):
    found = model_settings(read_results(build_films(tmp_path / "films", CTT, seeds=(0,))))
    assert {name: row["head"] for name, row in found.items()} == {
        "random": "uniform", "av": "svm", "ctt_a": "ctt", "ctt_b": "ctt (hidden [256])",
        "ctt_c": "ctt (hidden [256], maxout 4)", "ctt_s": "ctt_spectrogram", "ctt_tn": "fusion of CTT-MMC-C, CTT-MMC-S",
    }  # fmt: skip
    assert [found[name]["features"] for name in ("random", "av", "ctt_a", "ctt_s", "ctt_tn")] == [
        "", "visual_and_sound (low_level)", "ResNet152 (frames)", "spectrogram", ""
    ]  # fmt: skip
    shown = tables.render("comparison", Output.PAGE)
    assert shown.header[1:3] == ("Features", "Head")


def test_networks_with_linear_heads_need_no_words_on_them(tmp_path):
    networks = {"vgg16": {"backbone": "keras.applications.VGG16"}, "yamnet": {"backbone": "tensorflow_hub:a/yamnet/1"}}
    folder = build_results(tmp_path / "plain", tuple(networks), 1, settings=networks)
    assert set(Tables(read_results(folder))["comparison"]["head"]) == {""}
    alike = {name: {"backbone": "keras.applications.VGG16"} for name in networks}
    folder = build_results(tmp_path / "alike", tuple(networks), 1, settings=alike)
    assert (
        Tables(read_results(folder))["comparison"][["features", "head"]].to_numpy().tolist()
        == [["VGG16", "linear"]] * 2
    )


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("keras.applications.VGG16", "VGG16"),
        ("benchmark.models.backbones.resnet18:ResNet18", "ResNet18"),
        ("tensorflow_hub:https://www.kaggle.com/models/google/yamnet/tensorFlow2/yamnet/1", "yamnet"),
        ("keras_hub:resnet_50_imagenet", "resnet_50_imagenet"),
        (None, ""),
    ],
)
def test_a_network_is_called_by_the_end_of_its_address(backbone, name):
    assert features_in_words({"backbone": backbone}) == name


def test_what_has_no_weights_can_be_filtered_by_that(tables):
    found = facets(tables.results, tables["comparison"])
    assert found["weights"]["values"] == ["none", "pretrained"]
    assert found["regime"]["rows"][:3] == ["none", "none", "frozen"]


def test_a_study_that_trains_the_baseline_has_it_once(tmp_path):
    results = read_results(build_films(tmp_path / "films", ("prior", "ctt_a"), seeds=(0,), published=None))
    tables = Tables(results)
    assert tables["baseline"].empty
    assert tables.render("comparison", Output.PAGE).rows[0][0].text == "Prior"


def test_clips_of_one_label_may_have_models_of_every_kind_too(tmp_path):
    folder = build_films(
        tmp_path / "films", ("random", "ctt_a", "ctt_tn"), seeds=(0,), task="multiclass", published=None
    )
    assert report(folder).failures == {}
    table = pd.read_csv(folder / "comparison.csv").set_index("model")
    assert table["accuracy"].notna().all()
    assert table["parameters"].notna().to_dict() == {"random": False, "ctt_a": True, "ctt_tn": False, "majority": False}


def test_studies_and_frames_of_such_models_can_be_compared_and_read(tmp_path):
    folder = build_films(tmp_path / "films", ("random", "ctt_tn"), seeds=(0,), published=None)
    rows = compare(folder, folder).rows.set_index("model")
    assert rows.loc["ctt_tn", "difference"] == 0
    frames = read_frames(folder)
    assert frames.trials.set_index("model").loc["random", "weights"] == ""
    assert set(frames.predictions["model"]) == {"random", "ctt_tn"}


def test_a_failed_model_that_is_no_network_is_reported(tmp_path):
    folder = build_films(tmp_path / "films", ("av", "ctt_a"), seeds=(0,), published=None, failed=("av",))
    assert json.loads((folder / "trials/av/0-0/trial.json").read_text())["status"] == "failed"
    assert list(report(folder).failures) == ["AV"]
