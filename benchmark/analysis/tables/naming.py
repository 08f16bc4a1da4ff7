"""What a model is called in titles, tables and charts: with what a reader must not miss, and nothing said twice."""

from benchmark.analysis.tables.description import random_features, weights
from benchmark.store.naming import remark


def is_random(results, model):
    """Return whether a trial of a model, one of ``results.models``, started from random weights, all or in part."""
    return bool(random_features(weights(results, model)))


def is_synthetic(results):
    """Return whether the study's sound is computed."""
    return bool(results.study["dataset"].get("synthetic"))


def all_random(results):
    """Return whether every model started from random weights: then titles about all of them say so, not each name."""
    return all(is_random(results, model) for model in results.models)


def names(results):
    """Return {model: what it is called}, for places whose title says what holds for all models: :func:`origin`."""
    marked = not all_random(results)
    return {model["name"]: remark(model["label"], marked and is_random(results, model)) for model in results.models}


def titles(results):
    """Return {model: what it is called} where its name is the title: with all that must not be hidden."""
    synthetic = is_synthetic(results)
    return {model["name"]: remark(model["label"], is_random(results, model), synthetic) for model in results.models}


def origin(results):
    """Return in brackets what a title about all models must not hide, '' if nothing."""
    return remark("", all_random(results), is_synthetic(results))
