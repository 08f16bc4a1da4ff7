"""The labels in a table: in a column of text, as one class, a|b or a list, or in a column of 0 and 1 per class."""

import ast
import io
import json
import re
import tokenize
from collections import Counter

from benchmark.data.delimited import column_of
from benchmark.errors import StudyError
from benchmark.store.labels import SEPARATOR
from spectrograms.names import printable

TITLES = ("label", "labels")  # of the column of text, unless dataset.columns names another
YES, NO = frozenset(["1", "1.0", "true"]), frozenset(["0", "0.0", "false"])
NUMBER = re.compile(r"[-+]?\d*\.?\d*(e[-+]?\d+)?|nan", re.IGNORECASE)  # a blank cell too
QUOTED = re.compile(r"\[\s*['\"]")  # how a list of names begins: what follows is a list, or a broken one
MOST = 8  # names in a sentence


def read_labels(table, text, columns, taken):
    """Return (of each row its class names, a tuple; which columns they are read from; sentences on what was guessed).

    ``text`` is a Table, ``columns`` a ColumnParams, ``taken`` are the places of columns that are something else. A
    column of text comes first; columns of 0 and 1 that have the names of its classes must agree with it. Without such
    a column all others of 0 and 1 are the classes. None in place of the names where there is neither. Raises
    :class:`StudyError` with the line."""
    at = _text_column(table, text.header, columns)
    named = [_named_column(table, text.header, name) for name in columns.labels]
    cells, notes = ([], []) if at is None else _of_text(table, text, at)
    further = [place for place in range(len(text.header)) if place not in {at, *named, *taken} and text.header[place]]
    flags = named or _flag_columns(table, text, further, {name for names in cells for name in names}, at is not None)
    if at is None and not flags:
        return None, [], []
    of_flags = _of_flags(table, text, flags)
    if at is not None:
        _check_agreement(table, text, flags, cells, of_flags)
        return cells, [at, *flags], notes
    return of_flags, flags, _on_flags(text.header, flags, of_flags)


def _text_column(table, header, columns):
    """Return the place of the column of text, or None."""
    if columns.label:
        return column_of(table, header, columns.label, "label", True)
    places = [] if columns.labels else [column_of(table, header, title, "label", False) for title in TITLES]
    found = [place for place in places if place is not None]
    if len(found) > 1:
        raise StudyError(
            f"{table} has the columns label and labels; say which is meant: dataset.columns: {{label: labels}}"
        )
    return found[0] if found else None


def _named_column(table, header, name):
    place = column_of(table, header, name, "labels", True)
    if place is None:
        raise StudyError(f"{table} has no column '{name}', which dataset.columns.labels names; its columns: {header}")
    return place


def _of_text(table, text, at):
    """Return the class names of each row, and a note on blanks around them."""
    known, spaced = {}, Counter()
    for line, cells in text.rows:
        if cells[at] not in known:
            try:
                known[cells[at]] = names_in(cells[at])
            except ValueError as error:
                raise StudyError(f"{table}, line {line}: {error}; got {printable(cells[at])}") from None
        spaced.update(name for name in known[cells[at]] if name != name.strip())
    notes = [
        f"WARNING: {sum(spaced.values())} labels have blanks around them, such as '{printable(min(spaced))}'; they are "
        "left out"
    ] if spaced else []  # fmt: skip
    clean = {cell: tuple(sorted({name.strip() for name in names} - {""})) for cell, names in known.items()}
    return [clean[cells[at]] for _, cells in text.rows], notes


def names_in(cell):
    """Return the class names in a cell: 'a', 'a|b', or a list as JSON or Python write it, ``['a', 'b']``.

    Raises ValueError with what is wrong with it."""
    listed = _listed(cell) if cell.startswith("[") else None
    if listed is None and QUOTED.match(cell):
        raise ValueError("the label begins like a list of names and is none: quotes, commas and ] may be missing")
    if listed is None:
        return [part.strip() for part in cell.split(SEPARATOR)]
    if not all(type(item) in (str, int) for item in listed):
        raise ValueError("a list of labels must hold names alone")
    names = [str(item) for item in listed]
    if odd := [name for name in names if SEPARATOR in name]:
        raise ValueError(f"the class '{odd[0]}' has a '{SEPARATOR}' in its name, which separates labels")
    return names


