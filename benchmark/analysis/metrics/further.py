"""Further scores of a model, a row each: what stands in the comparison beside accuracy and the macro averages."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef


@dataclass(frozen=True)
class Metric:
    """A row of :data:`METRICS`."""

    header: str  # of its column
    compute: Callable  # the Predictions of all test clips, pooled over folds and seeds -> a number
    note: str = ""  # a sentence below the table
    form: str = ".3f"


def of_classes(function):
    """Return a score of two sequences of class numbers, as those of scikit-learn, as one of :class:`Predictions`."""

    def compute(found):
        with warnings.catch_warnings(action="ignore"):  # of a class that is predicted and not tested
            return float(function(found.y_true.argmax(axis=1), found.y_pred.argmax(axis=1)))

    return compute


METRICS = {  # by the column of the CSV; all need one label per clip
    "balanced_accuracy": Metric(
        "Balanced",
        of_classes(balanced_accuracy_score),
        "Balanced: balanced accuracy, the mean recall of the classes tested.",
    ),
    "mcc": Metric("MCC", of_classes(matthews_corrcoef), "MCC: Matthews' correlation coefficient."),
}
