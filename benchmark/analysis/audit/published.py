"""Published result tables: those kept in results/published, and any CSV of somebody's numbers. All values stay text.

A tidy CSV has a number per line: columns row, class, metric, value (and source, table where it holds several); class
is blank for numbers of the whole row. A wide one has a class per line: row, class, precision, recall, f1, and if known
support; the accuracy is a column, or a line whose class is 'Accuracy'. ``row`` may be left out if there is one only.
Where clips have several labels there is no accuracy, and a wide one may have average_precision and threshold, too."""

from pathlib import Path

import pandas as pd

from benchmark.analysis.audit.reported import SCORES, ReportedRow, decimals, share
from benchmark.errors import StudyError
from benchmark.store.csv_file import read_text
from benchmark.store.shipped import shipped

PUBLISHED = shipped("results/published")
COLUMNS = ("source", "table", "row", "class", "metric", "value", "printed")
ABOUT = ("captions", "models")  # files on the tables of all sources
SETS_COLUMNS = ("source", "table", "row", "scored_on", "correct", "n", "supports")
TIDY = ("row", "class", "metric", "value")
WIDE = (*SCORES, "average_precision", "accuracy", "support", "threshold")  # columns of numbers, one of them at least
ALIASES = {"f1-score": "f1", "f1_score": "f1", "ap": "average_precision", "model": "row"}  # of columns and metrics
# Lines of scikit-learn's classification report that are no class.
AVERAGES = ("micro avg", "macro avg", "weighted avg", "samples avg")


def read_published(source, folder=PUBLISHED):
    """Return one source's tables as a frame of text with :data:`COLUMNS`; raise :class:`StudyError` if it is broken."""
    return read_text(folder / f"{source}.csv", COLUMNS)


def read_sets(source, folder=PUBLISHED):
    """Return on which set each row of a source was scored, columns :data:`SETS_COLUMNS`; correct and n are Int64.

    They are what :mod:`analysis.audit.verdicts` finds, kept so that a report need not search for it; blank where no
    confusion matrix gives the row's numbers."""
    frame = read_text(folder / f"{source}_sets.csv", SETS_COLUMNS)
    return frame.assign(**{name: pd.to_numeric(frame[name]).astype("Int64") for name in ("correct", "n")})


def read_captions(source, folder=PUBLISHED):
    """Return {table: its caption} of one source."""
    frame = read_text(folder / "captions.csv", ("source", "table", "caption"))
    frame = frame[frame["source"] == source]
    return dict(zip(frame["table"], frame["caption"], strict=True))


def read_models(source, folder=PUBLISHED):
    """Return {(table, row): model} of the rows of one source whose names do not say that they are of one model."""
    frame = read_text(folder / "models.csv", ("source", "table", "row", "model"))
    frame = frame[frame["source"] == source]
    return dict(zip(zip(frame["table"], frame["row"], strict=True), frame["model"], strict=True))


def sources():
    """Return the names of the published tables that are kept, sorted."""
    paths = (path for path in PUBLISHED.glob("*.csv") if not path.stem.endswith("_sets"))
    return sorted(path.stem for path in paths if path.stem not in ABOUT)


def read_table(path):
    """Return a tidy or wide CSV as a tidy frame of text; raise :class:`StudyError` in words where it is neither."""
    path = Path(path)
    frame = read_text(path)
    frame = frame.rename(columns=lambda name: ALIASES.get(name.strip().lower(), name.strip().lower()))
    if frame.columns.duplicated().any():
        raise StudyError(f"{path}: column '{frame.columns[frame.columns.duplicated()][0]}' is there twice")
    frame = frame.apply(lambda column: column.str.strip())
    if set(TIDY) <= set(frame.columns):
        return frame.assign(metric=frame["metric"].replace(ALIASES))
    if "class" in frame.columns and set(WIDE) & set(frame.columns):
        return _tidy(frame if "row" in frame.columns else frame.assign(row=path.stem))
    raise StudyError(f"{path}: expected the columns {', '.join(TIDY)} (a number per line) or row, class, precision, "
                     f"recall, f1, accuracy (a class per line); it has {', '.join(frame.columns)}")  # fmt: skip


