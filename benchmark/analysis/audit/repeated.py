"""Rules over all rows: a number that is printed twice is the same, and captions say where thresholds were tuned."""

import re
from itertools import combinations

from benchmark.analysis.audit.findings import (
    DIFFERS,
    NOTED,
    READINGS,
    SWAPPED,
    TABLES_DIFFER,
    Finding,
    overlap,
    reading,
)
from benchmark.analysis.audit.printed import MEANS, OF_CLASS, in_words

TEXT = re.compile(r"text|abstract", re.IGNORECASE)  # 'tables' that are none
SETS = {name: re.compile(rf"\b{name}\b", re.IGNORECASE) for name in ("validation", "test")}  # in captions


def same_number(rows):
    """Yield findings on pairs of rows of one model that have numbers in common: alike, swapped or different.

    Of a table and a text the finding is on the text."""
    for one, other in combinations(rows, 2):
        if (one.source, one.model) == (other.source, other.model):
            here, there = (one, other) if TEXT.match(one.table) or not TEXT.match(other.table) else (other, one)
            first, second = _numbers(here), _numbers(there)
            yield from _pair(here, there, {key: (first[key], second[key]) for key in first if key in second})


def _numbers(row):
    """Return {(class, metric): text} of a row's scores, class '' for averages."""
    of_classes = {(name, metric): text for name, texts in row.classes.items() for metric, text in texts.items()}
    return {("", metric): text for metric, text in row.averages.items()} | of_classes


def _pair(here, there, both):
    """Yield the findings on two rows, of {(class, metric): (text here, text there)}."""
    unlike = {key: pair for key, pair in both.items() if not _same(*pair, "either")}
    for score in OF_CLASS:
        for a, b in combinations([("", f"{score}_{mean}") for mean in MEANS], 2):
            if {a, b} <= set(unlike) and _crossed(unlike[a], unlike[b]):
                (first, _), (second, _) = unlike.pop(a), unlike.pop(b)
                words = f"{in_words(a[1])} {first} and {in_words(b[1])} {second}"
                yield Finding(here.place, SWAPPED, f"{words}: {there.place} has them the other way round.")
    verdict = DIFFERS if TEXT.match(here.table) else TABLES_DIFFER
    for (name, metric), (first, second) in unlike.items():
        words = f"{name}: {in_words(metric)}" if name else in_words(metric)
        yield Finding(here.place, verdict, f"{words} is {first}; {there.place} has {second}.")
    for (_, metric), pair in both.items():
        fits = [verdict for rounding, verdict in READINGS.items() if _same(*pair, rounding)]
        if fits:
            yield Finding(here.place, fits[0], f"{in_words(metric)} {pair[0]} is {pair[1]} in {there.place}.")


def _same(first, second, rounding):
    read = reading(rounding)
    return overlap(read(first), read(second))


def _crossed(one, other):
    return _same(one[0], other[1], "nearest") and _same(other[0], one[1], "nearest")


def tuned_where_reported(rows):
    """Yield a finding per row of thresholds that were tuned on the set of clips on which its model is reported.

    Which set that is, is read from the captions."""
    for tuned in rows:
        if not any("threshold" in texts for texts in tuned.classes.values()):
            continue
        for row in rows:
            same = (row.source, row.model) == (tuned.source, tuned.model) and row.averages
            for name, word in SETS.items():
                if same and word.search(tuned.caption) and word.search(row.caption):
                    yield Finding(
                        tuned.place, NOTED,
                        f"Thresholds were tuned on the {name} set ('{tuned.caption}'), and {row.place} reports "
                        f"the same model on it ('{row.caption}'): too good by what tuning gains.",
                    )  # fmt: skip
