"""Further scores of a model, a row each: what stands in the comparison beside accuracy and the macro averages."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A row of :data:`METRICS`."""

    header: str  # of its column
    compute: Callable  # the Predictions of all test clips, pooled over folds and seeds -> a number
    note: str = ""  # a sentence below the table
    form: str = ".3f"


def of_classes(name):
    """Return a score of scikit-learn, of two sequences of class numbers, as one of :class:`Predictions`."""

    def compute(found):
        from sklearn import metrics

        with warnings.catch_warnings(action="ignore"):  # of a class that is predicted and not tested
            return float(getattr(metrics, name)(found.y_true.argmax(axis=1), found.y_pred.argmax(axis=1)))

    return compute


METRICS = {  # by the column of the CSV; all need one label per clip
    "balanced_accuracy": Metric(
        "Balanced",
        of_classes("balanced_accuracy_score"),
        "Balanced: balanced accuracy, the mean recall of the classes tested.",
    ),
    "mcc": Metric("MCC", of_classes("matthews_corrcoef"), "MCC: Matthews' correlation coefficient."),
}
