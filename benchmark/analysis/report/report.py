"""A results folder to its tables, figures, page and a summary for the terminal. Heavy packages are imported when
needed, so that the command line starts at once."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.metrics.marks import Marks


@dataclass(frozen=True)
class Report:
    """What a report wrote, and what it says."""

    comparison: "pd.DataFrame"  # a row per model, columns tables.COMPARISON_COLUMNS
    files: tuple[Path, ...]  # every table and figure written, and the page
    description: tuple[str, ...]  # sentences: warnings first, then what the numbers rest on
    failures: dict[str, str]  # label of a model to what went wrong in its trials
    marks: "Marks"  # what a reader must know about each row


def report(results_dir):
    """Write every table, figure and the page of a results folder anew from what is on disk; return the :class:`Report`.

    Figures of models no longer there are removed. Raises :class:`benchmark.errors.StudyError` where the folder holds
    no results; a trial that failed or cannot be read is reported as failed."""
    from benchmark.analysis.plots.pool import drawing_pool

    with drawing_pool(Path(results_dir)) as pool:
        return _report(results_dir, pool)


def _report(results_dir, pool):
    from benchmark.analysis.metrics.marks import find_marks
    from benchmark.analysis.plots.figures import FigureWriter
    from benchmark.analysis.report.page.page import write_page
    from benchmark.analysis.tables.sheets import write_tables
    from benchmark.analysis.tables.tables import describe, failures
    from benchmark.store.results import read_results
    from spectrograms.files import sweep

    results = read_results(results_dir)
    sweep(results.folder, deep=True)
    drawn = FigureWriter(results, pool)
    tables, written = write_tables(results)
    figures = drawn.finish(tables)
    page = write_page(results, tables, figures)
    files = (*written, *(path for figure in figures for path in figure.paths), page)
    return Report(tables["comparison"], files, tuple(describe(results)), failures(results), find_marks(results))


def print_comparison(summary, console=None):
    """Print the comparison of a :class:`Report` with a rich console; it fits 80 columns.

    Warnings (synthetic sound, random weights) stand above the table, the legend of the marks and errors below it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from benchmark.analysis.report.terminal import fit
    from benchmark.analysis.tables.columns import TERMINAL, cells, shown

    console = console or Console(width=None if sys.stdout.isatty() else 110)
    columns = shown(TERMINAL, summary.comparison, summary.marks)
    header, rows, label_width, notes = fit(tuple(columns), cells(summary.comparison, columns), console.width)
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column(Text(header[0]), overflow="fold", max_width=label_width)
    for name in header[1:]:
        justify = "left" if name in ("Weights", "Accuracy [95 %]") else "right"
        table.add_column(Text(name), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a label such as '[x]' is no markup
    for sentence in summary.description:
        console.print(sentence, markup=False, highlight=False)
    console.print(table)
    if summary.comparison["best"].any():
        console.print(
            "*: the highest accuracy; ~: not separable from it, see pairwise.md", markup=False, highlight=False
        )
    for sentence in (*notes, *summary.marks.legend()):
        console.print(sentence, markup=False, highlight=False)
    for label, error in summary.failures.items():
        console.print(f"Failed: {label}: {error}", markup=False, highlight=False)
