"""What the tables of several labels share: the names of their scores, and sentences."""

from benchmark.analysis.metrics.multilabel.resampling import RESAMPLES, sample_of
from benchmark.analysis.metrics.multilabel.sample import OF_CLASSES

TASKS = ("multilabel",)
# Each score's header, in the order in which tables name them.
HEADERS = {
    "average_precision_macro": "Macro AP",
    "average_precision_micro": "Micro AP",
    "average_precision_weighted": "Weighted AP",
    "roc_auc_macro": "Macro ROC area",
    "roc_auc_micro": "Micro ROC area",
    **{f"{score}_{mean}": f"{mean.capitalize()} {words}" for mean in ("macro", "micro", "weighted", "samples")
       for score, words in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))},
    "subset_accuracy": "Subset accuracy",
    "hamming_loss": "Hamming loss",
    "ranking_loss": "Ranking loss",
    "coverage": "Coverage",
    "label_ranking_average_precision": "Label-ranking AP",
    "keras_accuracy": "keras_accuracy",
}  # fmt: skip
OF_CLASS = dict(zip(OF_CLASSES, ("Precision", "Recall", "F1", "AP", "ROC area"), strict=True))

POOLED = (
    "Decisions and means over clips are pooled over folds and seeds; average precision (AP) and ROC areas are means "
    "over the trials in which a class has a positive clip."
)
ZERO = (
    "A precision, recall or F1 of 0/0 counts as 0; a clip without labels that gets none is right. Samples: the mean "
    "over clips."
)
INTERVAL = (
    f"[95 %]: Wilson's interval with the variance of {RESAMPLES} bootstrap resamples of the test clips (of groups, "
    "kept whole, where clips come in groups), the trained models held fixed."
)
LOSSES = (
    "Subset accuracy: all labels of a clip right. Hamming loss: share of wrong labels; ranking loss: share of pairs of "
    "a wrong and a right label in the wrong order; both 0 best. keras_accuracy: highest score against the first true "
    "class, what metrics=['accuracy'] of Keras says of several labels: to compare with, not to trust."
)


def left_out(tables):
    """Return a sentence that names the classes without a positive test clip, () where every class has one.

    tables: :class:`analysis.tables.registry.Tables`."""
    results = tables.results
    for model in results.models:
        if trials := results.done(model["name"]):
            tested = sample_of(results, tuple(trial.test for trial in trials)).counts[:, 2].any(axis=0)
            absent = [name for name, there in zip(results.classes, tested, strict=True) if not there]
            if absent:
                return (f"Without a positive test clip, left out of macro AP and macro ROC area: {', '.join(absent)}.",)
    return ()
