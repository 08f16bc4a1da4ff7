"""The report: everything from disk, nothing stale, no network library.

Tables of a small committed results folder hold, number by number, what they held: structure may change, these may not.
``golden/expected`` was written by the suite of commit 38d4424 from ``golden/results``. Where a number is meant to
change, the commit that changes it says why."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.plots import figures
from benchmark.analysis.report.report import print_comparison, report
from benchmark.analysis.report.terminal import fit
from benchmark.analysis.tables.columns import Output, number, shortened, text
from benchmark.analysis.tables.registry import TABLES
from benchmark.analysis.tables.rendering import render
from tests.support.drawing import printed
from tests.support.fake_results import build_results, change_study
from tests.support.sources import python

TRIO = ("vgg16", "vgg19", "yamnet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("report") / "small", models=TRIO, folds=1)


ABSENT = ("fusion", "ablation", "sweep", "extraction")  # tables of what the study has not: no model of it is varied


def test_report_writes_tables_and_figures_and_the_same_bytes_again_and_takes_away_none_but_stale_figures(folder):
    (folder / "figures").mkdir()
    for name in ("confusion_old.png", "training_old.png", "scores_old.png", "mine.png"):
        (folder / "figures" / name).touch()
    summary = report(folder)
    names = {str(path.relative_to(folder)) for path in summary.files}
    shown = [spec.name for spec in TABLES if spec.columns and spec.tasks in ((), ("multiclass",))]
    shown = [name for name in shown if name not in ABSENT]
    tables = {f"{name}.{suffix}" for name in shown for suffix in ("csv", "md", "tex")}
    kinds = ("confusion", "training", "scores")
    drawn = {f"figures/{kind}_{model}.png" for kind in kinds for model in ("vgg16", "yamnet")}
    drawn |= {f"figures/{name}.png" for name in ("accuracy_intervals", "accuracy_latency", "pairwise", "example")}
    assert names == tables | {"ranking.csv", "reliability.csv", "report.html"} | drawn
    assert all(path.stat().st_size > 0 for path in summary.files)
    assert summary.comparison["model"].tolist() == list(TRIO)
    assert "out of memory" in summary.failures["VGG-19"]
    assert {f"figures/{path.name}" for path in (folder / "figures").iterdir()} == drawn | {"figures/mine.png"}
    first = {path: path.read_bytes() for path in summary.files}
    assert {path: path.read_bytes() for path in report(folder).files} == first
    assert not list(folder.rglob(".*report*"))


LONG = "mobilenetv2_1.0_224_dequant_notop.weights.h5"


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The report of eleven models: one with a long label, two with weights of a long name, caveats, and trials lost."""
    labels = {"vggish": "VGGish with a label much longer than usual"}
    folder = build_results(tmp_path_factory.mktemp("wide"), folds=2, synthetic=30, labels=labels)
    change_study(folder, leakage="off")  # a caveat of every row
    for name in ("inception_resnet_v2", "mobilenet_v2"):
        for file in folder.glob(f"trials/{name}/*/trial.json"):
            file.write_text(file.read_text().replace('"name": "imagenet"', f'"name": "{LONG}"'))
    shutil.rmtree(folder / "trials" / "densenet201" / "1-0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "FIGURES", ())
        return report(folder)


@pytest.mark.parametrize("width", [80, 90, 100, 120])
def test_the_terminals_table_fits_and_no_number_is_cut(wide, width):
    lines = printed(print_comparison, wide, width).splitlines()
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
    assert any("] *" in line for line in lines if line.startswith("VGG-16"))  # the best
    text = " ".join(" ".join(lines).split())
    for part in ("SYNTHETIC sound", "*: the highest accuracy; ~: not separable from it", "Failed: VGG-19: out of mem"):
        assert part in text


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
    run = python("-c", script, folder)
    assert (run.returncode, run.stdout, run.stderr) == (0, "\n", "")


GOLDEN = Path(__file__).resolve().parent / "golden"
EXPECTED = sorted((GOLDEN / "expected").glob("*.csv"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = shutil.copytree(GOLDEN / "results", tmp_path_factory.mktemp("golden") / "results")
    report(folder)
    return folder


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_tables_hold_the_numbers_that_they_held(file, written):
    expected, got = (pd.read_csv(path) for path in (file, written / file.name))
    assert len(got) == len(expected)
    for name in expected.columns:  # a table may gain columns
        if pd.api.types.is_numeric_dtype(expected[name]):
            np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=1e-9, err_msg=name)
        else:
            assert got[name].fillna("").astype(str).tolist() == expected[name].fillna("").astype(str).tolist(), name
