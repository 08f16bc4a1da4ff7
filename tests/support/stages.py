"""The stages of a study's training, for tests that take a part of it by itself."""

from benchmark.training.regimes import finetune


def steps(training):
    """Return the stage that takes gradient steps under a study's training settings."""
    return finetune(training)[-1]
