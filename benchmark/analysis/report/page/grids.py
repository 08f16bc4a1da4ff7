"""Tables of text to what a table of the page needs: what each cell is sorted by, and which columns are numbers."""

import re
from dataclasses import dataclass, field

from benchmark.analysis.metrics.marks import find_marks
from benchmark.analysis.tables import columns
from benchmark.analysis.tables.sheets import sheet
from benchmark.analysis.tables.study_tables import with_baseline
from benchmark.analysis.tables.tables import describe, warnings

UNITS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
NUMBER = re.compile(r"[<≤]?([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: ([kMG])\b)?")


@dataclass(frozen=True)
class Grid:
    """A table of the page: text, and for each column whether it is numbers."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]  # of each column: set to the right and sorted by value
    facts: tuple[str, ...] = ()  # what must be said of the numbers
    notes: tuple[str, ...] = ()  # the legend of the marks, and warnings
    models: tuple[str, ...] = field(default=())  # of each row, where a row is a model; '' for the baseline


def number(text):
    """Return what a cell is sorted by: the number that it begins with, its unit counted; None where it has none.

    >>> number("0.812 [0.70, 0.89]"), number("12.3 M"), number("<0.001"), number("VGG-16")
    (0.812, 12300000.0, 0.001, None)
    """
    found = NUMBER.match(text)
    return float(found[1]) * UNITS[found[2] or ""] if found else None


def numeric(rows, text_columns=1):
    """Return for each column whether it is numbers: right of the columns of text, every cell a number or blank."""
    listed = list(zip(*rows, strict=True))
    return tuple(
        index >= text_columns and any(cells) and all(number(cell) is not None for cell in cells if cell)
        for index, cells in enumerate(listed)
    )


def make_grid(name, title, header, rows, text_columns=1, **more):
    """Return a :class:`Grid` of rows of text."""
    rows = tuple(map(tuple, rows))
    return Grid(name, title, tuple(header), rows, numeric(rows, text_columns) or (False,) * len(header), **more)


def sheet_grid(results, tables, name):
    """Return the :class:`Grid` of a table, a key of :data:`analysis.tables.forms.FORMS`; None where it has no rows.

    Its words are those of the Markdown, without the sentences on the study, which the page says once."""
    if tables[name].empty:
        return None
    made = sheet(results, tables, name)
    said = set(describe(results))
    facts = tuple(sentence for sentence in made.caption[1:] if sentence not in said)
    notes = (*warnings(results), *find_marks(results).legend())
    rows, known = with_baseline(tables, name), {model["name"] for model in results.models}
    named = "model" in rows and name != "mistakes"
    models = tuple(model if model in known else "" for model in rows["model"]) if named else ()
    return make_grid(name, made.caption[0].rstrip("."), made.header, made.rows, made.text_columns,
                     facts=facts, notes=notes, models=models)  # fmt: skip


def _share(name):
    return lambda row: "" if row[name] != row[name] else columns.share(row[name])  # NaN: not equal to itself


PER_CLASS = columns.PER_CLASS | {"ROC area": _share("roc_auc"), "Average precision": _share("average_precision")}


def per_class_grid(tables, model):
    """Return the :class:`Grid` of one model's scores per class, with its areas under both curves; model: its name."""
    scores = tables["per_class"][tables["per_class"]["model"] == model]
    ranking = tables["ranking"][["model", "class", "roc_auc", "average_precision"]]
    rows = columns.cells(scores.merge(ranking, on=["model", "class"], how="left"), PER_CLASS)
    return make_grid(f"per-class-{model}", "Scores per class", PER_CLASS, rows)
