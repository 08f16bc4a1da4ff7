"""Digests of code: what changes a result changes them, and nothing else does."""

import sys

import pytest

from benchmark.config.study import NetworkParams
from benchmark.models import identity
from spectrograms import version
from spectrograms.params import ImageParams

CODE = '''"""What it is for."""
from {name}_parts import gain
import numpy, {name}_more.inner
def tiny(x, more=None):
    """Say what it does."""
    return gain(x) * 2  # twice
'''
SAME = {"comment": ("# twice", "# two times"), "docstring": ("Say what it does", "Tell all"),
        "line": ("\ndef", "\n\ndef"), "docstring of the module": ("What it is for", "")}  # fmt: skip
OTHER = {"number": ("* 2", "* 3"), "default": ("more=None", "more=0"), "operator": ("* 2", "+ 2"),
         "what is imported": ("numpy, ", "math, ")}  # fmt: skip


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    """Return (name, folder) of a module with two beside it; its name is new in every test."""
    name = f"made{abs(hash(request.node.name))}"
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{name}.py").write_text(CODE.format(name=name))
    (tmp_path / f"{name}_parts.py").write_text("def gain(x):\n    import json\n    return x")
    (tmp_path / f"{name}_more").mkdir()
    (tmp_path / f"{name}_more" / "__init__.py").write_text("")
    (tmp_path / f"{name}_more" / "inner.py").write_text("from . import inmost")
    (tmp_path / f"{name}_more" / "inmost.py").write_text("VALUE = 1")
    return name, tmp_path


def sources(name, folder):
    return version.sources(name, lambda file: file.is_relative_to(folder.resolve()))


def changed(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("what", SAME)
def test_what_is_not_code_changes_no_digest(module, what):
    before = sources(*module)
    changed(module[1] / f"{module[0]}.py", *SAME[what])
    assert sources(*module) == before


@pytest.mark.parametrize("what", OTHER)
def test_what_is_code_changes_it(module, what):
    before = sources(*module)
    changed(module[1] / f"{module[0]}.py", *OTHER[what])
    assert sources(*module) != before


def test_modules_beside_it_that_it_imports_belong_to_it_and_no_library_does(module):
    name = module[0]
    assert set(sources(*module)) == {name, f"{name}_parts", f"{name}_more", f"{name}_more.inner", f"{name}_more.inmost"}
    before = sources(*module)
    changed(module[1] / f"{name}_more" / "inmost.py", "1", "2")
    assert sources(*module) != before


def test_looking_for_sources_imports_nothing(module):
    sources(*module)
    assert not [name for name in sys.modules if name.startswith(module[0])]


@pytest.mark.parametrize("library", ["soundfile.__libsndfile_version__", "av.library_versions", "soxr.__version__"])
def test_another_decoder_is_another_version_of_the_pictures(monkeypatch, library):
    before = version.decoding.__wrapped__()
    monkeypatch.setattr(library, "0.0")
    assert version.decoding.__wrapped__() != before


def test_pictures_of_each_style_and_colour_map_have_a_version_and_pixels_need_no_matplotlib(monkeypatch):
    images = [ImageParams(), ImageParams(style="specshow"), ImageParams(colormap="viridis")]
    before = [version.pictures.__wrapped__(image) for image in images]
    assert len(set(before)) == 3
    assert all(len(digest) == 16 for digest in before)
    real = version.version
    monkeypatch.setattr(version, "version", lambda name: "0.0" if name == "matplotlib" else real(name))
    after = [version.pictures.__wrapped__(image) for image in images]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_size_and_other_settings_of_a_picture_are_no_matter_of_its_version():
    assert version.pictures(ImageParams(size=(64, 64))) == version.pictures(ImageParams())


NET = """import keras
GAIN = 1.0
def tiny(include_top=False, weights=None, input_shape=(8, 8, 3), pooling=None):
    image = keras.Input(input_shape)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
def preprocess_input(x):
    return x * GAIN
"""


def source_of(backbone, **more):
    identity._source.cache_clear()
    return identity.builder_source(NetworkParams(name="n", label="N", backbone=backbone, **more))


def test_a_users_builder_is_told_by_its_source_and_that_of_its_preprocessing(module):
    name, folder = module
    (folder / f"{name}_parts.py").write_text(NET)
    (folder / f"{name}.py").write_text(
        f"from {name}_parts import tiny as inner\ndef tiny(**given):\n    return inner(**given)\n"
        f"import {name}_steps\ntiny.preprocess_input = {name}_steps.scale\n"
    )
    (folder / f"{name}_steps.py").write_text("def scale(x):\n    return x / 255\n")
    digests = [source_of(f"{name}:tiny")]
    changes = [("", "**given)\n", "**given)  # same\n"), ("_parts", "GAIN = 1.0", "GAIN = 2.0"),
               ("_steps", "255", "127"), ("", "return inner", "return 1 and inner")]  # fmt: skip
    for part, *change in changes:
        changed(folder / f"{name}{part}.py", *change)
        digests.append(source_of(f"{name}:tiny"))
    assert digests[0] == digests[1]
    assert len(set(digests[1:])) == 4


def test_builders_of_libraries_have_their_version_and_this_suites_their_source():
    assert {source_of("keras.applications.VGG16"), source_of("keras_hub:vit_base"), source_of("tensorflow_hub:x")} == {
        "library"
    }
    own = {source_of("benchmark.models.googlenet:GoogLeNet"), source_of("benchmark.models.resnet18:ResNet18")}
    own |= {source_of("tensorflow_hub:x", weights="random", random="benchmark.models.audio_networks:YAMNet")}
    assert len(own | {"library", ""}) == 5


def test_of_this_suite_only_what_lies_beside_a_builder_belongs_to_it():
    import benchmark.models.catalogue

    weights = ("weights", "weights.caffemodel", "weights.load", "weights.safetensors_file", "weights.transformer_names")
    beside = ("backend", "catalogue", "hub_backbones", "preprocessing", "resnet18", *weights)
    found = set(identity._own_sources(benchmark.models.catalogue.__name__)[1])
    assert found == {"benchmark.models", *(f"benchmark.models.{name}" for name in beside)}


def test_a_builder_that_is_not_there_has_no_source_and_is_no_error():
    assert source_of("no_such_module_anywhere:tiny") == ""
