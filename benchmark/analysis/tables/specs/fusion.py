"""How much each member of a late fusion counts, trial by trial: weights are found on the validation clips of each."""

import pandas as pd

from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.spec import TableSpec

FUSION_COLUMNS = ("model", "label", "fold", "seed", "member", "member_label", "weight")


def fusion_table(results, tables):
    """Return a row per trial done of a late fusion and member with :data:`FUSION_COLUMNS`; weights are 0..1, sum 1."""
    labels = {model["name"]: model["label"] for model in results.models}
    rows = []
    for trial in (trial for trial in results.trials if trial.done and trial.info.get("fusion")):
        named = {"model": trial.model, "label": labels[trial.model], "fold": trial.fold, "seed": trial.seed}
        fused = trial.info["fusion"]
        rows += [named | {"member": member, "member_label": labels.get(member, member), "weight": weight}
                 for member, weight in zip(fused["members"], fused["weights"], strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=FUSION_COLUMNS)


COLUMNS = (
    number("Fold", "fold"),
    number("Seed", "seed"),
    text("Member", "member_label"),
    number("Weight", "weight", ".2f"),
)
TABLES = (
    TableSpec(
        "fusion", fusion_table, "Weights of late fusion.", COLUMNS,
        ("The weights of the members' scores, found on the validation clips of each trial.",), block="model", place=82,
    ),
)  # fmt: skip
