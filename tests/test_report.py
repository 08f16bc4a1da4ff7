"""The report: everything from disk, nothing stale, no network library."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.analysis import figures
from benchmark.analysis.forms import FORMS
from benchmark.analysis.report import print_comparison, report
from benchmark.analysis.sheets import SPECIAL
from benchmark.config import StudyError
from tests.fake_results import build_results

ROOT = Path(__file__).parent.parent
TRIO = ("vgg16", "vgg19", "yamnet")


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "small", models=TRIO, folds=1)


def test_report_writes_tables_and_figures(folder):
    summary = report(folder)
    names = {str(path.relative_to(folder)) for path in summary.files}
    sheets = {f"{name}.{suffix}" for name in (*FORMS, *SPECIAL) for suffix in ("csv", "md", "tex")}
    kinds = ("confusion", "training", "scores")
    drawn = {f"figures/{kind}_{model}.png" for kind in kinds for model in ("vgg16", "yamnet")}
    drawn |= {f"figures/{name}.png" for name in ("accuracy_latency", "pairwise", "example")}
    assert names == sheets | {"ranking.csv", "reliability.csv", "report.html"} | drawn
    assert all(path.stat().st_size > 0 for path in summary.files)
    assert summary.comparison["model"].tolist() == list(TRIO)
    assert "out of memory" in summary.failures["VGG-19"]


def test_stale_figures_go_and_other_files_stay(folder):
    (folder / "figures").mkdir()
    for name in ("confusion_old.png", "training_old.png", "scores_old.png", "mine.png"):
        (folder / "figures" / name).touch()
    written = {path.name for path in report(folder).files if path.suffix == ".png"}
    assert {path.name for path in (folder / "figures").iterdir()} == written | {"mine.png"}


def test_a_second_report_writes_the_same_bytes(folder):
    first = {path: path.read_bytes() for path in report(folder).files}
    assert {path: path.read_bytes() for path in report(folder).files} == first


def test_a_study_whose_trials_all_failed_still_has_tables(tmp_path):
    folder = build_results(tmp_path / "failed", models=TRIO, folds=1, failed=TRIO)
    summary = report(folder)
    assert summary.comparison["status"].tolist() == ["failed"] * 3
    assert not [path for path in summary.files if path.suffix == ".png"]


def test_no_results_is_a_study_error(tmp_path):
    with pytest.raises(StudyError, match="no folder"):
        report(tmp_path / "absent")


def test_the_terminal_shows_the_comparison_in_100_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "write_figures", lambda *given: [])
    folder = build_results(tmp_path / "wide", synthetic=30, folds=2)
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(report(folder), console)
    lines = console.export_text().splitlines()
    row = next(line for line in lines if line.startswith("Inception-ResNet-v2"))
    assert "[0." in row  # label and interval unbroken in one line
    assert row.rstrip().endswith("done")
    assert any(line.startswith("SYNTHETIC sound") for line in lines)
    assert any("] *" in line for line in lines if line.startswith("VGG-16"))  # the best
    assert any(line.startswith("*: the highest accuracy; ~: not separable from it") for line in lines)
    assert any(line.startswith("Failed: VGG-19: out of memory") for line in lines)


def test_report_imports_no_network_library(folder):
    script = (
        "import sys; from benchmark.analysis.report import report\n"
        "heavy = {'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "report(sys.argv[1])\n"
        "banned = {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
        "print(*heavy | banned)"
    )
    run = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "\n", "")
