"""The scores of files in a terminal: a line each, or a bar for each class."""

from benchmark.store.labels import class_names
from spectrograms.names import printable

NO_CLASS = "no class"  # what a clip is said to be that has none of several labels
WIDTH = 40  # characters of a whole bar
EIGHTHS = " ▏▎▍▌▋▊▉"


def ranked(row):
    """Return [(class, score, whether it is predicted, threshold or None)] of a row of ``predict``, best first."""
    predicted, thresholds = (row["predicted"] or "").split("|"), row["thresholds"] or {}
    scores = sorted(row["scores"].items(), key=lambda item: -item[1])
    return [(name, score, name in predicted, thresholds.get(name)) for name, score in scores]


def bars(row):
    """Return a line for each class: its name, a bar of its score, the score, and a mark where it is predicted."""
    widest = max(map(len, row["scores"]))
    return [
        f"{name:<{widest}}  {_bar(score):<{WIDTH}}  {score:.3f}{'  *' if is_predicted else ''}"
        for name, score, is_predicted, _ in ranked(row)
    ]


def _bar(score):
    whole, part = divmod(round(8 * WIDTH * min(max(score, 0), 1)), 8)
    return ("█" * whole + EIGHTHS[part]).rstrip()


def print_scores(rows, with_bars=False):
    """Print a line per file: the predicted classes and all scores, best first; below it a line per window of several.

    ``with_bars``: the scores of the file as bars in place of numbers in that line.

    Where windows were timed, the last line of a file is their median latency."""
    for row in rows:
        if with_bars and not row["error"]:
            print(f"{printable(row['file'])}:", *(f"  {line}" for line in bars(row)), sep="\n")
        else:
            print(f"{printable(row['file'])}: {row['error'] or _in_one_line(row)}")
        if row.get("caveat"):
            print(f"  caveat: {printable(row['caveat'])}")
        for window in row["windows"] if len(row["windows"]) > 1 else []:
            print(f"  {window['start']:9.2f} s  {window['error'] or _in_one_line(window)}")
        if row["latency_ms"]:
            print(f"  {', '.join(f'{stage} {took:.2f} s' for stage, took in row['seconds'].items())}")
            print("  p50 of {calls} windows: {forward:.1f} ms, with decoding {file:.1f} ms".format(**row["latency_ms"]))


def _in_one_line(said):
    """Return the predicted classes of a file or window and all scores, best first, in one line."""
    ranked = sorted(said["scores"].items(), key=lambda item: -item[1])
    predicted = class_names([said["predicted"]])
    names = ", ".join(name for name, _ in ranked if name in predicted) or NO_CLASS
    return f"{names}  ({', '.join(f'{name} {score:.3f}' for name, score in ranked)})"
