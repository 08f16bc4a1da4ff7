"""Every pair of models: which differences are more than chance."""

from benchmark.analysis.metrics.pairwise import LEVEL, LUCK_MEANT, pairwise_table
from benchmark.analysis.tables.columns import Column, Output, number, p_value, text, with_interval, yes_no
from benchmark.analysis.tables.spec import TableSpec


def tests_used(tables):
    """Return in sentences which test the pairs of a study were compared with, () for no pairs."""
    pairs = tables["pairwise"]
    names = " and ".join(sorted(set(pairs["test"])))
    corrected = f"Test: {names}; p corrected for {len(pairs)} pairs (Holm), level {LEVEL}."
    return (corrected, LUCK_MEANT) if len(pairs) else ()


def difference(value, low, high):
    """Return a difference with its sign and interval."""
    return with_interval(value, low, high, "+.3f")


COLUMNS = (
    text("Model A", "label_a"),
    text("Model B", "label_b"),
    number("A", "accuracy_a", ".3f", outputs=Output.SCREEN),
    number("B", "accuracy_b", ".3f", outputs=Output.SCREEN),
    Column("A - B [95 %]", ("difference", "low", "high"), difference),
    number("Only A right", "only_a", short="Only A"),
    number("Only B right", "only_b", short="Only B"),
    number("p", "p_value", p_value, outputs=Output.SCREEN),
    number("p (Holm)", "p_holm", p_value),
    yes_no("Separable", "separable", short="Sep."),
)
FACTS = (
    "A, B: accuracy pooled over the folds and seeds that both have. Only A right, only B right: predictions, on "
    "the same test clips. p_clips in the CSV: p without luck.",
    "Not separable does not mean equal.",
)
TABLES = (
    TableSpec(
        "pairwise", lambda results, tables: pairwise_table(results), "Every pair of models.", COLUMNS, FACTS,
        tests_used, long=True, further=False, place=40, tasks=("multiclass",),
    ),
)  # fmt: skip
