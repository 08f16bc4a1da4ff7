"""Models that decide together, from their stored predictions: as further rows, chosen on validation clips alone.

Which models take part is settled in each trial (fold and seed) by the validation clips of that trial. A choice over all
folds together would look at clips that are tested in another fold."""

from dataclasses import replace

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.model_scores import trial_scores
from benchmark.store.layout import THRESHOLDS
from benchmark.store.predictions import pooled
from benchmark.tasks import TASKS
from benchmark.tasks.scores import accuracy, average_precision_macro
from benchmark.tasks.thresholds import find_thresholds

ENSEMBLES_COLUMNS = (
    "ensemble", "label", "members", "models", "trials", "n_test", "{score}", "{score}_low", "{score}_high",
    "{score}_std", "precision_macro", "recall_macro", "f1_macro", "f1_macro_low", "f1_macro_high", "val_{score}",
)  # fmt: skip
LEAST = 2  # models


def mean_of_scores(y_scores):
    """Return the mean over models, (n_clips, n_classes), of scores (n_models, n_clips, n_classes)."""
    return np.mean(y_scores, axis=0)


def majority_vote(y_scores):
    """Return scores (n_clips, n_classes) whose highest is the class that most models predict, of (n_models, ...).

    Between classes with as many votes the mean of scores decides: each score is a share of n_models + 1 votes, of which
    the last one is divided as the mean. Scores must be 0..1."""
    y_scores = np.asarray(y_scores)
    votes = np.eye(y_scores.shape[-1])[y_scores.argmax(axis=-1)].sum(axis=0)
    return (votes + y_scores.mean(axis=0)) / (len(y_scores) + 1)


RULES = {"mean": mean_of_scores, "vote": majority_vote}


def aligned(parts):
    """Return the :class:`Predictions` of the clips that all of ``parts`` have, as the first has them, and all scores.

    The scores are (n_models, n_clips, n_classes)."""
    indices = [pd.MultiIndex.from_arrays([found.split, found.clip_id]) for found in parts]
    common = indices[0]
    for index in indices[1:]:
        common = common[common.isin(index)]
    rows = [index.get_indexer(common) for index in indices]
    y_scores = np.stack([found.y_score[chosen] for found, chosen in zip(parts, rows, strict=True)])
    return parts[0].take(rows[0]), y_scores


def members(results):
    """Return the names of the models that can decide together: those with the most trials done, [] without two.

    Left out is what reads nothing of a clip: chance, and late fusions, in which other models decide already."""
    reading = [model["name"] for model in results.study["models"] if model.get("reads") != "nothing"]
    done = {name: len(results.done(name)) for name in reading}
    names = [name for name, number in done.items() if number == max(done.values()) > 0]
    return names if len(names) >= LEAST else []


def quality_of_one(y_true, y_score):
    """Return (accuracy, minus log loss), to be compared; arguments (n_clips, n_classes)."""
    right = y_score.argmax(axis=1) == y_true.argmax(axis=1)
    return float(right.mean()), float(np.log(np.clip(y_score[y_true], 1e-7, 1)).mean())


def quality_of_several(y_true, y_score):
    """Return (macro average precision, minus log loss of every class), to be compared; arguments as above.

    Without a class that has a positive clip the first is -1."""
    chance = np.clip(np.where(y_true, y_score, 1 - y_score), 1e-7, 1)
    precision = average_precision_macro(y_true, y_score)
    return -1.0 if np.isnan(precision) else precision, float(np.log(chance).mean())


# By the task's headline: what an ensemble is chosen by, and which rules there are.
QUALITY = {"accuracy": quality_of_one, "average_precision_macro": quality_of_several}
RULES_OF = {"accuracy": ("mean", "vote"), "average_precision_macro": ("mean",)}  # a vote is for one class


def everyone(y_true, y_scores, rule, quality=quality_of_one):
    """Return the numbers of all models, whatever the validation clips say."""
    return list(range(len(y_scores)))


def best_single(y_true, y_scores, rule, quality=quality_of_one):
    """Return the number, in a list, of the model with the highest quality on the validation clips given.

    y_true: (n_clips, n_classes) bool; y_scores: (n_models, n_clips, n_classes). Of equals the lower log loss counts."""
    return _ranked(y_true, y_scores, quality)[:1]


def best_first(y_true, y_scores, rule, quality=quality_of_one):
    """Return the numbers of the k models best on the validation clips, k > 1 being the best size of ensemble there.

    As many candidates as models, not every subset: with few validation clips the best of 2,000 subsets would be the
    luckiest. Of equally good ensembles the lower log loss counts. Arguments as for :func:`best_single`."""
    order = _ranked(y_true, y_scores, quality)
    sizes = range(LEAST, len(order) + 1)
    return order[: max(sizes, key=lambda size: quality(y_true, RULES[rule](y_scores[order[:size]])))]


def _ranked(y_true, y_scores, quality):
    return sorted(range(len(y_scores)), key=lambda number: quality(y_true, y_scores[number]), reverse=True)


