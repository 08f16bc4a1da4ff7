"""Numbers to the places of marks in a drawing; the templates draw them as SVG, which follows the page's colours.

Places are in the units of a drawing's view box, x to the right and y down, rounded to a tenth."""

from dataclasses import dataclass

import numpy as np

from benchmark.analysis.metrics.pairwise import LEVEL, matrix
from benchmark.analysis.plots.training_progress import PANELS, epoch_bands, kept_words, training_curves

POINTS, FEW_POINTS = 300, 60  # of a curve: the first trial's, and each of the others
OTHERS = 8  # trials drawn lightly behind the first
LEVELS = 10  # shades of a cell


@dataclass(frozen=True)
class Frame:
    """The box of a chart's axes in its view box, and the limits of its data."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]
    log_x: bool = False

    def across(self, values):
        """Return the x places of data, an array."""
        scale = np.log10 if self.log_x else np.asarray
        low, high = scale(np.asarray(self.x, dtype=float))
        return self.left + (scale(np.asarray(values, dtype=float)) - low) / (high - low) * (self.right - self.left)

    def down(self, values):
        """Return the y places of data, an array: greater values stand higher."""
        low, high = self.y
        return self.bottom - (np.asarray(values, dtype=float) - low) / (high - low) * (self.bottom - self.top)

    def path(self, x, y):
        """Return the 'd' of an SVG path through points, broken where a number is not finite."""
        draw, parts = "M", []
        for across, down in zip(self.across(x), self.down(y), strict=True):
            finite = np.isfinite(across) and np.isfinite(down)
            parts += [f"{draw}{across:.1f} {down:.1f}"] if finite else []
            draw = "L" if finite else "M"
        return "".join(parts)


def ticks(low, high, most=6):
    """Return round numbers (1, 2 or 5 times a power of ten apart) from low to high, at most ``most`` + 1 of them."""
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first = np.ceil(low / step - 1e-9)
    # + 0.0: there is a -0.0, which would be written as it is.
    return [float(step * k) + 0.0 for k in np.arange(first, np.floor(high / step + 1e-9) + 1)]


def log_ticks(low, high):
    """Return 1, 2 and 5 times the powers of ten from low to high, powers of ten alone beyond three decades."""
    factors = (1, 2, 5) if high / low < 1000 else (1,)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [factor * 10.0**decade for decade in decades for factor in factors if low <= factor * 10.0**decade <= high]


def thinned(n, most):
    """Return at most ``most`` + 1 positions 0..n-1, evenly apart and with the last one."""
    return np.unique([*range(0, n, max(1, -(-n // most))), n - 1]) if n else np.array([], dtype=int)


LEVEL_NAMES = ("dashed", "dash-dotted")  # of the accuracies that need no model, as style.css draws them


def forest(comparison, names, levels):
    """Return the rows of the interval chart, the highest accuracy first, and its axis.

    names: {model: label with what must not be hidden}; levels: of :func:`analysis.tables.guessing.guessing`. Shares
    become percent of the chart's width, which begins at 0 and ends at 1, so that bars of different studies compare."""
    scored = comparison.dropna(subset=["accuracy"]).sort_values("accuracy", ascending=False, kind="stable")
    ends = {"at": "accuracy", "low": "accuracy_low", "high": "accuracy_high"}
    rows = [
        {
            "model": row["model"],
            "label": names[row["model"]],
            **{key: round(100 * row[column], 2) for key, column in ends.items()},
            "accuracy": f"{row['accuracy']:.3f}",
            "interval": f"{row['accuracy_low']:.2f} to {row['accuracy_high']:.2f}",
            "best": row["best"],
        }
        for row in scored.to_dict("records")
    ]
    drawn = [round(100 * share, 2) for share in levels.values()]
    return {"rows": rows, "levels": drawn, "said": levels_said(levels), "ticks": (0, 20, 40, 60, 80, 100)}


def levels_said(levels):
    """Return which line is which accuracy without a model: 'dashed: chance 0.20; dash-dotted: largest class 0.63'."""
    return "; ".join(f"{style}: {name}" for style, name in zip(LEVEL_NAMES, levels, strict=False))


def y_ticks(frame, most, form):
    """Return (place, text) of round numbers on a frame's upright axis; form: how they are written, as '{:.2f}'."""
    return [(round(float(frame.down(tick)), 1), form.format(tick)) for tick in ticks(*frame.y, most)]


def training(histories, kept=None):
    """Return the panels of a model's training, accuracy in percent and loss, and which weights were kept ('': unknown).

    histories: frames of history.csv, the first drawn in full, the others lightly; kept: iteration of the first. Curves
    are those of :func:`training_progress.training_curves`, thinned."""
    curves = [training_curves(history) for history in histories[: 1 + OTHERS]]
    bands = epoch_bands(histories[0])
    end = max(1.0, float(max(curve["iteration"].max() for curve in curves)))
    panels = [_panel(quantity, curves, bands, end, kept) for quantity, *_ in PANELS]
    return {"panels": panels, "kept": "" if kept is None else kept_words(histories[0], kept)}


