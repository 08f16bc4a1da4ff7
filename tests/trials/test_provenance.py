"""What a result was made with: the suite's version and commit, and those of the libraries."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import time

import pytest

from benchmark import __version__
from benchmark.config.study import NetworkParams, Study
from benchmark.models.backend import backend_name, keras_home
from benchmark.trials import provenance
from benchmark.trials.specification import Trial
from tests.support.sources import python


def git(folder, *words):
    own = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", folder, *own, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("no git here")
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("one = 1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "v1")  # a tag is no commit
    return tmp_path


def suite(folder):
    provenance.suite.cache_clear()
    return provenance.suite(folder)


def test_the_commit_is_that_of_the_checkout_and_says_where_files_differ(checkout):
    commit = git(checkout, "rev-parse", "HEAD").strip()
    (checkout / "results.csv").write_text("not tracked")
    assert suite(checkout) == {"version": __version__, "commit": commit}
    (checkout / "code.py").write_text("one = 2\n")
    assert suite(checkout)["commit"] == f"{commit}+changes"


def test_a_copy_inside_another_checkout_has_no_commit(checkout):
    (checkout / "site-packages").mkdir()
    assert suite(checkout / "site-packages")["commit"] is None


@pytest.mark.parametrize(("variable", "known"), [("PATH", False), ("GIT_DIR", True)])
def test_without_git_there_is_no_commit_and_no_variable_names_another(checkout, monkeypatch, variable, known):
    monkeypatch.setenv(variable, "/elsewhere")
    assert (suite(checkout)["commit"] is not None) == known


def test_a_trial_records_the_suite_before_it_runs(tmp_path):
    network = NetworkParams(name="n", label="N", backbone="keras.applications.VGG16")
    study = Study.model_validate({"name": "s", "dataset": {"root": "data"}, "models": [network]})
    assert Trial(network, 0, 0).record(study)["suite"] == provenance.suite()


def test_the_backend_is_the_one_that_keras_takes(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert (keras_home(), backend_name()) == (tmp_path, "tensorflow")
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "jax"}))
    assert backend_name() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert backend_name() == "torch"


def test_version_names_all_without_importing_any():
    code = "import sys; from benchmark import cli\ntry: cli.main()\nexcept SystemExit as stop: print(stop.code)\n"
    code += "print({'keras', 'tensorflow', 'librosa', 'matplotlib', 'sklearn', 'pandas', 'rich'} & set(sys.modules))"
    began = time.perf_counter()
    said = python("-c", code, "--version", check=True).stdout
    assert time.perf_counter() - began < 5  # 0.8 s on a quiet machine
    versions = (__version__, platform.python_version(), importlib.metadata.version("keras"))
    assert all(version in said for version in versions)
    assert f"backend {backend_name()}" in said
    assert said.splitlines()[-2:] == ["0", "set()"]
