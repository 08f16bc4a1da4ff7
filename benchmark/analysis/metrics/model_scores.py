"""What is dear to compute of one model of a study, once for all tables and figures that show it."""

from functools import lru_cache

import pandas as pd

from benchmark.analysis.metrics.multilabel.summary import summarise_labels
from benchmark.analysis.metrics.scores import summarise, summarise_latency

MODELS = 256  # of all studies at hand
SUMMARIES = {  # by the headline of the task: (trials of one model, results) -> a dict
    "accuracy": lambda trials, results: summarise(trials, results.groups),
    "average_precision_macro": summarise_labels,
}


def trial_scores(results, trials):
    """Return the scores of some trials of one model by name, with the score that the task ranks by and its interval."""
    return SUMMARIES[results.task.headline](trials, results)


@lru_cache(maxsize=MODELS)
def model_scores(results, model):
    """Return :func:`trial_scores` of the trials done of a model, by name; not to be changed."""
    return trial_scores(results, results.done(model))


@lru_cache(maxsize=MODELS)
def model_latency(results, model):
    """Return :func:`summarise_latency` of the timed calls of a model, by name; {} where it was not timed.

    Not to be changed."""
    timed = results.timed(model)
    return summarise_latency(pd.concat([trial.latency for trial in timed])) if timed else {}
