"""Tables of numbers to tables of text: rounded, with units, under a caption that says what they rest on."""

import pandas as pd

from benchmark.analysis.markup import Sheet, to_latex, to_markdown
from benchmark.analysis.parity import agreement, parity_table, with_parity
from benchmark.analysis.tables import comparison_table, describe, failures, latency_table, per_class_table
from benchmark.files import replacing, write_text

ZERO = "A precision or recall of 0/0 counts as 0."
INTERVAL = "Accuracy: 95 % Wilson interval over the clips tested per seed, then the standard deviation over trials."
TIMING = "Latency: ms per clip, batch 1, CPU, preprocessing inside the model included."
PARITY_CAPTION = (
    "Parity with visutsak2025 (Tables 2 and 3).",
    "A published value is no number to hit: it was measured on other data, and both are subject to chance.",
    "Nothing here means anything for a run on synthetic sound or from random weights.",
    "Published on: the set whose size fits the printed scores, as the audit finds; where no confusion matrix fits "
    "them, there is no interval and no test.",
    "Difference: ours minus published; p: Fisher's exact test of right against wrong clips, not corrected for several "
    "models. Ranks: published, ours, among the models with both numbers.",
)

SUFFIXES = ("csv", "md", "tex")


def share(value):
    """Return a score 0..1 with three decimals."""
    return f"{value:.3f}"


def count(value):
    """Return a number of things as '645', '12 k' or '3.5 M'."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def interval(row):
    """Return a row's accuracy as '0.812 [0.70, 0.89]'."""
    return "{accuracy:.3f} [{accuracy_low:.2f}, {accuracy_high:.2f}]".format_map(row)


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
    "Accuracy [95 %]": lambda row: interval(row) if row["trials"] else "",
    "± std": _column("accuracy_std", share),
    "Precision": _column("precision_macro", share),
    "Recall": _column("recall_macro", share),
    "F1-score": _column("f1_macro", share),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "p90 (ms)": _column("latency_ms_p90", _one),
    "Parameters": _column("parameters", count),
    "Size (MB)": _column("size_mb", _one),
    "Training (s)": _column("train_seconds", _one),
    "Status": _column("status", str),
}
TERMINAL = {
    "Model": COMPARISON["Model"],
    "Weights": COMPARISON["Weights"],
    "Accuracy [95 %]": COMPARISON["Accuracy [95 %]"],
    "F1": COMPARISON["F1-score"],
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
    "Mean (ms)": _column("latency_ms_mean", _one),
    "Calls": _column("calls", str),
    "Threads": _column("threads", str),
    "Whole file (ms)": _column("file_ms_p50", _one),
}
PARITY = {
    "Model": _column("label", str),
    "Published on": _column("published_on", str),
    "Published [95 %]": published_interval,
    "Ours [95 %]": lambda row: "" if pd.isna(row["accuracy"]) else interval(row),
    "Difference": _column("difference", "{:+.3f}".format),
    "p": _column("p_value", "{:.2g}".format),
    "Ranks": lambda row: _ranks(row, "published_rank", "rank"),
    "Published (ms)": _column("published_latency_ms", "{:g}".format),
    "p50 (ms)": _column("latency_ms_p50", _one),
    "Latency ranks": lambda row: _ranks(row, "published_latency_rank", "latency_rank"),
}


def _ranks(row, published, ours):
    return "" if pd.isna(row[ours]) else f"{row[published]:g}, {row[ours]:g}"


def comparison_sheet(results, table):
    """Return the :class:`Sheet` of a comparison table, a row per model."""
    caption = ("Comparison of the models.", *describe(results), INTERVAL, ZERO, TIMING)
    return Sheet("comparison", caption, tuple(COMPARISON), cells(table, COMPARISON), _notes(results), text_columns=3)


def per_class_sheet(results, table, comparison):
    """Return the :class:`Sheet` of a per-class table, a block per model as in Table 3 of visutsak2025."""
    rows = []
    for model in comparison[comparison["trials"] > 0].to_dict("records"):
        block = cells(table[table["model"] == model["model"]], PER_CLASS)
        rows += [(model["label"],), *block, ("Accuracy", "", "", share(model["accuracy"]), str(model["n_test"]))]
    caption = ("Precision, recall and F1-score per class.", *describe(results), ZERO)
    return Sheet("per_class", caption, tuple(PER_CLASS), tuple(rows), _notes(results), long=True)


def latency_sheet(results, table):
    """Return the :class:`Sheet` of a latency table, a row per model as in Table 2 of visutsak2025."""
    caption = ("Computation times.", TIMING, "Whole file: decoding and rendering included.", *describe(results))
    return Sheet("latency", caption, tuple(LATENCY), cells(table, LATENCY), _notes(results))


def parity_sheet(results, table):
    """Return the :class:`Sheet` of a parity table, a row per model that visutsak2025 has too."""
    title, *facts = PARITY_CAPTION
    caption = (title, *describe(results), *facts, *agreement(table))
    return Sheet("parity", caption, tuple(PARITY), cells(table, PARITY), _notes(results), text_columns=2)


def cells(table, columns):
    """Return the rows of a table as text; columns: a dict from a heading to a function of a row, as above."""
    return tuple(tuple(form(row) for form in columns.values()) for row in table.to_dict("records"))


def _notes(results):
    return tuple(f"Failed: {label}: {error}." for label, error in failures(results).items())


def write_tables(results):
    """Write comparison, per_class, latency and parity as csv, md and tex into the results folder.

    Where no model of the study is published there is no parity, and an older one is removed; else the comparison has
    its columns, too. Returns the comparison table and the paths written. Each file is replaced whole."""
    comparison, classes, latency = comparison_table(results), per_class_table(results), latency_table(results)
    parity = parity_table(results, comparison)
    comparison = comparison if parity.empty else with_parity(comparison, parity)
    sheets = {
        "comparison": (comparison, comparison_sheet(results, comparison)),
        "per_class": (classes, per_class_sheet(results, classes, comparison)),
        "latency": (latency, latency_sheet(results, latency)),
    }
    if parity.empty:
        for suffix in SUFFIXES:
            (results.folder / f"parity.{suffix}").unlink(missing_ok=True)
    else:
        sheets["parity"] = parity, parity_sheet(results, parity)
    return comparison, [path for name, sheet in sheets.items() for path in _write(results.folder, name, *sheet)]


def _write(folder, name, table, sheet):
    """Write a table as csv, and its sheet as md and tex; return the three paths."""
    with replacing(folder / f"{name}.csv") as path:
        table.to_csv(path, index=False)
    write_text(folder / f"{name}.md", to_markdown(sheet))
    write_text(folder / f"{name}.tex", to_latex(sheet))
    return [folder / f"{name}.{suffix}" for suffix in SUFFIXES]
