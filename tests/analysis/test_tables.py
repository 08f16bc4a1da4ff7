"""Tables: every model keeps its row, numbers agree with each other, and any name survives Markdown and LaTeX."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.report.page.page import write_page
from benchmark.analysis.tables import registry, specs
from benchmark.analysis.tables.columns import Cell, Output, count, estimate, number, text, yes_no
from benchmark.analysis.tables.description import describe, failures, warnings
from benchmark.analysis.tables.files import write_tables
from benchmark.analysis.tables.latex import to_latex
from benchmark.analysis.tables.markdown import escape_markdown, to_markdown
from benchmark.analysis.tables.naming import is_random
from benchmark.analysis.tables.registry import TABLES, find_tables
from benchmark.analysis.tables.rendering import render
from benchmark.analysis.tables.specs.comparison import COMPARISON_COLUMNS, COMPARISON_EXTRA, scores_table
from benchmark.errors import StudyError
from benchmark.store.results import read_results
from tests.support.fake_results import NETWORKS, build_results, change_study

ABSENT = ("fusion", "ablation", "sweep", "extraction")  # of these studies, which have no such models, nor seconds
OURS = [spec for spec in TABLES if spec.columns and spec.tasks in ((), ("multiclass",)) and spec.name not in ABSENT]
SHOWN = tuple(dict.fromkeys(spec.name for spec in OURS))
TRIO = ("vgg16", "vgg19", "yamnet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = build_results(tmp_path_factory.mktemp("results") / "paper", absent=("vggish",), synthetic=30)
    write_tables(read_results(folder))
    return folder


@pytest.fixture(scope="module")
def comparison(folder):
    return pd.read_csv(folder / "comparison.csv").set_index("model")


@pytest.fixture
def small(tmp_path):
    return build_results(tmp_path / "small", models=TRIO, folds=1, seeds=(0, 1, 2), failed=(), random=())


def test_every_model_of_the_study_has_a_row_in_its_order(folder, comparison):
    assert comparison.index.tolist() == [*NETWORKS, "majority"]
    expected = [*COMPARISON_COLUMNS, *COMPARISON_EXTRA, "caveats"]
    expected.insert(expected.index("accuracy_std"), "best")
    assert comparison.reset_index().columns.tolist() == expected


def test_a_failed_model_keeps_its_row_and_its_error_stands_below(folder, comparison):
    row = comparison.loc["vgg19"]
    assert (row["status"], row["trials"]) == ("failed", 0)
    assert row[["accuracy", "f1_macro", "latency_ms_p50", "parameters"]].isna().all()
    assert "Failed: VGG-19: out of memory: 512 MiB \\| 100 % used" in (folder / "comparison.md").read_text()
    assert r"Failed: VGG-19: out of memory: 512 MiB \textbar{} 100 \% used" in (folder / "comparison.tex").read_text()


def test_a_model_without_trials_is_not_run(comparison):
    assert comparison.loc["vggish", ["status", "weights"]].tolist() == ["not run", "imagenet"]


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("suffix", ["md", "tex"])
def test_words_say_what_the_numbers_rest_on(folder, name, suffix):
    text = (folder / f"{name}.{suffix}").read_text()
    for fact in ("Study paper: 153 clips, 5 classes (Action, Comedy, Drama, Romance, Thriller)", "SYNTHETIC sound",
                 "Random weights, nothing pretrained: YAMNet", "5-fold cross-validation; seed 0", "Chance level 0.200",
                 "always naming the largest class: accuracy 0.229", "1 file rejected"):  # fmt: skip
        assert fact in text


def test_a_study_of_real_sound_and_pretrained_weights_has_no_warning(small):
    assert warnings(read_results(small)) == []
    assert "holdout, 70/10/20 % train/val/test; seeds 0, 1, 2." in " ".join(describe(read_results(small)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("random_search.weights.h5", []),  # a file's name
        ("random", ["Random weights, nothing pretrained: VGG-16."]),
        ("clip: random, music: random", ["Random weights, nothing pretrained: VGG-16."]),
        ("clip: random, music: msd.h5, ocr: random", ["Random weights of clip, ocr: VGG-16."]),
    ],
)
def test_a_warning_names_the_features_whose_weights_are_random(small, name, expected):
    for path in small.glob("trials/vgg16/*/trial.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"weights": {"name": name, "sha256": None}}))
    results = read_results(small)
    assert warnings(results) == expected
    assert [is_random(results, model) for model in results.models] == [bool(expected), False, False]


def test_partly_done_models_say_so(small):
    shutil.rmtree(small / "trials" / "vgg16" / "0-1")  # not run
    (small / "trials" / "vgg19" / "0-2" / "predictions.csv").write_text("broken")
    results = read_results(small)
    table = scores_table(results).set_index("model")
    assert table["status"].to_dict() == {"vgg16": "2 of 3 done", "vgg19": "2 of 3 done", "yamnet": "done"}
    assert table["trials"].to_dict() == {"vgg16": 2, "vgg19": 2, "yamnet": 3}
    assert "0-2/predictions.csv: missing column split" in failures(results)["VGG-19"]


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("trial.json", None, "trial.json cannot be read"),
        ("trial.json", "{", "trial.json cannot be read"),
        ("trial.json", "[]", "must hold a mapping; got list"),
        ("trial.json", json.dumps({"status": "done"}), "missing key model"),
        ("predictions.csv", None, "predictions.csv cannot be read"),
        ("history.csv", "iteration\n1\n", "missing column epoch"),
        ("latency.csv", "", "latency.csv cannot be read"),
    ],
)
def test_a_corrupt_trial_counts_as_failed_and_the_rest_go_on(small, file, content, reason):
    path = small / "trials" / "vgg16" / "0-1" / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    trials = read_results(small).of("vgg16")
    assert [trial.done for trial in trials] == [True, False, True]
    assert reason in trials[1].error


def test_predictions_of_other_classes_count_as_failed(small):
    path = small / "trials" / "vgg16" / "0-0" / "predictions.csv"
    pd.read_csv(path).drop(columns="score_Drama").replace("Drama", "Action").to_csv(path, index=False)
    assert not read_results(small).of("vgg16")[0].done


def test_left_over_and_unfinished_trials_are_not_read(small):
    for name in ("nasnet_mobile/0-0", "vgg16/1-0", "vgg16/0-7", "vgg16/.0-1", "vgg16/tmp-0-1"):
        shutil.copytree(small / "trials" / "vgg16" / "0-0", small / "trials" / name)
    results = read_results(small)
    assert {trial.model for trial in results.trials} == set(TRIO)
    assert len(results.of("vgg16")) == 3


@pytest.mark.parametrize(
    ("remove", "message"),
    [(".", "no folder .*; give the folder that a run wrote"), ("study.yaml", "has no study.yaml, so it is no results"),
     ("trials", "has no trial that study.yaml names; run the study first"), ("clips.csv", "clips.csv cannot be read")],
)  # fmt: skip
def test_a_folder_without_results_is_one_readable_sentence(small, remove, message):
    path = small / remove
    path.unlink() if path.is_file() else shutil.rmtree(path)
    with pytest.raises(StudyError, match=message) as caught:
        read_results(small)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["split", "models"])
def test_a_study_file_that_lacks_a_part_is_named(small, key):
    change_study(small, **{key: [{}]})
    with pytest.raises(StudyError, match="split or models is not as a run writes it"):
        read_results(small)
    (small / "study.yaml").write_text((small / "study.yaml").read_text().replace(f"\n{key}:", "\nother:"))
    with pytest.raises(StudyError, match=f"missing key {key}"):
        read_results(small)


def test_latex_reads_no_character_of_a_name_as_a_command():
    names = pd.DataFrame({"name": [r"R&B_50% #1 {x} $y$ ~^ \n", "[x]", "a | <b>\n0"]})
    latex = to_latex(render(names, [text("Name", "name")], "Names."), "a study_1")
    for found in (r"R\&B\_50\% \#1 \{x\} \$y\$ \textasciitilde \textasciicircum \space \textbackslash n \\",
                  "{[}x] ",  # else an argument of the end of the row before it
                  r"a \textbar{} \textless{}b\textgreater{} 0 \\", r"\label{tab:a-study-1}"):  # fmt: skip
        assert found in latex


def test_markdown_reads_no_character_of_a_name_as_markup():
    assert escape_markdown("a|b *c* _d_ `e` <f>\ng") == r"a\|b \*c\* \_d\_ \`e\` \<f> g"
    assert escape_markdown("[x](http://y) &lt; R&B") == r"[x\](http://y) \&lt; R&B"
    assert escape_markdown("0.812 [0.70, 0.89]") == "0.812 [0.70, 0.89]"


CLASSES_THAT_BREAK = ("Lo$t & $aved", "100 % #Pop", "[x] {y} \\z", "R&B_~^ <b>")
LABELS_THAT_BREAK = {"vgg16": "A&B|C_D", "resnet18": "[<b>{x}</b>]"}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Return a folder whose classes and labels are full of signs that Markdown and LaTeX read as commands."""
    folder = build_results(tmp_path_factory.mktemp("odd") / "odd_%1", classes=CLASSES_THAT_BREAK,
                           labels=LABELS_THAT_BREAK)  # fmt: skip
    for file in folder.glob("trials/yamnet/*/trial.json"):
        file.write_text(file.read_text().replace('"random"', '"mobilenetv2_1.0_224_dequant_notop.weights.h5"'))
    write_tables(read_results(folder))
    return folder


