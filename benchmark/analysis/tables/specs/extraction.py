"""What features cost: seconds for one clip of each kind of features, measured when they were computed."""

from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.variants import extraction_seconds, feature_settings
from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.spec import TableSpec

EXTRACTION_COLUMNS = ("features", "n_models", "models", "seconds_per_clip", "hours_per_1000_clips")
DECODE, DECODED = "decode", "(decoding)"


def extraction_table(results, tables=None):
    """Return a row per kind of features, decoding first, and number of seconds with :data:`EXTRACTION_COLUMNS`.

    models: those that read them, by name. Not those of which nothing was measured. Features of one name that are not
    alike are told apart by their settings."""
    readers = {}
    for model in results.models:
        for name, seconds in extraction_seconds(results, model["name"]).items():
            if not np.isnan(seconds):
                readers.setdefault((name, seconds), []).append(model["name"])
    ends = _differences(results, readers)
    rows = [
        {
            "features": DECODED if name == DECODE else name + ends[name, seconds],
            "n_models": len(models),
            "models": ", ".join(models),
            "seconds_per_clip": seconds,
            "hours_per_1000_clips": 1000 * seconds / 3600,
        }
        for (name, seconds), models in sorted(readers.items(), key=lambda item: (item[0][0] != DECODE, *item[0]))
    ]
    return pd.DataFrame(rows, columns=EXTRACTION_COLUMNS)


def _differences(results, readers):
    """Return {(name, seconds): ' (frames.n 8)'}, in which settings features of one name differ; '' of one alone."""
    ends = {}
    for name, group in groupby(sorted(readers), key=itemgetter(0)):
        told = {row: feature_settings(results, readers[row][0], name) for row in group}
        keys = dict.fromkeys(key for settings in told.values() for key in settings)
        unlike = [key for key in keys if len({str(settings.get(key)) for settings in told.values()}) > 1]
        for row, settings in told.items():
            said = ", ".join(f"{key} {settings[key]}" for key in unlike if settings.get(key) is not None)
            ends[row] = f" ({said})" if said else ""
    return ends


COLUMNS = (
    text("Features", "features"),
    number("One clip", "seconds_per_clip", ".3g", unit="s"),
    number("1000 clips", "hours_per_1000_clips", ".3g", unit="h"),
    number("Models that read them", "n_models", short="Models"),
)
FACTS = (
    "Means over the test clips of the seconds on the clock that were measured when their features were computed, be it "
    "in an earlier run: of clips computed together equal shares, of the first batch, which compiles the network, only "
    "where there is no other. Where several trials ran at once, each had a part of the machine.",
    "(decoding): one pass over a film for all that the models of the study read of it.",
)
TABLES = (TableSpec("extraction", extraction_table, "Time that features take.", COLUMNS, FACTS, place=62),)
