"""Printed digits to the numbers they may stand for: '0.83' is some share from 0.825 to 0.835."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction

from benchmark.errors import StudyError

SCORES = ("precision", "recall", "f1")
UNDEFINED = ("nan", "n/a", "na", "-", "–", "—")  # how 0/0 is printed; a program may print 0 instead
MOST_DECIMALS = 9  # a number with more is a float in full, whose last digits are the computer's, not the table's

# Half units of the last digit from the printed number to the ends of its interval, and whether the upper end belongs
# to it. 'nearest' is closed at both ends: the union of half-up and half-even. 'either' is the union of all three.
ROUNDINGS = {"nearest": (-1, 1, True), "truncated": (0, 2, False), "either": (-1, 2, False)}


@dataclass(frozen=True)
class Interval:
    """The shares from low/scale to high/scale, in whole numbers, so that no comparison is rounded."""

    low: int
    high: int
    scale: int
    closed: bool = True  # whether high/scale itself belongs to it

    def holds(self, part, whole):
        """Return whether part/whole lies inside; whole numbers or arrays of them, whole > 0."""
        below = part * self.scale <= self.high * whole if self.closed else part * self.scale < self.high * whole
        return (part * self.scale >= self.low * whole) & below

    @property
    def ends(self):
        """Both ends as fractions, cut to 0..1."""
        return max(Fraction(0), Fraction(self.low, self.scale)), min(Fraction(1), Fraction(self.high, self.scale))

    def __str__(self):
        low, high = self.ends
        return f"[{float(low):.6g}, {float(high):.6g}{']' if self.closed else ')'}"


ANY_SHARE = Interval(0, 1, 1)


@dataclass(frozen=True)
class Reading:
    """How digits are read. padded: '0.5' beside '0.61538' is 0.50000, its zeros dropped, not some 0.45 to 0.55."""

    name: str
    padded: bool
    rounding: str  # a key of ROUNDINGS


# From the strictest to the loosest; each holds all that the one before it holds. A row that fails the last one fails
# whatever the program rounded, truncated or dropped, so only then is it called impossible.
READINGS = (
    Reading("strict", padded=True, rounding="nearest"),
    Reading("as printed", padded=False, rounding="nearest"),
    Reading("truncated", padded=False, rounding="either"),
)


@dataclass(frozen=True)
class ReportedRow:
    """The text of one model's numbers: scores of each class, and the accuracy."""

    name: str
    classes: tuple[str, ...]
    scores: tuple[dict[str, str], ...]  # per class: precision and recall, and f1 where it is printed
    accuracy: str
    accuracy_decimals: int  # the most that any accuracy of its table has
    supports: tuple[int | None, ...]  # clips per class, where they are printed

    @property
    def decimals(self):
        """The most decimals that a score of the row has."""
        return max(decimals(text) for scores in self.scores for text in scores.values())


@dataclass(frozen=True)
class Bounds:
    """What a confusion matrix must give: intervals, None where the printed number is 0/0."""

    classes: tuple[str, ...]
    scores: tuple[dict[str, Interval | None], ...]  # per class: precision, recall, f1
    accuracy: Interval
    supports: tuple[int | None, ...]


def bounds(row, reading):
    """Return the :class:`Bounds` of a :class:`ReportedRow` under one :class:`Reading`; a missing F1 bounds nothing."""
    least, least_accuracy = (row.decimals, row.accuracy_decimals) if reading.padded else (0, 0)
    scores = tuple(
        {
            score: interval(texts[score], least, reading.rounding) if score in texts else ANY_SHARE
            for score in SCORES
        }
        for texts in row.scores
    )  # fmt: skip
    accuracy = interval(row.accuracy, least_accuracy, reading.rounding)
    return Bounds(row.classes, scores, accuracy, row.supports)


def interval(text, least=0, rounding="nearest"):
    """Return the :class:`Interval` that a printed share stands for, None for 0/0.

    least: decimals that the number counts as having even if fewer are printed; rounding: a key of ``ROUNDINGS``.

    >>> str(interval("0.83")), str(interval("0.83", rounding="truncated")), str(interval("0.5", 3))
    ('[0.825, 0.835]', '[0.83, 0.84)', '[0.4995, 0.5005]')
    """
    number = share(text)
    if number is None:
        return None
    printed = decimals(text)
    if printed > MOST_DECIMALS:
        number = number.quantize(Decimal(1).scaleb(-MOST_DECIMALS), ROUND_HALF_EVEN)
        printed, rounding = MOST_DECIMALS, "nearest"
    places = min(max(least, printed), MOST_DECIMALS)
    middle = 2 * int(number.scaleb(places))
    below, above, closed = ROUNDINGS[rounding]
    return Interval(middle + below, middle + above, 2 * 10**places, closed)


def share(text):
    """Return a printed share as a Decimal 0..1, None for 0/0; '86.27%' is 0.8627. Raises :class:`StudyError`."""
    bare = text.strip().lower()
    if bare in UNDEFINED:
        return None
    try:
        number = Decimal(bare.removesuffix("%").strip())
    except InvalidOperation:
        raise StudyError(
            f"'{text}' is no number; write a share such as 0.8627 or a percentage such as 86.27%"
        ) from None
    number = number.scaleb(-2) if bare.endswith("%") else number
    if not 0 <= number <= 1:
        raise StudyError(f"'{text}' is no share from 0 to 1; write percentages with their sign, such as 86.27%")
    return number


def decimals(text):
    """Return how many decimals of a share are printed: '0.80' has 2, '86.27%' has 4."""
    number = share(text)
    return 0 if number is None else max(0, -number.as_tuple().exponent)


def f1_range(precision, recall):
    """Return the least and the greatest F1-score, as fractions, that intervals of precision and recall allow.

    2PR/(P+R) rises with both, so its extremes are at the ends."""
    corners = zip(precision.ends, recall.ends, strict=True)
    return tuple(2 * p * r / (p + r) if p + r else Fraction(0) for p, r in corners)
