"""A trained model as a file for other programs: each kind of file is run, and says what the model says."""

import dataclasses
import importlib.util
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from benchmark.config.networks import load_network
from benchmark.errors import StudyError
from benchmark.inference import export as exporting
from benchmark.inference.export import FORMATS, export
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.googlenet import LocalResponseNormalization
from benchmark.store.labels import to_matrix
from benchmark.store.predictions import predictions
from tests.support import untrained
from tests.support.audio_network import audio_network
from tests.support.studies import NETWORK

CLASSES = ["blue", "green", "red"]


def NormNet(include_top=False, weights=None, input_shape=(32, 32, 3), pooling=None):
    """A network with a layer of the project's own in it: the contract of keras.applications."""
    image = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(LocalResponseNormalization()(x)), name="norm")


NETWORKS = {
    "small": NETWORK,
    "norm": NETWORK | {"name": "norm", "backbone": "tests.inference.test_export:NormNet"},
    "yamnet": load_network("yamnet").model_dump(mode="json") | {"weights": "random"},
    "drawn": audio_network("drawn", head={"kind": "ctt_spectrogram", "segment": 2, "parts": 3, "draws": 2}),
    "judged": audio_network("judged", head={"kind": "conv", "grid": [1, 2], "width": 1}),
}


def write_trial(folder, name="small", part="model.keras"):
    """Write the folder of a trial that was never trained, with four test clips; return it."""
    rng, ids = np.random.default_rng(0), [f"clip{number}" for number in range(4)]
    sound = NETWORKS[name]["backbone"].startswith("tensorflow_hub:")
    trial = untrained.write_trial(folder, NETWORKS[name], CLASSES, part, "audio" if sound else "images")
    paths = [folder / f"{clip_id}.{'wav' if sound else 'png'}" for clip_id in ids]
    for path in paths:  # a second of noise, or a picture of it
        if sound:
            soundfile.write(path, rng.normal(size=16000) / 10, 16000)
        else:
            Image.fromarray(rng.integers(0, 256, (40, 60, 3), "uint8")).save(path)
    said = predictions("test", ids, to_matrix(["red"] * 4, CLASSES), np.eye(4, 3), CLASSES)
    said.frame().to_csv(trial / "predictions.csv", index=False)
    pd.DataFrame({"clip_id": ids, "path": paths, "label": "red"}).to_csv(folder / "clips.csv", index=False)
    return trial


def replace_format(monkeypatch, name, **changes):
    """Have a format of files written or loaded in another way."""
    monkeypatch.setitem(FORMATS, name, dataclasses.replace(FORMATS[name], **changes))


def told(path):
    return json.loads((path.parent / "export.json").read_text())


def need(format):
    for package in FORMATS[format].packages:
        pytest.importorskip(package, reason=f"{format} needs it")
    if format == "onnx":
        pytest.importorskip("tf2onnx", reason="onnx needs it")


@pytest.mark.parametrize("format", FORMATS)
def test_an_exported_file_says_what_predict_says(tmp_path, format):
    need(format)
    trial = write_trial(tmp_path)
    said = []
    path = export(trial, format, say=said.append)
    assert path == trial / "export" / format / FORMATS[format].file
    assert {file.name for file in path.parent.iterdir()} == {path.name, "export.json"}
    facts = told(path)
    assert facts["clips"] == ["clip0", "clip1", "clip2", "clip3"]
    assert facts["max_difference"] <= facts["tolerance"] <= 1e-4
    assert facts["input"]["shape"] == [1, 32, 32, 3]
    assert facts["output"]["classes"] == CLASSES
    assert [facts["output"][key] for key in ("activation", "thresholds")] == ["softmax", None]
    assert "4 test clips" in said[1]
    # Once more by another road than export's own: the file's own loader on a clip, against predict's printed scores.
    predictor = Predictor(trial, check_trial(trial))
    clip = tmp_path / "clip2.png"
    scores = FORMATS[format].load(path)(predictor.classifier.extractor.read(clip))
    np.testing.assert_allclose(scores, list(predictor.predict(clip)["scores"].values()), atol=1e-5)  # six digits
    assert scores.max() < 0.99  # else anything would agree


