"""Parity: published numbers stand beside ours with what is known of their chance, and nothing is called a target."""

import re
from math import comb
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from benchmark.analysis.audit.published import PUBLISHED, read_published, sources
from benchmark.analysis.metrics.statistics import wilson_interval
from benchmark.analysis.plots import figures
from benchmark.analysis.report.page.page import write_page
from benchmark.analysis.tables.files import write_tables
from benchmark.analysis.tables.paper_form import FIGURES
from benchmark.analysis.tables.specs.comparison import COMPARISON_COLUMNS, COMPARISON_EXTRA
from benchmark.analysis.tables.specs.parity import PUBLISHED_ROWS, agreement, parity_table, published_models
from benchmark.analysis.tables.specs.parity_multilabel import PAPERS
from benchmark.config.networks import network_names
from benchmark.config.study import Study
from benchmark.store.results import read_results
from tests.support.fake_results import NETWORKS, build_results

SOURCE = "visutsak2025"


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
    study = {"published": SOURCE}
    return SimpleNamespace(study=study, models=[{"name": name} for name in models]), pd.DataFrame(rows)


STUDY = {"vgg16": (125, 153, 300.0), "yamnet": (100, 153, 10.0), "vgg19": None, "inception_v3": (90, 153, 100.0),
         "resnet18": (80, 153, 20.0)}  # fmt: skip


@pytest.fixture(scope="module")
def parity():
    return parity_table(*study_of(STUDY)).set_index("model")


def test_every_published_row_is_one_of_our_networks():
    table = read_published(SOURCE)
    assert set(PUBLISHED_ROWS[SOURCE].values()) == set(table.loc[table["table"] == "Table 3", "row"])
    assert set(PUBLISHED_ROWS[SOURCE]) <= set(network_names())


def test_a_study_may_name_every_source_that_has_a_table():
    sets = {path.stem.removesuffix("_sets") for path in PUBLISHED.glob("*_sets.csv")}
    allowed = get_args(get_args(Study.model_fields["published"].annotation)[0])
    assert sets == set(PUBLISHED_ROWS)
    assert sets < set(FIGURES) <= set(allowed)
    assert set(allowed) == set(sources()) == sets | set(PAPERS)


def test_published_intervals_are_scipys():
    published = published_models(SOURCE)
    for row in published.dropna(subset="published_n").itertuples():
        exact = binomtest(int(row.published_correct), int(row.published_n)).proportion_ci(method="wilson")
        assert (row.published_low, row.published_high) == pytest.approx(exact)
        # Printed to four decimals.
        assert row.published_accuracy == pytest.approx(row.published_correct / row.published_n, abs=0.5e-4 + 1e-9)
    vgg16 = published.loc["vgg16"]
    assert (vgg16["published_correct"], vgg16["published_n"], vgg16["published_on"]) == (132, 153, "test 153")
    assert published.loc["densenet201", "published_latency_ms"] == 6000


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
    printed = [name for name in NETWORKS if name in PUBLISHED_ROWS[SOURCE]]
    assert pd.read_csv(folder / "parity.csv")["model"].tolist() == printed
    assert set(COMPARISON_COLUMNS) | set(COMPARISON_EXTRA) | {"best", "caveats"} == set(comparison.columns)
    assert comparison["published_accuracy"][0] == 0.5455
    assert comparison.set_index("model").loc["yamnet", list(COMPARISON_EXTRA)].isna().all()


@pytest.mark.parametrize(
    ("models", "published"), [(("yamnet", "vggish"), SOURCE), (("vgg16", "resnet18"), None), (("vgg16",), "a2031")]
)
def test_a_study_without_published_models_or_paper_has_no_parity_and_loses_an_old_one(tmp_path, models, published):
    folder = build_results(tmp_path / "sound", models=models, folds=1, published=published)
    (folder / "parity.md").touch()
    tables, written = write_tables(read_results(folder))
    assert not set(COMPARISON_EXTRA) & set(tables["comparison"].columns)
    assert not list(folder.glob("parity.*"))
    assert not [path for path in written if "parity" in path.name]


WORDS = re.compile(r"genre|movie|trailer|visutsak|published|\bFig\.", re.IGNORECASE)


def words_of_a_paper(folder):
    """Return what a report says of a paper: in its tables and its page, and in the titles of its figures."""
    results = read_results(folder)
    tables, written = write_tables(results)
    page = write_page(results, tables, [])
    page = re.sub(r"<(style|script)>.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    said = [path.read_text(encoding="utf-8") for path in written] + [page.replace("published</th>", "")]
    drawn = [ax.get_title() for _, chart in figures.charts(results, tables) for ax in chart.draw().axes]
    return {found.lower() for text in said + drawn for found in WORDS.findall(text)}


def test_the_words_of_a_paper_are_only_in_the_report_of_a_study_that_names_it(tmp_path):
    birds = {"models": ("vgg16", "vgg19", "resnet18"), "classes": ("crow", "owl"), "folds": 1, "failed": ()}
    assert words_of_a_paper(build_results(tmp_path / "birds", **birds, published=None)) == set()
    assert not list((tmp_path / "birds").glob("table_*"))
    named = words_of_a_paper(build_results(tmp_path / "named", **birds))
    assert named == {"genre", "visutsak", "published", "fig."}
