"""The other backends of Keras, where installed: training, MATLAB's update and prediction, in their own processes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# tests by name, and what the environment needs for them: JAX counts in float64 only where it is told to
CHECKS = {
    "learns_and_leaves or scores_of_the_study or population_statistics or unfolding": {},
    "documented_update": {"JAX_ENABLE_X64": "1"},
}


@pytest.mark.parametrize("checks", CHECKS)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_and_predicts(backend, checks):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    files = ["tests/test_trial.py", "tests/test_matlab.py"]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", checks],
        cwd=ROOT,
        env=os.environ | CHECKS[checks] | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-3000:]
