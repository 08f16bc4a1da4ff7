"""From a folder or a table to a study of it: what is there, and which settings fit."""

from functools import partial
from pathlib import Path

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.networks import resolve_network
from benchmark.config.study import DatasetParams, Study
from benchmark.data.clips import TABLES
from benchmark.data.media import files_below, is_any, is_visible, kind_of
from benchmark.data.proposed_columns import propose_columns
from benchmark.data.proposed_groups import propose_groups, read_clips
from benchmark.data.proposed_settings import propose_classes, propose_duration, propose_split, propose_task
from benchmark.data.task_labels import allows_several
from benchmark.errors import StudyError
from benchmark.tasks import TASKS
from spectrograms.image import is_picture
from spectrograms.names import safe_name

# By the kind of data set the small network of each input that all its clips give; not every film has sound.
MODELS = {"audio": ("mobilenet_v2", "yamnet"), "images": ("mobilenet_v2",), "video": ("mobilenet_v2",)}
FILMS = "all sound here is that of films, whose frames are looked at; kind: audio takes their sound alone"
BESIDE = Path("..", "results")  # of a study that is run in the folder of its own data


def propose_study(place, name=None):
    """Return (a :class:`Study` of a folder or a table, its remarks, [(key, sentence), ...]).

    The files' bytes are read once, and remembered in the study's cache. Raises :class:`StudyError` where there is
    nothing that a study could be of."""
    place = Path(place)
    settings, columns, remarks = _look(place)
    if name is not None and safe_name(name) != name:
        raise StudyError(f"--name becomes a folder: letters, digits, '_', '-' and '.' only; got '{name}'")
    dataset = DatasetParams(**settings | {"root": _shown(settings["root"]), "folder": _shown(settings.get("folder"))})
    if dataset.kind not in MODELS:
        raise StudyError(
            f"{place} holds clips of {dataset.kind}, of which init proposes no study: see docs/features.md"
        )
    networks = [resolve_network(name, dataset_kind=dataset.kind) for name in MODELS[dataset.kind]]
    remarks += [("dataset.kind", FILMS)] if dataset.kind == "video" else []
    several = next(task for task in TASKS if allows_several(task))
    named = name or safe_name(place.resolve().stem if place.is_file() else place.resolve().name)
    study = Study(name=named, dataset=dataset, task=several, models=networks)
    if Path.cwd() == dataset.root.resolve():
        study = study.model_copy(update={"results": BESIDE})
        remarks.append(("results", "beside the data: here they would be taken for a class"))
    clips = read_clips(study)
    for step in (propose_task, propose_classes, partial(propose_groups, columns=columns), propose_split):
        study, why = step(study, clips)
        remarks += why
        clips = read_clips(study)
    study, why = propose_duration(study, clips)
    remarks.append(("dataset", f"{len(clips)} clips of {study.dataset.kind}"))
    return study, remarks + why


def _look(place):
    """Return (settings of a DatasetParams, columns that may be the group, remarks) of what lies at a place."""
    if not place.exists():
        raise StudyError(f"init looks at a folder or a CSV; there is no {place}")
    if place.is_file() and place.suffix.lower() not in TABLES:
        raise StudyError(f"init looks at a folder or a table ({', '.join(TABLES)}); {place} is another file")
    table = place if place.is_file() else _table_in(place)
    if table is None:
        return {"root": place, "kind": _kind_of(place)}, (), []
    return propose_columns(table)


def _table_in(folder):
    """Return the one table that a folder without several class folders holds, or None."""
    inner = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and is_visible(entry.name)]
    holding = [entry for entry in inner if any(map(is_any, files_below(entry, next(iter(DATASET_KINDS)), [])))]
    tables = [
        file for where in (folder, *inner) for file in sorted(where.iterdir()) if file.suffix.lower() in TABLES[:2]
    ]
    if len(holding) > 1 or not tables:
        return None
    if len(tables) > 1:
        raise StudyError(
            f"{folder} holds {len(tables)} tables and no folder per class; name one: {tables[0]}, {tables[1]}"
        )
    return tables[0]


def _kind_of(folder):
    """Return the kind of data set that most files below a folder are of, those without extension by their content."""
    files = list(files_below(folder, next(iter(DATASET_KINDS)), []))
    pictures = {file for file in files if not file.suffix and file.is_file() and is_picture(file)}
    kind = kind_of(files, pictures)
    if kind is None:
        held = f"{len(files)} other files, such as {files[0]}" if files else "no file"
        raise StudyError(
            f"{folder} holds no sound, video or picture, but {held}; init wants a folder with a folder per class, or a "
            "CSV that names files and their labels"
        )
    return kind


def _shown(path):
    """Return a path as a study writes it: from the current folder where it lies below it, else absolute."""
    if path is None:
        return None
    path = Path(path).absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path.resolve()
