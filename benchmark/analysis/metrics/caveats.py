"""What a reader must know about a row before trusting it: marked in every table, with a sentence below."""

from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

import numpy as np

from benchmark.analysis.metrics.multilabel.resampling import sample_of
from benchmark.analysis.metrics.scores import tested
from benchmark.analysis.metrics.statistics import newcombe_interval
from benchmark.tasks.scores import accuracy

LOSS_ERROR = "loss is no longer a number"  # in the error of a trial that training had to end
FAR = 0.10  # validation above training accuracy; dropout, augmentation and the delay of a running mean may cost less
KEYS = ("model", "model_a", "model_b", "models")  # columns that name the models of a row; without any, it is of all
BUSY = 0.5  # cores that other processes keep busy; with more a latency may be theirs in part
SURE = 0.998  # two-sided: one model in a thousand is marked by chance where the difference is exactly FAR


@dataclass(frozen=True)
class Caveats:
    """The caveats of a study: of each model what was found, '' where the caveat itself says it all."""

    found: dict[str, dict[str, str]]  # model -> {a key of CAVEATS: details}
    labels: dict[str, str]  # model -> its label

    @property
    def letters(self):
        """A dict from each caveat that occurs to its letter, in the order of :data:`CAVEATS`."""
        occurring = [caveat for caveat in CAVEATS if any(caveat in own for own in self.found.values())]
        return dict(zip(occurring, ascii_lowercase, strict=False))

    def of(self, row):
        """Return the letters of a row of a table, a dict, such as 'a, c', '' for none."""
        return ", ".join(self.letters[caveat] for caveat in self._of(row))

    def words(self, row):
        """Return the caveats of a row of a table, a dict, in full words, '' for none."""
        return "; ".join(
            _sentence(caveat, next(iter(details.values()))) if "model" in row else self._told(caveat, details)
            for caveat, details in self._of(row).items()
        )

    def heading(self, row):
        """Return the label of a row, a dict, with its letters in brackets where it has any: for a block of rows."""
        return f"{row['label']} (caveats: {self.of(row)})" if self.of(row) else row["label"]

    def _of(self, row):
        """Return {caveat: {model: details}} of the models that a row is about."""
        models = [name for key in KEYS if key in row for name in str(row[key]).split(", ")] or list(self.labels)
        found = {caveat: {name: self.found[name][caveat] for name in models if caveat in self.found.get(name, {})}
                 for caveat in self.letters}  # fmt: skip
        return {caveat: details for caveat, details in found.items() if details}

    def legend(self):
        """Return a sentence per caveat that occurs: its letter, what it means, and the models it is about."""
        return tuple(self._line(caveat, letter) for caveat, letter in self.letters.items())

    def _line(self, caveat, letter):
        details = {model: own[caveat] for model, own in self.found.items() if caveat in own}
        if len(details) == len(self.labels) > 1 and len(set(details.values())) == 1:
            return f"{letter}: {_sentence(caveat, next(iter(details.values())))}, all models."
        return f"{letter}: {self._told(caveat, details)}."

    def _told(self, caveat, details):
        models = (f"{self.labels[model]} ({detail})" if detail else self.labels[model]
                  for model, detail in details.items())  # fmt: skip
        return f"{CAVEATS[caveat][0]}: {', '.join(models)}"


@lru_cache(maxsize=8)  # every table asks for them
def find_caveats(results):
    """Return the :class:`Caveats` of a :class:`benchmark.store.results.Results`."""
    found = {}
    for model in results.models:
        details = {caveat: find(results, model["name"]) for caveat, (_, find) in CAVEATS.items()}
        found[model["name"]] = {caveat: detail for caveat, detail in details.items() if detail is not None}
    return Caveats(found, {model["name"]: model["label"] for model in results.models})


def _sentence(caveat, detail):
    return f"{CAVEATS[caveat][0]} ({detail})" if detail else CAVEATS[caveat][0]


def _where(trials):
    return f"fold-seed {', '.join(f'{trial.fold}-{trial.seed}' for trial in trials)}" if trials else None


def constant(results, model):
    """Return the trials that gave all their test clips one label, with the label; None where there is none.

    Of several labels: one set of them. One test clip, or test clips of one label only, make no such trial: there is
    nothing to tell apart."""
    found = {}
    for trial in results.done(model):
        predicted = set(trial.test.names("y_pred"))
        if len(predicted) == 1 and len(set(trial.test.names("y_true"))) > 1:
            found.setdefault(predicted.pop(), []).append(trial)
    return "; ".join(f"{name or 'no label'}, {_where(trials)}" for name, trials in found.items()) or None


def unpredicted(results, model):
    """Return the classes among the test clips that are predicted in no fold and no seed: empty columns of the matrix.

    Where all predictions are alike, :func:`constant` says so, and it is not said twice."""
    trials = results.done(model)
    if not trials or len(set((found := tested(trials)).names("y_pred"))) == 1:
        return None
    lacking = found.y_true.any(axis=0) & ~found.y_pred.any(axis=0)
    return ", ".join(np.array(found.classes)[lacking]) or None


def guessing(results, model):
    """Return the score that models are ranked by and what guessing has of it, in words, where it is not above that."""
    trials = results.done(model)
    return GUESSES[results.task.headline](results, trials) if trials else None


