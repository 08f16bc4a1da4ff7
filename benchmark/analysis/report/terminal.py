"""A table in a terminal: a name may be shortened or wrapped and a column left out, no number is cut."""

import sys
from dataclasses import replace

from rich.cells import cell_len

from benchmark.analysis.tables.columns import LONGEST_NAME
from benchmark.analysis.tables.rendering import without_long_names

LABEL, LEAST_LABEL = 24, 8  # columns that the first column takes: where there is room, and in need
LEAST = 10  # columns that another name takes
SHORTEN = 4  # names get shorter between columns that are left out before it, by Column.drop, and those after it


def print_table(table, console=None, above=(), below=()):
    """Print a :class:`analysis.tables.rendering.Rendered`, fitted, with a rich console; above, below: sentences."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console(width=None if sys.stdout.isatty() else 110)
    table, label_width = fit(table, console.width)
    drawn = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for place, (title, column) in enumerate(zip(table.header, table.columns, strict=True)):
        drawn.add_column(
            Text(title), justify="left" if column.text else "right", overflow="fold",
            no_wrap=place > 0 and (column.shorten or not column.text), max_width=label_width if place == 0 else None,
        )  # fmt: skip
    for row in table.rows:
        drawn.add_row(*(Text(cell.text) for cell in row))  # Text: a name such as '[x]' is no markup
    for sentence in above:
        console.print(sentence, markup=False, highlight=False)
    if table.rows:
        console.print(drawn)
    for sentence in (*below, *table.caveats):
        console.print(sentence, markup=False, highlight=False)


def fit(table, width):
    """Return (table, label_width): the table in ``width`` columns, where its first one is wrapped at label_width.

    Columns are left out and names shortened in the order of :attr:`analysis.tables.columns.Column.drop` as far as
    needed; a name that was shortened stands in full among the caveats. Text may have to be wrapped all the same: then
    label_width is None."""
    cells = dict(zip(table.columns, list(zip(*table.rows, strict=True)) or [()] * len(table.columns), strict=True))
    kept, longest = list(table.columns), LONGEST_NAME
    for step in sorted({column.drop for column in kept if column.drop} | {SHORTEN}):
        widths = _widths(without_long_names(_only(table, kept), longest))
        if (over := min(LABEL, widths[0]) + sum(1 + wide for wide in widths[1:]) - width) <= 0:
            break
        if step == SHORTEN:
            names = [wide for wide, column in zip(widths, kept, strict=True) if column.shorten]
            longest = max(LEAST, max(names, default=0) - over)
        else:
            kept = [column for column in kept if column.drop != step or _says(column, cells[column])]
    fitted = without_long_names(_only(table, kept), longest)
    left = width - sum(1 + wide for wide in _widths(fitted)[1:])
    return fitted, left if left >= LEAST_LABEL else None


def _says(column, cells):
    """Return whether a column says anything else than usual."""
    return bool(column.usual) and any(cell.text not in ("", column.usual) for cell in cells)


def _only(table, kept):
    """Return a table with some of its columns alone."""
    places = [table.columns.index(column) for column in kept]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    return replace(table, header=tuple(table.header[place] for place in places), columns=tuple(kept), rows=rows)


def _widths(table):
    listed = zip(table.header, *([cell.text for cell in row] for row in table.rows), strict=True)
    return [max(map(cell_len, column)) for column in listed]
