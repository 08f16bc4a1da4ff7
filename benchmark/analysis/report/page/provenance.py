"""How the results were made: the command, the settings, versions, hardware and weights that the trials recorded."""

from datetime import UTC, datetime
from shlex import quote

import pandas as pd

from benchmark.analysis.tables.columns import text
from benchmark.analysis.tables.rendering import render
from benchmark.analysis.tables.settings import as_text, flatten
from benchmark.store.layout import RECORD, trial_folder

# Parts of trial.json, and what they are called here.
ENVIRONMENT = {"backend": "backend", "precision": "precision", "threads": "threads", "versions": "version of",
                "hardware": "hardware:"}  # fmt: skip


def provenance(results):
    """Return a dict for the part on how the results were made."""
    settings = flatten({key: value for key, value in results.study.items() if key != "name"})
    return {
        "command": f"python run_benchmark.py run {quote(str(results.folder / 'study.yaml'))}",
        "facts": facts(results),
        "settings": _listed("Settings", ("Setting", "Value"),
                            [(key, as_text(value)) for key, value in settings.items()]),
        "environment": _environment(results),
        "weights": _weights(results),
    }  # fmt: skip


def facts(results):
    """Return (name, text): how many trials of how many, the seconds they took, and when they were written."""
    done = [trial for trial in results.trials if trial.done]
    planned = results.planned * len(results.models)
    seconds = sum(sum((trial.info.get("seconds") or {}).values()) for trial in done)
    training = results.study["training"]
    split = results.study["split"]
    found = [
        ("Trials", f"{len(done)} of {planned} done"),
        ("Seeds", as_text(split["seeds"])),
        ("Regime", str(training.get("regime", ""))),
        ("Mixed precision", str(training.get("mixed_precision", ""))),
        ("Seconds in trials", f"{seconds:.0f}" if seconds else ""),
        ("Trials written", _written(results, done)),
    ]
    return [(name, text) for name, text in found if text]


def _written(results, trials):
    """Return the first and last date of the trials' files, UTC: trial.json itself holds none."""
    paths = [trial_folder(results.folder, trial.model, trial.fold, trial.seed) / RECORD for trial in trials]
    times = sorted(path.stat().st_mtime for path in paths if path.is_file())
    if not times:
        return ""
    first, last = (f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}" for time in (times[0], times[-1]))
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def _environment(results):
    """Return the table of what the trials ran with; a value that not all share names how many have it."""
    found = {}
    for trial in (trial for trial in results.trials if trial.done):
        recorded = {key: trial.info[key] for key in ENVIRONMENT if trial.info.get(key) is not None}
        for place, value in flatten(recorded).items():
            counts = found.setdefault(place, {})
            text = as_text(value) if value != [] else "none"
            counts[text] = counts.get(text, 0) + 1
    rows = [(_called(place), _told(counts)) for place, counts in sorted(found.items(), key=_place)]
    return _listed("Versions and hardware", ("What", "Value"), rows)


def _place(entry):
    return list(ENVIRONMENT).index(entry[0].partition(".")[0])


def _called(place):
    part, _, name = place.partition(".")
    return f"{ENVIRONMENT[part]} {name.replace('_', ' ')}".strip()


def _told(counts):
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({n} {'trial' if n == 1 else 'trials'})" for value, n in counts.items())


def _weights(results):
    """Return the table of the weights that the trials of each model started from, without models that have none."""
    rows = []
    for model in results.models:
        used = [trial.info.get("weights") or {} for trial in results.of(model["name"])]
        digests = {}
        for weights in used or [{"name": model["weights"]}]:
            digests.setdefault(str(weights.get("name") or ""), set()).add(str(weights.get("sha256") or ""))
        rows += [
            (model["label"], name, next(iter(found)) if len(found) == 1 else f"{len(found)} different")
            for name, found in digests.items() if name
        ]  # fmt: skip
    return _listed("Weights", ("Model", "Weights", "SHA-256"), rows)


def _listed(title, header, rows):
    return render(pd.DataFrame(rows, columns=header), [text(name, name) for name in header], title)
