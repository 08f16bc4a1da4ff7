"""Costs, intervals, single clips and the paper's form: what was recorded is shown, what was not is blank."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t

from benchmark.analysis.audit.published import read_published
from benchmark.analysis.metrics.misclassified import confident_errors_table, per_clip_table
from benchmark.analysis.metrics.uncertainty import uncertainty_table
from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.files import write_tables
from benchmark.analysis.tables.registry import Tables
from benchmark.analysis.tables.specs.costs import costs_columns
from benchmark.analysis.tables.specs.paper import milliseconds
from benchmark.store.results import read_results
from tests.support.fake_results import build_results, change_trial, results_of

MODELS = ("vgg16", "resnet18", "yamnet")
RECORDED = {
    "flops": 15_500_000_000, "file_mb": 512.5, "energy_j": 900.0, "peak_memory_mb": 1234.0,
    "hardware": {"processor": "P", "accelerators": ["GPU one"]},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "study", models=MODELS, folds=2, failed=("resnet18",), random=())


def costs_of(folder):
    """Return the costs table by model, and as it is shown."""
    tables = Tables(read_results(folder))
    return tables["costs"].set_index("model"), tables.render("costs", Output.PAGE)


@pytest.mark.parametrize("recorded", [{}, dict.fromkeys(RECORDED)], ids=["nothing", "null"])
def test_what_was_not_recorded_is_blank_and_has_no_column(folder, recorded):
    change_trial(folder / "trials" / "vgg16" / "0-0", **recorded)
    table, text = costs_of(folder)
    assert table.reset_index().columns.tolist() == [*costs_columns("accuracy"), "caveats"]
    assert table.loc["vgg16", ["flops", "file_mb", "energy_j", "throughput", "batch_clips"]].isna().all()
    assert not set(text.header) & {"FLOPs", "File (MB)", "Energy (J)", "GPU", "Clips/s"}
    assert table.loc["vgg16", "parameters"] == 134_281_029
    assert table.loc["resnet18", ["parameters", "accuracy", "latency_ms_p50"]].isna().all()  # failed


def test_what_was_recorded_is_shown(folder):
    for fold, more in enumerate(({}, {"energy_j": 1100.0, "peak_memory_mb": 2000.0})):
        trial = folder / "trials" / "vgg16" / f"{fold}-0"
        change_trial(trial, **RECORDED | more)
        batch = pd.DataFrame([{"stage": "batch", "call": 0, "ms": 40.0, "clips": 8}])
        latency = pd.concat([pd.read_csv(trial / "latency.csv").assign(clips=1), batch])
        latency.to_csv(trial / "latency.csv", index=False)
    table, text = costs_of(folder)
    row = table.loc["vgg16"]
    assert row[["flops", "file_mb", "energy_j", "peak_memory_mb"]].tolist() == [15_500_000_000, 512.5, 1000, 2000]
    assert row[["throughput", "batch_clips"]].tolist() == [200, 8]  # 8 clips in 40 ms
    assert row[["processor", "accelerators", "threads"]].tolist() == ["P", "GPU one", "2"]
    cells = dict(zip(text.header, text.rows[0], strict=True))
    assert tuple(cells[name].text for name in ("FLOPs", "GPU", "Clips/s")) == ("15.5 G", "GPU one", "200.0")
    assert table.loc["yamnet", "flops"] is pd.NA


def test_the_front_is_of_accuracy_and_median_latency(folder):
    table, _ = costs_of(folder)
    done = table.dropna(subset="accuracy")
    assert done["pareto"].tolist() == [True, True]  # VGG-16 is right more often, YAMNet faster
    assert not table.loc["resnet18", "pareto"]


def clips(pairs):
    """Return test clips c0, c1, ... of (true, predicted) classes."""
    true, predicted = zip(*pairs, strict=True)
    return pd.DataFrame({"clip_id": [f"c{k}" for k in range(len(pairs))], "y_true": true, "y_pred": predicted})


def test_the_hardest_clip_is_what_all_get_wrong():
    given = {"x": ["aa", "ab", "bc"], "y": ["aa", "ac", "bb"], "z": ["aa", "ab", "bb"]}
    models = {name: {(0, 0): clips(pairs)} for name, pairs in given.items()}
    table = per_clip_table(results_of(models, classes="abc")).set_index("clip_id")
    assert table.index.tolist() == ["c1", "c2", "c0"]
    assert table["right"].tolist() == [0, 2, 3]
    assert table["mistaken_for"].tolist() == ["b", "c", ""]
    assert table["times"].tolist() == [2, 1, 0]
    assert table.loc["c1", ["path", "label", "predictions"]].tolist() == ["c1.wav", "a", 3]


def test_a_wrong_prediction_is_harder_than_a_low_score_and_of_wrong_ones_the_lower_score_is():
    frame = pd.DataFrame({"clip_id": ["p", "q", "r"], "y_true": ["a", "a", "a"]})
    frame = frame.assign(score_a=[0.34, 0.45, 0.40], score_b=[0.33, 0.55, 0.60], score_c=[0.33, 0.0, 0.0])
    assert per_clip_table(results_of({"x": {(0, 0): frame}}, classes="abc"))["clip_id"].tolist() == ["r", "q", "p"]


def test_the_most_confident_mistake_comes_first():
    frame = pd.DataFrame({"clip_id": ["p", "q", "r"], "y_true": ["a", "a", "a"]})
    frame = frame.assign(score_a=[0.3, 0.8, 0.1], score_b=[0.7, 0.2, 0.9])
    table = confident_errors_table(results_of({"x": {(0, 0): frame}}))
    assert table["clip_id"].tolist() == ["r", "p"]  # q is right
    assert table[["score", "score_true"]].to_numpy().tolist() == [[0.9, 0.1], [0.7, 0.3]]
    assert table.loc[0, ["model", "model_label", "label", "y_pred"]].tolist() == ["x", "X", "a", "b"]
    assert len(confident_errors_table(results_of({"x": {(0, 0): frame}}), most=1)) == 1


def seeds_of(shares, n=20):
    """Return trials of one model, a seed each, with these shares of 20 clips right."""
    pairs = [["aa"] * round(share * n) + ["ab"] * (n - round(share * n)) for share in shares]
    return {"m": {(0, seed): clips(found) for seed, found in enumerate(pairs)}}


def test_the_interval_over_seeds_by_hand():
    (row,) = uncertainty_table(results_of(seeds_of((0.6, 0.7, 0.8)), seeds=(0, 1, 2), n_train=80)).to_dict("records")
    half = t.ppf(0.975, 2) * np.sqrt((1 / 3 + 20 / 80) * 0.1**2)
    assert (row["accuracy"], row["trial_std"]) == pytest.approx((0.7, 0.1))
    assert (row["trial_low"], row["trial_high"]) == pytest.approx((0.7 - half, min(1, 0.7 + half)))


def test_seeds_all_alike_leave_the_interval_of_the_clips():
    (row,) = uncertainty_table(results_of(seeds_of((0.7, 0.7, 0.7)), seeds=(0, 1, 2), n_train=80)).to_dict("records")
    expected = binomtest(14, 20).proportion_ci(0.95, method="wilson")
    assert row["trial_std"] == pytest.approx(0, abs=1e-12)  # rounding
    assert (row["trial_low"], row["trial_high"]) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("shares", "protocol"), [((0.6, 0.7, 0.8), "predefined"), ((0.7,), "holdout")])
def test_without_splits_of_their_own_trials_have_no_interval(shares, protocol):
    results = results_of(seeds_of(shares), protocol, range(len(shares)))
    assert np.isnan(uncertainty_table(results)[["trial_low", "trial_high"]].to_numpy()).all()


def test_groups_widen_the_intervals():
    rng = np.random.default_rng(0)
    frame = clips([(true, true if right else "b" if true == "a" else "a") for true, right in
                   zip(np.repeat(["a", "b"], 60), np.repeat(rng.random(24) < 0.7, 5), strict=True)])  # fmt: skip
    groups = {f"c{number}": f"g{number // 5}" for number in range(120)}
    alone, grouped = (uncertainty_table(results_of({"m": {(0, 0): frame}}, groups=given)).iloc[0]
                      for given in (None, groups))  # fmt: skip
    assert (alone["n_groups"], grouped["n_groups"]) == (120, 24)
    widths = [row["f1_macro_high"] - row["f1_macro_low"] for row in (alone, grouped)]
    # Five clips that are right or wrong together are one: the interval is sqrt(5) times as wide, roughly.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(5), rel=0.25)


def test_tables_2_and_3_have_the_papers_form(folder):
    tables, _ = write_tables(read_results(folder))
    lines = (folder / "table_3.md").read_text().splitlines()
    header = lines.index("| Class | Precision | Recall | F1-score |")
    assert lines[header + 2] == "| **VGG-16** |  |  |  |"
    cells = [line.strip("| ").split(" | ") for line in lines[header + 3 : header + 8]]
    published = read_published("visutsak2025").query("table == 'Table 3' and row == 'VGG-16' and metric == 'f1'")
    assert [row[0] for row in cells] == published["class"].tolist()
    assert all(len(score.partition(".")[2]) == 5 for row in cells for score in row[1:])
    accuracy = tables["comparison"].set_index("model").loc["vgg16", "accuracy"]
    assert lines[header + 8] == f"| Accuracy |  |  | {accuracy:.4f} |"
    assert (folder / "table_2.md").read_text().count(" ms |") == 2  # ResNet-18 failed
    assert pd.read_csv(folder / "table_3.csv").groupby("model").size().to_dict() == {"vgg16": 6, "yamnet": 6}


@pytest.mark.parametrize(("value", "text"), [(380.2, "380 ms"), (4.8, "4.8 ms"), (6000.0, "6 s"), (3210.0, "3.2 s")])
def test_times_read_as_the_paper_prints_them(value, text):
    assert milliseconds(value) == text
