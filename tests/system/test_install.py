"""The project as pip installs it: a wheel with every file that the suite reads, which needs what is written down."""

import shutil
import zipfile
from importlib.metadata import PathDistribution, version

import pytest
from packaging.requirements import Requirement  # which pytest needs

import benchmark
from tests.support.sources import PACKAGES, ROOT, python

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
    python("-c", build, cwd=folder / "project", check=True)
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
        "import benchmark\nfrom benchmark.config.networks import own_networks\n"
        "from benchmark.analysis.audit.published import read_published\n"
        "print(benchmark.__file__, len(own_networks()), len(read_published('visutsak2025')) > 100)"
    )
    answer = python("-c", code, cwd=tmp_path, env={"PYTHONPATH": str(installed)}, check=True)
    networks = (ROOT / "configs" / "models").glob("*.yaml")
    place = installed / "benchmark" / "__init__.py"
    assert answer.stdout.split() == [str(place), str(len([*networks])), "True"]


def test_the_wheel_needs_what_the_requirements_files_name(installed):
    (place,) = installed.glob("*.dist-info")
    wheel = PathDistribution(place)
    assert wheel.version == benchmark.__version__
    assert {entry.name: entry.value for entry in wheel.entry_points} == {"transfer-benchmark": "benchmark.cli:main"}
    wanted = set()
    for path in (ROOT / "requirements.txt", *(ROOT / "requirements").iterdir()):
        lines = [line for text in path.read_text().splitlines() if (line := text.partition("#")[0].strip())]
        extra = "" if path.parent == ROOT else f'; extra == "{path.stem}"'
        wanted |= {Requirement(line + extra) for line in lines}
    assert set(map(Requirement, wheel.requires)) == wanted
