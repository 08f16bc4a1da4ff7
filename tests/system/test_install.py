"""The project as pip installs it: a wheel with every file that the suite reads, which needs what is written down."""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution, version
from pathlib import Path

import pytest

import benchmark
from tests.support.sources import PACKAGES, ROOT

LEAST = 77  # setuptools from which licences are written as pyproject.toml writes ours
DATA = ("configs", "results/published")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "requirements.txt")

pytestmark = pytest.mark.skipif(
    int(version("setuptools").partition(".")[0]) < LEAST, reason=f"setuptools is older than {LEAST}: make setup"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that a wheel of a copy of the project is unpacked into."""
    folder = tmp_path_factory.mktemp("install")
    for name in (*PACKAGES, *DATA, "requirements"):
        shutil.copytree(ROOT / name, folder / "project" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(ROOT / name, folder / "project" / name)
    build = "from setuptools.build_meta import build_wheel; build_wheel('wheel')"
    subprocess.run([sys.executable, "-c", build], cwd=folder / "project", capture_output=True, check=True)
    zipfile.ZipFile(next((folder / "project" / "wheel").iterdir())).extractall(folder / "installed")
    return folder / "installed"


def files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


@pytest.mark.parametrize("name", [*PACKAGES, *DATA])
def test_every_file_is_installed(installed, name):
    place = installed / "benchmark" / "shipped" / name if name in DATA else installed / name
    assert files(ROOT / name) == {path for path in files(place) if path.parts[0] != "shipped"}


def test_an_installed_copy_reads_the_networks_and_published_tables_that_came_with_it(installed, tmp_path):
    (installed / "configs").mkdir()  # of another project, in site-packages
    code = (
        "import benchmark\nfrom benchmark.config.load import own_networks\n"
        "from benchmark.analysis.audit.published import read_published\n"
        "print(benchmark.__file__, len(own_networks()), len(read_published('visutsak2025')) > 100)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(installed)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    networks = (ROOT / "configs" / "models").glob("*.yaml")
    place = installed / "benchmark" / "__init__.py"
    assert answer.stdout.split() == [str(place), str(len([*networks])), "True"]


def test_the_wheel_needs_what_the_requirements_files_name(installed):
    (place,) = installed.glob("*.dist-info")
    wheel = PathDistribution(place)
    assert wheel.version == benchmark.__version__
    assert {entry.name: entry.value for entry in wheel.entry_points} == {"transfer-benchmark": "benchmark.cli:main"}
    wanted = {("", line) for line in lines(ROOT / "requirements.txt")}
    for path in (ROOT / "requirements").iterdir():
        wanted |= {(path.stem, line) for line in lines(path)}
    found = set()
    for need in wheel.requires:
        what, _, extra = need.partition("; extra == ")
        found.add((extra.strip("\"'"), what))
    assert {(extra, parts(line)) for extra, line in found} == {(extra, parts(line)) for extra, line in wanted}


def lines(path):
    return [line for text in Path(path).read_text().splitlines() if (line := text.partition("#")[0].strip())]


def parts(requirement):
    """Return a requirement as its name and its bounds, in any order."""
    name = re.match(r"[\w.-]+", requirement)[0]
    return name, frozenset(requirement.removeprefix(name).split(","))
