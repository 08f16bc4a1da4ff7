"""Which files are parts of one recording, as a column of a table or their names suggest: what a group may be."""

import os
from typing import NamedTuple

from benchmark.config.study import SplitParams
from benchmark.data.clips import find_clips
from benchmark.data.label_columns import listed
from benchmark.data.splits import too_rare
from benchmark.errors import StudyError
from spectrograms.names import printable

LARGEST = 1 / 3  # of the clips that one group may hold
SHOWN = 3  # files of the group that is the example
HOLDOUT = SplitParams(protocol="holdout", fractions=(0.7, 0.15, 0.15), seeds=(0, 1, 2))
SUGGESTION = r"^([^_]+)_"


class Names(NamedTuple):
    """What names of the parts of one recording share: a row of :data:`NAMES`."""

    pattern: str  # its bracket is the group
    joined: float  # share of the clips that must not stand alone: a few alike names may be chance


NAMES = (  # the finest groups first
    Names(r"^(.+?)(?: ?\(\d+\)| - [Cc]opy)*\.[^.]+$", 0.0),  # name.wav, name (2).wav
    Names(r"^(.+)[-_ .][^-_ .]+\.[^.]+$", 0.05),  # film_0001.jpg, 1-100032-A.ogg
    Names(r"^(.*\D)\d+\.[^.]+$", 0.05),  # film0001.jpg
    Names(r"^(.+)(?:[-_ .][^-_ .]+){2}\.[^.]+$", 0.05),  # 1-100032-A-0.ogg
)


def read_clips(study, say=lambda sentence: None):
    """Return the table of clips of a study, rare classes included."""
    return find_clips(study.dataset, study.cache, True, say, study.task, study.classes)[0]


def propose_groups(study, clips, columns=()):
    """Return (study, remarks) with the first of ``columns``, then of NAMES, that joins clips and fits the classes.

    Fit are groups of which several clips share one, none holds more than LARGEST of all, none lies on two sides of a
    split that is given, and each class is in as many as a holdout needs. A column group is taken as it is."""
    if clips["group"].duplicated().any() and _sizes(clips)[1].any():
        return study, [("dataset", f"groups are given; {_described(clips)}")]
    dataset = study.dataset
    trials = [(dataset.model_copy(update={"columns": dataset.columns.model_copy(update={"group": c})}), 0.0)
              for c in columns]  # fmt: skip
    trials += [(dataset.model_copy(update={"group_pattern": names.pattern}), names.joined) for names in NAMES]
    for changed, least in trials:
        grouped = study.model_copy(update={"dataset": changed})
        try:
            found = read_clips(grouped)
        except StudyError:  # the pattern is in no name
            continue
        if _is_fit(found, clips, least):
            return grouped, [(_place(changed), _why(changed, found))]
    return study, [("dataset.group_pattern", "no parts of one recording were told by the files' names. Where some are, "
                    "set what they share in their names, in brackets; they stay on one side of a split")]  # fmt: skip


def _is_fit(grouped, alone, least):
    """Return whether clips in groups can be split as well as each alone, and more than ``least`` of them share one."""
    sizes, joined = _sizes(grouped)
    return (
        sizes[joined].sum() > least * len(grouped)
        and sizes.max() <= LARGEST * len(grouped)
        and grouped.groupby("group")["split"].nunique().max() == 1
        and set(too_rare(grouped, HOLDOUT)) <= set(too_rare(alone, HOLDOUT))
    )


def _sizes(clips):
    """Return (clips per group, whether it joins several file names): 01.wav in each class folder joins nothing."""
    names = clips["path"].map(os.path.basename).groupby(clips["group"])
    return names.size(), names.nunique() > 1


def _place(dataset):
    return "dataset.group_pattern" if dataset.group_pattern else "dataset.columns"


def _why(dataset, clips):
    if dataset.group_pattern is None:
        return f"the column {dataset.columns.group} is taken for the group, which stays on one side of a split; " + (
            _described(clips)
        )
    return (
        "files whose names share the part in brackets are taken for parts of one recording, and stay on one side of a "
        f"split; {_described(clips)}. Take the line out if they are none"
    )


def _described(clips):
    """Return how many groups there are, with the first of several clips as example."""
    sizes, joined = _sizes(clips)
    group = min(sizes[joined].index)
    files = sorted(os.path.basename(path) for path in clips["path"][clips["group"] == group])
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return (
        f"{len(clips)} clips are in {len(sizes)} groups, {joined.sum()} of several: "
        f"{listed(files[:SHOWN])}{more} are the group '{printable(group)}'"
    )
