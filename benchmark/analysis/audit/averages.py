"""Rules on averages: each F1-score follows from its precision and recall, each average from the classes."""

from fractions import Fraction
from math import inf

from benchmark.analysis.audit.findings import compare, mean
from benchmark.analysis.audit.printed import MEANS, OF_CLASS, in_words
from benchmark.analysis.audit.reported import SCORES
from benchmark.analysis.audit.supports import possible_counts

POOLED = "what the shares of the classes' clips leave"


def f1_of(precision, recall):
    """Return the range of 2PR/(P+R), which rises with both, of ranges of precision and recall; 0/0 is 0."""
    return tuple(2 * p * r / (p + r) if p + r else Fraction(0) for p, r in zip(precision, recall, strict=True))


def f1_follows(row):
    """Yield findings on each class's F1, and on micro F1: both are 2PR/(P+R)."""
    numbers = {f"{name}: F1": texts for name, texts in row.classes.items()}
    numbers["Micro F1"] = {score: row.averages[f"{score}_micro"] for score in SCORES
                           if f"{score}_micro" in row.averages}  # fmt: skip
    for what, texts in numbers.items():
        if set(SCORES) <= set(texts):
            yield compare(row, what, texts["f1"], {"2PR/(P+R)": _harmonic(texts["precision"], texts["recall"])})


def _harmonic(precision, recall):
    return lambda read: f1_of(read(precision), read(recall))


def macro_follows(row):
    """Yield findings on each macro average: the mean over the classes.

    Macro F1 is also computed as 2PR/(P+R) of macro precision and recall, which gives another number (Opitz & Burst
    2019, arXiv:1911.03347): it is impossible where neither gives it."""
    for score in OF_CLASS:
        text, texts = row.averages.get(f"{score}_macro"), row.of_classes(score)
        if text and texts:
            ways = {f"the mean of {len(texts)} classes": _mean(texts.values())}
            parts = [row.averages.get(f"{part}_macro") for part in ("precision", "recall")]
            if score == "f1" and all(parts):
                ways["2PR/(P+R) of the macro averages"] = _harmonic(*parts)
            yield compare(row, _title(f"{score}_macro"), text, ways)


def _mean(texts, weights=None):
    return lambda read: mean((read(text) for (text,) in texts), weights)


def weighted_follows(row):
    """Yield findings on averages weighted by support; weighted recall is micro recall, whatever the supports."""
    supports = [row.counts.supports.get(name) for name in row.classes]
    for score in OF_CLASS:
        text, texts = row.averages.get(f"{score}_weighted"), row.of_classes(score)
        if text and texts and None not in supports and sum(supports):
            ways = {f"the mean of {len(texts)} classes by support": _mean(texts.values(), supports)}
            yield compare(row, _title(f"{score}_weighted"), text, ways)
    micro, weighted = (row.averages.get(f"recall_{mean}") for mean in ("micro", "weighted"))
    if micro and weighted:
        yield compare(row, "Weighted recall", weighted, {f"micro recall, {micro}": lambda read: read(micro)})


def micro_follows(row):
    """Yield findings on micro averages: between the least and the greatest class, and what whole numbers of clips give.

    Micro precision, recall and F1 weigh the classes' by predictions, clips, and both."""
    for score in SCORES:
        text, texts = row.averages.get(f"{score}_micro"), row.of_classes(score)
        if text and texts:
            ways = {"between the least and the greatest class": _between(texts)}
            counted = possible_counts(row, "either")
            if counted and all(counted.values()):
                ways = {"what the classes' whole numbers of clips give": lambda read, s=score: _pooled(row, s)}
            yield compare(row, _title(f"{score}_micro"), text, ways)


def _between(texts):
    def derive(read):
        ranges = [read(text) for (text,) in texts.values()]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    return derive


def _pooled(row, score):
    """Return the range of a micro average, from the fewest and the most right and predicted clips of each class."""
    counted = possible_counts(row, "either")
    right = [sum(pick(k for k, _, _ in found) for found in counted.values()) for pick in (min, max)]
    predicted = [sum(min(low for _, low, _ in found) for found in counted.values()),
                 sum(max(high for _, _, high in found) for found in counted.values())]  # fmt: skip
    true = sum(row.counts.supports[name] for name in row.classes)
    wholes = {"precision": predicted, "recall": [true, true], "f1": [true + end for end in predicted]}[score]
    factor = 2 if score == "f1" else 1
    low = Fraction(factor * right[0], wholes[1]) if 0 < wholes[1] < inf else Fraction(0)
    high = Fraction(factor * right[1], wholes[0]) if wholes[0] else Fraction(1)
    return low, min(high, Fraction(1))


def f1_below_mean(row):
    """Yield findings on averages of F1 that do not follow: they are at most the mean of precision and recall.

    2PR/(P+R) is at most (P+R)/2 for every class and clip, so its mean is too."""
    for mean_name in MEANS:
        texts = {score: row.averages.get(f"{score}_{mean_name}") for score in SCORES}
        derived = mean_name == "micro" or (mean_name == "macro" and row.of_classes("f1"))
        if all(texts.values()) and not derived:
            ways = {"at most the mean of precision and recall": _at_most(texts["precision"], texts["recall"])}
            yield compare(row, _title(f"f1_{mean_name}"), texts["f1"], ways)


def _at_most(precision, recall):
    return lambda read: (Fraction(0), mean([read(precision), read(recall)])[1])


def _title(metric):
    """Return the name of a score at the head of a sentence."""
    name = in_words(metric)
    return name[0].upper() + name[1:]
