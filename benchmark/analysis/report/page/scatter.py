"""The page's chart of accuracy over latency: points, the Pareto front, and labels that cover neither."""

from benchmark.analysis.metrics.front import pareto_front, steps
from benchmark.analysis.report.page.charts import Frame, levels_said, log_ticks, y_ticks

LETTER, LINE = 6.6, 13.0  # width and height of a character in the drawings' font
STROKE = 2.0  # half the width of a line as labels see it
SIDES = ((9, "start"), (-9, "end"))  # of a point: how far to the right a label stands, and which end of it
HEIGHTS = (4, -9, 17, -22, 30)  # of a label's baseline below its point
# What it costs to cover a point or another label, an error bar, the front (per square unit), to leave the frame, and to
# be far from the point (per unit).
COSTS = {"box": 1.0, "bar": 0.3, "line": 0.2, "outside": 20.0, "far": 0.3}


def accuracy_latency(comparison, pairwise, names, levels):
    """Return the chart of accuracy over latency, None without a model that has both.

    pairwise: of the study; names: {model: label}; levels: {name: accuracy that needs no model}. The front's steps are
    those of :func:`benchmark.analysis.metrics.front.steps`, each with whether it may be chance."""
    drawn = comparison.dropna(subset=["accuracy", "latency_ms_p50"])
    drawn = drawn[drawn["latency_ms_p50"] > 0]
    if drawn.empty:
        return None
    latency, shown = drawn["latency_ms_p50"].astype(float), [*drawn["accuracy_low"], *drawn["accuracy_high"]]
    shown += levels.values()
    limits = (max(0.0, min(shown) - 0.03), min(1.0, max(shown) + 0.03))
    frame = Frame(52, 12, 708, 330, (latency.min() / 1.5, latency.max() * 1.8), limits, log_x=True)
    front = pareto_front(drawn, pairwise)
    points = _points(drawn, set(front["model"]), names, frame)
    _place_labels(points, [box for x, y, _ in steps(front) for box in _strokes(frame.across(x), frame.down(y))], frame)
    return {
        "frame": frame,
        "points": points,
        "front": [{"path": frame.path(x, y), "tie": tie} for x, y, tie in steps(front)],
        "levels": [round(float(frame.down(share)), 1) for share in levels.values()],
        "said": levels_said(levels),
        "x_ticks": [(round(float(frame.across(tick)), 1), f"{tick:g}") for tick in log_ticks(*frame.x)],
        "y_ticks": y_ticks(frame, 6, "{:.2f}"),
    }


def _points(drawn, front, names, frame):
    places = {"x": frame.across(drawn["latency_ms_p50"])}
    places |= {name: frame.down(drawn[column]) for name, column in
               (("y", "accuracy"), ("top", "accuracy_high"), ("bottom", "accuracy_low"))}  # fmt: skip
    return [
        {
            **{name: round(float(values[number]), 1) for name, values in places.items()},
            "front": row["model"] in front,
            "model": row["model"],
            "label": names[row["model"]],
            "ms": f"{row['latency_ms_p50']:.1f}",
            "accuracy": f"{row['accuracy']:.3f}",
        }
        for number, row in enumerate(drawn.to_dict("records"))
    ]


def _strokes(x, y):
    """Return the boxes of the two lines, level and upright, through the three points of a step."""
    return [
        (min(x[i : i + 2]) - STROKE, min(y[i : i + 2]) - STROKE, max(x[i : i + 2]) + STROKE, max(y[i : i + 2]) + STROKE)
        for i in (0, 1)
    ]


def _place_labels(points, strokes, frame):
    """Give each point the place of its label: the cheapest of those around it, the first of equals.

    strokes: boxes of the lines of the front."""
    boxes = [(p["x"] - 6, p["y"] - 6, p["x"] + 6, p["y"] + 6) for p in points]
    bars = [(p["x"] - 2, p["top"], p["x"] + 2, p["bottom"]) for p in points]
    for point in sorted(points, key=lambda point: point["y"]):
        width = LETTER * len(point["label"])
        scored = []
        for order, (step, anchor, rise) in enumerate((*side, rise) for side in SIDES for rise in HEIGHTS):
            x, y = point["x"] + step, point["y"] + rise
            left = x - width if anchor == "end" else x
            box = (left, y - LINE + 2, left + width, y + 3)
            covered = {"box": boxes, "bar": bars, "line": strokes}
            cost = sum(COSTS[kind] * _overlap(box, other) for kind, others in covered.items() for other in others)
            outside = max(0, frame.left - box[0]) + max(0, box[2] - frame.right) + max(0, box[3] - frame.bottom)
            cost += COSTS["outside"] * outside + COSTS["far"] * abs(rise - HEIGHTS[0])
            scored.append((cost, order, box, (x, y, anchor)))
        _, _, box, (x, y, anchor) = min(scored)
        boxes.append(box)
        point["text"] = {"x": round(x, 1), "y": round(y, 1), "anchor": anchor}


def _overlap(a, b):
    """Return the common area of two boxes (left, top, right, bottom)."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
