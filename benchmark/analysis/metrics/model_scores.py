"""What is dear to compute of one model of a study, once for all tables and figures that show it."""

from functools import lru_cache

import pandas as pd

from benchmark.analysis.metrics.scores import summarise, summarise_latency

MODELS = 256  # of all studies at hand


@lru_cache(maxsize=MODELS)
def model_scores(results, model):
    """Return :func:`analysis.metrics.scores.summarise` of the trials done of a model, by name; not to be changed."""
    return summarise(results.done(model), results.groups)


@lru_cache(maxsize=MODELS)
def model_latency(results, model):
    """Return :func:`summarise_latency` of the timed calls of a model, by name; {} where it was not timed.

    Not to be changed."""
    timed = results.timed(model)
    return summarise_latency(pd.concat([trial.latency for trial in timed])) if timed else {}
