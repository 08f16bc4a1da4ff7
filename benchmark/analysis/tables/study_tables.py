"""All tables of a study, computed once: what the sheets, the figures and every other form of the report show."""

import pandas as pd

from benchmark.analysis.metrics.calibration import calibration_table, ranking_table, reliability_table
from benchmark.analysis.metrics.ensembles import ensembles_table
from benchmark.analysis.metrics.hardest import hardest_table, mistakes_table
from benchmark.analysis.metrics.marks import find_marks
from benchmark.analysis.metrics.pairwise import pairwise_table, standing
from benchmark.analysis.metrics.uncertainty import uncertainty_table
from benchmark.analysis.tables.costs import costs_table
from benchmark.analysis.tables.paper_form import table_2, table_3
from benchmark.analysis.tables.parity import parity_table, with_parity
from benchmark.analysis.tables.tables import (
    baseline_table,
    comparison_table,
    latency_table,
    per_class_table,
    with_marks,
)


def study_tables(results):
    """Return a dict from the name of each table of a study to the frame, each with its marks in the last column.

    Beside its own columns the comparison has ``best`` (see :func:`analysis.metrics.pairwise.standing`) and, where a
    model of the study is published, those of parity. A table that does not apply has no rows: pairwise and ensembles
    with fewer than two models, and where the study names no paper as ``published`` those in a paper's form or beside
    its numbers: parity, table_2 and table_3. ``baseline`` has the columns of the comparison; wherever that is written
    the rows of both stand together: :func:`with_baseline`."""
    comparison, pairwise, ranking = comparison_table(results), pairwise_table(results), ranking_table(results)
    guessing = [name for name, kinds in find_marks(results).found.items() if "guessing" in kinds]
    parity = parity_table(results, comparison)
    comparison.insert(comparison.columns.get_loc("accuracy_std"), "best", standing(comparison, pairwise, guessing))
    baseline = baseline_table(results).assign(best="")
    tables = {
        "comparison": comparison if parity.empty else with_parity(comparison, parity),
        "baseline": baseline.reindex(columns=comparison.columns),
        "per_class": per_class_table(results),
        "latency": latency_table(results),
        "parity": parity,
        "uncertainty": uncertainty_table(results),
        "pairwise": pairwise,
        "calibration": calibration_table(results, ranking),
        "ranking": ranking,
        "reliability": reliability_table(results),
        "ensembles": ensembles_table(results),
        "costs": costs_table(results, comparison),
        "hardest": hardest_table(results),
        "mistakes": mistakes_table(results),
    }
    tables |= {"table_2": table_2(results, tables), "table_3": table_3(results, tables)}
    return {name: with_marks(results, table) for name, table in tables.items()}


def with_baseline(tables, name):
    """Return the rows that are written of a table of :func:`study_tables`: the comparison ends with the baseline.

    Whatever ranks, tests or draws models takes the comparison alone, since the baseline is no model of the study."""
    if name != "comparison" or tables["baseline"].empty:
        return tables[name]
    return pd.concat([tables[name], tables["baseline"]], ignore_index=True)
