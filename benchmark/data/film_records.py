"""What one pass over a film leaves in the cache: a record of each set of frames with its contact sheet, and more."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.frames import FrameParams
from benchmark.data.film_copies import FRAMES, fingerprint_of_frames
from benchmark.video.contact_sheet import contact_sheet
from benchmark.video.film import see_film
from benchmark.video.frames import frames_code, keep_frames
from benchmark.video.measures import keep_measures, key_frames, measures_of, watch_motion
from spectrograms import version
from spectrograms.audio import clip_of
from spectrograms.errors import AudioError, FilmError
from spectrograms.files import replacing, write_array
from spectrograms.image import save_png
from spectrograms.names import printable
from spectrograms.params import SAMPLE_RATE, ClipParams, content_hash


class Asked(NamedTuple):
    """What is to be made of a film in one pass."""

    sets: tuple[tuple[FrameParams, Path, Path | None], ...]  # frames, their record, where they are kept for a run
    clip: ClipParams | None = None  # of its sound
    heard: Path | None = None  # the record of its sound
    besides: tuple[Callable, ...] = ()  # each called with the Sound and the film's digest
    measures: tuple[tuple[FrameParams, Path], ...] = ()  # and the folder in which they are kept
    fingerprint: Path | None = None  # the folder


def record_path(sha256, cache, params):
    """Return where the record of a film's frames lies; its contact sheet is beside it, as .png.

    The address is all that they depend on: the bytes, the settings and the code."""
    return _path(
        sha256, cache, content_hash(params, frames_code(params), version.source("benchmark.video.contact_sheet"))
    )


def sound_path(sha256, cache, clip):
    """Return where the record of a film's sound lies."""
    return _path(sha256, cache, content_hash(clip, SAMPLE_RATE, version.decoding()))


def _path(sha256, cache, folder):
    return Path(cache) / "films" / folder / sha256[:2] / f"{sha256}.json"


def read_record(path, with_sheet=True):
    """Return a record as a dict, None where it or its contact sheet is missing or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and (path.with_suffix(".png").is_file() or not with_sheet) else None


def look(sha256, path, asked):
    """Make all that is ``asked`` of a film with the digest ``sha256``; return (sha256, {path of a record: record}).

    ``took`` of every record are the seconds of this one pass for all that was asked.
    Returns (sha256, reason) where the file gives it not. Raises OSError where something cannot be written."""
    began, motions = time.perf_counter(), {params: watch_motion(params) for params, _ in asked.measures}
    wanted = [params for params, *_ in asked.sets] + [key_frames(params) for params in motions]
    wanted += [FRAMES] if asked.fingerprint else []
    try:
        seen = see_film(path, dict.fromkeys(wanted), sha256, asked.clip, watchers=motions.values())
        records = {asked.heard: heard(seen.sound, asked.clip)} if asked.clip else {}
    except (FilmError, AudioError) as error:
        return sha256, str(error)
    except MemoryError:
        return sha256, "needs more memory than there is"
    if asked.clip and not isinstance(seen.sound, AudioError):
        for make in asked.besides:
            make(seen.sound, sha256)
    for params, folder in asked.measures:
        keep_measures(measures_of(seen, motions[params], params), sha256, folder)
    if asked.fingerprint:
        bits = fingerprint_of_frames(seen.frames[FRAMES])
        write_array(bits, asked.fingerprint / f"{sha256}.npy", scratch=asked.fingerprint.parent)
    for params, record, kept in asked.sets:
        records[record] = _keep_set(seen, params, sha256, record, kept)
    took = round(time.perf_counter() - began, 4)
    records = {record: told | {"took": took} for record, told in records.items()}
    for record, told in records.items():
        with replacing(record, scratch=record.parents[2]) as temporary:
            temporary.write_text(json.dumps(told), encoding="utf-8")
    return sha256, records


def decode_seconds(study, network, digests):
    """Return the mean seconds of the pass over a film by which what a model reads of it was made; None where unknown.

    Of a film that took several passes the longest counts: one would have done for all. ``study`` is that of the model,
    ``digests`` are those of the films."""
    places = []
    for part in network.parts:
        own, read = study if part is network else study.for_features(part), DATASET_KINDS["video"].sections(part.reads)
        places += [partial(record_path, cache=study.cache, params=own.frames)] if "frames" in read else []
        places += [partial(sound_path, cache=study.cache, clip=own.clip)] if "clip" in read else []
    found = []
    for digest in dict.fromkeys(digests):
        records = [read_record(place(digest), with_sheet=False) or {} for place in places]
        found += [max(took)] if (took := [record["took"] for record in records if "took" in record]) else []
    return fmean(found) if found else None


def _keep_set(seen, params, sha256, record, kept):
    """Write the contact sheet of a set of frames, keep these where asked for; return the record."""
    frames, key = seen.frames[params], (params.detector, params.cut_threshold)
    if kept:
        keep_frames(frames, sha256, kept)
    save_png(contact_sheet(frames), record.with_suffix(".png"), {"source_sha256": sha256}, scratch=record.parents[2])
    return {
        "seconds": round(seen.seconds, 3),
        "times": [round(float(time), 6) for time in frames.times],
        "cuts": [round(float(time), 6) for time in seen.cuts[key]] if params.detector else None,
        "caveat": printable(seen.caveat),
    }


def heard(sound, clip):
    """Return the record of a film's sound; ``error`` where it gives no clip of ``clip`` (ClipParams)."""
    try:
        if isinstance(sound, AudioError):
            raise sound
        found = clip_of(sound, clip, SAMPLE_RATE)
    except AudioError as error:
        return {"seconds": 0.0, "caveat": "", "error": str(error)}
    return {"seconds": round(found.seconds, 3), "caveat": printable(found.caveat), "error": ""}
