"""A results folder to its tables, figures, page and a summary for the terminal. Heavy packages are imported when
needed, so that the command line starts at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.tables.rendering import Rendered


@dataclass(frozen=True)
class Report:
    """What a report wrote, and what it says."""

    comparison: "pd.DataFrame"  # a row per model, columns COMPARISON_COLUMNS of its spec
    files: tuple[Path, ...]  # every table and figure written, and the page
    failures: dict[str, str]  # label of a model to what went wrong in its trials
    table: "Rendered"  # the comparison for a terminal
    ranked_by: str  # the score, in words


def report(results_dir):
    """Write every table, figure and the page of a results folder anew from what is on disk; return the :class:`Report`.

    Figures of models no longer there are removed. Raises :class:`benchmark.errors.StudyError` where the folder holds
    no results; a trial that failed or cannot be read is reported as failed."""
    from benchmark.analysis.plots.pool import drawing_pool

    with drawing_pool(Path(results_dir)) as pool:
        return _report(results_dir, pool)


def _report(results_dir, pool):
    from benchmark.analysis.plots.figures import FigureWriter
    from benchmark.analysis.report.page.page import write_page
    from benchmark.analysis.tables.columns import Output
    from benchmark.analysis.tables.description import failures
    from benchmark.analysis.tables.files import write_tables
    from benchmark.analysis.tables.registry import Tables
    from benchmark.store.results import read_results
    from spectrograms.files import sweep

    results = read_results(results_dir)
    sweep(results.folder, deep=True)
    tables = Tables(results)
    drawn = FigureWriter(results, tables, pool)  # a pool draws while tables are computed and written
    _, written = write_tables(results, tables)
    figures = drawn.finish()
    page = write_page(results, tables, figures)
    table = tables.render("comparison", Output.TERMINAL, tables["comparison"])
    files = (*written, *(path for figure in figures for path in figure.paths), page)
    return Report(tables["comparison"], files, failures(results), table, results.task.headline_words[0])


def print_comparison(summary, console=None):
    """Print the comparison of a :class:`Report` with a rich console; it fits 80 columns.

    Warnings (synthetic sound, random weights) stand above the table, caveats and errors below it."""
    from benchmark.analysis.report.terminal import print_table

    marked = (f"*: the highest {summary.ranked_by}; ~: not separable from it, see pairwise.md",)
    below = marked if summary.comparison["best"].any() else ()
    print_table(summary.table, console, summary.table.described, below)
