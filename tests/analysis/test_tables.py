"""Tables: every model keeps its row, numbers agree with each other, and any name survives Markdown and LaTeX."""

import json
import re
import shutil

import pandas as pd
import pytest
import yaml

from benchmark.analysis.tables import tables
from benchmark.analysis.tables.columns import count
from benchmark.analysis.tables.forms import FORMS
from benchmark.analysis.tables.markup import Sheet, escape_latex, escape_markdown, to_latex, to_markdown
from benchmark.analysis.tables.parity import COMPARISON_EXTRA
from benchmark.analysis.tables.sheets import write_tables
from benchmark.errors import StudyError
from benchmark.store.results import read_results
from tests.support.fake_results import CLASSES, NETWORKS, build_results

SHEETS = ("per_class", "table_2", "table_3", *FORMS)
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
    expected = [*tables.COMPARISON_COLUMNS[:-1], *COMPARISON_EXTRA, "marks"]
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


def test_accuracy_is_the_share_of_right_rows_in_the_files(folder, comparison):
    frames = [pd.read_csv(path) for path in (folder / "trials" / "vgg16").glob("*/predictions.csv")]
    test = pd.concat(frames).query("split == 'test'")
    assert len(test) == comparison.loc["vgg16", "n_test"] == 153
    assert comparison.loc["vgg16", "accuracy"] == pytest.approx((test["y_true"] == test["y_pred"]).mean())


def test_per_class_scores_agree_with_the_comparison(folder, comparison):
    blocks = pd.read_csv(folder / "per_class.csv").groupby("model")
    assert set(blocks.groups) == set(NETWORKS) - {"vgg19", "vggish"}
    for model, block in blocks:
        row = comparison.loc[model]
        assert block["class"].tolist() == list(CLASSES)
        assert block["f1"].mean() == pytest.approx(row["f1_macro"])
        weighted = (block["recall"] * block["support"]).sum() / block["support"].sum()
        assert weighted == pytest.approx(row["accuracy"])


def test_latency_has_the_columns_of_the_study_level_file(folder):
    latency = pd.read_csv(folder / "latency.csv").set_index("model")
    assert latency.reset_index().columns.tolist() == list(tables.LATENCY_COLUMNS)
    assert latency.loc["vgg16", "calls"] == 150  # five folds of thirty calls
    assert latency.loc["vgg16", "latency_ms_first"] == pytest.approx(8 * NETWORKS["vgg16"][2])


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("suffix", ["md", "tex"])
def test_captions_say_what_the_numbers_rest_on(folder, name, suffix):
    text = (folder / f"{name}.{suffix}").read_text()
    for fact in ("Study paper: 153 clips, 5 classes (Action, Comedy, Drama, Romance, Thriller)", "SYNTHETIC sound",
                 "Random weights, nothing pretrained: YAMNet", "5-fold cross-validation; seed 0", "Chance level 0.200",
                 "always naming the largest class: accuracy 0.229", "1 file rejected"):  # fmt: skip
        assert fact in text


def test_a_study_of_real_sound_and_pretrained_weights_has_no_warning(small):
    assert tables.warnings(read_results(small)) == []
    assert "holdout, 70/10/20 % train/val/test; seeds 0, 1, 2." in " ".join(tables.describe(read_results(small)))


def test_per_class_is_laid_out_as_table_3_of_the_paper(folder):
    lines = (folder / "per_class.md").read_text().splitlines()
    start = lines.index("| **VGG-16** |  |  |  |  |")
    assert [line.split("|")[1].strip() for line in lines[start + 1 : start + 7]] == [*CLASSES, "Accuracy"]
    assert r"\multicolumn{5}{c}{\textbf{VGG-16}}" in (folder / "per_class.tex").read_text()


