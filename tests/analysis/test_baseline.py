"""The majority class as a baseline: against scikit-learn's dummy classifier, and on splits made by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from benchmark.analysis.metrics.baseline import largest_class, majority_trials
from benchmark.analysis.tables.description import majority_share
from benchmark.config.load import read_section
from benchmark.config.study import Study
from benchmark.errors import StudyError
from tests.support.fake_results import results_of


def frame_of(labels):
    """Return test predictions of these classes, all of them wrong."""
    ids = [f"c{number}" for number in labels.index]
    return pd.DataFrame({"clip_id": ids, "y_true": labels, "y_pred": np.where(labels == "a", "b", "a")})


def two_folds(recorded=True):
    """Return results of 2 folds of 24 clips whose classes are spread unevenly, and what scikit-learn's dummy scores."""
    rng = np.random.default_rng(0)
    labels = pd.Series(rng.choice(list("abc"), 24, p=(0.3, 0.3, 0.4)))
    parts = np.array_split(rng.permutation(24), 2)
    results = results_of({"m": {(fold, 0): frame_of(labels[part]) for fold, part in enumerate(parts)}},
                         "kfold", folds=2, classes=tuple("abc"))  # fmt: skip
    number = results.clips["clip_id"].str[1:].astype(int)
    right = 0
    for fold, part in enumerate(parts):
        if recorded:
            results.clips[f"split_{fold}-0"] = np.where(number.isin(part), "test", "train")
        train = np.setdiff1d(np.arange(24), part) if recorded else np.arange(24)
        dummy = DummyClassifier().fit(np.zeros((len(train), 1)), labels[train])
        right += (dummy.predict(np.zeros((len(part), 1))) == labels[part]).sum()
    return results, right / 24


@pytest.mark.parametrize("recorded", [True, False])
def test_the_baseline_is_scikit_learns_dummy(recorded):
    results, expected = two_folds(recorded)
    assert majority_share(results) == pytest.approx(expected)


def test_of_equal_classes_the_first_by_name_is_predicted():
    clips = pd.DataFrame({"label": ["b", "a", "a", "b", "c"], "split_0-0": ["train"] * 5})
    assert largest_class(clips, 0, 0) == "a"
    assert largest_class(clips.assign(**{"split_0-0": ["train", "test", "val", "train", "train"]}), 0, 0) == "b"


def test_every_fold_and_seed_that_any_model_has_done_counts_once():
    labels = pd.Series(list("aab"))
    results = results_of({"m": {(0, 0): frame_of(labels)}, "n": {(0, 0): frame_of(labels), (0, 1): frame_of(labels)}},
                         "predefined", (0, 1))  # fmt: skip
    assert [(trial.fold, trial.seed) for trial in majority_trials(results)] == [(0, 0), (0, 1)]
    assert majority_share(results) == pytest.approx(2 / 3)


def test_a_model_cannot_be_called_as_the_baseline_is():
    raw = {"name": "s", "dataset": {"root": "data"}}
    raw["models"] = [{"name": "majority", "label": "M", "backbone": "keras.applications.VGG16"}]
    with pytest.raises(StudyError, match="cannot be named 'majority'"):
        read_section(Study, raw)
    assert read_section(Study, raw | {"baseline": None}).baseline is None
