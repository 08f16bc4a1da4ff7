"""Every pair of models of several labels: which differences are more than chance."""

from benchmark.analysis.metrics.multilabel.mcnemar import mcnemar_table
from benchmark.analysis.metrics.multilabel.pairs import pairs_table
from benchmark.analysis.metrics.multilabel.resampling import RESAMPLES
from benchmark.analysis.metrics.pairwise import LEVEL
from benchmark.analysis.tables.columns import Column, Output, number, p_value, text, yes_no
from benchmark.analysis.tables.multilabel import POOLED, TASKS, left_out
from benchmark.analysis.tables.spec import TableSpec
from benchmark.analysis.tables.specs.pairwise import difference, tests_used

PAIR = (text("Model A", "label_a"), text("Model B", "label_b"))
F1 = ("f1_macro_difference", "f1_macro_low", "f1_macro_high")
COLUMNS = (
    *PAIR,
    number("AP of A", "average_precision_macro_a", ".3f", outputs=Output.SCREEN),
    number("AP of B", "average_precision_macro_b", ".3f", outputs=Output.SCREEN),
    Column("AP, A - B [95 %]", ("difference", "low", "high"), difference),
    number("p", "p_value", p_value, outputs=Output.SCREEN),
    number("p (Holm)", "p_holm", p_value),
    yes_no("Separable", "separable", short="Sep."),
    number("F1 of A", "f1_macro_a", ".3f", outputs=Output.SCREEN),
    number("F1 of B", "f1_macro_b", ".3f", outputs=Output.SCREEN),
    Column("F1, A - B [95 %]", F1, difference),
    number("F1: p (Holm)", "f1_macro_p_holm", p_value),
    yes_no("F1: separable", "f1_macro_separable", short="Sep."),
)
FACTS = (
    "AP, F1: macro average precision and macro F1 on the folds and seeds that both have. Differences: the same "
    f"{RESAMPLES} bootstrap resamples of both. p: the models change places clip by clip (group by group) at random. "
    "p_clips in the CSV: p without luck. Each score is corrected for itself.",
    POOLED,
    "Not separable does not mean equal.",
)
MCNEMAR = (
    *PAIR,
    text("Class", "class"),
    number("Only A right", "only_a", short="Only A"),
    number("Only B right", "only_b", short="Only B"),
    number("p", "p_clips", p_value, outputs=Output.SCREEN),
    number("p (Holm)", "p_holm", p_value),
)


def _told(frame, tables):
    return frame[frame["p_clips"] < LEVEL].sort_values("p_clips", kind="stable")


TABLES = (
    TableSpec(
        "pairwise", lambda results, tables: pairs_table(results), "Every pair of models.", COLUMNS, FACTS,
        lambda tables: (*left_out(tables), *tests_used(tables)), long=True, further=False, place=40, tasks=TASKS,
    ),
    TableSpec(
        "mcnemar", lambda results, tables: mcnemar_table(results), "Pairs of models, class by class.", MCNEMAR,
        ("McNemar's exact test of right against wrong decisions on each class; clips tested by several seeds, and "
         "groups, count once (exact sign flips). It asks about these trained models: luck of training is not counted.",
         f"Rows with p below {LEVEL}, corrected (Holm) over all pairs and classes, which are in mcnemar.csv."),
        shown=_told, long=True, place=41, tasks=TASKS,
    ),
)  # fmt: skip
