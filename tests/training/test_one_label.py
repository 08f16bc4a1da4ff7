"""Training clips that keep one of their labels: which, how often, and of which part of the split."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from benchmark.config.training import TrainingParams
from benchmark.training.data import TrialData
from benchmark.training.imbalance import one_label_each

TARGETS = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], "float32")


def test_each_clip_keeps_one_of_its_labels_or_none():
    kept = one_label_each(TARGETS, seed=0)
    assert kept.sum(axis=1).tolist() == [1, 1, 1, 0]
    assert (kept <= TARGETS).all()
    assert kept.dtype == TARGETS.dtype
    np.testing.assert_array_equal(kept, one_label_each(TARGETS, seed=0))


def test_each_label_of_a_clip_is_as_likely():
    drawn = one_label_each(np.ones((3000, 3), "float32"), seed=1).mean(axis=0)
    np.testing.assert_allclose(drawn, 1 / 3, atol=0.035)  # four standard deviations of 3000 draws


def test_only_the_training_clips_lose_labels():
    clips = pd.DataFrame({"split": ["train", "val", "test", "train"]})
    study = SimpleNamespace(training=TrainingParams(optimizer="adam", one_label=True))
    data = TrialData(None, clips, np.ones((4, 5), "float32"), study, seed=0)
    assert data.targets("train").sum(axis=1).tolist() == [1, 1]
    assert data.targets("val").sum() == data.targets("test").sum() == 5
    assert data.targets("train", "val").sum() == 15
