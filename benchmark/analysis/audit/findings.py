"""What a rule says of a row of a table, and how a printed number is held against the range that others leave to it."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from benchmark.analysis.audit.reported import interval, share

CONSISTENT, CUT = "consistent", "consistent if digits are cut off"
IMPOSSIBLE, DIFFERS, SWAPPED = "impossible", "differs from text", "looks swapped"
UNLIKELY, TABLES_DIFFER, NOTED = "unlikely", "tables differ", "note"
# Worst first; the first one that a rule has found for a row is shown for it.
VERDICTS = (IMPOSSIBLE, SWAPPED, DIFFERS, TABLES_DIFFER, UNLIKELY, NOTED, CUT, CONSISTENT)
FITS = (CONSISTENT, CUT)
# From the strictest way to read digits to the loosest: rounded, or rounded or cut off.
READINGS = {"nearest": CONSISTENT, "either": CUT}
ANY = (Fraction(0), Fraction(1))


@dataclass(frozen=True)
class Finding:
    """What one rule says of one row, or of one of its numbers."""

    place: str  # the row, and its table
    verdict: str  # of VERDICTS
    sentence: str  # with the arithmetic
    rule: str = ""  # the name of the rule, put in by whoever runs it


def exactly(text):
    """Return a printed share as a range of one number, any share for 0/0."""
    value = share(text)
    return ANY if value is None else (Fraction(value), Fraction(value))


def reading(rounding):
    """Return the function from a printed share to (low, high), the least and the greatest that it may stand for."""

    def read(text):
        found = interval(text, rounding=rounding)
        return ANY if found is None else found.ends

    return read


def compare(row, what, text, ways):
    """Return the :class:`Finding` on a printed share that others fix.

    what: the number, in words; ways: {words: derive} of the ways in which it can have been computed, and
    derive(read) -> (low, high) the range that is left to it when digits are read so. It is impossible where no way
    gives it, whether digits were rounded or cut off."""
    for rounding, verdict in READINGS.items():
        read = reading(rounding)
        for words, derive in ways.items():
            if overlap(derive(read), read(text)):
                return Finding(row.place, verdict, f"{what} {text} is {words}.")
    words, derive = next(iter(ways.items()))
    (low, high), (middle, other) = derive(reading("either")), derive(exactly)
    value = f"{float(middle):.4f}" if middle == other else ""
    limits = f"from {float(low):.4f} to {float(high):.4f} however digits were rounded or cut off" if low < high else ""
    derived = ", ".join(part for part in (value, limits) if part)
    return Finding(row.place, IMPOSSIBLE, f"{what} is {words}: {derived}; printed is {text}.")


def overlap(one, other):
    """Return whether two ranges have a number in common."""
    return one[0] <= other[1] and other[0] <= one[1]


def mean(ranges, weights=None):
    """Return the range of the mean of numbers in these ranges, weighted by whole numbers where weights are given."""
    ranges = list(ranges)
    weights = [1] * len(ranges) if weights is None else list(weights)
    total = sum(weights)
    return tuple(sum(weight * end for weight, end in zip(weights, ends, strict=True)) / total
                 for ends in zip(*ranges, strict=True))  # fmt: skip


def summary(findings):
    """Return {(place, rule): [(verdict, how many)]} of findings in their order, the worst verdict first."""
    found = {}
    for finding in findings:
        found.setdefault((finding.place, finding.rule), Counter())[finding.verdict] += 1
    return {key: sorted(counts.items(), key=lambda pair: VERDICTS.index(pair[0])) for key, counts in found.items()}
