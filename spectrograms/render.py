"""A table of clips -> PNG files: in parallel, each made once, bad files set aside."""

import json
import sys
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from joblib import effective_n_jobs
from rich.progress import track

from spectrograms.audio import clip_of, decode_clip
from spectrograms.errors import AudioError
from spectrograms.image import draw, read_text, save_png
from spectrograms.mel import log_mel
from spectrograms.names import printable
from spectrograms.params import content_hash
from spectrograms.processes import in_processes
from spectrograms.version import pictures

FEW_CLIPS = 32  # are done sooner than another process starts


class Found(NamedTuple):
    """What a file's clip holds."""

    seconds: float  # of sound; the rest is padding or repetition
    caveat: str  # what a reader of results must know of it, '' if nothing


class Rendered(NamedTuple):
    """What ``render`` did; unpacks as ``kept, rejected, n_rendered``."""

    kept: pd.DataFrame  # the clips that have a picture, with columns image (its path), seconds and caveat
    rejected: pd.DataFrame  # columns path, reason
    n_rendered: int  # pictures made now; the others were there already


def image_path(sha256, cache, clip_params, mel_params, image_params):
    """Return where the picture of a file with the digest ``sha256`` lies under the folder ``cache``.

    The address is all that the picture depends on: the bytes, the settings and the code that draws it."""
    folder = content_hash(clip_params, mel_params, image_params, pictures(image_params))
    return Path(cache) / "images" / folder / sha256[:2] / f"{sha256}.png"


def render(clips, clip_params, mel_params, image_params, cache, n_jobs=-1, progress=True, spread=None, besides=()):
    """Make the pictures of all clips that have none yet in the folder ``cache``; return a Rendered.

    ``clips`` is a table with the columns path and sha256 (hex digest of the file's bytes). Added to it are ``image``,
    ``seconds`` (of the clip that are the file's, the rest is padding or repetition) and ``caveat`` ('' where there is
    none). A picture is used again if it was made from the same bytes with the same settings by the same code, whoever
    made it. A file that gives no picture is set aside with its reason, also where it kills or stalls the process that
    decodes it, and the rest go on. Raises OSError where pictures cannot be written; those made so far are kept.

    ``n_jobs`` counts processes as joblib does; None or -1 is all cores, and 1 is this very process, which a decoder
    may then take down. ``spread(function, tasks)`` runs the tasks elsewhere: it yields ``function(*task)`` for each,
    in any order, or (task[0], reason) for a task that killed its process; ``function`` can be imported by name.
    ``besides`` are functions for what else is made of a clip while it is decoded: see :func:`render_clip`.
    """
    settings = (clip_params, mel_params, image_params)
    paths = dict(zip(clips["sha256"], clips["path"], strict=True))  # the same bytes are drawn once
    targets = {digest: image_path(digest, cache, *settings) for digest in paths}
    found = {digest: _read_found(target, digest) for digest, target in targets.items()}
    missing = [digest for digest in paths if found[digest] is None]
    tasks = [(digest, paths[digest], targets[digest], *settings, besides) for digest in missing]
    results = (spread or partial(_spread_here, n_jobs=n_jobs))(render_clip, tasks)
    hidden = not (progress and tasks and sys.stdout.isatty())
    found |= dict(track(results, "spectrograms", len(tasks), disable=hidden))
    reasons = [printable(what) if isinstance(what := found[digest], str) else "" for digest in clips["sha256"]]
    good = [not reason for reason in reasons]
    aside = [(printable(path), reason) for path, reason in zip(clips["path"], reasons, strict=True) if reason]
    kept = clips.loc[good]
    kept = kept.assign(
        image=[str(targets[digest]) for digest in kept["sha256"]],
        seconds=[found[digest].seconds for digest in kept["sha256"]],
        caveat=[found[digest].caveat for digest in kept["sha256"]],
    )
    n_rendered = sum(not isinstance(found[task[0]], str) for task in tasks)
    return Rendered(kept, pd.DataFrame(aside, columns=["path", "reason"]), n_rendered)


def _read_found(target, sha256):
    """Return what the picture ``target`` of a file says of its sound, or None where it is missing or damaged."""
    text = read_text(target)
    try:
        return Found(float(text["seconds"]), text["caveat"]) if text["source_sha256"] == sha256 else None
    except (KeyError, ValueError):
        return None


def render_clip(sha256, path, target, clip_params, mel_params, image_params, besides=()):
    """Make the picture of one file (its digest ``sha256``), save it as ``target``; return (sha256, its Found).

    Returns (sha256, reason) where the file gives no picture. Raises OSError where the picture cannot be written: a full
    disk says nothing about the file. Each of ``besides`` is called with the decoded Sound and ``sha256``.
    """
    try:
        sound = decode_clip(path, clip_params)
        clip = clip_of(sound, clip_params, mel_params.sample_rate)
        picture = draw(log_mel(clip.waveform, mel_params), image_params, mel_params)
    except MemoryError:
        return sha256, "needs more memory than there is"
    except OSError as error:
        return sha256, f"cannot be read: {error.strerror or error}"
    except AudioError as error:
        return sha256, str(error)
    params = {"clip": clip_params, "mel": mel_params, "image": image_params}
    described = json.dumps({name: section.model_dump(mode="json") for name, section in params.items()})
    found = Found(round(clip.seconds, 3), printable(clip.caveat))
    text = {"source_sha256": sha256, "params": described, "seconds": str(found.seconds), "caveat": found.caveat}
    for make in besides:
        make(sound, sha256)
    save_png(picture, target, text, scratch=target.parents[2])  # where all pictures of a cache lie
    return sha256, found


def _spread_here(function, tasks, n_jobs):
    """Return (digest, Found or reason) for each task as it is done, in any order."""
    if n_jobs == 1 or not tasks:
        return starmap(function, tasks)
    # A file that kills its decoder must not take the run with it, so even one clip is decoded in another process,
    # though that takes a second to start; more processes than these few clips keep busy would take longer.
    n_processes = min(effective_n_jobs(-1 if n_jobs is None else n_jobs), 1 + len(tasks) // FEW_CLIPS)
    return in_processes(function, tasks, n_processes, lost=lambda task, reason: (task[0], reason))
