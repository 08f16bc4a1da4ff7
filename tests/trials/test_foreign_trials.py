"""A trial's folder from elsewhere runs no code: only numbers are read from it, and builders that the user knows."""

import ast
import json
import pickle
import shutil
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from benchmark.config.networks import load_network, network_names
from benchmark.config.study import NetworkParams
from benchmark.errors import StudyError
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.catalogue import check_trusted, find_builder
from tests.support.sources import SOURCES
from tests.support.untrained import write_trial

KNOWN = [load_network(name) for name in network_names()]
NETWORK = {"name": "tiny", "label": "Tiny", "backbone": "keras.applications.MobileNetV2", "options": {"alpha": 0.35},
           "weights": "random", "input_size": 32}  # fmt: skip


class Payload:
    """What makes the folder ``marker`` when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.mkdir, (self.marker,)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a trial that was never trained."""
    return write_trial(tmp_path_factory.mktemp("trial"), NETWORK, ["no", "yes"])


@pytest.fixture
def trial(tmp_path, whole):
    """Return a trial's folder, as if it had come from elsewhere."""
    return shutil.copytree(whole, tmp_path / "theirs" / "trials" / "tiny" / "0-0")


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def parts_of(path):
    """Return the contents of a .keras file by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def replace_config(path, config):
    """Put another config.json into a .keras file."""
    parts = parts_of(path)
    assert "config.json" in parts
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"config.json": config}).items():
            archive.writestr(name, content)


def test_a_lambda_in_the_saved_model_is_never_built(trial, picture, tmp_path):
    marker = tmp_path / "was_here"
    before = Predictor(trial, check_trial(trial)).predict(picture)
    code = f"lambda x: (__import__('os').makedirs({str(marker)!r}, exist_ok=True), x)[1]"
    image = keras.Input((32, 32, 3))
    keras.Model(image, keras.layers.Lambda(eval(code))(image)).save(tmp_path / "lambda.keras")
    marker.rmdir()
    replace_config(trial / "model.keras", parts_of(tmp_path / "lambda.keras")["config.json"])
    assert Predictor(trial, check_trial(trial)).predict(picture) == before
    assert not marker.exists()
    keras.models.load_model(trial / "model.keras", safe_mode=False)
    assert marker.exists()  # the payload is a live one


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """The folder that is made, in the current one, by importing the module ``their_code``."""
    (tmp_path / "their_code.py").write_text("import os; os.mkdir('was_here')\nsystem = build = print")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "was_here"


@pytest.mark.parametrize("module", ["os", "their_code"])
def test_what_the_saved_models_configuration_names_is_never_imported(trial, picture, module, marker):
    config = {"module": module, "class_name": "system", "registered_name": None, "config": "mkdir was_here"}
    replace_config(trial / "model.keras", json.dumps(config))
    assert Predictor(trial, check_trial(trial)).predict(picture)["error"] is None
    assert "their_code" not in sys.modules
    assert not marker.exists()


@pytest.mark.parametrize("name", ["model.keras", "head.keras"])
def test_a_pickle_for_a_model_is_named_and_never_opened_as_one(trial, tmp_path, name):
    marker = tmp_path / "was_here"
    (trial / "model.keras").unlink()
    (trial / name).write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(StudyError, match=rf"0-0: .*{name} does not hold the weights of"):
        Predictor(trial, check_trial(trial))
    assert not marker.exists()
    pickle.loads((trial / name).read_bytes())
    assert marker.exists()  # the payload is a live one


def network(**changes):
    is_of_sound = "reads" in changes or str(changes.get("backbone")).startswith("tensorflow_hub:")
    return NetworkParams(**NETWORK | ({"options": {}, "input_size": None} if is_of_sound else {}) | changes)


FOREIGN = {
    "a function of Python": {"backbone": "os:system"},
    "a function of this project": {"backbone": "spectrograms.files:write_text"},
    "a preset in a folder": {"backbone": "keras_hub:./preset"},
    "a preset of a hub": {"backbone": "keras_hub:hf://them/preset"},
    "a preset that does not exist": {"backbone": "keras_hub:their_preset"},
    "a SavedModel of a hub": {"backbone": "tensorflow_hub:https://example.org/theirs/1", "weights": "audioset"},
    "a builder of a network over sound": {"backbone": "os:system", "reads": "waveform"},
    "a builder for random weights": {"backbone": KNOWN[-1].backbone, "random": "os:system"},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_code_that_the_user_does_not_name_is_refused(trial, what):
    with pytest.raises(StudyError, match=r"trial\.json asks for '.*', which may run code .* give --trust"):
        check_trusted(network(**FOREIGN[what]), KNOWN, trial)


def test_a_refused_module_is_not_imported(trial, marker):
    with pytest.raises(
        StudyError, match=r"trial\.json asks for 'their_code:build', which may run code .* give --trust"
    ):
        check_trusted(network(backbone="their_code:build"), KNOWN, trial)
    assert not marker.exists()
    find_builder("their_code:build")
    assert marker.exists()  # the module is a live one
    del sys.modules["their_code"]


def test_a_savedmodel_that_came_with_the_trial_is_refused_and_the_users_own_is_not(trial, tmp_path):
    moved = tmp_path / "moved"  # alone, without its study
    for folder, theirs in ((trial, trial), (trial, trial.parents[2]), (moved, tmp_path)):
        with pytest.raises(StudyError, match=r"trial\.json asks for '.*yamnet'"):
            check_trusted(network(backbone=KNOWN[-1].backbone, weights=str(theirs / "yamnet")), KNOWN, folder)
    check_trusted(network(backbone=KNOWN[-1].backbone, weights=str(tmp_path / "weights" / "yamnet")), KNOWN, trial)


@pytest.mark.parametrize("own", KNOWN, ids=lambda own: own.name)
@pytest.mark.parametrize("weights", ["random", "imagenet"])
def test_every_network_of_the_user_is_trusted(own, weights, trial):
    check_trusted(own.model_copy(update={"weights": weights}), KNOWN, trial)


@pytest.mark.parametrize("backbone", ["keras.applications.VGG16", "keras_hub:resnet_18_imagenet"])
def test_what_the_libraries_build_needs_no_trust(backbone, trial):
    check_trusted(network(backbone=backbone), [], trial)


# What turns data into code; pickle itself is looked for in test_architecture.py.
DANGEROUS = {"eval", "exec", "load_model", "enable_unsafe_deserialization", "unsafe_load", "full_load", "system"}
ALLOWED = {
    ("export.py", "load_model"),  # of a file that it has just written itself
    ("cli.py", "load_model"),  # benchmark.load_model, which makes a Predictor: of the file it reads the weights alone
}
LOADERS = {"yaml": None, "np": "False", "joblib": None}  # owner of ``load``: the allow_pickle that makes it harmless


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_turns_data_into_code(path):
    for call in [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]:
        owner = getattr(getattr(call.func, "value", None), "id", "")
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        named = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert name not in DANGEROUS or (path.name, name) in ALLOWED
        assert named.get("allow_pickle", "False") == "False"
        assert named.get("safe_mode", "True") == "True"
        assert named.get("shell", "False") == "False"
        if name == "load" and owner in LOADERS:
            assert LOADERS[owner] is not None
            assert named.get("allow_pickle") == LOADERS[owner]
