"""The sources themselves: imports run one way, TensorFlow stays in one file, files and functions stay small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("spectrograms", "benchmark")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LAYERS = {  # which parts of the project a part may import besides itself
    "spectrograms": set(),
    "benchmark.training_params": {"spectrograms"},
    "benchmark.sections": {"spectrograms", "benchmark.training_params"},
    "benchmark.yaml_text": set(),
    "benchmark.config": {"spectrograms", "benchmark.sections", "benchmark.training_params", "benchmark.yaml_text"},
    "benchmark.schema": {"benchmark.config", "benchmark.sections"},
    "benchmark.doctor": set(),
    "benchmark.provenance": {"benchmark.__version__", "benchmark.backend"},
    "benchmark.energy": set(),
    "benchmark.files": {"spectrograms"},
    "benchmark.caveats": set(),
    "benchmark.backend": {"benchmark.config"},
    "benchmark.origin": set(),
    "benchmark.lock": {"benchmark.config"},
    "benchmark.status": {"benchmark.files"},
    "benchmark.data": {"spectrograms", "benchmark.config", "benchmark.files"},
    "benchmark.models": {"spectrograms", "benchmark.config", "benchmark.files", "benchmark.backend"},
    "benchmark.analysis": {"benchmark.config", "benchmark.files", "benchmark.caveats"},
}
LAYERS["benchmark.training"] = LAYERS["benchmark.data"] | {"benchmark.data", "benchmark.models"}
LAYERS["benchmark.training"] |= {"benchmark.training_params"}
LAYERS["benchmark.prepare"] = LAYERS["benchmark.data"] | {"benchmark.data", "benchmark.cluster"}
LAYERS["benchmark.findings"] = {"spectrograms", "benchmark.prepare", "benchmark.caveats"}
LAYERS["benchmark.predictor"] = LAYERS["benchmark.training"] | {"benchmark.training", "benchmark.sections"}
LAYERS["benchmark.trial"] = LAYERS["benchmark.predictor"] | {"benchmark.provenance", "benchmark.analysis"}
LAYERS["benchmark.explain"] = LAYERS["benchmark.predictor"] | {"benchmark.predictor", "benchmark.analysis"}
LAYERS["benchmark.export"] = LAYERS["benchmark.explain"] | {"benchmark.provenance"}
LAYERS["benchmark.tracking"] = {"benchmark.config", "benchmark.analysis"}
LAYERS["benchmark.trial"] |= {"benchmark.energy"}
LAYERS["benchmark.jobs"] = {"benchmark.sections", "benchmark.provenance"}
LAYERS["benchmark.trial"] |= {"benchmark.jobs"}
LAYERS["benchmark.attempt"] = LAYERS["benchmark.trial"] | {"benchmark.trial"}
LAYERS["benchmark.listing"] = {"benchmark.attempt", "benchmark.models"}
LAYERS["benchmark.reach"] = set()
LAYERS["benchmark.checks"] = LAYERS["benchmark.attempt"] | {"benchmark.attempt", "benchmark.reach"}
LAYERS["benchmark.workers"] = {"spectrograms", "benchmark.attempt", "benchmark.backend", "benchmark.jobs"}
LAYERS["benchmark.cluster"] = LAYERS["benchmark.attempt"] | {"benchmark.attempt", "benchmark.backend"}
LAYERS["benchmark.engine"] = LAYERS["benchmark.cluster"] | {
    "benchmark.origin",
    "benchmark.status",
    "benchmark.workers",
    "benchmark.cluster",
}


def part_of(module):
    """Return the part of the project that a module belongs to, e.g. 'benchmark.data' for 'benchmark.data.clips'."""
    names = module.split(".")
    return names[0] if names[0] == "spectrograms" else ".".join(names[:2])


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """Return all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(modules):
    return {module for module in modules if module.split(".")[0] in ROOMS}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_run_one_way(path):
    part = part_of(module_name(path))
    if part in ("benchmark", "benchmark.cli"):
        return
    allowed = LAYERS[part] | {part}
    assert {module for module in own(imports(path)) if part_of(module) not in allowed} == set()


def test_of_analysis_trial_uses_predictions_alone():
    used = {module for module in imports(ROOT / "benchmark" / "trial.py") if module.startswith("benchmark.analysis")}
    assert {module.rpartition(".")[0] for module in used} == {"benchmark.analysis.predictions"}


def users_of(*packages):
    return {module_name(path) for path in SOURCES if {module.split(".")[0] for module in imports(path)} & set(packages)}


def test_tensorflow_is_imported_for_embeddings_alone():
    assert users_of("tensorflow", "tensorflow_hub") == {"benchmark.data.embeddings"}


def test_analysis_and_spectrograms_know_no_keras():
    assert not {
        module for module in users_of("keras", "keras_hub") if part_of(module) in ("benchmark.analysis", "spectrograms")
    }


def test_pyplot_is_never_used():
    assert not [path for path in SOURCES if "matplotlib.pyplot" in str(imports(path))]


def test_nothing_is_unpickled():
    assert not users_of("pickle", "dill", "cloudpickle")


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
