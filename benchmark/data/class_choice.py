"""Which classes of a data set are used: what a study keeps, drops or finds too rare; and odd names among them."""

import re
from collections import Counter

import pandas as pd

from benchmark.data.label_columns import listed
from benchmark.data.splits import too_rare
from benchmark.data.task_labels import fits, joined
from benchmark.errors import StudyError, did_you_mean
from benchmark.store.labels import class_names, to_matrix, to_text
from spectrograms.names import printable

NO_NAME = frozenset(["n/a", "na", "nan", "none", "null", "nil", "unknown", "undefined", "?", "-", "--", "0", ""])
JOINTS = re.compile(r"\s*[,;/&+]\s*")  # with which people write several classes in one cell
SHORTEST = 3  # letters of a class that is looked for at the end of another


def odd_names(root, clips):
    """Yield a sentence per kind of class name that looks like a slip: no name, junk before one, or several in one."""
    sizes = Counter(name for clip in clips for name in clip.labels)
    kinds = {
        "looks like no class": [name for name in sizes if name.casefold() in NO_NAME],
        "begins with what may be junk": [name for name in sizes if _has_junk(name, sizes)],
        "is made of classes, which a '|' separates": [name for name in sizes if _is_made_of(name, sizes)],
    }
    for what, names in kinds.items():
        if names:
            out = "mend the labels, or leave such out: classes: {drop: [...]}"
            yield f"WARNING: {_sized(names, sizes)} of {root} {what}; {out}"


def _has_junk(name, classes):
    if name.casefold() in NO_NAME:
        return False
    begins = range(1, len(name) - SHORTEST + 1)
    return not name[0].isalnum() or any(name[begin:] in classes and name[begin - 1].isalnum() for begin in begins)


def _is_made_of(name, classes):
    parts = JOINTS.split(name)
    return len(parts) > 1 and all(part in classes for part in parts)


def choose_classes(root, clips, classes, task):
    """Return (clips without the labels that ``classes`` does not keep, (path, reason) of others, sentences).

    ``clips`` are Found, ``classes`` is a :class:`ClassParams`. A clip that is left with fewer labels than the task of
    that name allows is set aside; where it allows none, such a clip stays: it is an example of no class. Raises
    :class:`StudyError` where keep or drop name a class that is not there."""
    known = {name for clip in clips for name in clip.labels}
    for name in (*classes.keep, *classes.drop):
        if name not in known:
            raise StudyError(
                f"classes: {root} has no class '{name}'{did_you_mean(name, known)}; it has {listed(sorted(known))}"
            )
    unused = (known - set(classes.keep) if classes.keep else set()) | set(classes.drop)
    if not unused:
        return clips, [], []
    left = [clip._replace(labels=tuple(name for name in clip.labels if name not in unused)) for clip in clips]
    fit = fits(task, [joined(clip.labels) for clip in left])
    kept = [clip for clip, is_fit in zip(left, fit, strict=True) if is_fit]
    rejected = [(clip.path, _why(joined(clip.labels))) for clip, is_fit in zip(clips, fit, strict=True) if not is_fit]
    return kept, rejected, [_told(unused, Counter(n for c in clips for n in c.labels), len(rejected), "keep and drop")]


def judge_rare(clips, rejected, study, say):
    """Return (clips, rejected) as tables, without the labels of rare classes where the study drops those.

    Rare is a class with fewer clips than classes.min_positives, or too few clips or groups for the split. Clips without
    a label are treated as by :func:`choose_classes`. Raises :class:`StudyError` where classes with fewer are an error;
    those that only the split finds too rare are left to :func:`make_splits`."""
    names, least, rare = class_names(clips["label"]), study.classes.min_positives, study.classes.rare
    matrix = to_matrix(clips["label"], names)
    sizes = dict(zip(names, matrix.sum(axis=0).tolist(), strict=True))
    few = sorted(name for name, size in sizes.items() if size < least)
    if few and rare == "error":
        raise StudyError(
            f"{len(few)} of {len(names)} classes have fewer than {least} clips (classes.min_positives): "
            f"{_sized(few, sizes)}; take more, lower it, or set classes.rare: drop, or keep"
        )
    short = few if rare == "error" else sorted({*few, *too_rare(clips, study.split)})
    if short and rare == "keep":
        say(f"WARNING: classes (rare: keep): {len(short)} may miss in a part of the split: {_sized(short, sizes)}")
    if not short or rare != "drop":
        return clips, rejected
    is_used = [name not in short for name in names]
    if sum(is_used) < 2:
        raise StudyError(f"classes.rare: drop leaves {sum(is_used)} of {len(names)} classes; take more clips")
    labels = to_text(matrix[:, is_used], [name for name in names if name not in short])
    fit = fits(study.task, labels)
    reasons = [printable(_why(label)) for label in clips["label"][~fit]]
    aside = pd.DataFrame({"path": clips["path"][~fit], "reason": reasons})
    say(_told(short, sizes, len(aside), "rare: drop"))
    left = clips.assign(label=labels)[fit].sort_values(["label", "clip_id"], ignore_index=True)
    return left, pd.concat([rejected, aside], ignore_index=True)


def _why(label):
    return f"its class '{label}' is not used (classes)"


def _told(unused, sizes, n_aside, setting):
    aside = f"; {n_aside} clips of them alone are set aside" if n_aside else ""
    return f"classes ({setting}): {len(unused)} of {len(sizes)} are not used: {_sized(unused, sizes)}{aside}"


def _sized(names, sizes):
    return listed([f"'{name}' ({sizes[name]} clips)" for name in sorted(names)])
