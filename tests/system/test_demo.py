"""The demo in small: one command from synthetic sound to the comparison of an image and an audio network."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.config.networks import CONFIGS

SMALLER = ["dataset.synthetic=10", "latency.calls=3", "latency.seconds=0", "training.epochs=10"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run configs/demo.yaml with fewer clips and two of its models; return the folder of results."""
    folder = tmp_path_factory.mktemp("demo")
    places = [f"dataset.root={folder}/sound", f"cache={folder}/cache", f"results={folder}/results"]
    settings = [part for setting in SMALLER + places for part in ("--set", setting)]
    models = ["--only", "mobilenet_v2", "--only", "yamnet"]
    answer = CliRunner().invoke(app, ["run", str(CONFIGS / "demo.yaml"), *models, *settings], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return folder / "results" / "demo"


def test_the_demo_ends_with_its_tables_and_figures(demo):
    names = {str(path.relative_to(demo)) for path in demo.rglob("*") if path.is_file()}
    tables = {f"{name}.{kind}" for name in ("comparison", "per_class", "latency") for kind in ("csv", "md", "tex")}
    figures = ["accuracy_latency", "example", "confusion_mobilenet_v2", "training_yamnet"]
    assert tables | {f"figures/{name}.png" for name in figures} | {"study.yaml", "clips.csv", "rejected.csv"} <= names


def test_the_comparison_has_a_row_for_each_model_with_its_weights(demo):
    table = pd.read_csv(demo / "comparison.csv").set_index("model")
    assert list(table.index) == ["mobilenet_v2", "yamnet", "majority"]
    assert table.loc["majority", "accuracy"] == 0.2  # five genres of equal size
    table = table.drop("majority")  # no model: without weights, status and latency
    assert set(table["weights"]) == {"random"}
    assert set(table["status"]) == {"done"}
    assert set(table["n_test"]) == {10}  # 2 of 10 clips of each of five genres
    assert (table["latency_ms_p90"] >= table["latency_ms_p50"]).all()
    assert table.loc["mobilenet_v2", "parameters"] == 2_257_984 + 1280 * 5 + 5 + 2 * 1280
    assert "SYNTHETIC" in (demo / "comparison.md").read_text()


def test_pictures_and_features_are_kept_and_waveforms_are_not(demo):
    cache = demo.parent.parent / "cache"
    assert len(list(cache.glob("images/*/*/*.png"))) == 50
    assert len(list(cache.glob("features/*/*.npy"))) == 2 * 50  # of MobileNetV2 and of YAMNet
    assert not list(cache.glob("waveforms/*/*.npy"))
