"""Two studies side by side: what differs between them, and what is more than chance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm
from statsmodels.stats.multitest import multipletests

from benchmark.analysis.metrics.pairwise import CLIPS, GROUPS
from benchmark.analysis.metrics.statistics import LUCK, newcombe_interval, newcombe_test
from benchmark.analysis.metrics.unpaired import NEWCOMBE
from benchmark.analysis.report import compare as module
from benchmark.analysis.report.compare import compare, print_compare, rows_table, write_compare
from benchmark.analysis.tables.settings import as_text, flatten
from tests.support.drawing import printed
from tests.support.fake_results import build_results, change_study, change_trial, clips_of, results_of

TRIO = ("vgg16", "vgg19", "yamnet")


def clips(right, n=40, first=0):
    """Return ``n`` test clips, of which those in ``right`` are predicted right."""
    return clips_of(np.isin(np.arange(n), right), first)


def study(right, groups=None, **more):
    return results_of({"m": {(0, 0): clips(right, **more)}}, groups=groups)


def only_row(first, second):
    return rows_table(first, second, ["m"]).iloc[0]


def test_the_same_clips_are_compared_one_by_one():
    before, after = study(range(20)), study([*range(18), *range(20, 34)])
    row = only_row(before, after)
    # 2 clips right only before, 14 only after, and the luck of two trainings: the normal approximation.
    assert row["p_value"] == pytest.approx(2 * norm.sf(12 / np.sqrt(16 + 2 * (40 * LUCK) ** 2)), rel=0.15)
    assert row["p_value"] > binomtest(2, 16).pvalue
    assert row["difference"] == pytest.approx((32 - 20) / 40)
    assert row["low"] < row["difference"] < row["high"]
    assert row["moved"]
    assert row["test"] == CLIPS


def test_a_study_beside_itself_has_not_moved():
    row = only_row(study(range(20)), study(range(20)))
    assert (row["difference"], row["p_value"]) == (0, 1)
    # Trained again it would differ by luck, the one and the other.
    assert (row["low"], row["high"]) == pytest.approx(np.array([-1.96, 1.96]) * np.sqrt(2) * LUCK, rel=0.06)
    assert row["overlap"]
    assert not row["moved"]


@pytest.mark.parametrize(
    "other", [study(range(30), n=44), study(range(30), first=7)], ids=["more clips", "other clips"]
)
def test_other_clips_have_newcombes_interval(other):
    row = only_row(study(range(10)), other)
    assert row["test"] == NEWCOMBE
    n = len(other.trials[0].test)
    assert (row["low"], row["high"]) == pytest.approx(newcombe_interval(30 / n, n, 10 / 40, 40, np.sqrt(2) * LUCK))
    assert row["p_value"] == pytest.approx(newcombe_test(30 / n, n, 10 / 40, 40, np.sqrt(2) * LUCK))
    assert row["moved"]


def test_the_same_clips_under_other_labels_are_other_clips():
    other = study(range(20))
    swapped = replace(other.trials[0].predictions, y_true=other.trials[0].predictions.y_pred)
    other = replace(other, trials=(replace(other.trials[0], predictions=swapped),))
    assert only_row(study(range(20)), other)["test"] == NEWCOMBE


def test_clips_in_groups_are_compared_by_group():
    groups = {f"c{number}": f"g{number // 10}" for number in range(40)}
    row = only_row(study(range(5), groups), study(range(25), groups))
    assert row["test"] == GROUPS
    # Better in the groups 0, 1 and 2, alike in the last one.
    assert row["p_value"] >= binomtest(0, 3).pvalue == 0.25


def test_other_clips_in_groups_count_as_their_groups():
    groups = {f"c{number}": f"g{number // 5}" for number in range(140)}
    # Groups are right or wrong as a whole: 2 of 8 before, 6 of 8 after, so hardly more than 8 clips each.
    grouped = only_row(study(range(10), groups), study(range(30), groups, first=100))
    alone = only_row(study(range(10)), study(range(30), first=100))
    assert (grouped["test"], grouped["difference"]) == (NEWCOMBE, 0.5)
    assert newcombe_test(0.75, 8, 0.25, 8) < grouped["p_value"]
    assert alone["p_value"] < 0.001
    assert not grouped["moved"]


def test_p_of_several_models_on_other_clips_is_corrected():
    models = {name: range(right) for name, right in zip("abc", (10, 20, 20), strict=True)}
    before, after = (
        results_of({name: {(0, 0): clips(range(len(right) + gain), first=first)} for name, right in models.items()})
        for first, gain in ((0, 0), (100, 12))
    )
    table = rows_table(before, after, list("abc"))
    assert table["p_holm"].tolist() == pytest.approx(multipletests(table["p_value"], method="holm")[1])


def test_seeds_that_split_anew_are_compared_clip_by_clip():
    before, after = (
        results_of({"m": {(0, seed): clips(range(right + seed), first=seed) for seed in range(3)}}, seeds=(0, 1, 2))
        for right in (10, 30)
    )
    assert only_row(before, after)["test"] == CLIPS


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    first = build_results(folder / "first", models=(*TRIO, "resnet18"), folds=1, failed=(), random=())
    second = build_results(folder / "second", models=(*TRIO, "vggish"), folds=1)
    change_study(second, training={"regime": "frozen", "epochs": 7}, leakage=False)
    return compare(first, second)


def test_settings_that_differ_are_named(pair):
    found = pair.settings.set_index("setting")
    assert found.loc["training.epochs"].tolist() == ["(absent)", "7"]
    assert found.loc["leakage"].tolist() == ["(absent)", "false"]
    assert found.loc["models.yamnet.weights"].tolist() == ["imagenet", "random"]
    assert len(found) == 3


def test_weights_of_another_file_are_a_setting_that_differs(tmp_path):
    first, second = (build_results(tmp_path / name, models=("vgg16",), folds=1) for name in "ab")
    change_trial(second / "trials" / "vgg16" / "0-0", weights={"name": "imagenet", "sha256": "ab12"})
    found = compare(first, second).settings
    assert found.to_numpy().tolist() == [["SHA-256 of the weights of vgg16", "(not recorded)", "ab12"]]


def test_versions_that_differ_are_named(tmp_path):
    first, second = (build_results(tmp_path / name, models=("vgg16", "vgg19"), folds=1, failed=()) for name in "ab")
    made = {"backend": "tensorflow", "suite": {"version": "0.9.0", "commit": "c0ffee"}}
    made["versions"] = {"python": "3.11.7", "keras": "3.15.1", "numpy": "2.4.0"}
    changed = {"backend": "tensorflow", "suite": {"version": "0.9.0", "commit": "c0ffee+changes"}}
    changed["versions"] = {"python": "3.13.1", "keras": "3.15.1", "numpy": "2.4.0", "jax": "0.8.1"}
    for folder, parts in ((first, (made, made)), (second, (made, changed))):
        for name, part in zip(("vgg16", "vgg19"), parts, strict=True):
            change_trial(folder / "trials" / name / "0-0", **part)
    assert compare(first, second).settings.to_numpy().tolist() == [
        ["suite: commit", "c0ffee", "c0ffee, c0ffee+changes"],
        ["version of python", "3.11.7", "3.11.7, 3.13.1"],
        ["version of jax", "(absent)", "0.8.1"],
    ]
    empty = build_results(tmp_path / "c", models=("vgg16", "vgg19"), folds=1, failed=("vgg16", "vgg19"))
    assert compare(first, empty).settings.empty  # nothing is known of trials that failed


def test_models_of_one_study_alone_are_named_and_failed_ones_have_no_numbers(pair):
    assert pair.only == (("ResNet-18",), ("VGGish",))
    rows = pair.rows.set_index("model")
    assert rows.index.tolist() == list(TRIO)
    assert np.isnan(rows.loc["vgg19", "difference"])
    assert not rows.loc["vgg19", "moved"]
    assert np.isfinite(rows.loc["vgg16", ["difference", "low", "high", "p_holm"]].astype(float)).all()


def test_what_must_be_known_of_either_study_is_said(pair):
    assert "B: Random weights, nothing pretrained: YAMNet." in pair.sentences
    assert any(sentence.startswith("B: Failed: VGG-19: out of memory") for sentence in pair.sentences)
    assert not [sentence for sentence in pair.sentences if sentence.startswith("A:")]
    text = printed(print_compare, pair, 130)
    parts = "first and second, model by model.", "In A alone: ResNet-18.", "imagenet /", "training.epochs"
    assert [part for part in (*parts, *pair.sentences) if part not in text] == []
    assert "VGG-16: B: leakage not checked" in text


def test_a_long_name_of_weights_loses_its_middle_in_80_columns_and_no_number_is_cut(pair):
    name = "mobilenetv2_1.0_224_dequant_notop.weights.h5"
    text = printed(print_compare, replace(pair, rows=pair.rows.assign(weights_b=name)), 80)
    assert max(map(len, text.splitlines())) <= 80
    (line,) = (line for line in text.splitlines() if line.startswith("VGG-16 ") and ".." in line)
    for study in "ab":
        score, low, high = (pair.rows[f"score_{study}{end}"][0] for end in ("", "_low", "_high"))
        assert f"{score:.3f} [{low:.2f}, {high:.2f}]" in line
    assert f"Weights of VGG-16: imagenet / {name}." in " ".join(text.split())


def test_files_are_written_into_the_first_folder_or_where_asked(pair, tmp_path):
    names = ["compare-first-second.csv", "compare-first-second-settings.csv", "compare-first-second.md"]
    for folder, out in ((pair.folder, None), (tmp_path / "out", tmp_path / "out")):
        written = write_compare(pair, out)
        assert [path.name for path in written] == names
        assert {path.parent for path in written} == {folder}
    rows = pd.read_csv(written[0])
    assert rows.columns.tolist() == list(module.ROW_COLUMNS)
    assert rows["score_a"].to_numpy() == pytest.approx(pair.rows["score_a"].to_numpy(float), nan_ok=True)
    assert "| training.epochs | (absent) | 7 |" in written[2].read_text()


def test_studies_without_a_model_in_common_have_no_rows(tmp_path):
    first, second = (build_results(tmp_path / name, models=(name,), folds=1) for name in ("vgg16", "yamnet"))
    found = compare(first, second)
    assert found.rows.empty
    assert found.only == (("VGG-16",), ("YAMNet",))
    assert "model by model" in printed(print_compare, found, 80)
    assert all(path.is_file() for path in write_compare(found))


def test_settings_are_flat_and_named():
    nested = {"a": {"b": [0, 1], "c": {}}, "models": [{"name": "x", "k": None}, {"name": "y"}], "d": 1e-3}
    assert flatten(nested) == {"a.b": [0, 1], "a.c": {}, "models.x.k": None, "models.y": {}, "d": 1e-3}
    assert [as_text(value) for value in ([0, 1], {}, None, True, 1e-3, "x", {"a": [None]})] == [
        "[0, 1]", "{}", "null", "true", "0.001", "x", "{a: [null]}"]  # fmt: skip
