"""Tables of text as people have them: CSV in UTF-8, and what Excel writes in its place."""

import codecs
import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from benchmark.errors import StudyError
from spectrograms.names import printable

MARKS = {  # byte order marks, the longer first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
WESTERN = "cp1252"  # what Excel writes as "CSV" in the west
FOREIGN = re.compile(r"[^\x00-\x7f]{3}")  # no western language has three letters in a row that are not ASCII
ASK = "save it as UTF-8, or say dataset.encoding: cp1252 (western), cp1250, cp1251, gbk, shift_jis or what it is"
DELIMITERS = ",;\t|"
SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # Excel's first line that names the delimiter


class Table(NamedTuple):
    """A table of text."""

    header: list  # of names, stripped
    rows: list  # of (number of its first line, counted from 1, its cells, stripped)
    notes: list  # sentences on what was guessed


def read_table(path, wanted, encoding=None):
    """Return the :class:`Table` in a file of delimited text.

    Text is UTF-8, or UTF-16 or UTF-32 with its byte order mark, or what ``encoding`` says; else Western European
    Windows (cp1252), which a note tells, unless what comes out is no western text. The delimiter is that of a line
    ``sep=;``, else the one of , ; tab | with which the header holds most of the names ``wanted``. Quoting is that of
    RFC 4180. Lines without any text are passed over; another line whose cells are not as many as the header's is an
    error, for labels and groups would move to other columns. Raises :class:`StudyError`."""
    path = Path(path)
    text, notes = _text(path, encoding)
    first = SEP_LINE.match(text)
    skipped = 1 if first else 0
    text = text[first.end() :] if first else text
    delimiter = first[1] if first else max(DELIMITERS, key=lambda mark: _fit(text, mark, wanted))
    rows = _rows(path, text, delimiter, skipped)
    _, header = next(rows, (0, []))
    rows = [(line, cells) for line, cells in rows if any(cells)]
    for line, cells in rows:
        if len(cells) != len(header):
            raise StudyError(
                f"{path}, line {line}: {len(cells)} cells under {len(header)} names ({', '.join(header)}); got "
                f"{printable(delimiter.join(cells))}. A cell that holds a '{printable(delimiter)}' must stand in quotes"
            )
    return Table(header, rows, notes)


def _text(path, encoding):
    """Return the text of a file, and notes on how it was guessed to be encoded."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"dataset.root: no CSV {path} (relative paths start at {Path.cwd()})") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}") from None
    marked = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    if b"\0" in content and not (encoding or marked):
        raise StudyError(f"{path} holds bytes of 0, so it is no text in UTF-8; {ASK}, perhaps utf-16-le")
    try:
        return content.decode(encoding or marked or "utf-8"), []
    except (UnicodeDecodeError, LookupError) as error:
        if encoding or marked:
            raise StudyError(f"{path} cannot be read as {encoding or marked} (dataset.encoding): {error}") from None
    return _western(path, content)


def _western(path, content):
    """Return text that is no UTF-8 as cp1252, with a note that shows a line of it; refuse what is not western."""
    lines = content.splitlines()
    number = next(number for number, line in enumerate(lines) if not line.isascii())
    try:
        text = content.decode(WESTERN)
    except UnicodeDecodeError:
        text = None
    if text is None or FOREIGN.search(text):
        raise StudyError(f"{path} is not in UTF-8, from line {number + 1} on; {ASK}")
    shown = printable(lines[number].decode(WESTERN))
    note = f"WARNING: {path} is not in UTF-8; read as {WESTERN}, line {number + 1} is: {shown}. If it is not, {ASK}"
    return text, [note]


def _fit(text, delimiter, wanted):
    """Return how well the first line is a header with this delimiter: names that are wanted, then names at all."""
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return 0, 0
    names = {name.strip().lower() for name in header}
    return len(names & {name.lower() for name in wanted}), len(names)


def _rows(path, text, delimiter, skipped):
    """Yield (number of the row's first line, its cells); ``skipped`` lines came before ``text``."""
    reader, before = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 0
    try:
        for cells in reader:
            yield skipped + before + 1, [cell.strip() for cell in cells]
            before = reader.line_num
    except csv.Error as error:
        raise StudyError(f"{path} cannot be read as a CSV: line {skipped + reader.line_num}: {error}") from None


def column_of(table, header, name, field, is_mapped):
    """Return where a column stands, or None. A mapped name that is exactly one of the header's is meant."""
    exact = [at for at, title in enumerate(header) if title == name]
    if is_mapped and len(exact) == 1:
        return exact[0]
    alike = [at for at, title in enumerate(header) if title.lower() == name.lower()]
    if len(alike) > 1:
        titles = " and ".join(f"'{header[at]}'" for at in alike)
        raise StudyError(
            f"{table} has the columns {titles}; rename one of them, or say which one is meant: "
            f"dataset.columns: {{{field}: {header[alike[-1]]}}}"
        )
    return alike[0] if alike else None
