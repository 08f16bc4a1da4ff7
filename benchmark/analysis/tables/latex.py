"""A table as LaTeX, by pandas' Styler: booktabs rules, a caption of one sentence, all other words below the table."""

import re

import pandas as pd

HEAD = "% Written by the report, overwritten by the next one; needs \\usepackage{booktabs,graphicx,longtable}.\n"
SMALL, CLOSE = ("footnotesize", ""), ("setlength", r"{\tabcolsep}{3pt}")  # commands, and what follows them
# Without it LaTeX lets a table that is wider than the page run over its margin.
FITTED = r"\smallskip\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{\begin{tabular}", r"\end{tabular}}"
# What pandas' escaping leaves, and the older encoding of LaTeX's fonts (OT1) prints as another character or not.
SIGNS = {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "✓": r"$\surd$"}


def to_latex(table, label):
    """Return a :class:`analysis.tables.rendering.Rendered` as a LaTeX table no wider than the page, or a long one over
    several pages; label: what the document refers to it by."""
    frame, headings = _frame(table)
    styler = frame.style.format(_settled, escape="latex").hide(axis="index")
    styler = styler.format_index(_settled, escape="latex", axis="columns")
    styler = styler.format(_heading, escape="latex", subset=pd.IndexSlice[headings, frame.columns[:1]])
    environment, sizes = ("longtable", ()) if table.long else ("table", (SMALL, CLOSE))
    styler = styler.set_table_styles([{"selector": name, "props": f":{given};"} for name, given in sizes])
    found = styler.to_latex(
        column_format="".join("l" if column.text else "r" for column in table.columns),
        hrules=True, caption=table.title, environment=environment, position_float=None if table.long else "centering",
        label=f"tab:{re.sub(r'[^a-zA-Z0-9.-]', '-', label)}",
    )  # fmt: skip
    notes = _notes((*table.described, *table.facts, *table.caveats))
    if table.long:
        size = "".join(rf"\{name}{given}" for name, given in (SMALL, CLOSE))
        return f"{HEAD}{{{size}\n{found}{notes}\\par}}\n"
    found = found.replace(r"\begin{tabular}", FITTED[0]).replace(r"\end{tabular}", FITTED[1])
    return HEAD + found.replace(r"\end{table}", notes + r"\end{table}")


def _frame(table):
    """Return the cells as a frame of text, and the numbers of its rows that head a block."""
    rows, headings = [], []
    for row, heading in zip(table.rows, table.headings or [""] * len(table.rows), strict=True):
        if heading:
            headings.append(len(rows))
            rows.append([heading, *[""] * (len(row) - 1)])
        rows.append([cell.text for cell in row])
    frame = pd.DataFrame(rows, columns=list(table.header))
    return frame.map(lambda text: " ".join(text.split())), headings


def _notes(sentences):
    """Return a sentence per line, below the table and as wide as the text."""
    frame = pd.DataFrame({"note": [" ".join(sentence.split()) for sentence in sentences]})
    styler = frame.style.format(_settled, escape="latex").hide(axis="index").hide(axis="columns")
    return "\\par\\smallskip\\noindent\n" + styler.to_latex(column_format=r"@{}p{\linewidth}@{}")


def _settled(text):
    """Return text that pandas has escaped with the signs that it leaves escaped too.

    A row that begins with '[' or '*' would be read as an argument of the end of the row before it."""
    return re.sub(r"^([\[*])", r"{\1}", "".join(SIGNS.get(sign, sign) for sign in text))


def _heading(text):
    """Return the heading of a block, which takes no room of the first column."""
    return rf"\addlinespace\rlap{{\textbf{{{_settled(text)}}}}}"
