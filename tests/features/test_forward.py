"""Forward passes of frozen networks through OpenVINO: the same features, under an address of their own."""

import keras
import numpy as np
import pandas as pd
import pytest

from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.data.preparation import PACKAGES, check_packages
from benchmark.errors import StudyError
from benchmark.features.dependencies import cache_key, mark_key
from benchmark.features.pictures import PictureExtractor
from benchmark.models import forward
from spectrograms.image import save_png

SMALL = {"backbone": "keras.applications.MobileNetV2", "weights": "random", "input_size": 64}
RNG = np.random.default_rng(0)


def study(cache, inference="openvino", **changed):
    raw = {"name": "x", "dataset": {"root": "data", "kind": "images"}, "cache": str(cache)}
    model = {"name": "m", "label": "M"} | SMALL | changed
    return read_section(Study, raw | {"engine": {"inference": inference}, "models": [model]})


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three pictures, fewer than a batch."""
    folder, rows = tmp_path_factory.mktemp("pictures"), []
    for number in range(3):
        save_png(RNG.integers(0, 255, (70, 90, 3), "uint8"), folder / f"{number}.png", {})
        rows.append({"image": str(folder / f"{number}.png"), "sha256": f"{number}" * 64})
    return pd.DataFrame(rows)


def test_openvino_gives_the_features_that_keras_gives(clips, tmp_path):
    pytest.importorskip("openvino")
    made = {name: PictureExtractor(given.models[0], given) for name in ("keras", "openvino")
            if (given := study(tmp_path, name))}  # fmt: skip
    found = {name: np.concatenate(list(extractor.features(clips, 8))) for name, extractor in made.items()}
    assert found["keras"].shape == found["openvino"].shape == (3, 1280)
    # Sums of float32 in another order; relative to the largest output.
    assert np.abs(found["keras"] - found["openvino"]).max() <= 1e-5 * np.abs(found["keras"]).max()
    assert cache_key(made["keras"]) != cache_key(made["openvino"])


def test_complete_features_of_one_engine_are_not_those_of_another(tmp_path):
    one, other = study(tmp_path, "keras"), study(tmp_path, "openvino")
    assert mark_key(one.models[0], one, 0, ["a"]) != mark_key(other.models[0], other, 0, ["a"])


def test_auto_stays_with_keras_where_nothing_was_measured_or_the_package_is_absent(monkeypatch):
    monkeypatch.setattr(forward, "FASTER", {"one"})
    monkeypatch.setattr(forward, "gpu_ids", list)
    monkeypatch.setattr(forward, "find_spec", lambda name: None)
    assert forward.engine_of("auto", "one") == "keras"
    monkeypatch.setattr(forward, "find_spec", lambda name: object())
    assert [forward.engine_of("auto", name) for name in ("one", "another", None)] == ["openvino", "keras", "keras"]
    monkeypatch.setattr(forward, "gpu_ids", lambda: ["0"])
    assert forward.engine_of("auto", "one") == "keras"


@keras.saving.register_keras_serializable("tests")
class Unknown(keras.layers.Layer):
    """Cannot be exported."""

    def call(self, x):
        raise NotImplementedError("not so")


def test_a_network_that_cannot_be_taken_is_told(monkeypatch):
    pytest.importorskip("openvino")
    graph = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    monkeypatch.setattr(graph, "export", lambda *given, **named: Unknown()(1))
    with pytest.raises(StudyError, match=r"engine\.inference: openvino cannot take sequential.*; set keras"):
        forward.by_openvino(graph)


def test_the_package_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setitem(PACKAGES, "engine.inference", ({"openvino"}, ("no_such_package",), "openvino"))
    with pytest.raises(StudyError, match=r"engine\.inference: openvino needs the package no_such_package"):
        check_packages(study(tmp_path))
    check_packages(study(tmp_path, "auto"))
