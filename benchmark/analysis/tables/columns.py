"""The columns of the tables as text: each a heading and a function from a row to what stands in its cell."""

import pandas as pd

from benchmark.analysis.metrics.pairwise import ALIKE, BEST, GUESSING


def share(value):
    """Return a score 0..1 with three decimals."""
    return f"{value:.3f}"


def count(value):
    """Return a number of things as '645', '12.3 k', '3.5 M' or '1.2 G'."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def interval(row, name="accuracy"):
    """Return a row's accuracy, or another score, as '0.812 [0.70, 0.89]', '' where it is missing."""
    if pd.isna(row[name]):
        return ""
    return f"{row[name]:.3f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def p_value(value):
    """Return a p value with three decimals, '<0.001' below that."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def published_interval(row):
    """Return a row's published accuracy as '0.8627 [0.80, 0.91]', without interval where its clips are unknown."""
    if pd.isna(row["published_n"]):
        return "{published_accuracy:.4f}".format_map(row)
    return "{published_accuracy:.4f} [{published_low:.2f}, {published_high:.2f}]".format_map(row)


def _column(name, form):
    """Return a function from a row to the text of one column, '' where the number is missing."""
    return lambda row: "" if pd.isna(row[name]) else form(row[name])


_one = "{:.1f}".format
COMPARISON = {
    "Model": _column("label", str),
    "Weights": _column("weights", str),
    "Regime": _column("regime", str),
    "Trials": _column("trials", str),
    "Clips": _column("n_test", str),
    "Accuracy [95 %]": interval,
    "Best": _column("best", str),
    "± std": _column("accuracy_std", share),
    "Precision": _column("precision_macro", share),
    "Recall": _column("recall_macro", share),
    "F1-score [95 %]": lambda row: interval(row, "f1_macro"),
    "Balanced": _column("balanced_accuracy", share),
    "MCC": _column("mcc", share),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "p90 (ms)": _column("latency_ms_p90", _one),
    "Clips/s": _column("throughput", _one),
    "Parameters": _column("parameters", count),
    "Size (MB)": _column("size_mb", _one),
    "Training (s)": _column("train_seconds", _one),
    "Status": _column("status", str),
}
STANDINGS = {BEST: " *", GUESSING: " *", ALIKE: " ~"}  # of a model, in the terminal
TERMINAL = {
    "Model": COMPARISON["Model"],
    "Weights": COMPARISON["Weights"],
    "Accuracy [95 %]": lambda row: f"{interval(row)}{STANDINGS.get(row['best'], '  ')}",
    "F1": _column("f1_macro", share),
    "p50 ms": COMPARISON["p50 (ms)"],
    "Params": COMPARISON["Parameters"],
    "MB": COMPARISON["Size (MB)"],
    "Train s": COMPARISON["Training (s)"],
    "Status": COMPARISON["Status"],
}
PER_CLASS = {
    "Class": _column("class", str),
    "Precision": _column("precision", share),
    "Recall": _column("recall", share),
    "F1-score": _column("f1", share),
    "Support": _column("support", str),
}
LATENCY = {
    "Model": _column("label", str),
    "First call (ms)": _column("latency_ms_first", _one),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "p90 (ms)": _column("latency_ms_p90", _one),
    "p99 (ms)": _column("latency_ms_p99", _one),
    "Mean (ms)": _column("latency_ms_mean", _one),
    "Calls": _column("calls", str),
    "Threads": _column("threads", str),
    "Whole file (ms)": _column("file_ms_p50", _one),
    "Clips/s": _column("throughput", _one),
}


def _ranks(row, published, ours):
    return "" if pd.isna(row[ours]) else f"{row[published]:g}, {row[ours]:g}"


PARITY = {
    "Model": _column("label", str),
    "Published on": _column("published_on", str),
    "Published [95 %]": published_interval,
    "Ours [95 %]": interval,
    "Difference": _column("difference", "{:+.3f}".format),
    "p": _column("p_value", "{:.2g}".format),
    "Ranks": lambda row: _ranks(row, "published_rank", "rank"),
    "Published (ms)": _column("published_latency_ms", "{:g}".format),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "Latency ranks": lambda row: _ranks(row, "published_latency_rank", "latency_rank"),
}


