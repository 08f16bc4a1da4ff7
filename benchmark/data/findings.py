"""What ``check`` says of a study before it runs: its clips, copies, files set aside, trials, and what may mislead."""

import pandas as pd

from benchmark.data.preparation import contradicting, counted
from benchmark.store import caveats
from benchmark.store.label_statistics import (
    co_occurrence,
    commonest_pairs,
    commonest_sets,
    have_one_each,
    label_statistics,
    positives,
)
from benchmark.store.labels import class_names, to_matrix
from spectrograms.names import printable

FEW_TESTED = 5  # test clips of a class, below which one clip moves its scores by more than 20 points
IMBALANCED = 10  # times the clips of the smallest class that the largest has
WIDE = 100  # characters of a line that are still read in a terminal
ADVICE = {  # where classes are of unlike size, by whether each clip has one label
    True: "Look at macro F1 and balanced accuracy, hold accuracy against that baseline, and weigh the classes "
    "(training.class_weight: balanced)",
    False: "Look at the average precision of each class beside its share of the clips, and at macro F1",
}


def findings(study, prepared):
    """Yield what ``check`` says of a study, in lines."""
    clips, folds = prepared.clips, prepared.folds
    seed, parts = next(iter(folds.items()))
    classes = class_names(clips["label"])
    labels = to_matrix(clips["label"], classes)
    for fold, part in enumerate(parts):
        yield f"clips, seed {seed}, fold {fold}:\n{positives(labels, classes, part).to_string()}\n"
    yield f"{len(clips)} clips in {clips['group'].nunique()} groups"
    yield from () if have_one_each(labels) else _label_sets(labels, classes)
    yield from _misleading(pd.DataFrame(labels, columns=classes), parts)
    padded, framed = caveats.on_padding(clips, study.clip.model_dump()), caveats.on_frames(clips)
    yield from filter(None, [padded, framed, *caveats.on_clips(clips)])
    yield from _copies(study, prepared)
    for path, reason in prepared.rejected.itertuples(index=False):
        yield f"set aside: {printable(path)}: {reason}"
    names = ", ".join(model.name for model in study.models)
    trials = len(study.models) * sum(len(parts) for parts in folds.values())
    yield f"{trials} trials: {names}; seeds {list(folds)}; {len(parts)} fold(s)"


def _label_sets(labels, classes):
    """Yield how many labels clips have, which sets of them are commonest, and which classes come together."""
    of = label_statistics(labels)
    yield (
        f"labels: {of['cardinality']:.2f} per clip (cardinality), at most {of['most']}; density {of['density']:.3f} of "
        f"{of['classes']} classes; {of['unlabelled']} clips without a label; {of['label_sets']} different label sets"
    )
    sets = "; ".join(f"{name} {n}" for name, n in commonest_sets(labels, classes).items())
    yield f"commonest label sets: {sets}"
    table = co_occurrence(labels, classes).to_string()
    if table.index("\n") <= WIDE:
        yield f"clips with both classes:\n{table}\n"
    elif len(pairs := commonest_pairs(labels, classes)):
        yield f"classes that come together: {'; '.join(f'{a} and {b} {n}' for (a, b), n in pairs.items())}"


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
            f"{ADVICE[have_one_each(labels.to_numpy())]}"
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