def test_awkward_names_keep_every_row_as_wide_as_the_header(odd):
    for name in SHOWN:
        markdown = [line for line in (odd / f"{name}.md").read_text().splitlines() if line.startswith("|")]
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in markdown}) == 1


DOCUMENT = r"""\documentclass[11pt,a4paper]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{booktabs,graphicx,longtable}
%s
\begin{document}
%s
\end{document}
"""
AS_WIDE_AS_IT_IS = r"\renewcommand{\resizebox}[3]{#3}"


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex: apt install texlive-latex-recommended")
def test_every_table_compiles_and_the_comparison_fits_a_page(folder, odd, tmp_path):
    files = [study / f"{name}.tex" for study in (folder, odd) for name in SHOWN]
    inputs = "\n".join(rf"\input{{{shutil.copy(file, tmp_path / f'{number}.tex')}}}\clearpage"
                       for number, file in enumerate(files))  # fmt: skip
    assert problems(compiled(tmp_path / "all", "", inputs)) == []
    comparison = (odd / "comparison.tex").read_text()
    assert problems(compiled(tmp_path / "comparison", AS_WIDE_AS_IT_IS, comparison)) == []


def problems(log):
    """Return the errors of LaTeX's log, undefined or repeated labels, and boxes more than 5 pt too wide."""
    wide = re.findall(r"Overfull \\hbox \(([\d.]+)pt.*", log)
    said = [line for line in log.splitlines() if line.startswith("!") or "undefined" in line or "multiply" in line]
    return [*said, *(width for width in wide if float(width) > 5)]


