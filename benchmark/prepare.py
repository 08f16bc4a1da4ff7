"""From a study to its clips, pictures and splits: what run, render and check have in common."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import yaml

from benchmark import caveats
from benchmark.config import StudyError
from benchmark.data.clips import find_clips
from benchmark.data.leakage import ACROSS, across, find_copies
from benchmark.data.splits import make_splits
from benchmark.data.synthetic import synthesise
from benchmark.files import replacing, write_text
from spectrograms.image import ImageError, caveat, read_image
from spectrograms.names import printable
from spectrograms.render import render


@dataclass(frozen=True)
class Prepared:
    """The clips that have a picture, the files set aside, how many pictures were new, the folds of each seed, and the
    pairs of copies that a split parts (:func:`benchmark.data.leakage.across`)."""

    clips: pd.DataFrame
    rejected: pd.DataFrame
    rendered: int
    folds: dict
    leaks: pd.DataFrame


def find(study, say=print, labelled=True):
    """Return (clips, rejected) of a study's data set, synthesising it first where the study says so."""
    dataset = study.dataset
    if dataset.synthetic and not dataset.root.exists():
        say(f"synthesising {dataset.synthetic} clips per genre into {dataset.root} …")
    if dataset.synthetic:
        synthesise(dataset.root, dataset.synthetic)
    return find_clips(dataset, study.cache, labelled)


def draw(study, clips, rejected, say=print):
    """Return (clips with their picture, rejected, number of new pictures); pictures made elsewhere stay as they are."""
    if study.dataset.kind == "images":
        with ThreadPoolExecutor() as pool:
            looks = pd.DataFrame(pool.map(_look, clips["path"]), columns=["flaw", "caveat"], index=clips.index)
        bad = list(zip(clips["path"], looks["flaw"], strict=True))
        bad = [(path, flaw) for path, flaw in bad if flaw]
        good = clips.assign(image=clips["path"], seconds=float("nan"), caveat=looks["caveat"])[looks["flaw"] == ""]
        rejected = pd.concat([rejected, pd.DataFrame(bad, columns=rejected.columns)], ignore_index=True)
        say(f"{len(good)} pictures; {len(rejected)} set aside")
        return good, rejected, 0
    kept, bad, new = render(clips, study.clip, study.mel, study.image, study.cache, spread=_spread(study.engine))
    rejected = pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} clips: {new} pictures rendered, {len(kept) - new} from {study.cache}; {len(rejected)} set aside")
    return kept, rejected, new


def connected(engine):
    """Return a context in which a cluster, where the study names one, stays connected from pictures to trials."""
    if engine.kind != "ray":
        return nullcontext()
    from benchmark import cluster  # imported late: Ray is an extra

    return cluster.connected(engine)


def _spread(engine):
    """Return how pictures are spread over a cluster, or None for the cores of this machine."""
    if engine.kind != "ray" or not engine.shared:
        return None
    from benchmark import cluster  # imported late: Ray is an extra

    return partial(cluster.spread, engine)


def _look(path):
    """Return (why a picture cannot be used, what is to be known of it), each '' where there is nothing."""
    try:
        return "", caveat(read_image(path))
    except ImageError as error:
        return str(error), ""


def split_all(study, clips):
    """Return {seed: [split of each clip in this fold, ...]}; a study whose split is given needs one draw alone."""
    return {seed: make_splits(clips, study.split, seed) for seed in study.split.seeds}


def find_leaks(study, clips, folds):
    """Return the pairs of copies that are on two sides of a split in some fold; none where the study does not look."""
    if study.leakage == "off":
        return pd.DataFrame(columns=ACROSS)
    return across(find_copies(clips, study.clip, study.cache, study.dataset.kind), clips, folds)


