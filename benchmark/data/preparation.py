"""From a study to its clips, pictures and splits: what run, render and check have in common."""

import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import yaml

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.frames import PYSCENEDETECT
from benchmark.data.class_choice import judge_rare
from benchmark.data.clips import find_clips
from benchmark.data.leakage import across, find_copies, find_same_bytes, join_copies
from benchmark.data.splits import make_splits, protocol_of
from benchmark.data.synthetic import synthesise
from benchmark.data.task_labels import joined, way_out
from benchmark.errors import StudyError
from benchmark.store import layout
from spectrograms.files import replacing, sweep_cache, write_text
from spectrograms.names import printable


@dataclass(frozen=True)
class Prepared:
    """The clips that can be used, the files set aside, the folds of each seed, the pairs of copies that a split
    parts or that have two labels (:func:`benchmark.data.leakage.across`), those that were put into one group, and
    the protocol that drew the folds."""

    clips: pd.DataFrame
    rejected: pd.DataFrame
    folds: dict
    leaks: pd.DataFrame
    grouped: pd.DataFrame
    protocol: str


def find(study, say=print, labelled=True):
    """Return (clips, rejected) of a study's data set, synthesising it first where the study says so.

    The cache is swept of what killed runs were writing."""
    sweep_cache(study.cache)
    dataset = study.dataset
    if dataset.synthetic and not dataset.root.exists():
        say(f"synthesising {dataset.synthetic} clips per genre into {dataset.root} …")
    if dataset.synthetic:
        synthesise(dataset.root, dataset.synthetic)
    clips, rejected = find_clips(dataset, study.cache, labelled, say, study.task, study.classes)
    return judge_rare(clips, rejected, study, say) if labelled else (clips, rejected)


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with their picture, rejected), as the kind of the data set does it; ``trains``: trials follow."""
    return DATASET_KINDS[study.dataset.kind].functions().draw(study, clips, rejected, say, spread, trains)


def check_pictures(study):
    """Raise :class:`StudyError` where the clips of a study have no pictures that could be made."""
    if DATASET_KINDS[study.dataset.kind].is_given:
        raise StudyError(f"clips of dataset.kind: {study.dataset.kind} have no pictures, so there is nothing to render")


def split_all(study, clips):
    """Return {seed: [split of each clip in this fold, ...]}; a study whose split is given needs one draw alone."""
    return {seed: make_splits(clips, study.split, seed, study.classes.rare) for seed in study.split.seeds}


def prepare(study, say=print, found=None, spread=None, trains=False):
    """Return the :class:`Prepared` study; ``found`` is what :func:`find` returned, if it was called before.

    ``trains``: trials follow, for which waveforms are kept where clips are decoded anyway. Raises StudyError before
    anything is rendered where the data cannot do."""
    listed, rejected = found or find(study, say)
    folds = split_all(study, listed)
    clips, rejected = draw(study, listed, rejected, say, spread, trains)
    if clips.empty:
        raise StudyError(f"no clip of {study.dataset.root} can be used; {_commonest(rejected)}")
    protocol = protocol_of(clips, study.split)
    for sentence in _of_given_split(study.split, protocol, set(clips["split"]) - {""}):
        say(sentence)
    pairs = _copies(study, clips)
    clips, grouped = _group(study, clips, pairs, protocol)
    try:
        if len(clips) < len(listed) or len(grouped):
            folds = split_all(study, clips)
    except StudyError as error:
        aside = f"; {_commonest(rejected)}" if len(clips) < len(listed) else ""
        joined = f"; leakage: group had joined {counted(grouped)} of copies into groups" if len(grouped) else ""
        raise StudyError(f"{error}{aside}{joined}") from None
    if len(grouped):
        first, groups = grouped.iloc[0], grouped["group"].nunique()
        say(
            f"leakage: group: {counted(grouped)} of copies, the first {_described(first)}, are in {groups} "
            f"{'group' if groups == 1 else 'groups'}, each on one side of every split"
        )
    return Prepared(clips, rejected, folds, _leaks(study, pairs, clips, folds), grouped, protocol)


def _commonest(rejected):
    """Return in words how many files were set aside, and the reason that most of them have."""
    reasons = rejected["reason"].value_counts()
    return f"{len(rejected)} set aside, {reasons.iloc[0]} of them for this reason: {reasons.index[0]}"


def _of_given_split(split, protocol, given):
    """Yield what is to be said of a split that the data set gives, and of one that it does not give whole."""
    if given and protocol != "predefined":
        yield (
            f"WARNING: the data set gives a split, which is not used, for split.protocol is {protocol}; leave it out, "
            "or set predefined, to take the split that is given"
        )
    if given and split.protocol == "auto":
        yield "the split is the one that the data set gives; set split.protocol: holdout or kfold to draw another"
    if protocol == "predefined" and "val" not in given:
        yield "no val is given: it is drawn from train, in the ratio of split.fractions"


def _copies(study, clips):
    """Return the pairs of copies; where the study does not look for them, those of the same bytes, which are free."""
    if study.leakage == "off":
        return find_same_bytes(clips)
    return find_copies(clips, study.clip, study.cache, study.dataset.kind)


def _group(study, clips, pairs, protocol):
    """Return the clips in groups that hold all copies, and the pairs with their group, where the study asks for it.

    Copies that a given split parts stay apart: no group can move them."""
    if study.leakage != "group":
        return clips, pairs.head(0).assign(group=[])
    if protocol == "predefined":
        split_of = clips.set_index("clip_id")["split"]
        pairs = pairs[split_of[pairs["clip_a"]].to_numpy() == split_of[pairs["clip_b"]].to_numpy()]
    clips = join_copies(clips, pairs)
    return clips, pairs.assign(group=clips.set_index("clip_id")["group"][pairs["clip_a"]].to_numpy())


def _leaks(study, pairs, clips, folds):
    """Return the pairs on two sides of a split or with two labels; the latter alone where the study does not look."""
    leaks = across(pairs, clips, folds)
    return leaks[contradicting(leaks)].reset_index(drop=True) if study.leakage == "off" else leaks


def contradicting(leaks):
    """Return which pairs are copies under two labels, shape (n_pairs,) bool; a group may well hold several."""
    return ((leaks["relation"] != "same group") & (leaks["label_a"] != leaks["label_b"])).to_numpy(bool)


def gate(study, prepared, say=print):
    """Tell of copies on two sides of a split or under two labels; raise :class:`StudyError` where they are refused.

    Under two labels the same bytes are refused: one label is wrong. What only sounds or looks the same is told."""
    leaks = prepared.leaks
    parted, twofold = leaks[leaks["n_folds"] > 0], leaks[contradicting(leaks)]
    if len(twofold):
        first = twofold.sort_values("relation", kind="stable").iloc[0]  # the same bytes first
        said = (
            f"copies of the same clip have two labels: {counted(twofold)}, the first {printable(first['path_a'])} "
            f"('{first['label_a']}') and {printable(first['path_b'])} ('{first['label_b']}'), {first['relation']}"
        )
        if study.leakage == "refuse" and (twofold["relation"] == "same bytes").any():
            out = way_out(study.task, [joined(first[["label_a", "label_b"]])])
            raise StudyError(
                f"{said}. 'check' lists all; remove the wrong one of each, or set leakage: warn to go on{out}"
            )
        say(f"WARNING: {said}; one label of each pair is wrong, or both hold")
    if len(parted):
        said = (
            "copies of the same clip are on two sides of a split, which would flatter every network: "
            f"{counted(parted)}, the first {_described(parted.iloc[0])}"
        )
        if study.leakage in REFUSED:
            raise StudyError(f"{said}. 'check' lists all; {REFUSED[study.leakage]}")
        say(f"WARNING: {said}; all are in {study.folder / 'leakage.csv'}")


REFUSED = {  # the way out, by the setting of leakage that lets no pair pass
    "refuse": "set leakage: group to keep all copies on one side of the split, or remove one of each pair, or give "
    "both one group (dataset.group_pattern, or the column group of a CSV), or set leakage: warn to go on and have "
    "every row marked",
    "group": "leakage: group cannot help, for the split is given: remove one of each pair, or set leakage: warn to go "
    "on and have every row marked, or split.protocol: holdout to draw another split",
}


def _described(pair):
    """Return the two files of a pair, where they are, and how they are alike."""
    sides = [f" ({pair[side]})" if side in pair else "" for side in ("split_a", "split_b")]
    return (
        f"{printable(pair['path_a'])}{sides[0]} and {printable(pair['path_b'])}{sides[1]}, {pair['relation']}, "
        f"alike by {pair['likeness']:.2f}"
    )


def counted(leaks):
    """Return in words how many pairs there are."""
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


def with_splits(clips, folds):
    """Return ``clips`` with a column ``split_<fold>-<seed>`` per trial folder of that name: train, val or test.

    ``folds`` is {seed: [split of each clip, shape (n_clips,), ...]}, aligned with the rows of ``clips``."""
    drawn = {f"split_{fold}-{seed}": part for seed, parts in folds.items() for fold, part in enumerate(parts)}
    return clips.assign(**drawn)


PACKAGES = {  # what a setting needs: its values, the packages as they are imported, how they are installed
    "engine": ({"ray"}, ("ray",), "ray"),
    "engine.inference": ({"openvino"}, ("openvino",), "openvino"),
    "tracking": ({"mlflow"}, ("mlflow",), "mlflow-skinny"),
    "frames.detector": (PYSCENEDETECT, ("scenedetect", "cv2"), "scenedetect opencv-python-headless"),
}


def check_packages(study):
    """Raise :class:`StudyError` naming every package that a setting of the study needs and that is missing."""
    detectors = [study.for_part(model, part).frames.detector for model, part in study.read]
    given = {"engine": [study.engine.kind], "engine.inference": [study.engine.inference]}
    given |= {"tracking": [study.tracking], "frames.detector": detectors}
    lacking = [
        f"{setting}: {asked[0]} needs the package {missing[0]}, which is not installed: pip install {install}"
        for setting, (values, packages, install) in PACKAGES.items()
        if (asked := [value for value in given[setting] if value in values])
        and (missing := [package for package in packages if find_spec(package) is None])
    ]
    if lacking:
        raise StudyError("\n".join(lacking))


def write_study(study, prepared):
    """Write study.yaml, clips.csv, rejected.csv, leakage.csv and an example picture, where clips have such.

    study.yaml names the protocol that was taken; grouped.csv is there where copies were put into groups."""
    folder = study.folder
    study = study.model_copy(update={"split": study.split.model_copy(update={"protocol": prepared.protocol})})
    (folder / layout.EXAMPLES).mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / layout.STUDY, text)
    write_text(folder / layout.CLIPS, with_splits(prepared.clips, prepared.folds).to_csv(index=False))
    write_text(folder / layout.REJECTED, prepared.rejected.to_csv(index=False))
    write_text(folder / layout.LEAKAGE, prepared.leaks.to_csv(index=False))
    (folder / layout.GROUPED).unlink(missing_ok=True)
    if len(prepared.grouped):
        write_text(folder / layout.GROUPED, prepared.grouped.to_csv(index=False))
    shown = _copy_example(folder, prepared) if "image" in prepared.clips else None
    for old in (folder / layout.EXAMPLES).iterdir():
        if old != shown:
            old.unlink()


def _copy_example(folder, prepared):
    """Copy the picture of the first test clip; return its place."""
    first = next(iter(prepared.folds.values()))[0]
    example = prepared.clips[first == "test"].iloc[0]
    shown = folder / layout.EXAMPLES / f"{example['clip_id']}.png"
    with replacing(shown) as temporary:
        shutil.copyfile(example["image"], temporary)
    return shown
