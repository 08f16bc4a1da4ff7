"""The comparison of models of several labels, ranked by macro average precision."""

from functools import partial

from benchmark.analysis.tables.columns import Column, Output, estimate, number, text
from benchmark.analysis.tables.multilabel import HEADERS, INTERVAL, LOSSES, POOLED, TASKS, ZERO, left_out
from benchmark.analysis.tables.spec import TIMING, TableSpec
from benchmark.analysis.tables.specs.comparison import (
    RESOURCES,
    SETTINGS,
    about,
    baseline_table,
    comparison_table,
    with_standing,
)

SCREEN = Output.SCREEN
OTHERS = (
    "f1_micro", "f1_weighted", "f1_samples", "average_precision_micro", "average_precision_weighted", "roc_auc_macro",
    "subset_accuracy", "hamming_loss", "ranking_loss", "coverage", "label_ranking_average_precision", "keras_accuracy",
)  # fmt: skip
BROAD = {"f1_micro", "f1_samples", "subset_accuracy", "hamming_loss", "ranking_loss"}  # also where there is little room
LABEL_COMPARISON_COLUMNS = (
    "model", "label", "features", "head", "weights", "regime", "thresholds", "trials", "n_test",
    "average_precision_macro", "average_precision_macro_low", "average_precision_macro_high",
    "average_precision_macro_std", "precision_macro", "recall_macro", "f1_macro", "f1_macro_low", "f1_macro_high",
    "f1_macro_at_half", "f1_macro_tuned_on_test", *OTHERS,
    "latency_ms_p50", "latency_ms_p90", "throughput", "parameters", "size_mb", "train_seconds", "status",
)  # fmt: skip
BEST_MEANT = "Best: the highest macro AP; not separable: models whose difference from it may be chance."
TUNED = (
    "Macro F1 is of the decisions by the thresholds named; beside it that with 0.5 for all, and, for its optimism "
    "alone, that with thresholds tuned on the test clips themselves."
)
AP = "average_precision_macro"
COLUMNS = (
    text("Model", "label", outputs=Output.TABLES),
    *SETTINGS,
    text("Weights", "weights", shorten=True, drop=6),
    text("Regime", "regime", outputs=SCREEN | Output.FACTS),
    text("Thresholds", "thresholds", outputs=SCREEN | Output.FACTS),
    number("Trials", "trials", outputs=SCREEN | Output.FACTS),
    number("Clips", "n_test", outputs=SCREEN | Output.LATEX | Output.FACTS),
    estimate(HEADERS[AP], AP, outputs=SCREEN | Output.LATEX),
    Column(f"{HEADERS[AP]} [95 %]", (AP, f"{AP}_low", f"{AP}_high", "best"), with_standing, outputs=Output.TERMINAL),
    text("Best", "best", outputs=SCREEN, note=BEST_MEANT),
    number("± std", f"{AP}_std", ".3f", outputs=SCREEN, note="± std: of macro AP over trials."),
    estimate("Macro F1", "f1_macro", outputs=SCREEN | Output.LATEX | Output.FACTS),
    number("F1", "f1_macro", ".3f", outputs=Output.TERMINAL),
    number("F1 at 0.5", "f1_macro_at_half", ".3f", outputs=SCREEN, note=TUNED),
    number("F1 tuned on test", "f1_macro_tuned_on_test", ".3f", outputs=SCREEN),
    *(number(HEADERS[name], name, ".3f", outputs=SCREEN | (Output.LATEX if name in BROAD else Output.FACTS))
      for name in OTHERS),
    *RESOURCES,
)  # fmt: skip
TABLES = (
    TableSpec(
        "comparison", partial(comparison_table, columns=LABEL_COMPARISON_COLUMNS), "Comparison of the models.", COLUMNS,
        (POOLED, INTERVAL, ZERO, LOSSES, TIMING), lambda tables: (*left_out(tables), *about(tables)), extra="baseline",
        further=False, place=10, tasks=TASKS,
    ),
    TableSpec("baseline", baseline_table, place=11, tasks=TASKS),
)  # fmt: skip
