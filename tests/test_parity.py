"""Parity: published numbers stand beside ours with what is known of their chance, and nothing is called a target."""

from math import comb
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from benchmark.analysis.parity import (
    COMPARISON_EXTRA,
    PARITY_COLUMNS,
    PUBLISHED_ROWS,
    agreement,
    parity_table,
    published_models,
    with_parity,
)
from benchmark.analysis.published import read_published
from benchmark.analysis.results import read_results
from benchmark.analysis.sheets import write_tables
from benchmark.analysis.statistics import wilson_interval
from benchmark.analysis.tables import COMPARISON_COLUMNS
from benchmark.config import network_names
from tests.fake_results import NETWORKS, build_results


def study_of(models):
    """Return (results, comparison) of a dict from a model to (right clips, clips, latency in ms), None where failed."""
    rows = []
    for name, numbers in models.items():
        row = {"model": name, "label": NETWORKS[name][0], "accuracy": np.nan, "latency_ms_p50": np.nan}
        if numbers:
            right, n, latency = numbers
            low, high = wilson_interval(right / n, n)
            row |= {"accuracy": right / n, "accuracy_low": low, "accuracy_high": high, "n_test": n}
            row |= {"latency_ms_p50": latency}
        rows.append(row)
    return SimpleNamespace(models=[{"name": name} for name in models]), pd.DataFrame(rows)


STUDY = {
    "vgg16": (125, 153, 300.0),
    "yamnet": (100, 153, 10.0),
    "vgg19": None,
    "inception_v3": (90, 153, 100.0),
    "resnet18": (80, 153, 20.0),
}


@pytest.fixture(scope="module")
def parity():
    return parity_table(*study_of(STUDY)).set_index("model")


def test_every_published_row_is_one_of_our_networks():
    table = read_published("visutsak2025")
    assert set(PUBLISHED_ROWS.values()) == set(table.loc[table["table"] == "Table 3", "row"])
    assert set(PUBLISHED_ROWS) <= set(network_names())


def test_published_intervals_are_scipys():
    published = published_models()
    for row in published.dropna(subset="published_n").itertuples():
        exact = binomtest(int(row.published_correct), int(row.published_n)).proportion_ci(method="wilson")
        assert (row.published_low, row.published_high) == pytest.approx(exact)
        # Printed to four decimals.
        assert row.published_accuracy == pytest.approx(row.published_correct / row.published_n, abs=0.5e-4 + 1e-9)
    assert published.loc["vgg16", ["published_correct", "published_n", "published_on"]].tolist() == [
        132,
        153,
        "test 153",
    ]
    assert published.loc["densenet201", "published_latency_ms"] == 6000


def test_only_published_models_have_a_row_in_the_studys_order(parity):
    assert parity.index.tolist() == ["vgg16", "vgg19", "inception_v3", "resnet18"]
    assert parity.reset_index().columns.tolist() == list(PARITY_COLUMNS)


def test_125_against_132_of_153_differ_by_chance(parity):
    row = parity.loc["vgg16"]
    assert row["difference"] == pytest.approx(125 / 153 - 0.8627)
    # Ways to draw 153 of the 257 right and 49 wrong clips of both: the share of those no likelier than this one.
    ways = [comb(257, right) * comb(49, 153 - right) for right in range(104, 154)]
    rare = sum(way for way in ways if way <= ways[125 - 104])
    assert row["p_value"] == pytest.approx(rare / comb(306, 153))
    assert row["p_value"] == pytest.approx(0.35, abs=0.005)


def test_without_a_confusion_matrix_there_is_no_test(parity):
    row = parity.loc["inception_v3"]
    assert (row["published_on"], row["published_accuracy"]) == ("no confusion matrix fits", 0.476)
    assert row[["published_n", "published_low", "published_high", "p_value"]].isna().all()
    assert row["difference"] == pytest.approx(90 / 153 - 0.476)


def test_a_failed_model_keeps_what_is_published(parity):
    row = parity.loc["vgg19"]
    assert (row["published_accuracy"], row["published_on"]) == (0.4935, "validation 77")
    assert row[["accuracy", "difference", "p_value", "rank", "published_rank", "latency_rank"]].isna().all()


def test_ranks_are_among_the_models_with_both_numbers(parity):
    ranked = parity.loc[["vgg16", "inception_v3", "resnet18"]]
    assert ranked["rank"].tolist() == [1, 2, 3]
    assert ranked["published_rank"].tolist() == [1, 3, 2]  # 0.8627, 0.476, 0.4837
    assert ranked["latency_rank"].tolist() == [3, 2, 1]
    assert ranked["published_latency_rank"].tolist() == [3, 2, 1]  # 906, 553, 4.8 ms


def test_order_is_compared_by_spearmans_rho(parity):
    # 1 - 6 * (0 + 1 + 1) / (3 * 8) = 0.5 for accuracies; latencies are in the same order.
    accuracies, latencies = agreement(parity)
    assert accuracies.startswith("Rank correlation of accuracies over 3 models: Spearman's rho 0.50, p = ")
    assert latencies.startswith("Rank correlation of latencies over 3 models: Spearman's rho 1.00, p = ")


@pytest.mark.parametrize("models", [{"vgg16": (1, 9, 2.0)}, dict.fromkeys(("vgg16", "vgg19", "resnet18"), (5, 9, 3.0))])
def test_too_few_or_equal_models_have_no_order(models):
    assert all("for want of 3 models" in sentence for sentence in agreement(parity_table(*study_of(models))))


def test_the_comparison_gains_columns_behind_its_own():
    results, comparison = study_of(STUDY)
    gained = with_parity(comparison, parity_table(results, comparison))
    assert gained.columns.tolist() == [*comparison.columns, *COMPARISON_EXTRA]
    assert gained.loc[gained["model"] == "yamnet", list(COMPARISON_EXTRA)].isna().all(axis=None)
    assert gained.set_index("model").loc["resnet18", "published_on"] == "test 153"


def test_a_report_writes_parity_with_what_it_rests_on(tmp_path):
    folder = build_results(tmp_path / "study", folds=1, synthetic=30)
    tables, written = write_tables(read_results(folder))
    comparison = tables["comparison"]
    assert {folder / f"parity.{suffix}" for suffix in ("csv", "md", "tex")} <= set(written)
    text = (folder / "parity.md").read_text()
    for fact in ("no number to hit", "measured on other data", "SYNTHETIC sound", "Random weights",
                 "Nothing here means anything for a run on synthetic sound or from random weights",
                 "Spearman's rho", "| VGG-16 | test 153 | 0.8627 [0.80, 0.91] | "):  # fmt: skip
        assert fact in text
    assert pd.read_csv(folder / "parity.csv")["model"].tolist() == [name for name in NETWORKS if name in PUBLISHED_ROWS]
    assert set(COMPARISON_COLUMNS) | set(COMPARISON_EXTRA) | {"best"} == set(comparison.columns)
    assert comparison["published_accuracy"][0] == 0.5455


def test_a_study_without_published_models_has_no_parity_and_loses_an_old_one(tmp_path):
    folder = build_results(tmp_path / "sound", models=("yamnet", "vggish"), folds=1)
    (folder / "parity.md").touch()
    tables, written = write_tables(read_results(folder))
    assert not set(COMPARISON_EXTRA) & set(tables["comparison"].columns)
    assert not list(folder.glob("parity.*"))
    assert not [path for path in written if "parity" in path.name]