def shared_trials(results, names):
    """Return (trial, rows, y_scores) of each fold and seed that all models of these names have done.

    The trial is that of the first model; rows and y_scores are as of :func:`aligned`."""
    by_key = [{(trial.fold, trial.seed): trial for trial in results.done(name)} for name in names]
    common = [key for key in by_key[0] if all(key in found for found in by_key)]
    return [(by_key[0][key], *aligned([found[key].predictions for found in by_key])) for key in common]


def ensemble_trials(names, shared, rule, choose=everyone, task=TASKS["multiclass"]):
    """Return a trial of an ensemble for each of the :func:`shared_trials` of the models of these names.

    rule: a key of :data:`RULES`; choose: which of the models take part in a trial, one of :func:`everyone`,
    :func:`best_single` and :func:`best_first`; the names stand in the trial's info, key ``members``. A trial without
    validation clips, on which to choose, is left out unless all take part. task: a row of TASKS; where it has
    thresholds they are found for the ensemble as they were for the first model, on the validation clips."""
    trials = []
    for first, rows, y_scores in shared:
        val = rows.split == "val"
        if val.any() or choose is everyone:
            taking = choose(rows.y_true[val], y_scores[:, val], rule, QUALITY[task.headline])
            y_score = RULES[rule](y_scores[taking])
            thresholds = _thresholds(first.info, rows.y_true[val], y_score[val]) if task.has_thresholds else None
            said = replace(rows, y_score=y_score, y_pred=task.decide(y_score, thresholds))
            info = {"members": [names[number] for number in taking], "settings": first.info.get("settings")}
            info |= {THRESHOLDS: None if thresholds is None else dict(zip(rows.classes, thresholds, strict=True))}
            trials.append(replace(first, model=rule, predictions=said, info=info, history=None, latency=None))
    return trials


def _thresholds(info, y_true, y_score):
    """Return thresholds (n_classes,) found as the settings of a trial say; 0.5 where there is no clip to tune on."""
    settings = (info.get("settings") or {}).get("thresholds") or {}
    return find_thresholds(y_true, y_score, **settings | ({} if len(y_true) else {"kind": "fixed"}))


# What stands in the table: name, label, rule, who takes part.
ENSEMBLES = (
    ("single", "Best single model on validation", "mean", best_single),
    ("mean_all", "Mean of scores, all models", "mean", everyone),
    ("vote_all", "Majority vote, all models", "vote", everyone),
    ("mean_chosen", "Mean of scores, chosen on validation", "mean", best_first),
    ("vote_chosen", "Majority vote, chosen on validation", "vote", best_first),
)


# The same for the models that the study names in ``ensembles``.
NAMED = (
    ("mean_named", "Mean of scores, named in the study", "mean", everyone),
    ("vote_named", "Majority vote, named in the study", "vote", everyone),
)


def ensembles_table(results):
    """Return a row per ensemble with :func:`ensembles_columns`; none where fewer than two models have trials in common.

    Scores as in the comparison (see :func:`analysis.metrics.model_scores.trial_scores`). The first row is no ensemble:
    the model that is best on validation in each trial, which is what an ensemble has to beat. members: labels, with the
    number of trials in which they took part where it was not in all; models: their names; val_<score>: of accuracy
    pooled over trials, of others the mean, the number that chosen rows were chosen by, and so too high for them."""
    rows, task = [], results.task
    for names, ensembles in _plans(results):
        shared = shared_trials(results, names) if names else []
        for name, label, rule, choose in ensembles:
            if rule in RULES_OF[task.headline] and (trials := ensemble_trials(names, shared, rule, choose, task)):
                row = {"ensemble": name, "label": label, "trials": len(trials)} | _members(results, trials)
                scores = trial_scores(results, trials)
                rows.append(row | scores | {f"val_{task.headline}": VALIDATED[task.headline](trials)})
    return pd.DataFrame(rows, columns=ensembles_columns(task.headline))


def ensembles_columns(score):
    """Return the columns of the table where models are ranked by a score, such as accuracy."""
    return [name.format(score=score) for name in ENSEMBLES_COLUMNS]


def _plans(results):
    """Yield (names of models, ensembles of them): of all models, then of those that the study names together."""
    yield members(results), ENSEMBLES
    known = {model["name"] for model in results.models}
    for names in results.study.get("ensembles") or ():
        if known.issuperset(names):
            yield list(names), NAMED


def _members(results, trials):
    labels = {model["name"]: model["label"] for model in results.models}
    taken = pd.Series([name for trial in trials for name in trial.info["members"]]).value_counts()
    words = (labels[name] + (f" ({n})" if n < len(trials) else "") for name, n in taken.items())
    return {"members": ", ".join(words), "models": ", ".join(taken.index)}


def _val_accuracy(trials):
    found = pooled(trial.predictions.of("val") for trial in trials)
    return accuracy(found.y_true, found.y_pred) if len(found) else np.nan


def _val_precision(trials):
    found = [trial.predictions.of("val") for trial in trials]
    scores = [average_precision_macro(part.y_true, part.y_score) for part in found if len(part)]
    return float(np.mean(scores)) if scores else np.nan


VALIDATED = {"accuracy": _val_accuracy, "average_precision_macro": _val_precision}  # by the task's headline
