"""The numbers of a table whose clips may have several labels, row by row, under the names that the suite's scores have.

A percentage stays text, with its sign: '66.02%' is some share from .66015 to .66025. Numbers that are no such score
(counts, run times) are kept beside them as text."""

import re
from dataclasses import dataclass, field, replace

from benchmark.analysis.audit.published import AVERAGES
from benchmark.analysis.audit.reported import SCORES, UNDEFINED, share
from benchmark.errors import StudyError

RANKED = "average_precision"
OF_CLASS = (*SCORES, RANKED)
MEANS = ("macro", "micro", "weighted", "samples")
OF_ROW = (*(f"{score}_{mean}" for score in OF_CLASS for mean in MEANS), "ranking_loss", "label_density")
OTHER_NAMES = {"auprc": RANKED, "map": f"{RANKED}_macro", "clips": "support"}
PERCENT = "_percent"
TEST_ROWS = ("test", "test set", "testing")  # the row of a table of splits whose clips are the test clips
WORDS = re.compile(r"[^\W_]+|[^\w\s(),.:;_–-]")  # of a row's name; punctuation tells no models apart
CLIPS_WITH = re.compile(r"clips_(\d+)_\w+?(_percent)?$")  # clips_2_genres


@dataclass(frozen=True)
class ClipCounts:
    """What is printed of the clips that a row was scored on; empty and None where it is not."""

    n: int | None = None
    supports: dict[str, int] = field(default_factory=dict)  # clips of each class
    n_with: dict[int, int] = field(default_factory=dict)  # clips with so many labels


@dataclass(frozen=True)
class PrintedRow:
    """One row of one table: the text of its scores, per class and over all of them."""

    source: str
    table: str
    name: str
    model: str  # rows of the same are of one model with one way to decide
    caption: str
    classes: dict[str, dict[str, str]]  # per class: those of OF_CLASS that are printed, and its threshold
    averages: dict[str, str]  # those of OF_ROW that are printed
    others: dict[str, str]  # further numbers of the whole row, under their own names
    counts: ClipCounts = ClipCounts()

    @property
    def place(self):
        """Where it stands, in words."""
        return ", ".join(part for part in (self.table, self.name) if part)

    def of_classes(self, *scores):
        """Return {class: texts} of the classes that have all these scores, {} where some class of the row has not."""
        found = {name: [texts[score] for score in scores] for name, texts in self.classes.items()
                 if set(scores) <= set(texts)}  # fmt: skip
        return found if len(found) == len(self.classes) else {}


def in_words(metric):
    """Return the name of a score in a sentence: 'f1_macro' is 'macro F1'."""
    score, _, mean = metric.rpartition("_") if metric.endswith(MEANS) else (metric, "", "")
    return " ".join(part for part in (mean, {"f1": "F1", RANKED: "AP"}.get(score, score.replace("_", " "))) if part)


def printed_rows(table, captions=None, models=None):
    """Return the :class:`PrintedRow` of each row of a tidy frame of text, in its order.

    captions: {table: its caption}; models: {(table, row): model} of rows whose names do not say so themselves, else
    two names are one model's where their words are the same. Raises :class:`StudyError` where a score is no share, a
    count no whole number, or a number is there twice."""
    frame = table.reindex(columns=["source", "table", "row", "class", "metric", "value"], fill_value="").fillna("")
    blocks = frame.groupby(["source", "table", "row"], sort=False)
    rows = [_row(key, block, captions or {}, models or {}) for key, block in blocks]
    tested = {row.source: row.counts for row in rows if row.name.strip().lower() in TEST_ROWS}
    return [_with_counts(row, tested.get(row.source)) for row in rows]


def with_averages(rows):
    """Return rows, those with scores per class alone with the averages that other tables print of their model."""
    return [_completed(row, rows) if row.classes and not row.averages else row for row in rows]


def _completed(row, rows):
    own = {score for texts in row.classes.values() for score in texts}
    averages, tables = {}, {row.table: None}
    for other in rows:
        if (other.source, other.model) == (row.source, row.model) and not other.classes:
            found = {name: text for name, text in other.averages.items() if name.rpartition("_")[0] in own}
            if found:
                averages, tables = averages | found, tables | {other.table: None}
    return replace(row, averages=averages, table=" and ".join(tables))


def _with_counts(row, tested):
    """Return a row with the counts of its source's test clips, where it has none and they are of its classes."""
    fits = tested and not row.counts.supports and set(row.classes) <= set(tested.supports or row.classes)
    return replace(row, counts=tested) if fits else row


def _row(key, block, captions, models):
    source, table, name = key
    classes, averages, others = {}, {}, {}
    for label, metric, text in block[["class", "metric", "value"]].itertuples(index=False, name=None):
        metric, label, text = _named(metric, label, text)
        known = metric in (OF_ROW if not label else (*OF_CLASS, "threshold"))
        place = averages if known and not label else classes.setdefault(label, {}) if label else others
        if metric in place:
            raise StudyError(f"row {name}: {label or 'the row'} has two values of {metric}")
        place[metric] = _checked(text, f"row {name}: {label} {metric}") if known else text
    model = models.get((table, name), " ".join(WORDS.findall(name.lower())))
    counts = _counts(name, classes, others)
    classes = {label: {metric: text for metric, text in texts.items() if metric in (*OF_CLASS, "threshold")}
               for label, texts in classes.items()}  # fmt: skip
    classes = {label: texts for label, texts in classes.items() if texts}
    return PrintedRow(source, table, name, model, captions.get(table, ""), classes, averages, others, counts)


def _named(metric, label, text):
    """Return (metric, class, text) under the suite's names; a line 'macro avg' is a number of the whole row."""
    if metric.endswith(PERCENT) and not CLIPS_WITH.match(metric):
        metric, text = metric.removesuffix(PERCENT), text if text.lower() in UNDEFINED else f"{text}%"
    score, _, mean = metric.rpartition("_") if metric.endswith(MEANS) else (metric, "", "")
    metric = "_".join(part for part in (OTHER_NAMES.get(score, score), mean) if part)
    if label.lower() in AVERAGES:
        return f"{metric}_{label.lower().removesuffix(' avg')}", "", text
    return metric, label, text


def _checked(text, place):
    try:
        share(text)
    except StudyError as error:
        raise StudyError(f"{place}: {error}") from None
    return text


def _counts(name, classes, others):
    """Return the :class:`ClipCounts` of a row's own numbers."""
    supports = {label: _whole(name, texts["support"]) for label, texts in classes.items() if texts.get("support")}
    found = [(CLIPS_WITH.match(metric), text) for metric, text in others.items()]
    n_with = {int(match[1]): _whole(name, text) for match, text in found if match and not match[2]}
    n = _whole(name, others["support"]) if others.get("support") else None
    return ClipCounts(n, supports, n_with)


def _whole(name, text):
    if not text.isdigit():
        raise StudyError(f"row {name}: a support must be a whole number of clips; got '{text}'")
    return int(text)