def below_the_largest_class(results, trials):
    """Return the accuracy and the share of the largest class among the test clips where it is not above that share.

    It is what the best constant answer scores on these clips, at least 1 / n_classes. The majority of the training
    clips (:mod:`analysis.metrics.baseline`) may score less: folds of classes of equal size test more of the others.
    """
    found = tested(trials)
    share, sizes = accuracy(found.y_true, found.y_pred), found.y_true.mean(axis=0)
    largest = sizes.max()
    return f"accuracy {share:.3f} against {largest:.3f} of the largest class" if share <= largest < 1 else None


def below_the_shares(results, trials):
    """Return macro average precision and the mean share of the classes among the test clips, which scores that say
    nothing have, where it is not above that."""
    sample = sample_of(results, tuple(trial.test for trial in trials))
    score, sizes = sample.scores()["average_precision_macro"], sample.counts[:, 2].sum(axis=0)
    level = sizes[sizes > 0].mean() / sum(len(trial.test) for trial in trials) if sizes.any() else 1.0
    said = f"macro average precision {score:.3f} against {level:.3f} of scores that say nothing"
    return said if score <= level < 1 else None


GUESSES = {"accuracy": below_the_largest_class, "average_precision_macro": below_the_shares}  # by the task's headline


def loss_not_finite(results, model):
    """Return the trials whose training loss was NaN or infinite, be it recorded in history.csv or what ended them."""
    return _where([trial for trial in results.of(model) if _diverged(trial)])


def _diverged(trial):
    recorded = trial.history is not None and not np.isfinite(trial.history["loss"].to_numpy(float)).all()
    return recorded or LOSS_ERROR in (trial.error or "")


def validation_above_training(results, model):
    """Return the trials whose validation accuracy is far above their training accuracy: labels or splits may be wrong.

    Compared are the last validation and the mean over the batches of its epoch. A trial is named only where the
    difference is above :data:`FAR` beyond chance: the lower end of Newcombe's interval for a difference of two
    proportions, n_val against n_train clips (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10). So few
    clips never alarm. Trials whose trial.json lacks n_train are not judged, nor is a first epoch: its batches were
    scored while the network was still new, nor what is trained without accuracy."""
    return _where([trial for trial in results.done(model) if _far_above(trial)])


def _far_above(trial):
    if not {"accuracy", "val_accuracy"}.issubset(trial.history):
        return False
    validated = trial.history.dropna(subset=["val_accuracy"])
    n_train, n_val = trial.info.get("n_train"), len(trial.predictions.of("val"))
    if validated.empty or not n_train or not n_val:
        return False
    epoch, val = validated[["epoch", "val_accuracy"]].iloc[-1]
    train = trial.history.loc[trial.history["epoch"] == epoch, "accuracy"].mean()
    return epoch > 1 and newcombe_interval(val, n_val, train, n_train, confidence=SURE)[0] > FAR


def leakage_unchecked(results, model):
    """Return '' where the study was run with ``leakage: off``, else None."""
    return "" if results.study.get("leakage") in ("off", False) else None


def copies(results, model):
    """Return how many pairs of copies stand on two sides of a split, under ``leakage: warn``; None without any."""
    leakage = results.leakage
    if "n_folds" in leakage:  # those in none are told for their two labels
        leakage = leakage[leakage["n_folds"].astype(int) > 0]
    if results.study.get("leakage") != "warn" or leakage.empty:
        return None
    pairs = {frozenset(pair) for pair in zip(leakage["clip_a"], leakage["clip_b"], strict=True)}
    return f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}"


def contradicting(results, model):
    """Return how many pairs of copies of clips have two labels; None without any."""
    leakage = results.leakage
    if "label_a" not in leakage:
        return None
    pairs = leakage[(leakage["label_a"] != leakage["label_b"]) & (leakage["relation"] != "same group")]
    return f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}" if len(pairs) else None


def not_converged(results, model):
    """Return the trials whose head was to be solved and was left before its optimum, by ``training.epochs``."""
    return _where([t for t in results.done(model) if (t.info.get("solver") or {}).get("converged") is False])


def timed_under_load(results, model):
    """Return how many cores other processes kept busy while the model was timed, where that is above :data:`BUSY`."""
    loads = [(timing.get("load") or {}).get("during", 0) for timing in _timings(results, model)]
    return f"{max(loads):.1f} cores busy with other work" if max(loads, default=0) > BUSY else None


def timing_not_stable(results, model):
    """Return '' where the median of the timed calls went on changing, else None."""
    return "" if any(timing.get("stable") is False for timing in _timings(results, model)) else None


def _timings(results, model):
    """Return what is recorded of the timing of a model; nothing is of one whose numbers came from elsewhere."""
    return [trial.info.get("latency") or {} for trial in results.timed(model)]


# The order of the letters, what each means, and how it is found.
CAVEATS = {
    "guessing": ("not above guessing", guessing),
    "constant": ("constant predictions, alike for every test clip", constant),
    "unpredicted": ("a class is never predicted", unpredicted),
    "loss": ("training loss not finite", loss_not_finite),
    "validation": ("validation accuracy far above training accuracy", validation_above_training),
    "unchecked": ("leakage not checked", leakage_unchecked),
    "copies": ("copies of clips across splits", copies),
    "labels": ("copies of clips under two labels", contradicting),
    "optimum": ("solved head stopped before its optimum", not_converged),
    "load": ("timed under load", timed_under_load),
    "unstable": ("timing not stable", timing_not_stable),
}
