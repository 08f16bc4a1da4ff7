"""Every table of a study to its files: CSV of the numbers, Markdown and LaTeX of the text."""

from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.latex import to_latex
from benchmark.analysis.tables.markdown import to_markdown
from benchmark.analysis.tables.registry import Tables
from spectrograms.files import replacing, write_text

SUFFIXES = ("csv", "md", "tex")


def write_tables(results, tables=None):
    """Write every table of a study into the results folder; return :class:`Tables` and the paths written.

    tables: those of the study, as far as they are computed already.

    Those with columns as csv, md and tex, the others, and those none of whose rows is shown (no pair differs), as csv
    alone. A table without rows (parity where no model is published, pairs of one model) is not written, and its older
    files are removed. Each file is replaced whole."""
    tables = tables or Tables(results)
    parts = {spec.extra for spec in tables.specs.values()}
    written = [path for name in tables if name not in parts for path in _write(results, tables, name)]
    return tables, written


def _write(results, tables, name):
    paths, spec = {suffix: results.folder / f"{name}.{suffix}" for suffix in SUFFIXES}, tables.specs.get(name)
    if tables[name].empty:
        for path in paths.values():
            path.unlink(missing_ok=True)
        return []
    with replacing(paths["csv"]) as path:
        spec.written(tables).to_csv(path, index=False)
    shown = tables.render(spec.name, Output.MARKDOWN) if spec.columns else None
    if shown is None:
        for suffix in ("md", "tex"):
            paths[suffix].unlink(missing_ok=True)
        return [paths["csv"]]
    write_text(paths["md"], to_markdown(shown))
    label = f"{results.study['name']}-{spec.name}"
    write_text(paths["tex"], to_latex(tables.render(spec.name, Output.LATEX), label))
    return list(paths.values())
