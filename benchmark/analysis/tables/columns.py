"""A column of a table: its header, the numbers it is made of, how they are written, and where it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import NamedTuple

import pandas as pd

LONGEST_NAME = 20  # characters, where there is little room


class Output(Flag):
    """Where a table is shown."""

    MARKDOWN, LATEX, PAGE, TERMINAL = auto(), auto(), auto(), auto()
    FACTS = auto()  # a list of what is known of one model
    SCREEN = MARKDOWN | PAGE  # there is room for every column
    NARROW = LATEX | TERMINAL  # there is not: short headers, long names lose their middle
    TABLES = SCREEN | NARROW
    ANY = TABLES | FACTS


class Cell(NamedTuple):
    """A cell as it is shown, and the number it is sorted by: None where it is blank or text."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """How one column of a table is made of a row of numbers."""

    header: str
    keys: tuple[str, ...]  # columns of the frame; the first is what it is sorted by, and blank where it is missing
    form: Callable | str = ""  # from the values of the keys to text; or how the first one is formatted, as '.3f'
    unit: str = ""
    text: bool = False  # to the left and sorted by its text; else a number, to the right and sorted by value
    outputs: Output = Output.ANY
    short: str | None = None  # the header where there is little room
    shorten: bool = False  # a name that may lose its middle where there is little room
    drop: int = 0  # a terminal too narrow for the table leaves columns out in this order, 0 never
    usual: str = ""  # it is left out so only where every cell says this
    note: str = ""  # a sentence on it, said where it is shown

    def title(self, output):
        """Return the header with its unit."""
        name = self.short if self.short is not None and output in Output.NARROW else self.header
        if not self.unit:
            return name
        return f"{name} {self.unit}".strip() if output == Output.TERMINAL else f"{name} ({self.unit})".strip()

    def cell(self, row):
        """Return the :class:`Cell` of a row, a dict."""
        values = [row[key] for key in self.keys]
        if pd.isna(values[0]) or values[0] == "":
            return Cell("")
        shown = format(values[0], self.form) if isinstance(self.form, str) else self.form(*values)
        return Cell(shown, None if self.text else float(values[0]))


def text(header, key, form="", **more):
    """Return a :class:`Column` of text."""
    return Column(header, (key,), form, text=True, **more)


def number(header, key, form="", **more):
    """Return a :class:`Column` of numbers."""
    return Column(header, (key,), form, **more)


def estimate(header, key, **more):
    """Return a :class:`Column` of a score and its 95 % interval, in the columns key, key_low and key_high."""
    return Column(f"{header} [95 %]", (key, f"{key}_low", f"{key}_high"), with_interval, **more)


def yes_no(header, key, no="no", **more):
    """Return a :class:`Column` of yes and no."""
    return text(header, key, lambda value: "yes" if value else no, **more)


def count(value):
    """Return a number of things as '645', '12.3 k', '3.5 M' or '1.2 G'."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def p_value(value):
    """Return a p value with three decimals, '<0.001' below that."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def interval(low, high):
    """Return the ends of an interval as '[0.70, 0.89]'."""
    return f"[{low:.2f}, {high:.2f}]"


def with_interval(value, low, high, form=".3f"):
    """Return a score as '0.812 [0.70, 0.89]', without its interval where that is unknown."""
    return format(value, form) if pd.isna(low) else f"{value:{form}} {interval(low, high)}"


def shortened(name, longest):
    """Return a name without its middle, where it has more than ``longest`` characters: its end says the kind."""
    if len(name) <= longest:
        return name
    kept = longest - 2
    return f"{name[: kept - kept // 2]}..{name[len(name) - kept // 2 :]}"