def compiled(folder, preamble, body):
    folder.mkdir()
    (folder / "all.tex").write_text(DOCUMENT % (preamble, body))
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "all.tex"], cwd=folder, capture_output=True,
                         check=False)  # fmt: skip
    log = (folder / "all.log").read_text(encoding="latin-1")
    assert run.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith(("!", "l.")))
    return log


ROWS = pd.DataFrame({"name": ["a", "[b]"], "x": [0.5, np.nan], "x_low": [0.4, np.nan], "x_high": [0.61, np.nan],
                     "n": [12_345, 7], "told": [True, False]})  # fmt: skip
COLUMNS = (
    text("Name", "name"),
    estimate("X", "x"),
    number("Number", "n", count, unit="s", short="N", outputs=Output.MARKDOWN | Output.TERMINAL),
    yes_no("Told", "told"),
    text("Blank", "x_low", lambda value: ""),
)


def test_a_cell_has_its_text_and_the_number_it_is_sorted_by():
    table = render(ROWS, COLUMNS, "Title.", Output.MARKDOWN)
    assert table.header == ("Name", "X [95 %]", "Number (s)", "Told")
    assert table.rows == (
        (Cell("a"), Cell("0.500 [0.40, 0.61]", 0.5), Cell("12.3 k", 12_345), Cell("yes")),
        (Cell("[b]"), Cell(""), Cell("7", 7), Cell("no")),
    )
    assert render(ROWS, COLUMNS, "", Output.PAGE).header == ("Name", "X [95 %]", "Told")
    assert render(ROWS, COLUMNS, "", Output.TERMINAL).header[2] == "N s"


def test_a_table_is_written_in_both_languages():
    table = render(
        ROWS, COLUMNS, "Title.", Output.MARKDOWN, facts=("Fact.",), caveats=("Note.",), headings=("Head", "")
    )
    assert to_markdown(table) == (
        "Title.\n\n- Fact.\n\n| Name | X [95 %] | Number (s) | Told |\n| --- | ---: | ---: | --- |\n"
        "| **Head** |  |  |  |\n| a | 0.500 [0.40, 0.61] | 12.3 k | yes |\n| [b] |  | 7 | no |\n\nNote.\n"
    )
    latex = to_latex(table, "t")
    for part in (r"\begin{tabular}{lrrl}", r"\toprule", r"a & 0.500 [0.40, 0.61] & 12.3 k & yes \\", r"{[}b] &",
                 r"\caption{Title.}", r"\label{tab:t}", r"\rlap{\textbf{Head}}", "Fact. \\\\\nNote. \\\\"):  # fmt: skip
        assert part in latex
    assert latex.count("{") == latex.count("}")


def test_captions_need_no_escaping():
    assert not [spec.title for spec in TABLES if re.search(r"[^\w ,.()-]", spec.title)]


NEW_TABLE = """
from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.spec import TableSpec

def names(results, tables):
    labels = tables["comparison"][["model", "label"]]
    return labels.assign(length=labels["label"].str.len())

TABLES = (TableSpec("names", names, "How long names are.", (text("Model", "label"), number("Length", "length"))),)
"""


def test_a_new_table_is_one_new_file(small, tmp_path, monkeypatch):
    (tmp_path / "names.py").write_text(NEW_TABLE)
    monkeypatch.setattr(specs, "__path__", [*specs.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "TABLES", find_tables())
    results = read_results(small)
    tables, written = write_tables(results)
    assert {small / f"names.{suffix}" for suffix in ("csv", "md", "tex")} <= set(written)
    assert "| VGG-16 | 6 |" in (small / "names.md").read_text()
    page = write_page(results, tables, []).read_text()
    assert "How long names are" in page
    assert '<td class="n" data-value="6.0">6</td>' in page


def test_a_table_that_does_not_apply_to_the_task_is_not_written(small, monkeypatch):
    changed = [replace(spec, tasks=("multilabel",)) if spec.name == "per_clip" else spec for spec in TABLES]
    monkeypatch.setattr(registry, "TABLES", changed)
    (small / "per_clip.md").touch()
    _, written = write_tables(read_results(small))
    assert not list(small.glob("per_clip.*"))
    assert small / "confident_errors.csv" in written
