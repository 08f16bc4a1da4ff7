"""``keras_accuracy`` is what Keras itself calls accuracy where clips have several labels."""

import keras
import numpy as np
import pytest

from benchmark.analysis.metrics.multilabel.clipwise import CLIP_SCORES
from benchmark.tasks.scores import exact_match


def drawn(seed, n=50, classes=6):
    """Return labels, some clips without any, and float32 scores, some of them tied."""
    rng = np.random.default_rng(seed)
    y_true = rng.random((n, classes)) < 0.3
    y_true[:3] = False
    return y_true, np.round(rng.random((n, classes)), 1).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_categorical_accuracy_of_multi_hot_labels(seed):
    y_true, y_score = drawn(seed)
    metric = keras.metrics.CategoricalAccuracy()
    metric.update_state(y_true.astype("float32"), y_score)
    ours = CLIP_SCORES["keras_accuracy"](y_true, y_score >= 0.5, y_score).mean()
    assert ours == pytest.approx(float(metric.result()), abs=1e-6)  # float32


def test_a_model_compiled_with_accuracy_reports_it_and_not_the_share_of_clips_all_right():
    y_true, y_score = drawn(0)
    inputs = keras.Input((y_true.shape[1],))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    reported = model.evaluate(y_score, y_true.astype("float32"), verbose=0, return_dict=True)["accuracy"]
    ours = CLIP_SCORES["keras_accuracy"](y_true, y_score >= 0.5, y_score).mean()
    assert ours == pytest.approx(reported, abs=1e-6)  # float32
    assert abs(reported - exact_match(y_true, y_score >= 0.5).mean()) > 0.05