UNCERTAINTY = {
    "Model": _column("label", str),
    "Clips": _column("n_test", str),
    "Different": _column("n_groups", str),
    "Accuracy [95 %]": interval,
    "Precision [95 %]": lambda row: interval(row, "precision_macro"),
    "Recall [95 %]": lambda row: interval(row, "recall_macro"),
    "F1-score [95 %]": lambda row: interval(row, "f1_macro"),
    "Trials": _column("trials", str),
    "± std": _column("trial_std", share),
    "Corrected t [95 %]": lambda row: _ends(row["trial_low"], row["trial_high"]),
}
PAIRWISE = {
    "Model A": _column("label_a", str),
    "Model B": _column("label_b", str),
    "A": _column("accuracy_a", share),
    "B": _column("accuracy_b", share),
    "A - B [95 %]": lambda row: f"{row['difference']:+.3f} {_ends(row['low'], row['high'])}",
    "Only A right": _column("only_a", str),
    "Only B right": _column("only_b", str),
    "p": _column("p_value", p_value),
    "p (Holm)": _column("p_holm", p_value),
    "Separable": lambda row: "yes" if row["separable"] else "no",
}
CALIBRATION = {
    "Model": _column("label", str),
    "Predictions": _column("predictions", str),
    "Accuracy": _column("accuracy", share),
    "Top-2": _column("top2", share),
    "Confidence": _column("confidence", share),
    "ECE": _column("ece", share),
    "Brier": _column("brier", share),
    "ROC area": _column("roc_auc_macro", share),
    "Average precision": _column("average_precision_macro", share),
}
ENSEMBLES = {
    "Ensemble": _column("label", str),
    "Members": _column("members", str),
    "Trials": _column("trials", str),
    "Clips": _column("n_test", str),
    "Validation": _column("val_accuracy", share),
    "Accuracy [95 %]": interval,
    "± std": _column("accuracy_std", share),
    "Precision": _column("precision_macro", share),
    "Recall": _column("recall_macro", share),
    "F1-score [95 %]": lambda row: interval(row, "f1_macro"),
}
COSTS = {
    "Model": _column("label", str),
    "Accuracy": _column("accuracy", share),
    "Front": lambda row: "yes" if row["pareto"] else "",
    "Parameters": _column("parameters", count),
    "FLOPs": _column("flops", count),
    "Size (MB)": _column("size_mb", _one),
    "File (MB)": _column("file_mb", _one),
    "Peak memory (MB)": _column("peak_memory_mb", "{:.0f}".format),
    "Training (s)": _column("train_seconds", _one),
    "Energy (J)": _column("energy_j", "{:.0f}".format),
    "First call (ms)": _column("latency_ms_first", _one),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "p90 (ms)": _column("latency_ms_p90", _one),
    "p99 (ms)": _column("latency_ms_p99", _one),
    "Clips/s": _column("throughput", _one),
    "Threads": _column("threads", str),
    "GPU": _column("accelerators", str),
}
HARDEST = {
    "Clip": _column("clip_id", str),
    "Class": _column("label", str),
    "Right": lambda row: f"{row['right']} of {row['predictions']}",
    "Score of its class": _column("score_true", share),
    "Mistaken for": _column("mistaken_for", str),
    "Times": _column("times", str),
}
MISTAKES = {
    "Model": _column("model_label", str),
    "Clip": _column("clip_id", str),
    "Class": _column("label", str),
    "Predicted": _column("y_pred", str),
    "Score": _column("score", share),
    "Score of its class": _column("score_true", share),
}


def _ends(low, high):
    return "" if pd.isna(low) else f"[{low:.2f}, {high:.2f}]"


def cells(table, columns):
    """Return the rows of a table as text; columns: a dict from a heading to a function of a row, as above."""
    return tuple(tuple(form(row) for form in columns.values()) for row in table.to_dict("records"))


OPTIONAL = ("Best", "Clips/s", "FLOPs", "File (MB)", "Energy (J)", "GPU")  # left out where blank in every row


def shown(columns, table, marks):
    """Return the columns to show of a table: without optional ones that are blank in every row, and with one more for
    the letters of :class:`benchmark.analysis.metrics.marks.Marks` where a model of the study has any."""
    rows = table.to_dict("records")
    kept = {name: form for name, form in columns.items() if name not in OPTIONAL or any(form(row) for row in rows)}
    return kept | {"Marks": marks.of} if marks.letters else kept