def prepare(study, say=print):
    """Return the :class:`Prepared` study. Raises StudyError before anything is rendered where the data cannot do."""
    clips, rejected = find(study, say)
    split_all(study, clips)
    clips, rejected, rendered = draw(study, clips, rejected, say)
    if clips.empty:
        raise StudyError(
            f"no clip of {study.dataset.root} can be used; the first reason is: {rejected['reason'].iloc[0]}"
        )
    folds = split_all(study, clips)
    return Prepared(clips, rejected, rendered, folds, find_leaks(study, clips, folds))


def gate(study, leaks, say=print):
    """Tell of pairs of copies on two sides of a split; raise :class:`StudyError` where the study refuses them."""
    if leaks.empty:
        return
    first = leaks.iloc[0]
    said = (
        f"copies of the same clip are on two sides of a split, which would flatter every network: {_pairs(leaks)}, "
        f"the first {first['path_a']} ({first['split_a']}) and {first['path_b']} ({first['split_b']}), "
        f"{first['kind']}, alike by {first['likeness']:.2f}"
    )
    if study.leakage == "refuse":
        raise StudyError(
            f"{said}. 'check' lists all; remove one of each pair, or give both one group (dataset.group_pattern, or "
            "the column group of a CSV), or set leakage: warn to go on and have every row marked"
        )
    say(f"WARNING: {said}; all are in {study.folder / 'leakage.csv'}")


def findings(study, prepared):
    """Yield what ``check`` says of a study: clips per class and split, copies, files set aside, trials."""
    clips, folds = prepared.clips, prepared.folds
    seed, parts = next(iter(folds.items()))
    for fold, part in enumerate(parts):
        table = clips.assign(split=part).pivot_table("clip_id", "label", "split", "count", fill_value=0)
        yield f"clips, seed {seed}, fold {fold}:\n{table[['train', 'val', 'test']].to_string()}\n"
    yield f"{len(clips)} clips in {clips['group'].nunique()} groups"
    looked = "not looked for (leakage: off)" if study.leakage == "off" else _pairs(prepared.leaks)
    yield f"copies on two sides of a split: {looked}"
    for pair in prepared.leaks.itertuples(index=False):
        place = f"seed {pair.seed}, fold {pair.fold}" + (f" and {pair.n_folds - 1} more" if pair.n_folds > 1 else "")
        yield (
            f"  {printable(pair.path_a)} ({pair.split_a}) and {printable(pair.path_b)} ({pair.split_b}): "
            f"{pair.kind}, {pair.likeness:.2f}; {place}"
        )
    yield from filter(None, [caveats.on_padding(clips, study.clip.model_dump()), *caveats.on_clips(clips)])
    for path, reason in prepared.rejected.itertuples(index=False):
        yield f"set aside: {printable(path)}: {reason}"
    names = ", ".join(model.name for model in study.models)
    trials = len(study.models) * sum(len(parts) for parts in folds.values())
    yield f"{trials} trials: {names}; seeds {list(folds)}; {len(parts)} fold(s)"


def _pairs(leaks):
    return "1 pair" if len(leaks) == 1 else f"{len(leaks)} pairs"


def check_writable(folder):
    """Raise :class:`StudyError` where nothing can be written into ``folder``; leave no trace."""
    nearest = Path(folder)
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise StudyError(f"results cannot be written to {folder}: {nearest}: {error.strerror or error}") from None


def write_study(study, prepared):
    """Write study.yaml, clips.csv, rejected.csv, leakage.csv and one example picture into the study's folder."""
    folder = study.folder
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / "study.yaml", text)
    write_text(folder / "clips.csv", prepared.clips.to_csv(index=False))
    write_text(folder / "rejected.csv", prepared.rejected.to_csv(index=False))
    write_text(folder / "leakage.csv", prepared.leaks.to_csv(index=False))
    first = next(iter(prepared.folds.values()))[0]
    example = prepared.clips[first == "test"].iloc[0]
    shown = folder / "examples" / f"{example['clip_id']}.png"
    with replacing(shown) as temporary:
        shutil.copyfile(example["image"], temporary)
    for old in (folder / "examples").iterdir():
        if old != shown:
            old.unlink()
