"""Names beside points, such that none covers another."""

import numpy as np
from matplotlib.text import Text

DIRECTIONS = np.deg2rad([0, 180, 90, 270, 35, 145, 215, 325])
DISTANCES = (3, 12, 22, 34, 48, 64)  # points from the rim of the circle to the label
# What it costs to cover another label or the frame, a circle or an error bar (per pixel^2), and to be far (per pixel).
COSTS = {"label": 100.0, "circle": 20.0, "bar": 8.0, "distance": 1.0}


def place_labels(ax, x, y, texts, radii, bars, fontsize=8.5):
    """Write a text beside each point and return the annotations, in the order of the points.

    x, y: (n,) data; radii: (n,) points, the circles not to cover; bars: low and high end of each error bar, (n,) data.
    The limits of the axes and the size of the figure must be final. Each label takes, in turn, the cheapest of the
    places around its circle; one that had to go far gets a line."""
    pixel = ax.figure.dpi / 72  # pixels per point
    points = ax.transData.transform(np.column_stack([x, y]))
    ends = [ax.transData.transform(np.column_stack([x, end]))[:, 1] for end in bars]
    circles = [
        _box(*point, 2 * radius * pixel, 2 * radius * pixel) for point, radius in zip(points, radii, strict=True)
    ]
    stems = [(px - 4, low - 2, px + 4, high + 2) for (px, _), low, high in zip(points, *ends, strict=True)]
    placed, annotations = [], []
    arrow = {"arrowstyle": "-", "color": "0.6", "lw": 0.6}
    style = {"textcoords": "offset points", "ha": "center", "va": "center", "fontsize": fontsize, "zorder": 5}
    for index, text in enumerate(texts):
        note = ax.annotate(text, (x[index], y[index]), (0, 0), arrowprops=arrow, **style)
        size = np.array(Text.get_window_extent(note).size)  # of the text alone, without the line
        obstacles = {"label": placed, "circle": circles, "bar": stems}
        centre, distance = min(
            _places(points[index], radii[index] * pixel, size, pixel),
            key=lambda place: _cost(_box(*place[0], *size), place[1], obstacles, ax.bbox.extents),
        )
        note.set_position(tuple((centre - points[index]) / pixel))
        note.arrow_patch.set_visible(distance > DISTANCES[0] * pixel)
        placed.append(_box(*centre, *size))
        annotations.append(note)
    return annotations


def _places(point, radius, size, pixel):
    """Return (centre, distance) pairs in pixels: labels that touch a circle around the point from outside."""
    found = []
    for distance in DISTANCES:
        reach = radius + distance * pixel + size / 2
        found += [(point + reach * (np.cos(angle), np.sin(angle)), distance * pixel) for angle in DIRECTIONS]
    return found


def _cost(box, distance, obstacles, frame):
    covered = sum(COSTS[kind] * _overlap(box, other) for kind, boxes in obstacles.items() for other in boxes)
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, frame)
    return covered + COSTS["label"] * outside + COSTS["distance"] * distance


def _box(x, y, width, height):
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _overlap(a, b):
    """Return the common area of two boxes (left, bottom, right, top)."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
