"""Our accuracies and latencies beside those that a paper published for the same networks, where the study names it.

Published values are no numbers to hit: other clips, other weights, another protocol. What can be asked is whether the
difference is more than chance, and whether the networks come in the same order."""

import numpy as np
import pandas as pd

from benchmark.analysis.audit.published import read_published, read_sets
from benchmark.analysis.metrics.statistics import wilson_interval
from benchmark.analysis.tables.columns import Column, estimate, number, text, with_interval
from benchmark.analysis.tables.spec import TableSpec
from benchmark.analysis.tables.specs.comparison import scores_table

# Of each source that a study may name: names in configs/models to the rows of its tables, as printed.
PUBLISHED_ROWS = {
    "visutsak2025": {  # Tables 2 and 3
        "mobilenet_v2": "MobileNet-v2",
        "resnet18": "ResNet-18",
        "densenet201": "DenseNet-201",
        "places365_googlenet": "Places365-GoogLeNet",
        "vgg16": "VGG-16",
        "vgg19": "VGG-19",
        "inception_resnet_v2": "Inception-ResNet-v2",
        "inception_v3": "Inception-v3",
        "nasnet_mobile": "NASA-Net-Mobile",
    }
}
PARITY_COLUMNS = (
    "model", "label", "published_accuracy", "published_on", "published_correct", "published_n", "published_low",
    "published_high", "accuracy", "accuracy_low", "accuracy_high", "n_test", "difference", "p_value", "published_rank",
    "rank", "published_latency_ms", "latency_ms_p50", "published_latency_rank", "latency_rank",
)  # fmt: skip
LEAST_SHARED = 3  # models; fewer have no order worth a correlation


def published_models(source):
    """Return a row per published network, indexed by our model's name: accuracy 0..1, the set it was scored on with
    right clips and size (missing where no confusion matrix fits), its 95 % Wilson interval, and latency in ms."""
    tables, sets = read_published(source), read_sets(source).set_index("row")
    values = {
        metric: tables[(tables["metric"] == metric) & (tables["class"] == "")].set_index("row")["value"].astype(float)
        for metric in ("accuracy", "latency_ms")
    }
    rows = []
    for model, row in PUBLISHED_ROWS[source].items():
        correct, n = sets.loc[row, ["correct", "n"]]
        low, high = (np.nan, np.nan) if pd.isna(n) else wilson_interval(correct / n, n)
        rows.append(
            {
                "model": model,
                "published_accuracy": values["accuracy"][row],
                "published_on": sets.loc[row, "scored_on"],
                "published_correct": correct,
                "published_n": n,
                "published_low": low,
                "published_high": high,
                "published_latency_ms": values["latency_ms"][row],
            }
        )
    return pd.DataFrame(rows).set_index("model").astype({"published_correct": "Int64", "published_n": "Int64"})


def parity_table(results, comparison):
    """Return a row per published model of the study with :data:`PARITY_COLUMNS`, in the study's order; none where the
    study names no paper as ``published``, or one that is not known here.

    results: the :class:`benchmark.store.results.Results`; comparison: its table. Accuracies 0..1 with 95 % Wilson
    intervals; difference is ours minus published, p_value of Fisher's exact test of right against wrong clips, two
    sided. Ours has n_test clips per seed: over several seeds the mean of right clips, rounded, stands for one seed.
    Ranks are among the rows here that have both numbers, 1 the highest accuracy or the lowest latency, ties averaged.
    What is unknown is missing: all of ours where no trial is done, the test where no confusion matrix fits."""
    source = results.study.get("published")
    if source not in PUBLISHED_ROWS:
        return pd.DataFrame(columns=PARITY_COLUMNS)
    study = [model["name"] for model in results.models]
    ours = comparison[comparison["model"].isin(study) & comparison["model"].isin(PUBLISHED_ROWS[source])]
    table = ours.join(published_models(source), on="model")
    table["difference"] = table["accuracy"] - table["published_accuracy"]
    table["p_value"] = [_fisher(row) for row in table.to_dict("records")]
    table["published_rank"], table["rank"] = _ranked(table, "published_accuracy", "accuracy", ascending=False)
    ranks = _ranked(table, "published_latency_ms", "latency_ms_p50", ascending=True)
    table["published_latency_rank"], table["latency_rank"] = ranks
    return table.reindex(columns=PARITY_COLUMNS).reset_index(drop=True)


def _fisher(row):
    if pd.isna(row["published_n"]) or pd.isna(row["accuracy"]):
        return np.nan
    from scipy.stats import fisher_exact

    right = round(row["accuracy"] * row["n_test"])
    counts = [
        [row["published_correct"], row["published_n"] - row["published_correct"]],
        [right, row["n_test"] - right],
    ]
    return float(fisher_exact(counts).pvalue)


def _ranked(table, published, ours, ascending):
    both = table[[published, ours]].dropna()
    return (both[column].rank(ascending=ascending) for column in (published, ours))


def agreement(parity):
    """Return in sentences how far the order of the models agrees, by Spearman's rank correlation."""
    pairs = {"accuracies": ("published_accuracy", "accuracy"), "latencies": ("published_latency_ms", "latency_ms_p50")}
    return [_correlation(parity[list(columns)].dropna(), name) for name, columns in pairs.items()]


def _correlation(both, name):
    if len(both) < LEAST_SHARED or (both.nunique() < 2).any():
        return f"Rank correlation of {name}: none, for want of {LEAST_SHARED} models with different values in both."
    from scipy.stats import spearmanr

    found = spearmanr(*both.to_numpy().T)
    return (
        f"Rank correlation of {name} over {len(both)} models: Spearman's rho {found.statistic:.2f}, "
        f"p = {found.pvalue:.2g}."
    )


def _accuracy(value, low, high):
    return with_interval(value, low, high, ".4f")


def _ranks(published, ours):
    return f"{published:g}, {ours:g}"


COLUMNS = (
    text("Model", "label"),
    text("Published on", "published_on"),
    Column("Published [95 %]", ("published_accuracy", "published_low", "published_high"), _accuracy),
    estimate("Ours", "accuracy"),
    number("Difference", "difference", "+.3f"),
    number("p", "p_value", ".2g"),
    Column("Ranks", ("published_rank", "rank"), _ranks),
    number("Published", "published_latency_ms", "g", unit="ms"),
    number("p50", "latency_ms_p50", ".1f", unit="ms"),
    Column("Latency ranks", ("published_latency_rank", "latency_rank"), _ranks),
)
FACTS = (
    "A published value is no number to hit: it was measured on other data, and both are subject to chance.",
    "Nothing here means anything for a run on synthetic sound or from random weights.",
    "Published on: the set whose size fits the printed scores, as the audit finds; where no confusion matrix fits "
    "them, there is no interval and no test.",
    "Difference: ours minus published; p: Fisher's exact test of right against wrong clips, not corrected for several "
    "models. Ranks: published, ours, among the models with both numbers.",
)
TABLES = (
    TableSpec(
        "parity", lambda results, tables: parity_table(results, scores_table(results)),
        "Parity with visutsak2025 (Tables 2 and 3).", COLUMNS, FACTS, lambda tables: agreement(tables["parity"]),
        further=False, place=12, tasks=("multiclass",),
    ),
)  # fmt: skip
