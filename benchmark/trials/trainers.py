"""The ways to make a trial, by what a model says in place of a head. A new one is a function in a file, and a row."""

from benchmark.trials import estimator, fusion, head

# By NetworkParams.trainer: (job, clips with their split, Stages, key of all that the trial depends on) -> Trained.
TRAINERS = {"head": head.train, "estimator": estimator.train, "fusion": fusion.train}
