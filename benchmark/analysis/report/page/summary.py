"""The top of the page: what a reader must know first."""

import numpy as np

from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.metrics.pairwise import ALIKE, BEST, GUESSING
from benchmark.analysis.tables.columns import with_interval
from benchmark.analysis.tables.description import chance, random_features, warnings
from benchmark.analysis.tables.naming import names

FEW = 3  # names that a fact lists
RANDOM, PRETRAINED, NOTHING = "random weights", "pretrained", "none"


def banner(results, failed):
    """Return (level, sentence) of all that a reader must not miss: warnings, failures, caveats, copies of clips."""
    found = [("warning", sentence) for sentence in warnings(results)]
    found += [("failure", f"Failed: {label}: {error}.") for label, error in failed.items()]
    found += [("caveat", sentence) for sentence in find_caveats(results).legend()]
    return found


def key_facts(results, comparison):
    """Return dicts with name, value and note: the best model, those not separable from it, chance, what was tested."""
    planned, done = results.planned * len(results.models), sum(trial.done for trial in results.trials)
    found = [*_best(results, comparison)]
    guess = chance(results)
    tested = comparison["n_test"].dropna()
    return [
        *found,
        {"name": "Chance level", "value": "none" if np.isnan(guess.level) else f"{guess.level:.3f}",
         "note": guess.note},
        {"name": "Clips tested", "value": _span(tested), "note": f"per seed, of {len(results.clips)} in all"},
        {"name": "Trials", "value": f"{done} of {planned}", "note": "done"},
    ]  # fmt: skip


def _best(results, comparison):
    score, (words, _) = results.task.headline, results.task.headline_words
    scored = comparison.dropna(subset=[score])
    if scored.empty:
        return [{"name": f"Highest {words}", "value": "none", "note": "no trial is done"}]
    called = names(results)
    best = scored.loc[scored[score].astype(float).idxmax()]
    value = with_interval(*best[[score, f"{score}_low", f"{score}_high"]])
    guessing = ", not above guessing" if "guessing" in find_caveats(results).found[best["model"]] else ""
    found = [{"name": f"Highest {words}", "value": value, "note": called[best["model"]] + guessing}]
    if scored["best"].isin((BEST, GUESSING)).any():
        alike = [called[name] for name in scored.loc[scored["best"] == ALIKE, "model"]]
        found.append({"name": "Not separable from it", "value": f"{len(alike)} of {len(scored) - 1}",
                      "note": _listed(alike, len(scored) - 1)})  # fmt: skip
    return found


def _listed(alike, others):
    """Return the models not separable from the best in a few words; the chart below it names them all."""
    if not alike:
        return "every other model is significantly below"
    if len(alike) == others > FEW:
        return "all other models"
    more = f" and {len(alike) - FEW} more" if len(alike) > FEW else ""
    return ", ".join(alike[:FEW]) + more


def _span(counts):
    ends = sorted(set(counts))
    return "none" if not ends else f"{ends[0]}" if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"


def facets(results, comparison):
    """Return what the comparison is filtered by, facets with a choice alone: {facet: values, and that of each row}."""
    kinds = comparison["weights"].map(lambda name: RANDOM if random_features(name) else PRETRAINED if name else NOTHING)
    regimes = comparison["regime"].replace("", NOTHING)
    found = {"regime": regimes, "weights": kinds, "status": comparison["status"].astype(str)}
    return {
        name: {"values": list(dict.fromkeys(values)), "rows": list(values)}
        for name, values in found.items()
        if values.nunique() > 1
    }
