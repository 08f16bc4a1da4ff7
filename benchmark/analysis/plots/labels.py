"""Names beside points, such that none covers another."""

# Why not adjustText (1.4): on the figure of eleven models it sets names across error bars, circles and the frame, which
# it knows as points alone, and takes 0.3 to 1.8 s for it; this takes 0.06 s.

from itertools import product

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

DISTANCES = (3, 12, 22, 34, 48, 64)  # points from the rim of the circle to the label
MARGIN = 4  # points between two labels
# What it costs to cover another label or the frame, a circle, an error bar or a line (per pixel^2), and to be far (per
# pixel).
COSTS = {"label": 100.0, "circle": 20.0, "bar": 8.0, "line": 2.0, "distance": 1.0}
HALO = [withStroke(linewidth=2.5, foreground="white")]  # a label that has to cross a line stays readable


def place_labels(ax, x, y, texts, radii, bars, lines=(), fontsize=8.5):
    """Write a text beside each point, above all else, and return the annotations, in the order of the points.

    x, y: (n,) data; radii: (n,) points, the circles not to cover; bars: low and high end of each error bar, (n,) data;
    lines: (x, y, x, y) data of horizontal and vertical lines, which a label crosses only where it must. The limits of
    the axes and the size of the figure must be final. Each label takes, in turn, the cheapest of the places around its
    circle and at the ends of its bar; one that had to go far from both gets a line."""
    pixel = ax.figure.dpi / 72  # pixels per point
    points = ax.transData.transform(np.column_stack([x, y]))
    ends = [ax.transData.transform(np.column_stack([x, end]))[:, 1] for end in bars]
    circles = [
        _box(*point, 2 * radius * pixel, 2 * radius * pixel) for point, radius in zip(points, radii, strict=True)
    ]
    stems = [(px - 4, low - 2, px + 4, high + 2) for (px, _), low, high in zip(points, *ends, strict=True)]
    strokes = [_stroke(*ax.transData.transform(np.reshape(line, (2, 2)))) for line in lines]
    placed, annotations = [], []
    arrow = {"arrowstyle": "-", "color": "0.6", "lw": 0.6}
    style = {"textcoords": "offset points", "ha": "center", "va": "center", "fontsize": fontsize, "zorder": 5}
    style["path_effects"] = HALO
    for index, text in enumerate(texts):
        note = ax.annotate(text, (x[index], y[index]), (0, 0), arrowprops=arrow, **style)
        size = np.array(Text.get_window_extent(note).size)  # of the text alone, without the line
        obstacles = {"label": placed, "circle": circles, "bar": stems, "line": strokes}
        places = _around(points[index], radii[index] * pixel, size, pixel)
        places += _at_ends(points[index][0], [end[index] for end in ends], size, pixel)
        centre, _, linked = min(
            places, key=lambda place: _cost(_box(*place[0], *size), place[1], obstacles, ax.bbox.extents)
        )
        note.set_position(tuple((centre - points[index]) / pixel))
        note.arrow_patch.set_visible(linked)
        placed.append(_box(*centre, *(size + 2 * MARGIN * pixel)))
        annotations.append(note)
    return annotations


def _around(point, radius, size, pixel):
    """Return (centre, distance, whether it needs a line) in pixels: labels right, left, above, below and at corners.

    At a corner a label stays clear of the bar through the point, be it close to it or not."""
    found = []
    for distance in np.multiply(DISTANCES, pixel):
        (near, _), (across, along) = (radius + gap + size / 2 for gap in (DISTANCES[0] * pixel, distance))
        rise = distance + size[1] / 2
        steps = [(across, 0), (-across, 0), (0, along), (0, -along)]
        steps += [(dx, dy) for dy, dx in product((rise, -rise), (near, -near, across, -across))]
        found += [(point + step, distance, distance > DISTANCES[0] * pixel) for step in steps]
    return found


def _at_ends(x, bar, size, pixel):
    """Return the same for labels just above and just below a bar, which is line enough."""
    low, high = bar
    gap = DISTANCES[0] * pixel + size[1] / 2
    return [(np.array([x, y]), DISTANCES[2] * pixel, False) for y in (high + gap, low - gap)]


def _cost(box, distance, obstacles, frame):
    covered = sum(COSTS[kind] * _overlap(box, other) for kind, boxes in obstacles.items() for other in boxes)
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, frame)
    return covered + COSTS["label"] * outside + COSTS["distance"] * distance


def _box(x, y, width, height):
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _stroke(start, end, half=2):
    """Return the box of a horizontal or vertical line between two points (x, y), in pixels."""
    (left, bottom), (right, top) = np.minimum(start, end) - half, np.maximum(start, end) + half
    return left, bottom, right, top


def _overlap(a, b):
    """Return the common area of two boxes (left, bottom, right, top)."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
