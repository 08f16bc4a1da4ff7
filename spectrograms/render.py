"""A table of clips -> PNG files: in parallel, each made once, bad files set aside."""

import json
import sys
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from joblib import effective_n_jobs
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from spectrograms.audio import AudioError, load_clip
from spectrograms.image import draw, read_text, save_png
from spectrograms.mel import log_mel
from spectrograms.names import printable, safe_name
from spectrograms.params import fingerprint
from spectrograms.processes import in_processes

FEW_CLIPS = 32  # are done sooner than another process starts


class Rendered(NamedTuple):
    """What ``render`` did; unpacks as ``kept, rejected, n_rendered``."""

    kept: pd.DataFrame  # the clips that have a picture, with its path in column ``image``
    rejected: pd.DataFrame  # columns path, reason
    n_rendered: int  # pictures made now; the others were there already


def image_path(clip, cache, clip_params, mel_params, image_params):
    """Return where the picture of a clip (a row with ``label`` and ``clip_id``) lies under the folder ``cache``."""
    folder = fingerprint(clip_params, mel_params, image_params)
    return Path(cache) / "images" / folder / safe_name(clip.label) / f"{clip.clip_id}.png"


def render(clips, clip_params, mel_params, image_params, cache, n_jobs=-1, progress=True, spread=None):
    """Make the pictures of all clips that have none yet in the folder ``cache``; return a Rendered.

    ``clips`` is a table with the columns clip_id, path, label and sha256 (hex digest of the file's bytes). A picture
    is used again if it was made from the same bytes with the same settings. A file that gives no picture is set aside
    with its reason, also where it kills or stalls the process that decodes it, and the rest go on. Raises OSError
    where pictures cannot be written; those made so far are kept.

    ``n_jobs`` counts processes as joblib does; None or -1 is all cores, and 1 is this very process, which a decoder
    may then take down. ``spread(function, tasks)`` runs the tasks elsewhere: it yields ``function(*task)`` for each,
    in any order, or (task[0], reason) for a task that killed its process; ``function`` can be imported by name.
    """
    settings = (clip_params, mel_params, image_params)
    rows = list(clips.itertuples(index=False))
    targets = [image_path(row, cache, *settings) for row in rows]
    missing = [i for i, row in enumerate(rows) if read_text(targets[i]).get("source_sha256") != row.sha256]
    tasks = [(i, rows[i].path, targets[i], rows[i].sha256, *settings) for i in missing]
    results = (spread or partial(_spread_here, n_jobs=n_jobs))(render_clip, tasks)
    reasons = {}
    with _progress_bar(progress and tasks) as bar:
        for i, reason in bar.track(results, total=len(tasks), description="spectrograms"):
            if reason:
                reasons[i] = printable(reason)
    good = [i not in reasons for i in range(len(rows))]
    kept = clips.assign(image=[str(target) for target in targets]).loc[good]
    aside = [(printable(rows[i].path), reasons[i]) for i in sorted(reasons)]
    return Rendered(kept, pd.DataFrame(aside, columns=["path", "reason"]), len(tasks) - len(reasons))


def render_clip(index, path, target, sha256, clip_params, mel_params, image_params):
    """Make the picture of one file (its digest ``sha256``) and save it as ``target``; return (index, None).

    Returns (index, reason) where the file gives no picture. Raises OSError where the picture cannot be written: a full
    disk says nothing about the file.
    """
    try:
        waveform = load_clip(path, clip_params, mel_params.sample_rate)
        picture = draw(log_mel(waveform, mel_params), image_params, mel_params)
    except (AudioError, OSError, MemoryError) as error:
        return index, _why(error)
    params = {"clip": clip_params, "mel": mel_params, "image": image_params}
    described = json.dumps({name: section.model_dump(mode="json") for name, section in params.items()})
    # Where all pictures of a cache lie: three folders up.
    save_png(picture, target, {"source_sha256": sha256, "params": described}, scratch=target.parents[2])
    return index, None


def _why(error):
    """Return why a file gives no picture."""
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    return f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)


def _spread_here(function, tasks, n_jobs):
    """Return (index, reason or None) for each task as it is done, in any order."""
    if n_jobs == 1 or not tasks:
        return starmap(function, tasks)
    # A file that kills its decoder must not take the run with it, so even one clip is decoded in another process,
    # though that takes a second to start; more processes than these few clips keep busy would take longer.
    n_processes = min(effective_n_jobs(-1 if n_jobs is None else n_jobs), 1 + len(tasks) // FEW_CLIPS)
    return in_processes(function, tasks, n_processes, lost=lambda task, reason: (task[0], reason))


def _progress_bar(wanted):
    """Return a rich progress bar, which shows nothing unless the output is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, disable=not (wanted and sys.stdout.isatty()))
