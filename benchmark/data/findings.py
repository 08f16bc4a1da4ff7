"""What ``check`` says of a study before it runs: its clips, copies, files set aside, trials, and what may mislead."""

import pandas as pd

from benchmark.data.preparation import contradicting, counted
from benchmark.store import caveats
from benchmark.store.labels import class_names, to_matrix
from spectrograms.names import printable

FEW_TESTED = 5  # test clips of a class, below which one clip moves its scores by more than 20 points
IMBALANCED = 10  # times the clips of the smallest class that the largest has


def findings(study, prepared):
    """Yield what ``check`` says of a study, in lines."""
    clips, folds = prepared.clips, prepared.folds
    seed, parts = next(iter(folds.items()))
    classes = class_names(clips["label"])
    labels = to_matrix(clips["label"], classes)
    for fold, part in enumerate(parts):
        counted = {split: labels[part == split].sum(axis=0) for split in ("train", "val", "test")}
        table = pd.DataFrame(counted, pd.Index(classes, name="label"))
        yield f"clips, seed {seed}, fold {fold}:\n{table.to_string()}\n"
    yield f"{len(clips)} clips in {clips['group'].nunique()} groups"
    yield from _misleading(pd.DataFrame(labels, columns=classes), parts)
    yield from filter(None, [caveats.on_padding(clips, study.clip.model_dump()), *caveats.on_clips(clips)])
    yield from _copies(study, prepared)
    for path, reason in prepared.rejected.itertuples(index=False):
        yield f"set aside: {printable(path)}: {reason}"
    names = ", ".join(model.name for model in study.models)
    trials = len(study.models) * sum(len(parts) for parts in folds.values())
    yield f"{trials} trials: {names}; seeds {list(folds)}; {len(parts)} fold(s)"


def _misleading(labels, parts):
    """Yield a warning of classes with few test clips, over all folds of a seed, and one of classes of unlike size."""
    sizes = labels.sum().sort_values(ascending=False, kind="stable")
    tested = sum(labels[part == "test"].sum() for part in parts)
    few = tested[tested < FEW_TESTED].sort_index()
    if len(few):
        listed = ", ".join(f"'{label}' {n}" for label, n in few.items())
        more = ", or split.protocol: kfold, where each is test once" if len(parts) == 1 else ""
        yield (
            f"WARNING: fewer than {FEW_TESTED} test clips of {listed}: one clip more or less moves a score of such a "
            f"class by {100 / few.clip(lower=1).min():.0f} points; take more clips{more}"
        )
    if sizes.iloc[0] >= IMBALANCED * sizes.iloc[-1]:
        yield (
            f"WARNING: '{sizes.index[0]}' has {sizes.iloc[0]} clips and '{sizes.index[-1]}' {sizes.iloc[-1]}: to "
            f"answer '{sizes.index[0]}' always is right in {100 * sizes.iloc[0] / len(labels):.0f} % of all clips. "
            "Look at macro F1 and balanced accuracy, hold accuracy against that baseline, and weigh the classes "
            "(training.class_weight: balanced)"
        )


def _copies(study, prepared):
    """Yield the pairs of copies on two sides of a split, those under two labels, and those that were put together."""
    leaks = prepared.leaks
    parted, twofold = leaks[leaks["n_folds"] > 0], leaks[contradicting(leaks)]
    looked = "not looked for (leakage: off)" if study.leakage == "off" else counted(parted)
    yield f"copies on two sides of a split: {looked}"
    for pair in parted.itertuples(index=False):
        place = f"seed {pair.seed}, fold {pair.fold}" + (f" and {pair.n_folds - 1} more" if pair.n_folds > 1 else "")
        yield (
            f"  {printable(pair.path_a)} ({pair.split_a}) and {printable(pair.path_b)} ({pair.split_b}): "
            f"{pair.relation}, {pair.likeness:.2f}; {place}"
        )
    if len(twofold):
        yield f"copies under two labels: {counted(twofold)}"
    for pair in twofold.itertuples(index=False):
        named = f"{printable(pair.path_a)} ({pair.label_a}) and {printable(pair.path_b)} ({pair.label_b})"
        yield f"  {named}: {pair.relation}"
    if study.leakage == "group":
        yield f"copies put into one group: {counted(prepared.grouped)}"
    for pair in prepared.grouped.itertuples(index=False):
        yield (
            f"  {printable(pair.path_a)} and {printable(pair.path_b)}: {pair.relation}, {pair.likeness:.2f}; group "
            f"{printable(pair.group)}"
        )
