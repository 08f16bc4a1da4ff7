"""What ``check`` says of a study before it runs: its clips, copies, files set aside, trials, and what may mislead."""

from benchmark.data.prepare import contradicting
from benchmark.store import caveats
from spectrograms.names import printable

FEW_TESTED = 5  # test clips of a class, below which one clip moves its scores by more than 20 points
IMBALANCED = 10  # times the clips of the smallest class that the largest has


def findings(study, prepared):
    """Yield what ``check`` says of a study, in lines."""
    clips, folds = prepared.clips, prepared.folds
    seed, parts = next(iter(folds.items()))
    for fold, part in enumerate(parts):
        table = clips.assign(split=part).pivot_table("clip_id", "label", "split", "count", fill_value=0)
        yield f"clips, seed {seed}, fold {fold}:\n{table[['train', 'val', 'test']].to_string()}\n"
    yield f"{len(clips)} clips in {clips['group'].nunique()} groups"
    yield from _misleading(clips, parts)
    yield from filter(None, [caveats.on_padding(clips, study.clip.model_dump()), *caveats.on_clips(clips)])
    yield from _copies(study, prepared)
    for path, reason in prepared.rejected.itertuples(index=False):
        yield f"set aside: {printable(path)}: {reason}"
    names = ", ".join(model.name for model in study.models)
    trials = len(study.models) * sum(len(parts) for parts in folds.values())
    yield f"{trials} trials: {names}; seeds {list(folds)}; {len(parts)} fold(s)"


def _misleading(clips, parts):
    """Yield a warning of classes with few test clips, over all folds of a seed, and one of classes of unlike size."""
    sizes = clips["label"].value_counts()
    tested = sum(clips["label"][part == "test"].value_counts().reindex(sizes.index, fill_value=0) for part in parts)
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
            f"answer '{sizes.index[0]}' always is right in {100 * sizes.iloc[0] / sizes.sum():.0f} % of all clips. "
            "Look at macro F1 and balanced accuracy, hold accuracy against that baseline, and weigh the classes "
            "(training.class_weight: balanced)"
        )


def _copies(study, prepared):
    """Yield the pairs of copies on two sides of a split, those under two labels, and those that were put together."""
    leaks = prepared.leaks
    parted, twofold = leaks[leaks["n_folds"] > 0], leaks[contradicting(leaks)]
    looked = "not looked for (leakage: off)" if study.leakage == "off" else _pairs(parted)
    yield f"copies on two sides of a split: {looked}"
    for pair in parted.itertuples(index=False):
        place = f"seed {pair.seed}, fold {pair.fold}" + (f" and {pair.n_folds - 1} more" if pair.n_folds > 1 else "")
        yield (
            f"  {printable(pair.path_a)} ({pair.split_a}) and {printable(pair.path_b)} ({pair.split_b}): "
            f"{pair.kind}, {pair.likeness:.2f}; {place}"
        )
    if len(twofold):
        yield f"copies under two labels: {_pairs(twofold)}"
    for pair in twofold.itertuples(index=False):
        yield f"  {printable(pair.path_a)} ({pair.label_a}) and {printable(pair.path_b)} ({pair.label_b}): {pair.kind}"
    if study.leakage == "group":
        yield f"copies put into one group: {_pairs(prepared.grouped)}"
    for pair in prepared.grouped.itertuples(index=False):
        yield (
            f"  {printable(pair.path_a)} and {printable(pair.path_b)}: {pair.kind}, {pair.likeness:.2f}; group "
            f"{printable(pair.group)}"
        )


def _pairs(pairs):
    return "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