def _panel(quantity, curves, bands, end, kept):
    columns = [quantity, f"val_{quantity}"]
    values = np.concatenate([curve[columns].to_numpy(float).ravel() for curve in curves])
    finite = values[np.isfinite(values)]
    top = 100.0 if quantity == "accuracy" else max(1e-6, 1.05 * float(finite.max(initial=1e-6)))
    frame = Frame(38, 8, 372, 138, (0.0, end), (0.0, top))
    val = curves[0][f"val_{quantity}"].dropna()
    form = "{:.1f} %" if quantity == "accuracy" else "{:.2f}"
    return {
        "quantity": quantity,
        "frame": frame,
        "lines": _lines(quantity, curves, frame),
        "bands": _bands(bands, frame),
        "kept": None if kept is None else round(float(frame.across(kept)), 1),
        "x_ticks": [(round(float(frame.across(tick)), 1), f"{tick:g}") for tick in ticks(0, end, 5)],
        "y_ticks": y_ticks(frame, 4, "{:g}"),
        "final": form.format(val.iloc[-1]) if len(val) else "",
    }


def _lines(quantity, curves, frame):
    """Return (class, path) of each curve, those behind first."""
    found = []
    for curve in curves[1:]:
        found.append(("others", _curve(curve, _smooth(curve, quantity), frame, FEW_POINTS)))
        found.append(("others val", _curve(curve, curve[f"val_{quantity}"], frame, FEW_POINTS)))
    first = curves[0]
    if first[f"smooth_{quantity}"].notna().any():
        found.append(("raw", _curve(first, first[quantity], frame, POINTS)))
    found.append(("smooth", _curve(first, _smooth(first, quantity), frame, POINTS)))
    found.append(("val", _curve(first, first[f"val_{quantity}"], frame, POINTS)))
    return [(kind, path) for kind, path in found if path]


def _smooth(curve, quantity):
    return curve[f"smooth_{quantity}"].fillna(curve[quantity])


def _curve(curve, values, frame, most):
    """Return the path of one curve; validations, which most iterations lack, are joined."""
    known = curve["iteration"][values.notna()].to_numpy(float), values.dropna().to_numpy(float)
    kept = thinned(len(known[0]), most)
    return frame.path(known[0][kept], known[1][kept])


def _bands(bands, frame):
    """Return (x, width) of every second epoch; none where they would be too narrow to see."""
    if len(bands) > 60:
        return []
    even = bands[bands["epoch"] % 2 == 0]
    starts, ends = frame.across(even["start"]), frame.across(even["end"])
    return [(round(start, 1), round(end - start, 1)) for start, end in zip(starts, ends, strict=True)]


def reliability(table):
    """Return the bins of a model's reliability diagram, None without one; table: its rows of reliability_table."""
    held = table[table["n"] > 0]
    if held.empty:
        return None
    frame = Frame(42, 8, 220, 186, (0.0, 1.0), (0.0, 1.0))
    most = held["n"].max()
    bins = [
        {"x": round(float(frame.across(row.low)) + 1, 1), "y": round(float(frame.down(row.accuracy)), 1),
         "at": round(float(frame.across(row.confidence)), 1), "n": int(row.n),
         "said": f"{row.n} clips, mean score {row.confidence:.2f}, accuracy {row.accuracy:.2f}",
         "weight": round(0.25 + 0.75 * row.n / most, 2)}
        for row in held.itertuples()
    ]  # fmt: skip
    width = round((frame.right - frame.left) * float(table["high"].iloc[0] - table["low"].iloc[0]) - 2, 1)
    return {"frame": frame, "bins": bins, "width": width, "ticks": ticks(0, 1, 5)}


def level(share):
    """Return the shade 0..:data:`LEVELS` of a share 0..1; 0 where it is not finite."""
    return round(LEVELS * float(np.clip(share, 0, 1))) if np.isfinite(share) else 0


def pair_matrix(pairwise, models):
    """Return the rows of the matrix of pairs, differences in points; None without pairs. models: {name: label}."""
    if pairwise.empty:
        return None
    compared = set(pairwise["model_a"]) | set(pairwise["model_b"])
    shown = {name: label for name, label in models.items() if name in compared}
    differences, p_values = (matrix(pairwise, list(shown), column) for column in ("difference", "p_holm"))
    most = max(float(np.nanmax(np.abs(differences))), 1e-9)
    rows = [
        (label, [_pair(gain, p, most) for gain, p in zip(*lines, strict=True)])
        for label, *lines in zip(shown.values(), differences, p_values, strict=True)
    ]
    return {"labels": list(shown.values()), "rows": rows, "level": LEVEL}


def _pair(gain, p, most):
    if np.isnan(gain):
        return None
    return {
        "text": f"{100 * gain:+.1f}" if abs(gain) >= 0.0005 else "0.0",
        "level": level(abs(gain) / most),
        "kind": "hit" if gain > 0 else "miss",
        "separable": bool(p < LEVEL),
        "p": "none" if np.isnan(p) else f"{p:.2g}",
    }
