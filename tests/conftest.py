"""What several test files share."""

import gc
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

from tests.support.sources import SHARED

VERSIONS = ("decoding", "reading", "pictures", "source")  # of spectrograms.version


@pytest.fixture(autouse=True, scope="module")
def small_heap():
    """Keep what is there out of the garbage collector's sight: a trial calls it thrice, through all test modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def fresh_versions():
    """Forget what code was when other tests looked at it: they change modules, and a process looks once."""
    identity, version = (sys.modules.get(name) for name in ("benchmark.models.identity", "spectrograms.version"))
    for known in (identity and identity._source, *(getattr(version, name, None) for name in VERSIONS)):
        if known is not None:
            known.cache_clear()


@pytest.fixture(autouse=True)
def own_numbers(request):
    """Let a test draw the same numbers whichever tests came before it: a module's RNG is seeded by its name."""
    if generator := getattr(request.module, "RNG", None):
        seed = list(request.node.originalname.encode())
        generator.bit_generator.state = type(generator.bit_generator)(seed).state


@pytest.fixture
def eager(monkeypatch):
    """Run models without compiling them: for a few steps of a deep network compiling takes ten times as long."""
    import keras

    compile_ = keras.Model.compile
    monkeypatch.setattr(
        keras.Model, "compile", lambda *given, **named: compile_(*given, **named | {"run_eagerly": True})
    )
    make = keras.Model.make_predict_function

    def make_eager(model, force=False):
        model.run_eagerly = True
        return make(model, force)

    monkeypatch.setattr(keras.Model, "make_predict_function", make_eager)


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run the command line, from a folder of its own unless the test moves on; return exit code, output and errors."""
    from benchmark import cli

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["run_benchmark.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capsys.readouterr()
        return stop.value.code or 0, told.out, told.err

    return call


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Empty caches of Keras and TensorFlow Hub, and no way out; return the folder of Keras' weights."""
    import socket

    def refuse(*arguments, **named):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    return tmp_path / "models"


@pytest.fixture(scope="session")
def shared():
    """Return the folder of real recordings and weights that may stand beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"no real recordings and weights at {SHARED}")
    return SHARED


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Twenty pictures a class: its colour with noise."""
    from tests.support.studies import write_pictures

    return write_pictures(tmp_path_factory.mktemp("pictures"))
