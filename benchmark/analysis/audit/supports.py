"""Rules on whole numbers of clips: what precision and recall of a known support can be, and how clips add up."""

import re
from fractions import Fraction
from math import ceil, floor, inf

from benchmark.analysis.audit.findings import ANY, CONSISTENT, CUT, IMPOSSIBLE, READINGS, Finding, compare, reading
from benchmark.analysis.audit.reported import SCORES


def class_counts(support, n, precision, recall, f1):
    """Return [(right, fewest, most predicted)] of a class: every whole number of right clips within the ranges.

    support: clips of the class; n: all clips, None where unknown; the others: (low, high). Recall is right / support,
    precision right / predicted, F1 2 right / (support + predicted). 0/0 is 0, or 1 as some programs have it."""
    if support == 0:
        return [(0, 0, inf if n is None else n)]
    found = []
    for right in range(ceil(support * recall[0]), floor(support * recall[1]) + 1):
        fewest, most = right, inf if n is None else n - support + right
        if right == 0:
            most = most if precision[0] == 0 else 0 if precision[1] == 1 else -1
            most = most if f1[0] == 0 else -1
        else:
            for part, (low, high), less in ((right, precision, 0), (2 * right, f1, support)):
                fewest = max(fewest, ceil(part / high) - less) if high else inf
                most = min(most, floor(part / low) - less) if low else most
        if fewest <= most:
            found.append((right, fewest, most))
    return found


def possible_counts(row, rounding):
    """Return {class: :func:`class_counts`} of a row, {} where a class's support, precision or recall is not printed."""
    supports, texts = row.counts.supports, row.of_classes("precision", "recall")
    if not texts or not set(texts) <= set(supports):
        return {}
    read = reading(rounding)
    return {
        name: class_counts(supports[name], row.counts.n, read(precision), read(recall),
                           read(row.classes[name]["f1"]) if "f1" in row.classes[name] else ANY)
        for name, (precision, recall) in texts.items()
    }  # fmt: skip


def whole_numbers(row):
    """Yield a finding per class of known support: whether whole numbers of clips give its scores."""
    tried = {verdict: possible_counts(row, rounding) for rounding, verdict in READINGS.items()}
    for name in tried[CONSISTENT]:
        printed = ", ".join(f"{score} {row.classes[name][score]}" for score in SCORES if score in row.classes[name])
        what = f"{name}: {printed} with {row.counts.supports[name]} clips"
        fitting = [verdict for verdict, counted in tried.items() if counted[name]]
        if fitting:
            right = sorted({right for right, _, _ in tried[fitting[0]][name]})
            shown = f"{right[0]}" if len(right) == 1 else f"{right[0]} to {right[-1]}"
            yield Finding(row.place, fitting[0], f"{what}: {shown} of them right.")
        else:
            yield Finding(row.place, IMPOSSIBLE, f"{what}: no whole number of right and of predicted clips gives them.")


def clips_add_up(row):
    """Yield findings on a row of label counts: clips by their number of labels, cardinality and density."""
    n, n_with, supports = row.counts.n, row.counts.n_with, row.counts.supports
    if not n or not row.others:
        return
    if n_with:
        yield _sum(row, "clips by their number of labels", sum(n_with.values()), n)
    for labels, count in n_with.items():
        name = next((name for name in row.others if re.match(rf"clips_{labels}_.*_percent", name)), "")
        if name:
            share = Fraction(count, n)
            ways = {f"{count} of {n} clips": lambda read, share=share: (share, share)}
            yield compare(row, f"Share of clips with {labels} label{'s' * (labels > 1)}", f"{row.others[name]}%", ways)
    labels = sum(supports.values())
    if n_with and supports:
        yield _sum(row, "labels of the clips", sum(labels * count for labels, count in n_with.items()), labels)
    text = row.others.get("label_cardinality", "")
    if re.fullmatch(r"\d+(\.\d+)?", text) and labels:
        yield _cardinality(row, text, Fraction(labels, n))
    if "label_density" in row.averages and labels:
        share = Fraction(labels, n * len(supports))
        ways = {f"{labels} labels of {n} clips and {len(supports)} classes": lambda read: (share, share)}
        yield compare(row, "Label density", row.averages["label_density"], ways)


def _cardinality(row, text, labels_per_clip):
    """Return the finding on a printed number of labels per clip, which may be above 1, rounded or cut off."""
    unit = Fraction(1, 10 ** len(text.partition(".")[2]))
    off = labels_per_clip - Fraction(text)
    verdict = CONSISTENT if abs(off) <= unit / 2 else CUT if 0 <= off < unit else IMPOSSIBLE
    return Finding(row.place, verdict, f"Labels per clip are {float(labels_per_clip):.4f}; printed is {text}.")


def _sum(row, what, total, printed):
    verdict = CONSISTENT if total == printed else IMPOSSIBLE
    return Finding(row.place, verdict, f"The {what} add up to {total}; printed are {printed}.")
