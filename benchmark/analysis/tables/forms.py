"""How each table is set: its title, what must be said of its numbers, and its columns."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.analysis.metrics.pairwise import LEVEL, LUCK_MEANT
from benchmark.analysis.tables import columns
from benchmark.analysis.tables.parity import agreement

ZERO = "A precision or recall of 0/0 counts as 0."
POOLED = "Scores: of the confusion matrix summed over folds and seeds; ± std: of accuracy over trials."
INTERVAL = "Accuracy: 95 % Wilson interval over the clips tested per seed."
MACRO = (
    "Macro averages: 95 % interval, Wilson's with the variance of a bootstrap of test clips within classes (of groups, "
    "kept whole, where clips come in groups)."
)
SUPPORT = "Support: predictions of clips of the class; with several seeds a clip may count once in each."
BALANCED = "Balanced: balanced accuracy, the mean recall of the classes tested; MCC: Matthews' correlation coefficient."
BASELINE = "Majority class: always the largest class of the training clips; no model of the study, no part in tests."
TIMING = "Latency: ms per clip, batch 1, CPU, preprocessing inside the model included."
THROUGHPUT = "Clips/s: in batches of 32, where timed."
PUBLISHED = (
    "A published value is no number to hit: it was measured on other data, and both are subject to chance.",
    "Nothing here means anything for a run on synthetic sound or from random weights.",
    "Published on: the set whose size fits the printed scores, as the audit finds; where no confusion matrix fits "
    "them, there is no interval and no test.",
    "Difference: ours minus published; p: Fisher's exact test of right against wrong clips, not corrected for several "
    "models. Ranks: published, ours, among the models with both numbers.",
)
MOST = 30  # rows of a list of clips; the CSV has the others


@dataclass(frozen=True)
class Form:
    """How a table is set: its title, the sentences below the study's own, and its columns."""

    title: str
    facts: tuple[str, ...]
    columns: dict
    text_columns: int = 1
    long: bool = False
    about: Callable = lambda tables: ()  # further sentences, of the tables of the study


def tests_used(tables):
    """Return in a sentence which test the pairs of a study were compared with, () for no pairs."""
    names = " and ".join(sorted(set(tables["pairwise"]["test"])))
    pairs = len(tables["pairwise"])
    return (f"Test: {names}; p corrected for {pairs} pairs (Holm), level {LEVEL}.", LUCK_MEANT) if pairs else ()


def baseline_meaning(tables):
    """Return what the row of the baseline is, () where there is none."""
    return () if tables["baseline"].empty else (BASELINE,)


def best_meaning(tables):
    """Return what the column of the best model means, () where there is none."""
    if not tables["comparison"]["best"].any():
        return ()
    return (
        "Best: the highest accuracy; not separable: models whose difference from it may be chance.",
        *tests_used(tables),
    )


FORMS = {
    "comparison": Form(
        "Comparison of the models.", (POOLED, INTERVAL, MACRO, ZERO, BALANCED, TIMING, THROUGHPUT),
        columns.COMPARISON, 3, about=lambda tables: (*baseline_meaning(tables), *best_meaning(tables)),
    ),
    "latency": Form(
        "Computation times.", (TIMING, "Whole file: decoding and rendering included.", THROUGHPUT), columns.LATENCY
    ),
    "parity": Form(
        "Parity with visutsak2025 (Tables 2 and 3).", PUBLISHED, columns.PARITY, 2,
        about=lambda tables: agreement(tables["parity"]),
    ),
    "uncertainty": Form(
        "Scores with their 95 % intervals.",
        (POOLED, INTERVAL, MACRO, "Different: clips or groups tested in all.",
         "Corrected t: accuracy with the corrected resampled t interval (Nadeau, Bengio 2003) where trials have splits "
         "of their own: what another split and seed may give; never narrower than Wilson's.", ZERO),
        columns.UNCERTAINTY,
    ),
    "pairwise": Form(
        "Every pair of models.",
        ("A, B: accuracy pooled over the folds and seeds that both have. Only A right, only B right: predictions, on "
         "the same test clips. p_clips in the CSV: p without luck.", "Not separable does not mean equal."),
        columns.PAIRWISE, 2, long=True, about=tests_used,
    ),
    "calibration": Form(
        "Calibration and ranking of the scores.",
        ("Pooled over folds and seeds, but for ROC area and average precision: each class against the rest, means over "
         "classes and trials.",
         "Confidence: mean highest score. ECE: expected calibration error in 10 bins, too high for few clips. "
         "Brier: 0 best, 2 worst. Top-2: the class is among the two highest scores."),
        columns.CALIBRATION,
    ),
    "ensembles": Form(
        "Ensembles of the stored predictions.",
        ("Members are chosen in each trial on its validation clips alone; in brackets the trials a model was in.",
         "Validation: the accuracy that chosen rows were chosen by, pooled, and so too high for them.",
         POOLED, INTERVAL, MACRO),
        columns.ENSEMBLES, 2,
    ),
    "costs": Form(
        "Costs of the models.",
        (POOLED, TIMING, THROUGHPUT, "Front: no other model is as accurate and as fast (p50).",
         "Size: parameters in float32; file: as saved. Peak memory: of the whole process, training included. "
         "Training and energy: of one trial."),
        columns.COSTS,
    ),
    "hardest": Form(
        "The clips that most predictions get wrong.",
        (f"Over all models and trials; at most {MOST} clips here, all in hardest.csv.",), columns.HARDEST, 2,
    ),
    "mistakes": Form(
        "The most confident mistakes.",
        (f"At most {MOST} here, more in mistakes.csv.",), columns.MISTAKES, 4,
    ),
}  # fmt: skip
