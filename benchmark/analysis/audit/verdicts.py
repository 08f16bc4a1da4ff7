"""Do published numbers come from any confusion matrix, and on how many clips? A verdict for each row of a table.

A row is possible at a size n where some matrix of n clips gives all its scores to their printed digits. All matrices
up to a largest size are searched, so that 'none' means none; where arithmetic alone excludes a row (its F1-score does
not follow from its precision and recall, say), it is excluded at every size. Scores are taken to be computed from
counts; an F1-score computed from rounded precisions may fail in its last digit, and can be left out of the table."""

import sys
from dataclasses import dataclass, replace

from benchmark.analysis.audit.published import reported_rows
from benchmark.analysis.audit.reported import READINGS, bounds, f1_range
from benchmark.analysis.audit.search import class_choices, confusion, example, search, sizes, support_vectors
from benchmark.errors import StudyError

N_MAX = 300  # clips
LARGEST = 1000  # clips; the search takes time and memory as the cube of it
VECTORS = 200  # a row with more possible supports at a size is too loose to suggest any to the others
EXAMPLES = 5  # with no more sizes than this to search, each gets its example
SIZES_SHOWN = 8
EVERY_SIZE = "every size"


@dataclass(frozen=True)
class Example:
    """One confusion matrix that gives a row's numbers; others may as well, beyond its size and supports too."""

    n: int  # clips
    correct: int
    supports: tuple[int, ...]  # clips per class
    matrix: tuple[tuple[int, ...], ...]  # rows true classes, columns predicted ones


@dataclass(frozen=True)
class Verdict:
    """What the search says of one row."""

    row: str
    classes: tuple[str, ...]
    possible: bool
    reading: str  # the first, strictest one of printed.READINGS that fits; the loosest where none does
    sizes: tuple[int, ...]  # every test-set size searched at which a matrix exists
    searched: str  # the sizes that the verdict is about
    examples: tuple[Example, ...] = ()  # at the smallest size; at each where few were searched
    shared: Example | None = None  # on a test set that other rows can have been scored on, too
    shared_with: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # sentences: why no matrix exists, with the arithmetic


def audit(table, n_max=N_MAX, only_sizes=(), readings=READINGS):
    """Return a :class:`Verdict` for each row with scores per class of a tidy frame of text.

    n_max: the largest test set searched, in clips; only_sizes: search these sizes instead of 1..n_max; readings: how
    digits may be read, tried in turn until one fits. Raises :class:`StudyError` where a size is out of range."""
    found = [_judge(row, *_span(row, n_max, only_sizes), readings) for row in reported_rows(table)]
    named = {}
    for classes in dict.fromkeys(verdict.classes for verdict, _ in found):
        named |= _share([pair for pair in found if pair[0].classes == classes])
    return [replace(verdict, **named.get(verdict.row, {})) for verdict, _ in found]


def _span(row, n_max, only_sizes):
    """Return (sizes to search, the same in words) for one row: where all its supports are printed, their sum alone."""
    if None not in row.supports and not only_sizes:
        only_sizes = (sum(row.supports),)
    wanted = tuple(sorted(set(only_sizes))) or tuple(range(1, n_max + 1))
    if not wanted or not 1 <= wanted[0] <= wanted[-1] <= LARGEST:
        raise StudyError(
            f"row {row.name}: the sizes to search must be from 1 to {LARGEST} clips; "
            f"got {', '.join(map(str, wanted)) if only_sizes else n_max}"
        )
    return wanted, ", ".join(map(str, wanted)) if only_sizes else f"1 to {n_max}"


def _judge(row, wanted, searched, readings):
    """Return (verdict, search) of one row; the search is None where there is no matrix."""
    for reading in readings:
        limits = bounds(row, reading)
        reasons = contradictions(limits)
        found = None if reasons else search(limits, wanted[-1])
        possible = sizes(found, wanted) if found else ()
        if possible:
            shown = possible[:1] if len(wanted) > EXAMPLES else possible
            examples = tuple(_example(found, n) for n in shown)
            return Verdict(row.name, row.classes, True, reading.name, possible, searched, examples), found
    if reasons:
        return Verdict(row.name, row.classes, False, reading.name, (), EVERY_SIZE, reasons=tuple(reasons)), None
    reasons = _unsuccessful(limits, wanted[-1], searched)
    return Verdict(row.name, row.classes, False, reading.name, (), searched, reasons=tuple(reasons)), None


def contradictions(limits):
    """Return in sentences what excludes a row's :class:`printed.Bounds` at every size, whatever the counts.

    F1 is 2PR/(P+R); the accuracy is the mean of the recalls weighted by support, and that of the precisions weighted
    by predictions, so it lies between the least and the greatest of each."""
    found = []
    for label, scores in zip(limits.classes, limits.scores, strict=True):
        precision, recall, f1 = scores["precision"], scores["recall"], scores["f1"]
        if None in (precision, recall, f1):
            continue
        low, high = f1_range(precision, recall)
        if high < f1.ends[0] or low > f1.ends[1]:
            found.append(
                f"{label}: precision in {precision} and recall in {recall} give an F1-score from {float(low):.5f} to "
                f"{float(high):.5f} at any size; printed is one in {f1}."
            )
    for score in ("recall", "precision"):
        ends = [scores[score].ends for scores in limits.scores if scores[score] is not None]
        least, most = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=1)
        if limits.accuracy.ends[0] > most or limits.accuracy.ends[1] < least:
            found.append(
                f"The accuracy, in {limits.accuracy}, must lie between the least and the greatest {score}, "
                f"{float(least):.5f} and {float(most):.5f}."
            )
    return found


