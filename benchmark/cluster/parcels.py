"""Trials on nodes that share no folder with the driver: the files of clips are sent there, results come back."""

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import files
from benchmark.jobs import Surroundings

SIZE = 64  # files of a parcel
STATED = ("cache", "results")  # folders of the study that mean others on a node


@dataclass(frozen=True)
class Parcel:
    """Some files in the cluster's memory."""

    names: dict[str, str]  # path on the driver: name on a node, which tells by its digest what is in it
    contents: object  # Ray's reference of their bytes, in the same order


class Depot:
    """The files that trials need, each put into the cluster's memory once. ``put`` is ray.put."""

    def __init__(self, put):
        self.put, self.parcel_of = put, {}

    def parcels(self, paths):
        """Return the parcels that hold the files at ``paths``; raise OSError where one cannot be read."""
        paths = list(dict.fromkeys(paths))
        new = [path for path in paths if path not in self.parcel_of]
        for start in range(0, len(new), SIZE):
            block = new[start : start + SIZE]
            contents = [Path(path).read_bytes() for path in block]
            names = [
                hashlib.sha256(content).hexdigest() + Path(path).suffix
                for path, content in zip(block, contents, strict=True)
            ]
            parcel = Parcel(dict(zip(block, names, strict=True)), self.put(contents))
            self.parcel_of |= dict.fromkeys(block, parcel)
        return list({id(parcel): parcel for parcel in map(self.parcel_of.get, paths)}.values())


def needed(job):
    """Return the paths that a trial reads: all sound for an audio network; else all pictures, and for the latency from
    a file the first test clip."""
    if job.trial.network.takes == "waveform":
        return list(job.clips["path"])
    return [*job.clips["image"], job.clips["path"][job.split == "test"].iloc[0]]


def unpack(parcels, folder, get):
    """Write the files that ``folder`` lacks; return {path on the driver: path here}. ``get`` is ray.get."""
    places = {}
    for parcel in parcels:
        here = {path: folder / name for path, name in parcel.names.items()}
        if not all(place.exists() for place in here.values()):
            for place, content in zip(here.values(), get(parcel.contents), strict=True):
                with files.replacing(place) as temporary:
                    temporary.write_bytes(content)
        places |= here
    return places


def away(parcels, make_job, progress, _is_alone):
    """Run a job on a node with the files of its parcels; return (record, {name: bytes} of its folder).

    Clips and features stay in a folder for temporary files of the node, for the trials after it. While it waits for
    files Ray may start another task on its cores, so it is never alone."""
    import ray

    job = make_job()
    from benchmark.attempt import attempt

    here = Path(tempfile.gettempdir())
    cache = here / f"benchmark-cache-{Path.home().name}"
    files.sweep_cache(cache)
    places = unpack(parcels, cache / "clips", ray.get)
    moved = {name: [str(places.get(path, path)) for path in job.clips[name]] for name in ("path", "image")}
    with files.draft(here / "results") as scratch:
        study = job.study.model_copy(update={"cache": cache, "results": scratch})
        there = replace(job, study=study, clips=job.clips.assign(**moved))
        record = attempt(there, Surroundings(progress, is_alone=False))
        return record, {file.name: file.read_bytes() for file in job.trial.folder(study).iterdir()}


def receive(job, record, contents):
    """Write a trial's folder that came from a node, whole or not at all; return its record as it would be here."""
    if "settings" in record:
        record["settings"] |= {name: str(getattr(job.study, name)) for name in STATED}
    with files.replacing_folder(job.trial.folder(job.study)) as temporary:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        (temporary / "trial.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record