@pytest.mark.parametrize("format", ["keras", "saved_model", "onnx"])
@pytest.mark.parametrize("name", ["drawn", "judged"])
def test_a_head_over_steps_is_exported_with_features_and_mask(tmp_path, name, format):
    need(format)
    trial = write_trial(tmp_path, name, "head.keras")
    path = export(trial, format, say=lambda line: None)
    assert told(path)["input"]["shape"] == {"features": [1, None, 2], "mask": [1, None]}
    assert ("the mean over 2 draws of 3 segments" in told(path)["input"]["what"]) == (name == "drawn")
    run, classifier = FORMATS[format].load(path), Predictor(trial, check_trial(trial)).classifier
    x = classifier.extractor.read(tmp_path / "clip1.wav")
    inputs = classifier.inputs([x])
    draws = [run({key: part[row : row + 1] for key, part in inputs.items()}) for row in range(len(inputs["mask"]))]
    np.testing.assert_allclose(np.mean(draws, axis=0), classifier.score(x), atol=1e-5)  # float32


def test_a_format_for_inputs_of_one_size_takes_no_head_over_steps(tmp_path):
    need("tflite")
    trial = write_trial(tmp_path, "judged", "head.keras")
    with pytest.raises(StudyError, match="format tflite takes no head over steps, whose number is open; choose one of"):
        export(trial, "tflite")


def test_an_exported_file_is_run_without_keras(tmp_path):
    """Give raw colours to the ONNX file in a process that never imports Keras or TensorFlow."""
    need("onnx")
    import subprocess
    import sys

    trial = write_trial(tmp_path, "norm")
    path = export(trial, "onnx", say=lambda line: None)
    picture = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3)).astype("float32")
    np.save(tmp_path / "picture.npy", picture)
    code = "import sys, numpy, onnxruntime\n"
    code += "session = onnxruntime.InferenceSession(sys.argv[1])\n"
    code += "print(session.run(None, {session.get_inputs()[0].name: numpy.load(sys.argv[2])})[0][0].tolist())\n"
    code += "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    arguments = [sys.executable, "-c", code, path, tmp_path / "picture.npy"]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True)
    expected = Predictor(trial, check_trial(trial)).classifier.score(picture)
    np.testing.assert_allclose(json.loads(answer.stdout), expected, atol=1e-5)  # float32


def test_a_trial_that_kept_its_head_alone_is_exported_whole(tmp_path):
    path = export(write_trial(tmp_path, part="head.keras"), "keras", say=lambda line: None)
    assert told(path)["part"] == "the complete model"
    assert keras.models.load_model(path).input_shape == (None, 32, 32, 3)


def test_of_a_network_over_waveforms_the_head_is_exported_and_that_is_said(tmp_path):
    said = []
    path = export(write_trial(tmp_path, "yamnet", part="head.keras"), "saved_model", say=said.append)
    facts = told(path)
    assert facts["part"] == "the head alone"
    assert facts["input"]["shape"] == [1, 1024]  # numbers of a YAMNet embedding
    assert "head alone" in said[0]
    assert "mean over steps" in said[0]
    assert len(facts["clips"]) == 4


@pytest.mark.parametrize("lost", ["clips.csv", "predictions.csv", "the files"])
def test_noise_stands_in_for_clips_that_are_gone(tmp_path, lost):
    trial = write_trial(tmp_path)
    for file in tmp_path.glob("*.png") if lost == "the files" else [*tmp_path.rglob(lost)]:
        file.unlink()
    said = []
    facts = told(export(trial, "keras", n=2, say=said.append))
    assert facts["clips"] == []
    assert "2 inputs of noise" in facts["compared_on"]
    assert "clips are gone" in said[1]


