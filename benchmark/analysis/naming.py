"""What a model is called in titles, tables and charts: with what a reader must not miss, and nothing said twice."""

import re

from benchmark.analysis.tables import weights

# 'VGG-16 (random)', 'VGG-16, random weights', 'randomly initialised VGG-16'; but no 'Random forest', no 'random crops'.
SAYS_RANDOM = re.compile(r"\brandom(ly)?[ -](weights|init)|\(random\)|\brandom\W*$", re.IGNORECASE)


def remark(label, random=False, synthetic=False):
    """Return a label with its remarks in brackets: random weights, unless the label says so itself; synthetic sound.

    >>> remark("VGG-16", random=True, synthetic=True), remark("VGG-16 (random)", random=True)
    ('VGG-16 (random weights, synthetic sound)', 'VGG-16 (random)')
    """
    random = random and not SAYS_RANDOM.search(label)
    remarks = ["random weights"] * bool(random) + ["synthetic sound"] * bool(synthetic)
    return f"{label} ({', '.join(remarks)})" if remarks else label


def is_random(results, model):
    """Return whether a trial of a model, one of ``results.models``, started from random weights."""
    return "random" in weights(results, model)


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
