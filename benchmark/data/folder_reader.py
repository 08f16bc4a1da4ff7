"""A folder with a folder per class, or with folders train, val and test that hold one each, as a list of clips."""

import os
from pathlib import Path

from benchmark.config.columns import ColumnParams
from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.data.media import COMPANIONS, SPLIT_NAMES, Found, files_below, is_a, is_any, is_visible
from benchmark.errors import StudyError
from spectrograms.image import is_picture
from spectrograms.names import printable


def read_folder(dataset, labelled, task):
    """Return what lies in the class folders of ``dataset.root``: a list of Found, one of (path, reason), one of notes.

    Labels are as folders say, whatever the task.
    Folders train and test, val too (or training, valid and the like), are no classes but a split that is given; the
    classes lie in them, and a note says so. Raises :class:`StudyError` where there is no class."""
    root, dataset_kind = dataset.root, dataset.kind
    if not root.is_dir():
        what = "is another file" if root.exists() else f"does not exist (relative paths start at {Path.cwd()})"
        raise StudyError(
            f"dataset.root must be a folder with a folder per class, a .csv file, or one .h5 of features; {root} {what}"
        )
    if dataset.columns != ColumnParams() or dataset.folder:
        raise StudyError(f"dataset.columns and dataset.folder belong to a CSV; dataset.root {root} is a folder")
    root, rejected, found = Path(os.path.abspath(root)), [], []
    classes = _class_folders(root, dataset_kind, rejected, labelled)
    parts = _split_folders(root, classes) if labelled else {}
    placed = [(folder, "") for folder in classes if folder not in parts]
    for part, split in parts.items():
        placed += [(folder, split) for folder in _classes_of_part(part, dataset_kind, rejected)]
    for folder, split in placed:
        found += _clips_of_class(root, folder, split, dataset_kind, rejected)
    notes = []
    if parts:
        names = ", ".join(part.name for part in parts)
        labels = ", ".join(sorted({name for clip in found for name in clip.labels}))
        notes = [f"WARNING: {root} holds {names}: they are taken for a split that is given; the classes are {labels}"]
    return found, rejected, notes


def _class_folders(root, dataset_kind, rejected, labelled):
    try:
        entries = sorted(root.iterdir())
    except OSError as error:
        raise StudyError(f"the folder {root} cannot be read: {error.strerror}") from None
    folders = [entry for entry in entries if entry.is_dir() and is_visible(entry.name)]
    rejected += [(str(folder), "is a folder, not a file") for folder in folders if is_a(folder, dataset_kind)]
    classes = [folder for folder in folders if not is_a(folder, dataset_kind)]
    if not classes and not labelled:
        return [root]
    if not classes:
        lying = f"{sum(is_a(entry, dataset_kind) for entry in entries)} files of {dataset_kind} directly in it"
        raise StudyError(f"expected a folder per class in {root}, such as {root / 'action'}; found none, and {lying}")
    for folder in classes:
        if printable(folder.name) != folder.name:
            raise StudyError(f"the class folder {printable(folder)} has a name that cannot be printed; rename it")
    return classes


def _split_folders(root, folders):
    """Return {folder: 'train', 'val' or 'test'} of the folders that are parts of a split, none where they are classes.

    One such name alone may be a class: a train is also heard."""
    parts = {folder: SPLIT_NAMES[folder.name.lower()] for folder in folders if folder.name.lower() in SPLIT_NAMES}
    if len(parts) < 2 or "train" not in parts.values():
        return {}
    names = ", ".join(folder.name for folder in parts)
    if others := [folder.name for folder in folders if folder not in parts]:
        raise StudyError(
            f"{root} holds the folders {names}, which are a split, and {', '.join(others[:5])} beside them; move the "
            "others away, or list the clips in a CSV with the columns path, label and split"
        )
    if len(set(parts.values())) < len(parts):
        raise StudyError(f"{root} holds {names}: two of them are the same part of a split; join them")
    return parts


def _classes_of_part(part, dataset_kind, rejected):
    """Return the class folders in a folder such as train; what lies there without a class is an error."""
    if lying := [entry.name for entry in sorted(part.iterdir()) if is_a(entry, dataset_kind) and entry.is_file()]:
        raise StudyError(
            f"{part} is part of a split, which holds a folder per class; {len(lying)} files such as "
            f"{printable(lying[0])} lie in it without a class"
        )
    return _class_folders(part, dataset_kind, rejected, labelled=True)


def _clips_of_class(root, folder, split, dataset_kind, rejected):
    """Return the clips of one class folder; what is strange there is added to ``rejected``."""
    files = list(files_below(folder, dataset_kind, rejected))
    unknown = [file for file in files if not COMPANIONS.fullmatch(file.suffix.lower()) and not is_any(file)]
    pictures = {
        file for file in unknown if DATASET_KINDS[dataset_kind].by_content and file.is_file() and is_picture(file)
    }
    media = [file for file in files if is_a(file, dataset_kind) or file in pictures]
    if not media:
        held = [other for other in DATASET_KINDS if any(is_a(file, other) for file in files)]
        hint = f"holds {held[0]}; is dataset.kind: {held[0]} meant?" if held else "fill or remove it"
        raise StudyError(f"no {dataset_kind} in the class folder {folder}; {hint}")
    rejected += [(str(file), f"unknown extension '{file.suffix}'") for file in unknown if file not in pictures]
    return [
        Found(
            path=str(file),
            labels=(folder.name,),
            name=str(file.relative_to(folder).with_suffix("")),
            key=file.relative_to(root).as_posix(),
            split=split,
        )
        for file in media
    ]
