"""The other backends of Keras, where installed: training, MATLAB's update and prediction, in their own processes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKS = "learns_and_leaves or documented_update or scores_of_the_study or population_statistics or unfolding"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_and_predicts(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/test_trial.py",
        "tests/test_matlab.py",
    ]
    environment = os.environ | {"KERAS_BACKEND": backend}
    answer = subprocess.run(
        [*command, "-k", CHECKS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-3000:]
