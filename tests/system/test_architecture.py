"""The sources themselves: imports run one way, TensorFlow stays in one file, files and functions stay small."""

import ast

import pytest

from tests.support.sources import PACKAGES, ROOT, SOURCES

# The rooms, from the ground up: a room imports from those before it alone. What is not listed is no room.
ROOMS = (
    "spectrograms", "benchmark.errors", "benchmark.tasks", "benchmark.store", "benchmark.config", "benchmark.video",
    "benchmark.texts", "benchmark.data", "benchmark.models", "benchmark.features", "benchmark.training",
    "benchmark.trials", "benchmark.engines", "benchmark.inference", "benchmark.analysis.metrics",
    "benchmark.analysis.audit", "benchmark.analysis.tables",
    "benchmark.analysis.plots", "benchmark.analysis.report", "benchmark.cli",
)  # fmt: skip
APART = ("benchmark", "benchmark.doctor")  # the face of the package; what has to run before anything is installed
# All that analysis knows of the rest.
OF_ANALYSIS = ("spectrograms", "benchmark.errors", "benchmark.tasks", "benchmark.store")


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in SOURCES}


def room_of(module):
    """Return the room that a module lies in, itself where it is none."""
    return next((room for room in reversed(ROOMS) if module == room or module.startswith(f"{room}.")), module)


def imports(path):
    """Return all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


@pytest.mark.parametrize("path", [path for path in SOURCES if module_name(path) not in APART], ids=module_name)
def test_imports_run_one_way(path):
    room = room_of(module_name(path))
    if path.name == "__init__.py" and not path.read_text():
        return
    assert room in ROOMS, "a module lies in no room: add the room to the list, or move the module"
    below = set(ROOMS[: ROOMS.index(room) + 1])
    if room.startswith("benchmark.analysis"):
        below = {other for other in below if other in OF_ANALYSIS or other.startswith("benchmark.analysis")}
    own = {module for module in imports(path) if module.split(".")[0] in PACKAGES and module != "benchmark"}
    assert {module for module in own if room_of(module) not in below} == set()


def test_no_test_imports_another():
    tests = (ROOT / "tests").rglob("test_*.py")
    found = {path.name: {m for m in imports(path) if ".test_" in m} - {module_name(path)} for path in tests}
    assert {name: modules for name, modules in found.items() if modules} == {}


def users_of(*packages):
    return {module_name(path) for path in SOURCES if {module.split(".")[0] for module in imports(path)} & set(packages)}


def test_analysis_and_spectrograms_know_no_keras():
    apart = ("benchmark.analysis", "benchmark.store", "spectrograms")
    assert not {module for module in users_of("keras", "keras_hub") if module.startswith(apart)}


def test_pyplot_is_never_used():
    assert not [path for path in SOURCES if "matplotlib.pyplot" in str(imports(path))]


def test_tensorflow_is_imported_for_its_modules_and_its_checkpoints_alone():
    users = {"benchmark.features.hub", "benchmark.models.weights.tf_checkpoint"}
    assert users_of("tensorflow", "tensorflow_hub") == users


def test_pickles_are_read_in_one_place_that_runs_nothing_of_them():
    """Features are published as pickles; tests/data/test_pickles.py tries attacks on the one module that reads them."""
    assert users_of("pickle", "dill", "cloudpickle", "_pickle") == {"benchmark.data.conversion.pickles"}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_files_and_functions_are_small_and_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert path.name == "__init__.py" or ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            documented = len((ast.get_docstring(node) or "").splitlines())
            assert node.end_lineno - node.lineno + 1 - documented <= 42, f"{node.name} is too long"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
