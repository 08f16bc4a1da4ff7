"""Clips that are films: each is decoded once for all frames, sound and measures that the study's models read."""

import os
import sys

import pandas as pd
from joblib import effective_n_jobs
from rich.progress import track

from benchmark.data.film_copies import COPIES
from benchmark.data.film_records import Asked, look, read_record, record_path, sound_path
from benchmark.data.leakage import fingerprint_place
from benchmark.video.frames import frame_folder, frames_code
from benchmark.video.measures import measure_folder, measures_code
from spectrograms import processes, version
from spectrograms.files import sweep_cache
from spectrograms.names import printable
from spectrograms.waveforms import keepers

__all__ = ["COPIES", "code", "draw"]

PER_BYTE = 20e-6  # seconds more for each byte of a film: slow decoders take a tenth of that
NEED_SOUND = {"waveform", "spectrogram"}  # of what models may read, what is all sound: a film without is set aside
COLUMNS = ["image", "seconds", "n_frames", "caveat", "reason"]


def _pictures_code(study):
    """Return what stands for the code by which a film becomes pictures of one size."""
    return [frames_code(study.frames), version.reading()]


CODES = {  # by what a model reads: the code by which a film becomes that
    "frames": _pictures_code,
    "pixels": _pictures_code,
    "screen_text": lambda study: frames_code(study.frames),  # recognisers read frames as they are
    "waveform": lambda study: version.decoding(),
    "speech": lambda study: version.decoding(),
    "spectrogram": lambda study: version.decoding(),
    "low_level": lambda study: [measures_code(study.frames), version.decoding()],
}


def code(study, reads):
    """Return what stands for the code by which a film becomes what a model reads; ``study`` is that of the model."""
    return CODES[reads](study)


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with a contact sheet of their frames in the column ``image``, rejected).

    Further columns are ``seconds`` (of the film), ``n_frames`` (those that the first model of frames reads) and
    ``caveat``. A film is decoded where the cache lacks what models need of it, once for all of them, in a process that
    it may take down or stall; where trials follow (``trains``) frames and waveforms are kept for them. ``spread`` is
    that of :func:`spectrograms.render.render`."""
    paths = dict(zip(clips["sha256"], clips["path"], strict=True))  # the same bytes are decoded once
    needs = Needs(study, len(paths), trains)
    known = {digest: needs.known(digest) for digest in paths}
    asked = {digest: needs.asked(digest, known[digest]) for digest in paths}
    tasks = [(digest, paths[digest], asked[digest]) for digest in paths if asked[digest]]
    results = (spread or _spread_here)(look, tasks)
    for digest, made in track(results, "films", len(tasks), disable=not (tasks and sys.stdout.isatty())):
        known[digest] = made if isinstance(made, str) else known[digest] | made
    sweep_cache(study.cache)  # again: processes of a killed run may have gone on for a moment
    rows = [needs.found(digest, known[digest]) for digest in clips["sha256"]]
    found = pd.DataFrame(rows, columns=COLUMNS, index=clips.index)
    good = found["reason"] == ""
    kept = clips[good].join(found[good].drop(columns="reason").astype({"n_frames": int}))
    bad = pd.DataFrame({"path": clips["path"].map(printable), "reason": found["reason"]})[~good]
    rejected = pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} films: {len(tasks)} decoded, the others from {study.cache}; {len(rejected)} set aside")
    return kept, rejected


class Needs:
    """What the models of a study need of each film, and what of it the cache has."""

    def __init__(self, study, n_films, trains):
        own = {reads: [] for reads in CODES}
        for model, part in study.read:
            own.setdefault(part.reads, []).append(study.for_part(model, part).frames)
        self.cache, self.clip = study.cache, study.clip
        shown = own["frames"] + own["pixels"] + own["screen_text"]
        self.sets = tuple(dict.fromkeys(shown)) or (study.frames,)
        # Who fuses several may lack it, unless all of them are sound.
        self.needs_sound = any(all(part.reads in NEED_SOUND for part in model.parts) for model in study.models)
        self.reads_sound = any(own[reads] for reads in (*NEED_SOUND, "speech"))
        rates = study.waveform_rates
        self.hears = self.reads_sound or bool(rates)
        self.measures = [(params, measure_folder(study.cache, params)) for params in dict.fromkeys(own["low_level"])]
        self.fingerprint = None if study.leakage == "off" else fingerprint_place(COPIES, study.clip, study.cache)[1]
        self.keeps_frames = trains and bool(shown)
        self.besides = keepers(study.cache, study.clip, rates, n_films) if trains else ()

    def known(self, digest):
        """Return {path: record or None} of a film: of each set of frames, and of its sound where it is heard."""
        frames = {path: read_record(path) for path in (record_path(digest, self.cache, each) for each in self.sets)}
        heard = sound_path(digest, self.cache, self.clip)
        return frames | ({heard: read_record(heard, with_sheet=False)} if self.hears else {})

    def asked(self, digest, known):
        """Return what a pass over a film has to make (:class:`Asked`), None where all is there."""
        measures = [(params, folder) for params, folder in self.measures if not (folder / f"{digest}.npy").is_file()]
        lacks_print = self.fingerprint and not (self.fingerprint / f"{digest}.npy").is_file()
        if not (measures or lacks_print or None in known.values()):
            return None
        folders = [frame_folder(self.cache, each) if self.keeps_frames else None for each in self.sets]
        places = [record_path(digest, self.cache, each) for each in self.sets]
        return Asked(
            sets=tuple(zip(self.sets, places, folders, strict=True)),
            clip=self.clip if self.hears else None,
            heard=sound_path(digest, self.cache, self.clip),
            besides=self.besides,
            measures=tuple(measures),
            fingerprint=self.fingerprint if lacks_print else None,
        )

    def found(self, digest, known):
        """Return the columns of a film, and ``reason``: why it is set aside, '' if it is not."""
        if isinstance(known, str):
            return {"reason": printable(known)}
        record = known[place := record_path(digest, self.cache, self.sets[0])]
        sound = known.get(sound_path(digest, self.cache, self.clip)) or {"caveat": "", "error": ""}
        if self.needs_sound and sound["error"]:
            return {"reason": f"{printable(sound['error'])}; a model of the study reads sound"}
        heard = sound["caveat"] or (f"no sound: {printable(sound['error'])}" if sound["error"] else "")
        caveats = [record["caveat"], heard if self.reads_sound else ""]
        return {
            "image": str(place.with_suffix(".png")),
            "seconds": record["seconds"],
            "n_frames": len(record["times"]),
            "caveat": "; ".join(dict.fromkeys(filter(None, caveats))),
            "reason": "",
        }


def _spread_here(function, tasks):
    """Return what each task gives, as it is done, in any order: each in a process that it may take with it."""
    if not tasks:
        return []
    n_processes = min(effective_n_jobs(-1), len(tasks))
    return processes.in_processes(function, tasks, n_processes, lambda task, reason: (task[0], reason), time_limit)


def time_limit(task):
    """Return how many seconds a task, (digest, path, ...), may take: the longer the film, the more."""
    try:
        return processes.TIME_LIMIT + PER_BYTE * os.path.getsize(task[1])
    except OSError:
        return processes.TIME_LIMIT
