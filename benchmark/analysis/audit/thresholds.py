"""Rule on thresholds: where all of them are multiples of one step, they were tried on a grid."""

from math import gcd

from benchmark.analysis.audit.findings import NOTED, Finding
from benchmark.analysis.audit.reported import decimals, share

FEWEST = 3  # thresholds; fewer are multiples of many steps


def threshold_grid(row):
    """Yield a finding where the thresholds of a row are multiples of a step larger than their last digit."""
    texts = [texts["threshold"] for texts in row.classes.values() if share(texts.get("threshold", "-")) is not None]
    if len(texts) >= FEWEST:
        places = max(map(decimals, texts))
        units = [int(share(text).scaleb(places)) for text in texts]
        step = gcd(*units)
        if step > 1 and len(set(units)) > 1:
            low, high = min(units), max(units)
            shown = " to ".join(f"{unit / 10**places:.{places}f}" for unit in (low, high))
            yield Finding(row.place, NOTED, f"All {len(texts)} thresholds, {shown}, are multiples of "
                          f"{step / 10**places:g}: a grid.")  # fmt: skip
