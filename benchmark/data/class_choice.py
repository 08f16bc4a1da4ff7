"""Which classes of a data set are used: what a study keeps, drops or finds too rare; and odd names among them."""

import re
from collections import Counter

import pandas as pd

from benchmark.data.label_columns import listed
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
            shown = listed([f"'{name}' ({sizes[name]} clips)" for name in sorted(names)])
            yield f"WARNING: {shown} of {root} {what}; mend the labels, or leave such out: classes: {{drop: [...]}}"


def _has_junk(name, classes):
    if name.casefold() in NO_NAME:
        return False
    ends = [other for other in classes if len(other) >= SHORTEST and other != name and name.endswith(other)]
    return not name[0].isalnum() or any(name[-len(other) - 1].isalnum() for other in ends)


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


def leave_out(clips, rejected, rare, task, say):
    """Return (clips without the classes that ``rare`` names, rejected) as tables; clips are treated as above."""
    if not rare:
        return clips, rejected
    names = class_names(clips["label"])
    matrix = to_matrix(clips["label"], names)
    is_used = [name not in rare for name in names]
    labels = to_text(matrix[:, is_used], [name for name in names if name not in rare])
    fit = fits(task, labels)
    aside = pd.DataFrame({"path": clips["path"], "reason": [printable(_why(label)) for label in clips["label"]]})[~fit]
    say(_told(rare, dict(zip(names, matrix.sum(axis=0), strict=True)), len(aside), "rare: drop"))
    left = clips.assign(label=labels)[fit].sort_values(["label", "clip_id"], ignore_index=True)
    if len(class_names(left["label"])) < 2:
        raise StudyError(
            f"classes: rare: drop leaves {len(class_names(left['label']))} of {len(names)} classes; too few"
        )
    return left, pd.concat([rejected, aside], ignore_index=True)


def _why(label):
    return f"its class '{label}' is not used (classes)"


def _told(unused, sizes, n_aside, setting):
    shown = listed([f"'{name}' ({sizes[name]} clips)" for name in sorted(unused)])
    aside = f"; {n_aside} clips of them alone are set aside" if n_aside else ""
    return f"classes ({setting}): {len(unused)} of {len(sizes)} are not used: {shown}{aside}"
