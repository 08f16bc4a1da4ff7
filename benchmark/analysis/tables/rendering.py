"""A table as text with the number behind each cell: what Markdown, LaTeX, the page and the terminal are made of."""

from dataclasses import dataclass, replace

from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.tables.columns import LONGEST_NAME, Cell, Column, Output, shortened, text
from benchmark.analysis.tables.description import describe, failures, warnings


@dataclass(frozen=True)
class Rendered:
    """A table ready to be written: its words, and its rows as text."""

    title: str  # one sentence
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    headings: tuple[str, ...] = ()  # of each row: that of the block which it begins, else ''; () without blocks
    described: tuple[str, ...] = ()  # sentences on the study
    facts: tuple[str, ...] = ()  # sentences on the numbers
    caveats: tuple[str, ...] = ()  # what a reader must not miss
    models: tuple[str, ...] = ()  # of each row of the page, the model that it links to, '' for none
    long: bool = False  # may break over pages


def render(frame, columns, title, output=Output.PAGE, **words):
    """Return the :class:`Rendered` of a frame of numbers; words: further fields of it.

    Columns that are not for this output are left out, and those that are blank in every row."""
    records = frame.to_dict("records")
    cells = {column: tuple(map(column.cell, records)) for column in columns if output in column.outputs}
    shown = {c: column for c, column in cells.items() if not records or any(cell.text for cell in column)}
    header = tuple(column.title(output) for column in shown)
    words["facts"] = (*words.get("facts", ()), *dict.fromkeys(column.note for column in shown if column.note))
    rows = tuple(zip(*shown.values(), strict=True)) if shown else ()
    return Rendered(title, header, tuple(shown), rows, **words)


def render_table(results, tables, spec, output, frame=None):
    """Return the :class:`Rendered` of a table of a study; None where it has no rows.

    spec: its :class:`analysis.tables.spec.TableSpec`; tables: :class:`analysis.tables.registry.Tables`; frame: the rows
    to show, those of the table unless given. Where a model of the study has caveats, their letters stand in a last
    column, or in the headings of blocks. What is said of the study itself the page says once, not below each table; and
    as it sorts rows, it has no blocks: each row names its model."""
    frame = spec.shown(spec.written(tables) if frame is None else frame, tables)
    if frame.empty:
        return None
    columns = (*spec.columns, *spec.varying(tables))
    caveats, in_blocks = find_caveats(results), spec.block and output != Output.PAGE
    if spec.block and not in_blocks:
        columns = (text("Model", "label"), *columns)
    if caveats.letters and not in_blocks:
        frame = frame.assign(letters=[caveats.of(row) for row in frame.to_dict("records")])
        columns = (*columns, text("Caveats", "letters"))
    words = {"facts": (*spec.facts, *spec.about(tables)), "long": spec.long}
    if output == Output.PAGE:
        known = {model["name"] for model in results.models}
        words["models"] = tuple(name if name in known else "" for name in frame["model"]) if "model" in frame else ()
        words["caveats"] = (*warnings(results), *caveats.legend())
    else:
        failed = (f"Failed: {label}: {error}." for label, error in failures(results).items())
        words |= {"described": tuple(describe(results)), "caveats": (*caveats.legend(), *failed)}
    if in_blocks:
        words["headings"] = _headings(frame, spec.block, caveats)
    made = render(frame, columns, spec.title, output, **words)
    return without_long_names(made) if output == Output.LATEX else made


def _headings(frame, block, caveats):
    first = (frame[block] != frame[block].shift()).tolist()
    return tuple(
        caveats.heading(row) if begins else "" for row, begins in zip(frame.to_dict("records"), first, strict=True)
    )


def without_long_names(table, longest=LONGEST_NAME):
    """Return a table whose names of more than ``longest`` characters have lost their middle, where their column says
    that they may, with a caveat for each that says it in full."""
    said, rows = [], []
    for row in table.rows:
        short = [
            cell._replace(text=shortened(cell.text, longest)) if column.shorten else cell
            for column, cell in zip(table.columns, row, strict=True)
        ]
        said += [f"{column.header} of {row[0].text}: {cell.text}."
                 for column, cell, new in zip(table.columns, row, short, strict=True) if new != cell]  # fmt: skip
        rows.append(tuple(short))
    return replace(table, rows=tuple(rows), caveats=(*said, *table.caveats))
