"""What a table is: what computes it, its columns, its words, and where it stands in a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.tables.columns import Column

# Sentences that several tables share.
ZERO = "A precision or recall of 0/0 counts as 0."
POOLED = "Scores: of the confusion matrix summed over folds and seeds; ± std: of accuracy over trials."
INTERVAL = "Accuracy: 95 % Wilson interval over the clips tested per seed."
MACRO = (
    "Macro averages: 95 % interval, Wilson's with the variance of a bootstrap of test clips within classes (of groups, "
    "kept whole, where clips come in groups)."
)
TIMING = "Latency: ms per clip, batch 1, CPU, preprocessing inside the model included."
THROUGHPUT = "Clips/s: in batches of 32."


@dataclass(frozen=True)
class TableSpec:
    """One table of a report: CSV, Markdown, LaTeX and the page are written from it.

    tables, of the functions below: the other tables of the study by name, each computed when first asked for."""

    name: str  # of its files
    compute: Callable  # (results, tables) -> a frame of numbers; without rows it is not written
    title: str = ""  # one sentence
    columns: tuple[Column, ...] = ()  # without any it is written as CSV alone
    facts: tuple[str, ...] = ()  # sentences on its numbers
    about: Callable[[Mapping], tuple[str, ...]] = lambda tables: ()  # further ones, which depend on the numbers
    extra: str = ""  # the name of a table whose rows are written below its own
    shown: Callable = lambda frame, tables: frame  # the rows that are shown, of those in the CSV
    block: str = ""  # a column whose values head blocks of rows
    long: bool = False  # may break over pages
    further: bool = True  # whether the page lists it among its further tables
    place: int = 1000  # tables are written and listed in the order of these numbers, then of their names
    tasks: tuple[str, ...] = ()  # keys of benchmark.tasks.TASKS that it applies to, () for all
    varying: Callable[[Mapping], tuple[Column, ...]] = lambda tables: ()  # further columns, as the study has them
    published: str = ""  # the paper whose form it has: for studies that name it alone

    def written(self, tables):
        """Return the rows of the CSV."""
        if not self.extra or tables[self.extra].empty:
            return tables[self.name]
        return pd.concat([tables[self.name], tables[self.extra]], ignore_index=True)
