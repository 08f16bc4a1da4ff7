"""Fit the comparison into a terminal: a name may be shortened or wrapped and a column left out, no number is cut."""

import sys

from rich.cells import cell_len

LABEL, WEIGHTS, LEAST = 24, 20, 10  # columns that names take at most where there is room, and weights at least
EXTRA = ("MB", "Train s", "Status")  # left out in this order where they do not fit; Status only where all is done
LAST = "Params"  # left out where shorter names do not help


def fit(header, rows, width):
    """Return (header, rows, label_width, notes) of a table of text that takes ``width`` columns at most.

    ``label_width`` is what the first column gets, to be wrapped there; notes: the weights whose names were shortened,
    in full. A column that is not there is not missed."""
    table = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    longest = min(LABEL, _width(header[0], table[header[0]]))
    full = table.get("Weights", [])
    table |= {"Weights": [shortened(name, WEIGHTS) for name in full]} if full else {}
    for name in EXTRA:
        if _needed(table, longest) > width and not (name == "Status" and set(table.get(name, ())) - {"done", ""}):
            table.pop(name, None)
    if full and (over := _needed(table, longest) - width) > 0:
        room = max(LEAST, _width("Weights", table["Weights"]) - over)
        table["Weights"] = [shortened(name, room) for name in full]
    if _needed(table, longest) > width:
        table.pop(LAST, None)
    label_width = max(1, min(longest, width - _needed(table, 0)))
    labels = zip(table[header[0]], table.get("Weights", ()), full, strict=False)
    notes = [f"Weights of {label}: {name}." for label, shown, name in labels if shown != name]
    return tuple(table), list(zip(*table.values(), strict=True)), label_width, notes


def _needed(table, label_width):
    """Return the columns that a table takes, with one between two cells."""
    others = list(table.items())[1:]
    return label_width + sum(1 + _width(name, cells) for name, cells in others)


def _width(name, cells):
    return max(map(cell_len, (name, *cells)))


def shortened(name, longest):
    """Return a name without its middle, where it has more than ``longest`` characters: its end says the kind."""
    if len(name) <= longest:
        return name
    kept = longest - 2
    return f"{name[: kept - kept // 2]}..{name[len(name) - kept // 2 :]}"


def print_sheets(sheets, console=None):
    """Print each :class:`analysis.tables.markup.Sheet` with a rich console: caption, columns with content, notes."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console(width=None if sys.stdout.isatty() else 110)
    for sheet in sheets:
        for sentence in sheet.caption:
            console.print(sentence, markup=False, highlight=False)
        shown = [place for place in range(len(sheet.header)) if any(row[place] for row in sheet.rows)]
        table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
        for place in shown:
            justify = "left" if place < sheet.text_columns else "right"
            table.add_column(
                Text(sheet.header[place]), justify=justify, overflow="fold", no_wrap=place >= sheet.text_columns
            )
        for row in sheet.rows:
            table.add_row(*(Text(row[place]) for place in shown))  # Text: a name such as '[x]' is no markup
        if shown:
            console.print(table)
        for sentence in sheet.notes:
            console.print(sentence, markup=False, highlight=False)
