"""A table as Markdown. Every character arrives as it is: nothing in a cell is markup."""

import re


def to_markdown(table):
    """Return a :class:`analysis.tables.rendering.Rendered` as Markdown (GitHub's tables): words, table, caveats."""
    lines = [table.header, ["---" if column.text else "---:" for column in table.columns]]
    for row, heading in zip(table.rows, table.headings or [""] * len(table.rows), strict=True):
        if heading:
            lines.append([f"**{escape_markdown(heading)}**", *[""] * (len(row) - 1)])
        lines.append([escape_markdown(cell.text) for cell in row])
    rows = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    facts = "\n".join(f"- {escape_markdown(sentence)}" for sentence in (*table.described, *table.facts))
    parts = (escape_markdown(table.title), facts, rows, *map(escape_markdown, table.caveats))
    return "\n\n".join(filter(None, parts)) + "\n"


def escape_markdown(text):
    """Return text with every character that Markdown or HTML reads as markup made harmless, and no line break.

    Brackets stay as they are unless a link could begin, so that an interval reads [0.70, 0.89] in the source too."""
    return re.sub(r"([\\`*_|<~$]|\](?=[(\[:])|&(?=#?\w+;))", r"\\\1", " ".join(text.split()))
