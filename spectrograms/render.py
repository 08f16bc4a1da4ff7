"""A table of clips -> PNG files: in parallel, each made once, bad files set aside."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from spectrograms.audio import AudioError, load_clip
from spectrograms.image import draw, read_text, save_png
from spectrograms.mel import log_mel
from spectrograms.names import safe_name
from spectrograms.params import fingerprint

FEW_CLIPS = 32  # fewer are done sooner than worker processes start


class Rendered(NamedTuple):
    """What ``render`` did; unpacks as ``kept, rejected, n_rendered``."""

    kept: pd.DataFrame  # the clips that have a picture, with its path in column ``image``
    rejected: pd.DataFrame  # columns path, reason
    n_rendered: int  # pictures made now; the others were there already


def image_path(clip, cache, clip_params, mel_params, image_params):
    """Return where the picture of a clip (a row with ``label`` and ``clip_id``) lies under the folder ``cache``."""
    folder = fingerprint(clip_params, mel_params, image_params)
    return Path(cache) / "images" / folder / safe_name(clip.label) / f"{clip.clip_id}.png"


def render(clips, clip_params, mel_params, image_params, cache, n_jobs=-1, progress=True):
    """Make the pictures of all clips that have none yet in the folder ``cache``; return a Rendered.

    ``clips`` is a table with the columns clip_id, path, label and sha256 (hex digest of the file's bytes). A picture
    is used again if it was made from the same bytes with the same settings. A file that gives no picture is set aside
    with its reason, and the rest go on. ``n_jobs`` counts processes as joblib does; None or -1 is all cores.
    """
    settings = (clip_params, mel_params, image_params)
    rows = list(clips.itertuples(index=False))
    targets = [image_path(row, cache, *settings) for row in rows]
    missing = [i for i, row in enumerate(rows) if read_text(targets[i]).get("source_sha256") != row.sha256]
    tasks = [(i, rows[i].path, targets[i], rows[i].sha256, *settings) for i in missing]
    reasons = {}
    with _progress_bar(progress and tasks) as bar:
        for i, reason in bar.track(_results(tasks, n_jobs), total=len(tasks), description="spectrograms"):
            if reason:
                reasons[i] = reason
    good = [i not in reasons for i in range(len(rows))]
    kept = clips.assign(image=[str(target) for target in targets]).loc[good]
    rejected = pd.DataFrame([(rows[i].path, reasons[i]) for i in sorted(reasons)], columns=["path", "reason"])
    return Rendered(kept, rejected, len(tasks) - len(reasons))


def render_clip(path, target, sha256, clip_params, mel_params, image_params):
    """Make the picture of one file (its digest ``sha256``) and save it as ``target``; raise AudioError if it cannot."""
    waveform = load_clip(path, clip_params, mel_params.sample_rate)
    picture = draw(log_mel(waveform, mel_params), image_params, mel_params)
    params = {"clip": clip_params, "mel": mel_params, "image": image_params}
    described = json.dumps({name: section.model_dump(mode="json") for name, section in params.items()})
    save_png(picture, target, {"source_sha256": sha256, "params": described})


def _results(tasks, n_jobs):
    """Yield (index, reason or None) for each task as it is done, in any order."""
    n_jobs = effective_n_jobs(-1 if n_jobs is None else n_jobs)
    if n_jobs == 1 or len(tasks) < FEW_CLIPS:
        yield from (_attempt(*task) for task in tasks)
        return
    # One thread each: workers that all start threads of their own wait for each other.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        yield from parallel(delayed(_attempt)(*task) for task in tasks)


def _attempt(index, *task):
    try:
        render_clip(*task)
    except AudioError as error:
        return index, str(error)
    return index, None


def _progress_bar(wanted):
    """Return a rich progress bar, which shows nothing unless the output is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, disable=not (wanted and sys.stdout.isatty()))
