"""The data card: what the clips are, how they are split, what was set aside, what was found to leak."""

import pandas as pd

from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.rendering import render
from benchmark.store import caveats
from benchmark.store.label_statistics import (
    commonest_pairs,
    commonest_sets,
    have_one_each,
    label_statistics,
    positives,
)
from benchmark.store.labels import to_matrix

MOST = 50  # rows of a list here; the CSV has all
SHORT = {"pad": "padded with silence", "loop": "repeated", "reject": "set aside", "keep": "as long as they are"}
LEAKAGE = {
    "refuse": "Copies of a clip on two sides of a split were looked for; with any the study would not have run.",
    "warn": "Copies of a clip on two sides of a split were looked for; with any the study runs, and rows are marked.",
    "group": "Copies of a clip were looked for, and put into one group, which is on one side of a split.",
    "off": "Copies of a clip on two sides of a split were not looked for (leakage: off).",
}


def data_card(results):
    """Return a dict for the data card: facts, and tables of clips per class and split, of labels that come together,
    rejected files and copies."""
    rejected, leakage = results.rejected, results.leakage
    return {
        "facts": facts(results),
        "splits": split_table(results),
        "labels": label_tables(results),
        "rejected": _listed("Files set aside", rejected[["path", "reason"]]),
        "leakage_said": _looked_for(results),
        "copies": _listed("Copies on two sides of a split or under two labels", leakage),
    }


def _looked_for(results):
    """Return in a sentence or two whether copies of clips were looked for, and whether there are any."""
    setting = results.study.get("leakage")
    setting = "off" if setting is False else setting  # as YAML reads a bare off
    none = " None was found." if setting in ("refuse", "warn", "group") and results.leakage.empty else ""
    return LEAKAGE.get(setting, "Whether copies of clips are on two sides of a split is not recorded.") + none


def facts(results):
    """Return (name, text) of what the clips are."""
    study, clips = results.study, results.clips
    dataset, clip = study["dataset"], study.get("clip") or {}
    synthetic, is_sound = dataset.get("synthetic"), dataset.get("kind") == "audio"
    found = [
        ("Clips", f"{len(clips)} in {len(results.classes)} classes"),
        *_label_facts(results),
        ("Groups", _groups(results)),
        ("From", f"{dataset.get('root', '')} ({dataset.get('kind', '')})"),
        ("Sound", f"SYNTHETIC: computed, {synthetic} clips per class asked for" if synthetic else ""),
        ("Duration", _duration(clip, clips) if is_sound else ""),
        ("Shorter files", SHORT.get(clip.get("short"), "") if is_sound else ""),
        ("Mel spectrogram", _mel(study.get("mel")) if is_sound else ""),
        *_steps(clips),
        ("Frames", caveats.on_frames(clips).removeprefix("frames per clip: ")),
        ("Mostly padding", caveats.on_padding(clips, clip) if clip.get("duration") else ""),
        ("Caveats", "; ".join(caveats.on_clips(clips))),
        ("Files set aside", str(len(results.rejected) or "none")),
    ]
    return [(name, text) for name, text in found if text]


def _groups(results):
    if results.groups is None:
        return "none: every clip stands for itself"
    return f"{results.clips['group'].nunique()}; clips of one group stay on one side of a split"


def _duration(clip, clips):
    if not clip.get("duration"):
        return ""
    seconds = clip["duration"]
    total = pd.to_numeric(clips["seconds"]).sum() if "seconds" in clips else len(clips) * seconds
    offset = f", from second {clip['offset']:g}" if clip.get("offset") else ""
    return f"{seconds:g} s of each file{offset}; {total / 60:.1f} minutes of sound in all"


def _steps(clips):
    """Return (name, text) of how many steps the features of a clip have, of each kind of features that is given."""
    return [
        (column.replace("n_steps", "Steps").replace("_", " of ", 1), f"{least:g} to {most:g} a clip, median {median:g}")
        for column in clips.columns if column == "n_steps" or column.startswith("n_steps_")
        for least, median, most in [pd.to_numeric(clips[column]).quantile([0, 0.5, 1])]
    ]  # fmt: skip


def _mel(mel):
    if not mel:
        return ""
    return (f"{mel['n_mels']} bands, window {mel['n_fft']} and hop {mel['hop_length']} samples at "
            f"{mel['sample_rate']} Hz, {mel['top_db']:g} dB")  # fmt: skip


def _matrix(results):
    return to_matrix(results.clips["label"], results.classes)


def _label_facts(results):
    """Return (name, text) of what the labels are like; none where each clip has one."""
    labels = _matrix(results)
    if have_one_each(labels):
        return []
    found = label_statistics(labels)
    return [
        ("Labels per clip", f"{found['cardinality']:.2f} on average, at most {found['most']}"),
        ("Label density", f"{found['density']:.3f}, the share of the classes that a clip has on average"),
        ("Without a label", f"{found['unlabelled']} clips"),
        ("Different label sets", str(found["label_sets"])),
    ]


def label_tables(results):
    """Return the tables of the commonest label sets and pairs of classes; none where each clip has one label."""
    labels, classes = _matrix(results), results.classes
    if have_one_each(labels):
        return []
    sets, pairs = commonest_sets(labels, classes), commonest_pairs(labels, classes)
    sets = pd.DataFrame({"Labels": sets.index.str.replace("|", " | "), "Clips": sets.to_numpy()})
    pairs = pd.DataFrame([(*names, n) for names, n in pairs.items()], columns=["Class", "With", "Clips"])
    return [
        render(frame, [number(name, name) if name == "Clips" else text(name, name) for name in frame], title)
        for title, frame in (("The commonest label sets", sets), ("Classes that come together most often", pairs))
        if len(frame)
    ]


SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}


def split_table(results):
    """Return the table of clips per class and split in the first trial done; of all clips alone where none is done.

    The last row counts clips: with several labels it is less than the sum of the others."""
    labels, clips = _matrix(results), results.clips["clip_id"]
    split, trial = pd.Series("train", clips), next((trial for trial in results.trials if trial.done), None)
    if trial is not None:
        split.update(pd.Series(trial.predictions.split, trial.predictions.clip_id))
    counts = positives(labels, results.classes, split.to_numpy()).rename(columns=SPLITS)
    counts.loc["All"] = [int((split == name).sum()) for name in SPLITS]
    counts.insert(0, "Clips", counts.sum(axis=1))
    if trial is None:
        counts = counts[["Clips"]]
    columns = (text("Class", "Class"), *(number(name, name) for name in counts))
    frame = counts.rename_axis("Class").reset_index()
    return render(frame, columns, "Clips per class and split", facts=_which(trial, results))


def _which(trial, results):
    if trial is None:
        return ("No trial is done, so the split is not known.",)
    sizes = sorted({len(trial.test) for trial in results.trials if trial.done})
    sizes = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
    return (f"Fold {trial.fold}, seed {trial.seed}; training is what is neither validation nor test. "
            f"Test clips of a trial, over all folds and seeds: {sizes}.",)  # fmt: skip


def _listed(title, frame):
    """Return the table of the first rows of a CSV, its columns as they are; None without any."""
    said = f"The first {MOST} of {len(frame)}." if len(frame) > MOST else f"{len(frame)} in all."
    columns = [text(name.replace("_", " "), name) for name in frame]
    return render(frame.head(MOST), columns, title, facts=(said,)) if len(frame) else None