def test_partly_done_models_say_so(small):
    shutil.rmtree(small / "trials" / "vgg16" / "0-1")  # not run
    (small / "trials" / "vgg19" / "0-2" / "predictions.csv").write_text("broken")
    results = read_results(small)
    table = tables.comparison_table(results).set_index("model")
    assert table["status"].to_dict() == {"vgg16": "2 of 3 done", "vgg19": "2 of 3 done", "yamnet": "done"}
    assert table["trials"].to_dict() == {"vgg16": 2, "vgg19": 2, "yamnet": 3}
    assert "0-2/predictions.csv: missing column split" in tables.failures(results)["VGG-19"]


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("trial.json", None, "trial.json cannot be read"),
        ("trial.json", "{", "trial.json cannot be read"),
        ("trial.json", "[]", "status must be 'done' or 'failed'"),
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
    trials = small / "trials"
    for name in ("nasnet_mobile/0-0", "vgg16/1-0", "vgg16/0-7", "vgg16/.0-1", "vgg16/tmp-0-1"):
        shutil.copytree(trials / "vgg16" / "0-0", trials / name)
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
    study = yaml.safe_load((small / "study.yaml").read_text())
    (small / "study.yaml").write_text(yaml.safe_dump(study | {key: [{}]}))
    with pytest.raises(StudyError, match="split or models is not as a run writes it"):
        read_results(small)
    del study[key]
    (small / "study.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(StudyError, match=f"missing key {key}"):
        read_results(small)


def test_latex_reads_no_character_of_a_name_as_a_command():
    assert escape_latex(r"R&B_50% #1 {x} $y$ ~^ \n") == (
        r"R\&B\_50\% \#1 \{x\} \$y\$ \textasciitilde{}\textasciicircum{} \textbackslash{}n"
    )
    assert escape_latex("[x]") == "{[}x]"  # else an argument of the row's end before it


def test_markdown_reads_no_character_of_a_name_as_markup():
    assert escape_markdown("a|b *c* _d_ `e` <f>\ng") == r"a\|b \*c\* \_d\_ \`e\` \<f> g"
    assert escape_markdown("[x](http://y) &lt; R&B") == r"[x\](http://y) \&lt; R&B"
    assert escape_markdown("0.812 [0.70, 0.89]") == "0.812 [0.70, 0.89]"


def test_awkward_names_keep_every_row_as_wide_as_the_header(tmp_path):
    classes = ("Rock & Roll_1", "100 % #Pop", "$x$ {y} \\z")
    labels = {"vgg16": "A&B|C_D", "resnet18": "<b>{x}</b>"}
    folder = build_results(tmp_path / "odd", models=tuple(labels), folds=1, classes=classes, labels=labels)
    write_tables(read_results(folder))
    for name in SHEETS:
        columns = (folder / f"{name}.tex").read_text().partition("\\midrule")[0].split("\n")[-2].count(" & ") + 1
        markdown = (folder / f"{name}.md").read_text().splitlines()
        rows = [re.split(r"(?<!\\)\|", line) for line in markdown if line.startswith("|")]
        assert {len(row) - 2 for row in rows} == {columns}
        latex = [line for line in (folder / f"{name}.tex").read_text().splitlines() if line.endswith(r"\\")]
        widths = {len(re.findall(r"(?<!\\)&", line)) + 1 for line in latex if "multicolumn" not in line}
        assert widths - {1} == {columns}  # 1: the caption of a longtable


def test_a_sheet_is_a_table_in_both_languages():
    sheet = Sheet("t", ("Title.", "Fact."), ("Model", "n"), (("Head",), ("a", "1")), ("Note.",))
    assert (
        to_markdown(sheet)
        == "Title.\n\n- Fact.\n\n| Model | n |\n| --- | ---: |\n| **Head** |  |\n| a | 1 |\n\nNote.\n"
    )
    latex = to_latex(sheet)
    for part in (r"\begin{tabular}{lr}", r"\toprule", r"a & 1 \\", r"\caption{Title. Fact.}", r"\label{tab:t}"):
        assert part in latex
    assert latex.count("{") == latex.count("}")


@pytest.mark.parametrize(("value", "text"), [(645, "645"), (12_345, "12.3 k"), (3_538_984, "3.5 M")])
def test_counts_are_readable(value, text):
    assert count(value) == text


def test_accuracy_reads_with_its_interval(folder):
    assert re.search(r"\| VGG-16 .*\| 0\.\d{3} \[0\.\d\d, 0\.\d\d\] \|", (folder / "comparison.md").read_text())
