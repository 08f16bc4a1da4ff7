"""A table of text, written as Markdown or as LaTeX. Every character arrives as it is: nothing in a cell is markup."""

import re
from dataclasses import dataclass

LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "±": r"$\pm$", "–": "--", "·": r"$\cdot$",
}  # fmt: skip
LATEX_HEAD = "% needs \\usepackage{{booktabs,{package}}}; written by the report, overwritten by the next one\n"


@dataclass(frozen=True)
class Sheet:
    """A table as text, ready to be set."""

    name: str  # of the file and of the LaTeX label
    caption: tuple[str, ...]  # sentences above the table, a title first
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # one cell per column; a row with one cell is a heading across all columns
    notes: tuple[str, ...] = ()  # sentences below the table
    text_columns: int = 1  # how many columns from the left are text; the others are numbers, set to the right
    long: bool = False  # may break over pages


def to_markdown(sheet):
    """Return the sheet as Markdown (GitHub's tables): caption, table, notes."""
    columns = len(sheet.header)
    rule = ["---"] * sheet.text_columns + ["---:"] * (columns - sheet.text_columns)
    lines = [[escape_markdown(cell) for cell in sheet.header], rule]
    for row in sheet.rows:
        cells = [escape_markdown(cell) for cell in row]
        lines.append(cells if len(row) == columns else [f"**{cells[0]}**"] + [""] * (columns - 1))
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    title, *details = (escape_markdown(sentence) for sentence in sheet.caption)
    details = "\n".join(f"- {sentence}" for sentence in details)
    return "\n\n".join([title, details, table, *(escape_markdown(note) for note in sheet.notes)]) + "\n"


def to_latex(sheet):
    """Return the sheet as a LaTeX table with booktabs rules: as wide as the page, or long over several pages."""
    parts = {
        "caption": " ".join(escape_latex(sentence) for sentence in sheet.caption),
        "label": f"tab:{sheet.name}",
        "spec": "l" * sheet.text_columns + "r" * (len(sheet.header) - sheet.text_columns),
        "header": " & ".join(escape_latex(cell) for cell in sheet.header) + r" \\",
        "rows": "\n".join(_latex_row(row, len(sheet.header)) for row in sheet.rows),
        "notes": "\n".join(rf"\par\smallskip {escape_latex(note)}" for note in sheet.notes),
    }
    package, layout = ("longtable", LONG) if sheet.long else ("graphicx", WIDE)
    return LATEX_HEAD.format(package=package) + layout.format(**parts)


WIDE = r"""\begin{{table}}
\centering
\caption{{{caption}}}
\label{{{label}}}
\resizebox{{\textwidth}}{{!}}{{%
\begin{{tabular}}{{{spec}}}
\toprule
{header}
\midrule
{rows}
\bottomrule
\end{{tabular}}}}
{{\footnotesize\raggedright
{notes}
\par}}
\end{{table}}
"""
LONG = r"""\begin{{longtable}}{{{spec}}}
\caption{{{caption}}}
\label{{{label}}} \\
\toprule
{header}
\midrule
\endhead
\bottomrule
\endfoot
{rows}
\end{{longtable}}
{{\footnotesize\raggedright
{notes}
\par}}
"""


def _latex_row(row, columns):
    cells = [escape_latex(cell) for cell in row]
    if len(row) == columns:
        return " & ".join(cells) + r" \\"
    return rf"\addlinespace \multicolumn{{{columns}}}{{c}}{{\textbf{{{cells[0]}}}}} \\ \addlinespace"


def escape_latex(text):
    """Return text with every character that LaTeX reads as a command made harmless, and no line break."""
    escaped = "".join(LATEX.get(character, character) for character in " ".join(text.split()))
    # A row that begins with '[' or '*' would be read as an argument of the \\ before it.
    return re.sub(r"^([\[*])", r"{\1}", escaped)


def escape_markdown(text):
    """Return text with every character that Markdown or HTML reads as markup made harmless, and no line break.

    Brackets stay as they are unless a link could begin, so that an interval reads [0.70, 0.89] in the source too."""
    return re.sub(r"([\\`*_|<~$]|\](?=[(\[:])|&(?=#?\w+;))", r"\\\1", " ".join(text.split()))
