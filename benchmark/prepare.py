"""From a study to its clips, pictures and splits: what run, render and check have in common."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from benchmark.config import StudyError
from benchmark.data.clips import find_clips
from benchmark.data.splits import make_splits
from benchmark.data.synthetic import synthesise
from benchmark.files import replacing, write_text
from spectrograms.image import ImageError, read_image
from spectrograms.render import render


@dataclass(frozen=True)
class Prepared:
    """The clips that have a picture, the files set aside, how many pictures were new, and the folds of each seed."""

    clips: pd.DataFrame
    rejected: pd.DataFrame
    rendered: int
    folds: dict


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
            flaws = list(pool.map(_flaw, clips["path"]))
        bad = [(path, flaw) for path, flaw in zip(clips["path"], flaws, strict=True) if flaw]
        good = clips.assign(image=clips["path"])[[flaw is None for flaw in flaws]]
        rejected = pd.concat([rejected, pd.DataFrame(bad, columns=rejected.columns)], ignore_index=True)
        say(f"{len(good)} pictures; {len(rejected)} set aside")
        return good, rejected, 0
    kept, bad, new = render(clips, study.clip, study.mel, study.image, study.cache)
    rejected = pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} clips: {new} pictures rendered, {len(kept) - new} from {study.cache}; {len(rejected)} set aside")
    return kept, rejected, new


def _flaw(path):
    """Return why a picture cannot be used, or None."""
    try:
        read_image(path)
    except ImageError as error:
        return str(error)
    return None


def split_all(study, clips):
    """Return {seed: [split of each clip in this fold, ...]}; a study whose split is given needs one draw alone."""
    return {seed: make_splits(clips, study.split, seed) for seed in study.split.seeds}


def prepare(study, say=print):
    """Return the :class:`Prepared` study. Raises StudyError before anything is rendered where the data cannot do."""
    clips, rejected = find(study, say)
    split_all(study, clips)
    clips, rejected, rendered = draw(study, clips, rejected, say)
    if clips.empty:
        raise StudyError(
            f"no clip of {study.dataset.root} can be used; the first reason is: {rejected['reason'].iloc[0]}"
        )
    return Prepared(clips, rejected, rendered, split_all(study, clips))


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
    """Write study.yaml, clips.csv, rejected.csv and one example picture into the study's folder."""
    folder = study.folder
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / "study.yaml", text)
    write_text(folder / "clips.csv", prepared.clips.to_csv(index=False))
    write_text(folder / "rejected.csv", prepared.rejected.to_csv(index=False))
    first = next(iter(prepared.folds.values()))[0]
    example = prepared.clips[first == "test"].iloc[0]
    shown = folder / "examples" / f"{example['clip_id']}.png"
    with replacing(shown) as temporary:
        shutil.copyfile(example["image"], temporary)
    for old in (folder / "examples").iterdir():
        if old != shown:
            old.unlink()