def _unsuccessful(limits, n_max, searched):
    """Return in sentences what the search met: classes that no counts fit, or none alone but all together."""
    found = [
        f"{label}: no counts up to {n_max} clips give precision in {scores['precision']}, recall in "
        f"{scores['recall']} and F1 in {scores['f1']}."
        for label, scores, support in zip(limits.classes, limits.scores, limits.supports, strict=True)
        if not len(class_choices(scores, n_max, support))
    ]
    together = (
        f"Each class alone has counts that fit, but none of all classes together (sizes {searched}) have as many "
        f"predictions as clips and a share of right ones in {limits.accuracy}."
    )
    return found or [together]


def _example(found, n, supports=None):
    """Return the :class:`Example` of n clips that a search gives, None where there is none."""
    counts = example(found, n, supports)
    if counts is None:
        return None
    matrix = tuple(tuple(row) for row in confusion(counts).tolist())
    return Example(n, int(counts[:, 2].sum()), tuple(counts[:, 0].tolist()), matrix)


def shared_sets(found):
    """Return a dict from (n, supports) to the names of the rows, two or more, that can be scored on such a test set.

    found: a dict from a row's name to its (verdict, search), of rows with the same classes. Complete, but for sets that
    only loose rows share: a row whose digits allow more than ``VECTORS`` supports at a size tells nothing about
    supports, there and at larger sizes, and is only asked whether it fits those of other rows."""
    sets, loose = {}, set()
    for n in sorted({n for verdict, _ in found.values() for n in verdict.sizes}):
        rows = {name: trail for name, (verdict, trail) in found.items() if n in verdict.sizes}
        if len(rows) < 2:
            continue
        known = {name: support_vectors(trail, n, VECTORS) for name, trail in rows.items() if name not in loose}
        loose |= {name for name, vectors in known.items() if vectors is None}
        for supports in {vector for vectors in known.values() if vectors for vector in vectors}:
            members = frozenset(
                name
                for name, trail in rows.items()
                if (example(trail, n, supports) is not None if name in loose else supports in known[name])
            )
            if len(members) > 1:
                sets[n, supports] = members
    return sets


def _share(found):
    """Return a dict from a row's name to its fields shared and shared_with: the smallest test set of the most rows.

    found: (verdict, search) pairs of rows with the same classes. The set of the most rows is named first, then that of
    the most rows left; a row alone shares nothing."""
    trails = {verdict.row: (verdict, trail) for verdict, trail in found if trail}
    sets, named = shared_sets(trails), {}
    while sets:
        n, supports = min(sets, key=lambda key: (-len(sets[key]), key))
        members = sets[n, supports]
        for row in members:
            others = tuple(name for name in trails if name in members and name != row)
            named[row] = {"shared": _example(trails[row][1], n, supports), "shared_with": others}
        sets = {key: rows - members for key, rows in sets.items() if len(rows - members) > 1}
    return named


def print_verdicts(verdicts, console=None):
    """Print a table of verdicts with a rich console, then why rows are impossible, then the test sets shared."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console(width=None if sys.stdout.isatty() else 110)
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for name in ("Row", "Confusion matrix", "Right", "Sizes possible", "Searched", "Reading"):
        table.add_column(Text(name), overflow="fold", no_wrap=name == "Right")
    for verdict in verdicts:
        table.add_row(*map(Text, _cells(verdict)))
    console.print(table)
    for sentence in sentences(verdicts):
        console.print(sentence, markup=False, highlight=False)


def _cells(verdict):
    """Return a verdict as text: row, whether possible, right clips, sizes, what was searched, reading."""
    shown = [verdict.shared] if verdict.shared else verdict.examples
    right = ", ".join(f"{example.correct}/{example.n}" for example in shown)
    sizes = ", ".join(map(str, verdict.sizes[:SIZES_SHOWN]))
    more = len(verdict.sizes) - SIZES_SHOWN
    return (
        verdict.row,
        "possible" if verdict.possible else "IMPOSSIBLE",
        right,
        sizes + (f" and {more} more" if more > 0 else ""),
        verdict.searched,
        verdict.reading if verdict.possible else "any",
    )


def sentences(verdicts):
    """Return why rows are impossible, and which rows can have been scored on one and the same test set."""
    found = [f"{verdict.row}: {reason}" for verdict in verdicts for reason in verdict.reasons]
    sets = {}
    for verdict in verdicts:
        if verdict.shared:
            sets.setdefault((verdict.classes, verdict.shared.n, verdict.shared.supports), []).append(verdict)
    for (classes, n, supports), members in sets.items():
        clips = ", ".join(f"{label} {count}" for label, count in zip(classes, supports, strict=True))
        rows = ", ".join(f"{verdict.row} {verdict.shared.correct} right" for verdict in members)
        found.append(f"One set of {n} clips ({clips}), none smaller, fits {len(members)} rows: {rows}.")
    return found