def _listed(cell):
    """Return the items of a list as text, or None where it is none."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(cell)
            strings = [t for t in tokenize.generate_tokens(io.StringIO(cell).readline) if t.type == tokenize.STRING]
        except (ValueError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError):
            return None
        # Python joins 'a' 'b', as NumPy prints an array, to one string.
        if isinstance(found, list) and all(isinstance(item, str) for item in found) and len(strings) > len(found):
            return None
    return found if isinstance(found, list) else None


def _is_flag(cell):
    return cell.lower() in YES or cell.lower() in NO


def _flag_columns(table, text, further, classes, has_text):
    """Return the places of the columns of 0 and 1; beside a column of text those alone that its classes name."""
    columns = {place: [cells[place] for _, cells in text.rows] for place in further} if text.rows else {}
    flags = [place for place, cells in columns.items() if all(map(_is_flag, cells))]
    if has_text:
        return [place for place in flags if text.header[place] in classes]
    almost = [
        place for place, cells in columns.items()
        if place not in flags and 2 * sum(map(_is_flag, cells)) >= len(cells) and all(map(NUMBER.fullmatch, cells))
    ]  # fmt: skip
    if almost and len(flags) + len(almost) > 1:
        _refuse_flag(table, text, almost[0])
    return flags if len(flags) > 1 else []


def _refuse_flag(table, text, place):
    line, cell = next((line, cells[place]) for line, cells in text.rows if not _is_flag(cells[place]))
    raise StudyError(
        f"{table}, line {line}: column '{text.header[place]}' must be 0 or 1, as a class is; got '{printable(cell)}'. "
        "If it is no class, name the columns that are: dataset.columns: {labels: [...]}"
    )


def _of_flags(table, text, flags):
    """Return the class names of each row as columns of 0 and 1 say."""
    if odd := [text.header[place] for place in flags if SEPARATOR in text.header[place]]:
        raise StudyError(f"the class '{odd[0]}' of {table} has a '{SEPARATOR}' in its name, which separates labels")
    for place in flags:
        if not all(_is_flag(cells[place]) for _, cells in text.rows):
            _refuse_flag(table, text, place)
    flags = sorted(flags, key=lambda place: text.header[place])
    return [tuple(text.header[place] for place in flags if cells[place].lower() in YES) for _, cells in text.rows]


def _check_agreement(table, text, flags, cells, of_flags):
    """Raise where the columns of 0 and 1 say something else of their classes than the column of text."""
    known = {text.header[place] for place in flags}
    wrong = [
        (line, names, others) for (line, _), names, others in zip(text.rows, cells, of_flags, strict=True)
        if known & set(names) != set(others)
    ]  # fmt: skip
    if wrong:
        line, names, others = wrong[0]
        raise StudyError(
            f"{table}, line {line}: the labels are {list(names)} by the column of text, {list(others)} by those of 0 "
            f"and 1, and so in {len(wrong)} of {len(cells)} rows; mend them, or leave one out"
        )


def _on_flags(header, flags, of_flags):
    """Return sentences on the columns that are taken for classes, and on those without any clip."""
    used = {name for names in of_flags for name in names}
    names = [header[place] for place in flags]
    notes = [f"the labels are in {len(names)} columns of 0 and 1: {listed(names)}"]
    if unused := [name for name in names if name not in used]:
        notes.append(f"WARNING: no row has a 1 in the columns {listed(unused)}; they are no classes of this data set")
    return notes


def listed(names):
    """Return names for a sentence, the first of many."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(printable(name) for name in names[:MOST]) + more
