"""The settings that clips suggest: task, classes, split and duration, each with the reason in words.

Each step takes a study and its clips and returns (the study with more settings, [(key, sentence), ...] of why)."""

from collections import Counter

import numpy as np

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.labels import ThresholdParams
from benchmark.config.study import SplitParams
from benchmark.data.class_choice import NO_NAME, judge_rare
from benchmark.data.durations import LONGEST, clip_seconds, sample_seconds
from benchmark.data.label_columns import listed
from benchmark.data.preparation import split_all
from benchmark.data.proposed_groups import HOLDOUT
from benchmark.data.splits import too_rare
from benchmark.data.task_labels import fits
from benchmark.errors import StudyError
from benchmark.store.labels import class_names, to_matrix
from benchmark.tasks import TASKS
from spectrograms.names import printable

SMALL = 100  # clips of the median class, below which a single test split holds too few
FOLDS = (5, 3)  # tried in this order
MOST = 100  # classes that are listed with their clips


def propose_task(study, clips):
    """Set the first task of TASKS that takes as many labels as the clips have."""
    labels = to_matrix(clips["label"], class_names(clips["label"])).sum(axis=1)
    several, none = clips[labels > 1], int((labels == 0).sum())
    task = next(name for name in TASKS if fits(name, clips["label"]).all())
    why = "each clip has one label"
    if len(several) or none:
        why = f"{len(several)} of {len(clips)} clips have several labels, {none} have none"
    if len(several) and study.dataset.root.is_dir():
        why += (
            f": the same file lies in several class folders, as {printable(several['path'].iloc[0])} does "
            f"('{printable(several['label'].iloc[0])}'). If that is a slip, remove the wrong copies"
        )
    thresholds = ThresholdParams(kind="per_class") if TASKS[task].has_thresholds else ThresholdParams()
    tuned = "a class is predicted from a score on that is tuned for it on the validation clips, for the best F1"
    remarks = [("task", why), *([("thresholds", tuned)] if TASKS[task].has_thresholds else [])]
    return study.model_copy(update={"task": task, "thresholds": thresholds}), remarks


def propose_classes(study, clips):
    """List the classes with their clips, and drop those whose name says that there is none."""
    sizes = _sizes(clips)
    shown = ", ".join(f"{printable(name)} {n}" for name, n in sizes.most_common(MOST))
    more = f" and {len(sizes) - MOST} more" if len(sizes) > MOST else ""
    remarks = [("classes", f"{len(sizes)} classes and their clips: {shown}{more}")]
    numbered = any(name.isdigit() for name in sizes if name.casefold() not in NO_NAME)  # of digits 0 is one
    no_name = sorted(name for name in sizes if name.casefold() in NO_NAME and not (name.isdigit() and numbered))
    if not no_name:
        return study, remarks
    remarks.append(("classes", f"{listed(no_name)} is no name of a class, and left out"))
    return study.model_copy(update={"classes": study.classes.model_copy(update={"drop": tuple(no_name)})}), remarks


def _sizes(clips):
    return Counter(name for label in clips["label"] for name in class_names([label]))


def propose_split(study, clips):
    """Set the first split that the clips allow: the given one, folds where classes are small, else a holdout.

    Folds are not taken where they would cost a class that a holdout keeps. Classes too rare for the split are left
    out; where whole groups cannot be shared out even so, all are kept. Raises the StudyError of the last split tried
    where none can be drawn."""
    options, problems = list(_splits(clips)), {}
    for rare in ("drop", "keep"):
        for split, why in options:
            try:
                short = too_rare(clips, split)
                changed = {"split": split}
                if short or rare == "keep":
                    changed["classes"] = study.classes.model_copy(update={"rare": rare})
                if split.protocol != "predefined":  # which no group can change
                    changed["leakage"] = "group"
                drawn = study.model_copy(update=changed)
                split_all(drawn, judge_rare(clips, clips.head(0), drawn, lambda line: None)[0])
            except StudyError as error:
                problems[split.protocol] = error
                continue
            unused = problems.get("predefined")
            told = [("split", f"the split that the data give cannot be used: {unused}")] if unused else []
            return drawn, [*told, ("split", why), *_on_rare(short, rare, clips), *_on_leakage(drawn)]
    raise problems[split.protocol]


def _splits(clips):
    """Yield (SplitParams, why) that may be drawn, the best first."""
    if (clips["split"] != "").any():
        given = ", ".join(f"{n} {part or 'nowhere'}" for part, n in clips["split"].value_counts().items())
        yield SplitParams(protocol="predefined"), f"the data give a split: {given}"
    median = np.median(list(_sizes(clips).values()))
    for folds in FOLDS if median < SMALL else ():
        split = HOLDOUT.model_copy(update={"protocol": "kfold", "folds": folds, "seeds": (0,)})
        why = (
            f"classes are small (half have at most {median:g} clips), so that one test split would hold few: in "
            f"{folds} folds each clip is tested once. Of the rest, train and val keep the ratio of fractions"
        )
        if len(too_rare(clips, split)) <= len(too_rare(clips, HOLDOUT)):
            yield split, why
    yield HOLDOUT, "shares of train, val and test, drawn anew for each seed: the scores are means over the seeds"


def _on_rare(short, rare, clips):
    if not short:
        return []
    sizes = _sizes(clips)
    names = listed([f"{name} ({sizes[name]})" for name in sorted(short, key=lambda name: (sizes[name], name))])
    becomes = {"drop": "left out; keep would train on them, though a part may lack them", "keep": "kept all the same"}
    return [("classes", f"{len(short)} classes are too rare for the split below, and {becomes[rare]}: {names}")]


def _on_leakage(study):
    told = "copies of a clip that are found stay on one side of a split, too"
    return [("leakage", told)] if study.leakage == "group" else []


def propose_duration(study, clips):
    """Set how long a clip is, where clips are sound, by the headers of a sample of the files."""
    if not DATASET_KINDS[study.dataset.kind].has_sound:
        return study, []
    seconds = sample_seconds(clips["path"])
    if not len(seconds):
        return study, [("clip", f"no header says how long the sound is; clips are {study.clip.duration:g} s")]
    least, median, most = np.quantile(seconds, [0, 0.5, 1])
    duration = clip_seconds(seconds)
    filled = np.mean(np.round(seconds, 3) >= duration)
    why = (
        f"by the headers of {len(seconds)} of {len(clips)} files they last {least:.1f} to {most:.1f} s, half of them "
        f"{median:.1f} s or more. A clip is as long as that, rounded down, and at most {LONGEST:g} s: {filled:.0%} "
        "fill it; shorter ones are padded with silence, and of a longer one its first seconds are the clip. Where "
        "labels are of what comes later, set a longer duration"
    )
    clip = study.clip.model_copy(update={"duration": duration})
    return study.model_copy(update={"clip": clip}), [("clip", why)]
