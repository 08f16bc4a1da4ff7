"""The report: everything from disk, nothing stale, no network library."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from rich.console import Console

from benchmark.analysis.plots import figures
from benchmark.analysis.report.report import print_comparison, report
from benchmark.analysis.report.terminal import fit
from benchmark.analysis.tables.columns import Output, number, shortened, text
from benchmark.analysis.tables.registry import TABLES
from benchmark.analysis.tables.rendering import render
from benchmark.errors import StudyError
from tests.support.fake_results import build_results
from tests.support.sources import ROOT

TRIO = ("vgg16", "vgg19", "yamnet")


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "small", models=TRIO, folds=1)


def test_report_writes_tables_and_figures(folder):
    summary = report(folder)
    names = {str(path.relative_to(folder)) for path in summary.files}
    shown = [name for name, spec in TABLES.items() if spec.columns]
    tables = {f"{name}.{suffix}" for name in shown for suffix in ("csv", "md", "tex")}
    kinds = ("confusion", "training", "scores")
    drawn = {f"figures/{kind}_{model}.png" for kind in kinds for model in ("vgg16", "yamnet")}
    drawn |= {f"figures/{name}.png" for name in ("accuracy_intervals", "accuracy_latency", "pairwise", "example")}
    assert names == tables | {"ranking.csv", "reliability.csv", "report.html"} | drawn
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
    monkeypatch.setattr(figures, "FIGURES", ())
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


LONG = "mobilenetv2_1.0_224_dequant_notop.weights.h5"


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The report of eleven models: one with a long label, two with weights of a long name, caveats, and trials lost."""
    folder = build_results(
        tmp_path_factory.mktemp("wide"), folds=2, labels={"vggish": "VGGish with a label much longer than usual"}
    )
    study = yaml.safe_load((folder / "study.yaml").read_text())
    study["leakage"] = "off"  # a caveat of every row
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    for name in ("inception_resnet_v2", "mobilenet_v2"):
        for file in folder.glob(f"trials/{name}/*/trial.json"):
            file.write_text(file.read_text().replace('"name": "imagenet"', f'"name": "{LONG}"'))
    shutil.rmtree(folder / "trials" / "densenet201" / "1-0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "FIGURES", ())
        return report(folder)


@pytest.mark.parametrize("width", [80, 90, 100, 120])
def test_the_terminals_table_fits_and_no_number_is_cut(wide, width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(wide, console)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    heading = next(line for line in lines if line.startswith("Model")).split()
    for row in wide.comparison.to_dict("records"):
        line = next(line for line in lines if line.startswith(row["label"][:11]) and line.rstrip().endswith(" a"))
        assert row["status"] in line
        if row["status"] != "failed":
            numbers = [f"{row['accuracy']:.3f} [{row['accuracy_low']:.2f}, {row['accuracy_high']:.2f}]",
                       f"{row['f1_macro']:.3f}", f"{row['latency_ms_p50']:.1f}"]  # fmt: skip
            if "Params" in heading:
                numbers.append(f"{row['parameters'] / 1e6:.1f} M")
            if "MB" in heading:
                numbers.append(f"{row['size_mb']:.1f}")
            assert [number for number in numbers if f" {number} " not in line] == []
    assert {"Weights", "Accuracy", "F1", "p50", "Status", "Caveats"} <= set(heading)
    assert any(f"Weights of MobileNet-v2: {LONG}." in line for line in lines)
    assert ("Train" in heading) == (width == 120)


def test_a_label_is_wrapped_and_a_weights_name_loses_its_middle():
    frame = pd.DataFrame({"label": ["a label of words"], "weights": ["weights_of_a_network.h5"], "f1": [0.123]})
    columns = (text("Model", "label"), text("Weights", "weights", shorten=True), number("F1", "f1"))
    table = render(frame, columns, "", Output.TERMINAL)
    for width, name, label_width in ((80, "weights_o..etwork.h5", 53), (28, "weig..k.h5", 11)):  # 28 - 1 - 10 - 1 - 5
        fitted, left = fit(table, width)
        assert [cell.text for cell in fitted.rows[0]] == ["a label of words", name, "0.123"]
        assert fitted.caveats == ("Weights of a label of words: weights_of_a_network.h5.",)
        assert left == label_width
    assert shortened("weights.h5", 10) == "weights.h5"


def test_columns_are_left_out_in_order_and_text_that_says_something_stays():
    frame = pd.DataFrame({"label": ["model"] * 2, "f1": [0.5] * 2, "size": [1.5] * 2, "status": ["done", "failed"]})
    columns = (text("Model", "label"), number("F1", "f1", drop=2), number("Size", "size", drop=1),
               text("Status", "status", drop=3, usual="done"))  # fmt: skip
    heads = {width: fit(render(frame, columns, "", Output.TERMINAL), width)[0].header for width in (80, 17, 10)}
    assert heads == {80: ("Model", "F1", "Size", "Status"), 17: ("Model", "F1", "Status"), 10: ("Model", "Status")}
    done = render(frame.assign(status="done"), columns, "", Output.TERMINAL)
    assert fit(done, 10)[0].header == ("Model",)


def test_report_imports_no_network_library(folder):
    script = (
        "import sys; from benchmark.analysis.report.report import report\n"
        "heavy = {'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "report(sys.argv[1])\n"
        "banned = {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
        "print(*heavy | banned)"
    )
    run = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "\n", "")
