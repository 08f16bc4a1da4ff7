"""Two studies side by side: which settings differ, and which models moved by more than chance.

Where both studies tested the same clips (the same ids and true classes in the same folds and seeds) a model is compared
with itself clip by clip, by the test that :mod:`benchmark.analysis.metrics.pairwise` takes for two models of one study.
Otherwise the two scores are of different clips (:mod:`benchmark.analysis.metrics.unpaired`). That too counts the luck
of training, and where clips come in groups, that these are fewer pieces of evidence than clips. Compared is the score
that the task ranks by, which both studies must share."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmark.analysis.metrics.multilabel.pairs import pairs_table
from benchmark.analysis.metrics.pairwise import LEVEL, LUCK_MEANT, pairwise_table
from benchmark.analysis.metrics.statistics import holm
from benchmark.analysis.metrics.unpaired import UNPAIRED
from benchmark.analysis.report.terminal import print_table
from benchmark.analysis.tables.columns import Column, Output, number, text, with_interval, yes_no
from benchmark.analysis.tables.description import failures, warnings
from benchmark.analysis.tables.markdown import to_markdown
from benchmark.analysis.tables.registry import Tables
from benchmark.analysis.tables.rendering import render
from benchmark.analysis.tables.settings import as_text, flatten
from benchmark.errors import StudyError
from benchmark.store.results import read_results
from spectrograms.files import replacing, write_text

TAKEN = {  # a column here, for study a or b, and the one of the comparison that it comes from; score: that of the task
    "weights_{}": "weights",
    "trials_{}": "trials",
    "n_{}": "n_test",
    "score_{}": "{score}",
    "score_{}_low": "{score}_low",
    "score_{}_high": "{score}_high",
    "latency_ms_{}": "latency_ms_p50",
    "caveats_{}": "caveats",
}
ROW_COLUMNS = (
    "model", "label", *(column.format(study) for column in TAKEN for study in "ab"), "difference", "low", "high",
    "overlap", "test", "p_value", "p_holm", "moved",
)  # fmt: skip
SETTINGS_COLUMNS = ("setting", "a", "b")
ABSENT = "(absent)"
PAIRED = {"accuracy": pairwise_table, "average_precision_macro": pairs_table}  # by the task's headline
PLACES = ("name", "results", "cache")  # where a study is, not what it does


@dataclass(frozen=True)
class Comparison:
    """Two studies, a and b, side by side."""

    names: tuple[str, str]
    score: str  # that is compared, in words
    folder: Path  # of study a
    settings: pd.DataFrame  # SETTINGS_COLUMNS, a row per setting that differs
    rows: pd.DataFrame  # ROW_COLUMNS, a row per model in both
    only: tuple[tuple[str, ...], tuple[str, ...]]  # labels of the models in one study alone
    sentences: tuple[str, ...]  # what must be known of either study: warnings, failures


def compare(a, b):
    """Return the :class:`Comparison` of two results folders; raise :class:`StudyError` where one cannot be read."""
    first, second = read_results(a), read_results(b)
    if first.task != second.task:
        words = (results.task.headline_words[0] for results in (first, second))
        raise StudyError(f"{a} and {b} have no score in common: models are ranked by {' there by '.join(words)}")
    mine, theirs = ({model["name"]: model["label"] for model in results.models} for results in (first, second))
    both = [name for name in mine if name in theirs]
    return Comparison(
        names=(first.study["name"], second.study["name"]),
        score=first.task.headline_words[0],
        folder=first.folder,
        settings=settings_table(first, second, both),
        rows=rows_table(first, second, both),
        only=(_missing(mine, theirs), _missing(theirs, mine)),
        sentences=(*_must_know("A", first), *_must_know("B", second)),
    )


def _missing(labels, other):
    return tuple(label for name, label in labels.items() if name not in other)


def _must_know(letter, results):
    failed = (f"Failed: {label}: {error}." for label, error in failures(results).items())
    return [f"{letter}: {sentence}" for sentence in (*warnings(results), *failed)]


def settings_table(first, second, models):
    """Return a row per setting that differs with :data:`SETTINGS_COLUMNS`; also what the trials recorded: the weights'
    SHA-256, the suite's version and commit, the versions of Python and the libraries, the backend.

    models: names of those in both studies; settings of the others are left out, as is where a study is."""
    a, b = (_settings(results, models) for results in (first, second))
    made = [_made_with(results, models) for results in (first, second)]
    if all(made):  # where nothing is done, nothing is known of it, and nothing differs
        a, b = a | made[0], b | made[1]
    keys = [key for key in dict.fromkeys([*a, *b]) if a.get(key, ABSENT) != b.get(key, ABSENT)]
    return pd.DataFrame([(key, a.get(key, ABSENT), b.get(key, ABSENT)) for key in keys], columns=SETTINGS_COLUMNS)


def _settings(results, models):
    study = {key: value for key, value in results.study.items() if key not in PLACES}
    study["models"] = [model for model in study["models"] if model["name"] in models]
    found = {key: as_text(value) for key, value in flatten(study).items() if key != "models"}
    for name in models:
        digests = [(trial.info.get("weights") or {}).get("sha256") for trial in results.done(name)]
        found[f"SHA-256 of the weights of {name}"] = _recorded(digests)
    return found


def _made_with(results, models):
    """Return {what: versions} of the suite, Python, the libraries and the backend, as trial.json records them."""
    records = [trial.info for name in models for trial in results.done(name)]
    made = {"backend": _recorded(record.get("backend") for record in records)} if records else {}
    for key, heading in (("suite", "suite: {}"), ("versions", "version of {}")):
        parts = [record.get(key) or {} for record in records]
        made |= {
            heading.format(name): _recorded(part.get(name) for part in parts) for name in sorted(set().union(*parts))
        }
    return made


def _recorded(values):
    """Return what trials recorded as text, several where they differ."""
    return ", ".join(sorted({str(value) for value in values if value})) or "(not recorded)"


def rows_table(first, second, models):
    """Return a row per model with :data:`ROW_COLUMNS`, differences b minus a; models: names of those in both studies.

    overlap: whether the two 95 % intervals of the score meet; p_holm: corrected over the rows; moved: whether p_holm is
    below 0.05. Where a study has no trial of a model done its numbers are missing, and nothing moved."""
    a, b = (Tables(results)["comparison"].set_index("model") for results in (first, second))
    rows = [_row(first, second, name, a.loc[name], b.loc[name]) for name in models]
    table = pd.DataFrame(rows, columns=ROW_COLUMNS)
    table["p_holm"] = holm(table["p_value"].astype(float))
    table["moved"] = table["p_holm"] < LEVEL
    return table.astype(dict.fromkeys(("n_a", "n_b", "trials_a", "trials_b"), "Int64"))


def _row(first, second, name, a, b):
    row = {"model": name, "label": a["label"]}
    score = first.task.headline
    row |= {new.format(study): numbers[old.format(score=score)]
            for study, numbers in (("a", a), ("b", b)) for new, old in TAKEN.items()}  # fmt: skip
    if pd.isna(a[score]) or pd.isna(b[score]):
        return row | {"overlap": None, "test": ""}
    overlap = bool(a[f"{score}_low"] <= b[f"{score}_high"] and b[f"{score}_low"] <= a[f"{score}_high"])
    return row | {"overlap": overlap} | (_paired(first, second, name) or UNPAIRED[score](first, second, name))


def _paired(first, second, name):
    """Return difference, interval, test and p of one model in both studies; None where other clips were tested."""
    before, after = ({(trial.fold, trial.seed): trial for trial in results.done(name)} for results in (first, second))
    if before.keys() != after.keys() or not all(same_clips(before[key], after[key]) for key in before):
        return None
    # A study of two models: this one as study b has it, then as study a has it.
    models = [{"name": study, "label": study, "weights": ""} for study in "ba"]
    trials = [replace(trial, model=study) for study, found in (("b", after), ("a", before)) for trial in found.values()]
    pairs = PAIRED[first.task.headline](replace(first, study=first.study | {"models": models}, trials=tuple(trials)))
    return pairs.iloc[0][["difference", "low", "high", "test", "p_value"]].to_dict()


def same_clips(trial, other):
    """Return whether two trials tested the same clips, with the same true classes."""
    truths = [dict(zip(found.test.clip_id, found.test.names("y_true"), strict=True)) for found in (trial, other)]
    return truths[0] == truths[1]


def write_compare(comparison, out=None):
    """Write compare-<A>-<B>.csv, -settings.csv and .md into ``out``, or the folder of study a; return the paths."""
    stem = "compare-" + "-".join(comparison.names)
    folder = Path(out or comparison.folder)
    tables = {f"{stem}.csv": comparison.rows, f"{stem}-settings.csv": comparison.settings}
    for name, table in tables.items():
        with replacing(folder / name) as path:
            table.to_csv(path, index=False)
    write_text(folder / f"{stem}.md", "\n".join(map(to_markdown, rendered(comparison, Output.MARKDOWN))))
    return (*(folder / name for name in tables), folder / f"{stem}.md")


def print_compare(comparison, console=None):
    """Print the models and the settings with a rich console."""
    for table in rendered(comparison, Output.TERMINAL):
        print_table(table, console, above=(table.title, *table.facts))


def rendered(comparison, output):
    """Return the :class:`analysis.tables.rendering.Rendered` of the models in both studies, and that of the settings
    where any differs."""
    a, b = comparison.names
    rows, settings = comparison.rows, comparison.settings
    tests = ", ".join(dict.fromkeys(test for test in rows["test"] if test))
    facts = (
        f"A: {a}; B: {b}. {comparison.score.capitalize()} with 95 % intervals; meet: whether they overlap.",
        "ms: p50 latency.",
        *((f"Test: {tests}; p corrected for the rows (Holm), level {LEVEL}.", LUCK_MEANT) if tests else ()),
        "Moved: the difference is more than chance. Not moved does not mean equal.",
        *(("No setting and no version differs.",) if settings.empty else ()),
        *(
            f"In {name} alone: {', '.join(labels)}."
            for name, labels in zip("AB", comparison.only, strict=True)
            if labels
        ),
    )
    of_rows = (f"{row['label']}: {caveats}." for row in rows.to_dict("records") if (caveats := _caveats(row)))
    models = render(rows, COLUMNS, f"{a} and {b}, model by model.", output, facts=facts,
                    caveats=(*comparison.sentences, *of_rows))  # fmt: skip
    differing = render(settings, SETTINGS, "Settings and versions that differ.", output)
    return (models,) if settings.empty else (models, differing)


def _caveats(row):
    return "; ".join(f"{study.upper()}: {row[f'caveats_{study}']}" for study in "ab" if row[f"caveats_{study}"])


def _difference(value, low, high):
    return f"{value:+.3f}" if pd.isna(low) else f"{value:+.3f} [{low:+.2f}, {high:+.2f}]"


COLUMNS = (
    text("Model", "label"),
    Column("Weights", ("weights_a", "weights_b"), lambda a, b: a if a == b else f"{a} / {b}", text=True, shorten=True),
    Column("A [95 %]", ("score_a", "score_a_low", "score_a_high"), with_interval),
    Column("B [95 %]", ("score_b", "score_b_low", "score_b_high"), with_interval),
    Column("B - A [95 %]", ("difference", "low", "high"), _difference, outputs=Output.MARKDOWN),
    number("B - A", "difference", "+.3f", outputs=Output.TERMINAL),
    yes_no("Meet", "overlap", drop=1),
    number("p (Holm)", "p_holm", ".2g", short="p"),
    Column("Moved", ("difference", "moved"), lambda difference, moved: "yes" if moved else "no", text=True),
    number("A", "latency_ms_a", ".1f", unit="ms", drop=2),
    number("B", "latency_ms_b", ".1f", unit="ms", drop=2),
)
SETTINGS = (text("Setting", "setting"), text("A", "a"), text("B", "b"))