def test_a_clip_that_was_damaged_since_is_passed_over(tmp_path):
    trial = write_trial(tmp_path)
    (tmp_path / "clip1.png").write_text("no picture")
    assert told(export(trial, "keras", say=lambda line: None))["clips"] == ["clip0", "clip2", "clip3"]


def test_a_file_that_says_something_else_is_refused_and_not_left(tmp_path, monkeypatch):
    def wrong(model, path):
        weights = model.get_weights()
        model.set_weights([*weights[:-1], weights[-1] + [1, 0, 0]])
        model.save(path)

    trial = write_trial(tmp_path)
    first = export(trial, "keras")
    before = first.read_bytes()
    for change, said in (
        ({"write": wrong}, r"scores differ by 0\.\d+ from the model's"),
        ({"load": lambda path: lambda x: np.full(3, np.nan)}, "differ by nan"),
    ):
        with monkeypatch.context() as patch:
            replace_format(patch, "keras", **change)
            with pytest.raises(StudyError, match=said):
                export(trial, "keras")
        assert first.read_bytes() == before  # the good one of before stays
        assert {file.name for file in first.parent.iterdir()} == {"model.keras", "export.json"}


@pytest.mark.parametrize("step", ["write", "load"])
def test_what_a_converter_says_is_one_readable_error(tmp_path, monkeypatch, step):
    def fail(*arguments):
        raise RuntimeError("no such operation: LRN\nand forty more lines")

    replace_format(monkeypatch, "keras", **{step: fail})
    with pytest.raises(StudyError, match=r"keras .*RuntimeError: no such operation: LRN$"):
        export(write_trial(tmp_path), "keras")
    assert list((tmp_path / "trials" / "small" / "0-3" / "export" / "keras").iterdir()) == []


def test_a_missing_package_is_named_with_the_way_to_install_it(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ai_edge_litert" else find(name))
    with pytest.raises(StudyError, match=r"format tflite needs .*: pip install ai-edge-litert$"):
        export(tmp_path, "tflite")


def test_a_conversion_that_would_exhaust_the_memory_is_refused_before_it_begins(tmp_path, monkeypatch):
    need("onnx")
    trial = write_trial(tmp_path)
    converted = []
    replace_format(monkeypatch, "onnx", write=lambda *given: converted.append(given))
    free = SimpleNamespace(available=1_000)  # bytes: 250 numbers
    monkeypatch.setattr(exporting.psutil, "virtual_memory", lambda: free)
    with pytest.raises(StudyError, match=r"onnx cannot be produced here: .* GB are free"):
        export(trial, "onnx")
    assert not converted


def test_an_unknown_format_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(StudyError, match="one of keras, saved_model, onnx, tflite; got 'pickle'"):
        export(tmp_path, "pickle")
    with pytest.raises(StudyError, match="at least one clip"):
        export(tmp_path, "keras", n=0)


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    trial, out = write_trial(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for _ in range(2):  # the second time over the first
        path = export(trial, "saved_model", out=out, say=lambda line: None)
    assert path == out / "saved_model"
    assert sorted(file.name for file in out.iterdir()) == ["export.json", "notes.txt", "saved_model"]


def test_what_a_converter_leaves_in_the_folder_for_temporary_files_goes(tmp_path, monkeypatch):
    kind, before, seen = FORMATS["keras"], tempfile.gettempdir(), []

    def write(model, path):
        seen.append(Path(tempfile.mkdtemp()))
        kind.write(model, path)

    replace_format(monkeypatch, "keras", write=write)
    made = export(write_trial(tmp_path), "keras")
    assert seen[0].is_relative_to(made.parent)
    assert tempfile.gettempdir() == before
    assert sorted(path.name for path in made.parent.iterdir()) == ["export.json", "model.keras"]