def _tidy(wide):
    """Return a wide frame as a tidy one: a class per line becomes a number per line."""
    metrics = [name for name in WIDE if name in wide.columns]
    lines = wide.reset_index(names="line")
    tidy = lines.melt(id_vars=["line", "row", "class"], value_vars=metrics, var_name="metric")
    tidy = tidy[tidy["value"] != ""].sort_values("line", kind="stable").drop(columns="line")
    line = tidy["class"].str.lower() == "accuracy"
    tidy = tidy[~(line & (tidy["metric"] == "support"))]  # all clips, in scikit-learn's report
    tidy.loc[line | (tidy["metric"] == "accuracy"), ["class", "metric"]] = ["", "accuracy"]
    # An accuracy may be repeated on each of its row's lines.
    return pd.concat([tidy[tidy["metric"] != "accuracy"], tidy[tidy["metric"] == "accuracy"].drop_duplicates()])


def reported_rows(table):
    """Return the :class:`ReportedRow` of each row of a tidy frame that has scores per class, in its order.

    A row is one model of one table. Other lines (latencies, averages) are passed over. Raises :class:`StudyError`
    where there is no such row, or one that lacks its accuracy, a precision or a recall, or gives a number twice."""
    places = [name for name in ("source", "table", "row") if name in table.columns]
    classes = table[~table["class"].str.lower().isin(AVERAGES)]
    blocks = {
        key: block
        for key, block in classes.groupby(places, sort=False)
        if (block["metric"].isin(SCORES) & (block["class"] != "")).any()
    }
    if not blocks:
        raise StudyError("the table has no row with scores per class (precision, recall and f1)")
    rows = [key[-1] for key in blocks]
    names = [key[-1] if rows.count(key[-1]) == 1 else ", ".join(key) for key in blocks]
    found = list(zip(names, blocks.values(), strict=True))
    most = max(decimals(_accuracy(name, block)) for name, block in found)
    return [_reported_row(name, block, most) for name, block in found]


def _accuracy(name, block):
    """Return a row's accuracy as text. Only a single-label table has one confusion matrix, and it has an accuracy."""
    values = block.loc[(block["metric"] == "accuracy") & (block["class"] == ""), "value"].tolist()
    if len(values) != 1:
        raise StudyError(
            f"row {name}: expected one accuracy, as a single-label table has; got {', '.join(values) or 'none'}"
        )
    if share(values[0]) is None:
        raise StudyError(f"row {name}: its accuracy must be a number; got '{values[0]}'")
    return values[0]


def _reported_row(name, block, accuracy_decimals):
    numbers = block[(block["class"] != "") & block["metric"].isin((*SCORES, "support"))]
    if (twice := numbers.duplicated(["class", "metric"])).any():
        first = numbers[twice].iloc[0]
        raise StudyError(f"row {name}: class {first['class']} has two values of {first['metric']}")
    texts = {label: dict(zip(part["metric"], part["value"], strict=True))
             for label, part in numbers.groupby("class", sort=False)}  # fmt: skip
    for label, scores in texts.items():
        if missing := [score for score in ("precision", "recall") if not scores.get(score)]:
            raise StudyError(f"row {name}: class {label} has no {' and no '.join(missing)}")
    supports = tuple(_support(name, label, scores.pop("support", "")) for label, scores in texts.items())
    scores = tuple({score: text for score, text in values.items() if text} for values in texts.values())
    return ReportedRow(name, tuple(texts), scores, _accuracy(name, block), accuracy_decimals, supports)


def _support(name, label, text):
    """Return the clips of a class, None where they are not given."""
    if text and not text.isdigit():
        raise StudyError(f"row {name}: the support of class {label} must be a whole number of clips; got '{text}'")
    return int(text) if text else None
