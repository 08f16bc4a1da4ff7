"""Rule on averages of unknown supports: is there any share of clips per class that gives all of them together?

With w the share of a class's labels, every weighted and micro average is linear in w, in wP, wR, wF and wAP, and in q,
the predictions of the class. So one linear programme decides, rounding being its bounds; what it excludes is
impossible. It leaves out that clips are whole numbers."""

import numpy as np
from scipy.optimize import linprog

from benchmark.analysis.audit.findings import IMPOSSIBLE, NOTED, READINGS, Finding, reading
from benchmark.analysis.audit.printed import OF_CLASS
from benchmark.analysis.audit.reported import SCORES

SLACK = 1e-6  # the solver's own tolerance is 1e-7
W = "w"  # shares of labels; the other variables of a row: its scores times w, and q


def shares_fit(row):
    """Yield a finding on a row with averages and no supports: whether any supports give all averages together."""
    if _averages(row) and not row.counts.supports:
        fitting = _fitting([row])
        many = f"its {len(_averages(row))} weighted and micro averages together"
        if fitting:
            yield Finding(row.place, fitting, f"Some supports give {many}.")
        else:
            yield Finding(row.place, IMPOSSIBLE, f"No supports at all give {many}, whatever the number of clips.")


def one_test_set(rows):
    """Yield a finding on rows of the same classes: whether they can have been scored on one and the same test set."""
    groups = {}
    for row in rows:
        if _averages(row) and not row.counts.supports and _fitting([row]):
            groups.setdefault((row.source, tuple(sorted(row.classes))), []).append(row)
    for members in groups.values():
        if len(members) > 1:
            fitting, place = _fitting(members), f"{len(members)} rows of {len(members[0].classes)} classes"
            if fitting:
                yield Finding(place, fitting, "Supports of one test set give the averages of all these rows.")
            else:
                yield Finding(place, NOTED, "No supports give the averages of all these rows: more than one test set.")


def _averages(row):
    """Return {(score, mean): text} of the weighted and micro averages whose classes are printed."""
    found = {}
    for score in OF_CLASS:
        for mean, needed in (("weighted", (score,)), ("micro", ("precision", "recall"))):
            text = row.averages.get(f"{score}_{mean}")
            if text and row.of_classes(*needed) and (mean == "weighted" or score in SCORES):
                found[score, mean] = text
    return found


def _fitting(rows):
    """Return the verdict of the strictest reading under which some supports fit all rows, None where none does."""
    return next((verdict for rounding, verdict in READINGS.items() if _feasible(rows, reading(rounding))), None)


def _feasible(rows, read):
    classes = sorted(rows[0].classes)
    names = [W, *((number, score) for number in range(len(rows)) for score in (*OF_CLASS, "q"))]
    column = {name: slice(index * len(classes), (index + 1) * len(classes)) for index, name in enumerate(names)}
    limits = []  # each a row of coefficients that is at most 0; w sums to 1, so a constant c is c times the sum of w

    def at_most_zero(terms, each):
        """terms: {variable: factor or (n_classes,) factors}; each: per class, or of the sums over classes."""
        matrix = np.zeros((len(classes), len(names) * len(classes)))
        for name, factor in terms.items():
            matrix[:, column[name]] = np.eye(len(classes)) * factor
        limits.append(matrix if each else matrix.sum(axis=0, keepdims=True))

    for number, row in enumerate(rows):
        for terms, each in _limits(row, number, classes, read):
            at_most_zero(terms, each)
    limits = np.concatenate(limits)
    total = np.zeros((1, limits.shape[1]))
    total[0, column[W]] = 1
    found = linprog(np.zeros(limits.shape[1]), limits, np.full(len(limits), SLACK), total, [1], method="highs")
    return found.status != 2  # 2: proven infeasible


def _limits(row, number, classes, read):
    """Yield (terms, each) of one row: what must be at most 0, for each class or in sum."""
    of = {name: (number, name) for name in (*OF_CLASS, "q")}
    ends = {score: np.array([read(row.classes[name][score]) for name in classes], float).T
            for score in OF_CLASS if row.of_classes(score)}  # fmt: skip
    for score, (low, high) in ends.items():
        yield {of[score]: 1, W: -high}, True
        yield {of[score]: -1, W: low}, True
    if {"precision", "recall"} <= set(ends):
        low, high = ends["precision"]  # precision = wR / q
        yield {of["recall"]: 1, of["q"]: -high}, True
        yield {of["recall"]: -1, of["q"]: low}, True
        if "f1" in ends:
            low, high = ends["f1"]  # 2 wR / (w + q)
            yield {of["recall"]: 2, W: -high, of["q"]: -high}, True
            yield {of["recall"]: -2, W: low, of["q"]: low}, True
    for (score, mean), text in _averages(row).items():
        low, high = map(float, read(text))
        for sign, end in ((1, high), (-1, low)):
            if mean == "weighted":
                yield {of[score]: sign, W: -sign * end}, False
            else:
                wholes = {"precision": (of["q"],), "recall": (W,), "f1": (W, of["q"])}[score]
                factor = 2 if score == "f1" else 1
                yield {of["recall"]: sign * factor, **dict.fromkeys(wholes, -sign * end)}, False
