"""Colours and line styles that tell classes apart, and names short enough for a figure."""

from itertools import cycle, islice, product

BLUE, ORANGE = (0.0, 0.447, 0.741), (0.85, 0.325, 0.098)  # MATLAB's first two line colours
# MATLAB's first two, then eight chosen so that of any two colours the CIE 1976 difference in L*a*b* is 30 at least for
# full colour vision, and 10 for each kind of dichromacy, as Machado et al. 2009 (IEEE TVCG 15, 1291-1298) simulate it;
# each has a contrast of 2.2 : 1 at least against white.
COLOURS = (
    BLUE, ORANGE, "#BE9B00", "#7A1F8E", "#2E8B3A", "#56B9EA", "#6B1A2E", "#000000", "#C77CC0", "#8A8A8A",
)  # fmt: skip
STYLES = ("-", "--", ":")
DISTINCT = len(COLOURS) * len(STYLES)  # lines that differ in colour or style


def line_styles(n):
    """Return colour and line style of n lines, as dicts for matplotlib; no two alike up to :data:`DISTINCT`."""
    pairs = cycle((colour, style) for style, colour in product(STYLES, COLOURS))
    return [{"color": colour, "linestyle": style} for colour, style in islice(pairs, n)]


def short_names(names, most=26):
    """Return names, the longer ones with their middle left out: 'a very long…e of it'; whole where two would be alike.

    most: characters of a name."""
    tail = most // 3
    short = [name if len(name) <= most else f"{name[: most - tail - 1]}…{name[-tail:]}" for name in names]
    return short if len(set(short)) == len(set(names)) else list(names)
