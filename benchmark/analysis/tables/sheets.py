"""Tables of numbers to tables of text: rounded, with units, under a caption that says what they rest on."""

from benchmark.analysis.metrics.marks import find_marks
from benchmark.analysis.tables import columns
from benchmark.analysis.tables.forms import FORMS, MOST, POOLED, SUPPORT, ZERO
from benchmark.analysis.tables.markup import Sheet, to_latex, to_markdown
from benchmark.analysis.tables.paper_form import table_2_sheet, table_3_sheet
from benchmark.analysis.tables.study_tables import study_tables, with_baseline
from benchmark.analysis.tables.tables import describe, failures
from spectrograms.files import replacing, write_text

SUFFIXES = ("csv", "md", "tex")


def sheet(results, tables, name):
    """Return the :class:`Sheet` of a table; name: a key of :data:`FORMS`; tables: those of :func:`study_tables`."""
    form, table = FORMS[name], with_baseline(tables, name)
    if name in ("hardest", "mistakes"):
        table = table.head(MOST)
    shown = columns.shown(form.columns, table, find_marks(results))
    caption = (form.title, *describe(results), *form.facts, *form.about(tables))
    rows = columns.cells(table, shown)
    return Sheet(name, caption, tuple(shown), rows, notes(results), form.text_columns, form.long)


def per_class_sheet(results, tables):
    """Return the :class:`Sheet` of the per-class table, a block per model as in Table 3 of visutsak2025."""
    table, rows = tables["per_class"], []
    for model in tables["comparison"].to_dict("records"):
        if block := columns.cells(table[table["model"] == model["model"]], columns.PER_CLASS):
            support = table.loc[table["model"] == model["model"], "support"].sum()
            accuracy = ("Accuracy", "", "", columns.share(model["accuracy"]), str(support))
            rows += [(find_marks(results).heading(model),), *block, accuracy]
    caption = ("Precision, recall and F1-score per class.", *describe(results), POOLED, SUPPORT, ZERO)
    return Sheet("per_class", caption, tuple(columns.PER_CLASS), tuple(rows), notes(results), long=True)


# Sheets with blocks of rows; the others are set as their form says.
SPECIAL = {
    "per_class": per_class_sheet,
    "table_2": lambda results, tables: table_2_sheet(results, tables, notes(results)),
    "table_3": lambda results, tables: table_3_sheet(results, tables, (POOLED, *notes(results))),
}


def notes(results):
    """Return the sentences below a table: the legend of the marks, then what failed."""
    return (
        *find_marks(results).legend(),
        *(f"Failed: {label}: {error}." for label, error in failures(results).items()),
    )


def write_tables(results):
    """Write every table of a study into the results folder; return the tables and the paths written.

    Those with a sheet as csv, md and tex, the others as csv alone. A table without rows (parity where no model is
    published, pairs of one model) is not written, and its older files are removed. Each file is replaced whole."""
    tables = study_tables(results)
    written = (name for name in tables if name != "baseline")  # it stands in the comparison
    return tables, [path for name in written for path in _write(results, tables, name)]


def _write(results, tables, name):
    paths = {suffix: results.folder / f"{name}.{suffix}" for suffix in SUFFIXES}
    if tables[name].empty:
        for path in paths.values():
            path.unlink(missing_ok=True)
        return []
    with replacing(paths["csv"]) as path:
        with_baseline(tables, name).to_csv(path, index=False)
    if name not in SPECIAL and name not in FORMS:
        return [paths["csv"]]
    made = SPECIAL[name](results, tables) if name in SPECIAL else sheet(results, tables, name)
    write_text(paths["md"], to_markdown(made))
    write_text(paths["tex"], to_latex(made))
    return list(paths.values())
