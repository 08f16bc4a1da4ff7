"""The other backends of Keras, where installed: training, MATLAB's update and prediction, in their own processes."""

import importlib.util
import os

import pytest

from tests.support.sources import python

# File, tests by name, and what the environment needs for them: JAX counts in float64 only where it is told to.
CHECKS = {
    "frozen, fine-tuned and predict": ("trials/test_trial.py", "learns_and_leaves or scores_of_the_study", {}),
    "updates": ("training/test_matlab.py", "documented_update", {"JAX_ENABLE_X64": "1"}),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_and_predicts(backend, check):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    file, names, environment = CHECKS[check]
    command = "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{file}", "-k", names
    answer = python(*command, env=os.environ | environment | {"KERAS_BACKEND": backend})
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert " passed" in answer.stdout
