"""Models that decide together."""

from benchmark.analysis.metrics.ensembles import ensembles_table
from benchmark.analysis.tables import multilabel
from benchmark.analysis.tables.columns import Output, estimate, number, text
from benchmark.analysis.tables.spec import INTERVAL, MACRO, POOLED, TableSpec
from benchmark.tasks import TASKS

FACTS = {  # by the task's headline
    "accuracy": (POOLED, INTERVAL, MACRO),
    "average_precision_macro": (
        "Thresholds are found for the mean of scores as for the first model, on validation clips.",
        multilabel.POOLED, multilabel.INTERVAL,
    ),
}  # fmt: skip


def _spec(name, task):
    """Return the table for a task, with the score that it ranks by."""
    (words, header), score = task.headline_words, task.headline
    columns = (
        text("Ensemble", "label"),
        text("Members", "members", outputs=Output.SCREEN),
        number("Trials", "trials"),
        number("Clips", "n_test"),
        number("Validation", f"val_{score}", ".3f"),
        estimate(header, score),
        number("± std", f"{score}_std", ".3f"),
        number("Precision", "precision_macro", ".3f", outputs=Output.SCREEN),
        number("Recall", "recall_macro", ".3f", outputs=Output.SCREEN),
        estimate("F1-score", "f1_macro"),
    )
    facts = (
        "Members are chosen in each trial on its validation clips alone; in brackets the trials a model was in.",
        f"Validation: the {words} that chosen rows were chosen by, pooled, and so too high for them.",
        *FACTS[score],
    )
    return TableSpec(
        "ensembles", lambda results, tables: ensembles_table(results), "Ensembles of the stored predictions.", columns,
        facts, place=80, tasks=(name,),
    )  # fmt: skip


TABLES = tuple(_spec(name, task) for name, task in TASKS.items())
