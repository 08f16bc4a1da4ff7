"""Frozen features before the trials: computed in blocks of clips on all nodes, into the cache that the nodes share."""

import os
from collections import defaultdict
from dataclasses import replace

from benchmark.engines.cluster.session import Place, claim_cores, whole
from benchmark.models.identity import builder_source
from spectrograms import version
from spectrograms.files import write_text
from spectrograms.params import fingerprint

SIZE = 1024  # clips of a task: most of a minute even for a small network, against the seconds in which a process starts


def embed(session, jobs, board):
    """Compute the features of every network that is used frozen, unless one trial would do it as well alone.

    What fails here fails again in the trials, which say why."""
    ray, clips = session.ray, jobs[0].clips.drop_duplicates("sha256")
    table, task = ray.put(clips), session.trial_task(_features)
    starts = range(0, len(clips), SIZE)
    groups = {key: group for key, group in _shared(jobs, clips).items() if len(group) > 1 or len(starts) > 1}
    running = {}
    for key, group in groups.items():
        sent = Place.here(session.engine.num_gpus), session.cores, replace(group[0], clips=None), table
        running |= {task.remote(*sent, start): key for start in starts}
    done = dict.fromkeys(groups, 0)
    while running:
        for ref in ray.wait(list(running))[0]:
            key = running.pop(ref)
            done[key] += _succeeded(ray, ref)
            _tell(board, groups[key], done[key], len(starts))
            if done[key] == len(starts):
                write_text(_mark(groups[key][0], key), "")


def _shared(jobs, clips):
    """Return {key: the jobs that use the same features} of those not known to be complete."""
    groups, digests = defaultdict(list), sorted(clips["sha256"])
    for job in jobs:
        if job.trial.network.reads == "waveform" or job.study.training.regime == "frozen":
            key = _key(job, digests)
            if not _mark(job, key).exists():
                groups[key].append(job)
    return groups


def _key(job, digests):
    """Return what tells features apart without building the network; the trials' own key holds more."""
    study, network = job.study, job.trial.network
    sections = study.clip, study.mel, study.image, study.dataset.kind, study.training.mixed_precision
    seed = job.trial.seed if network.weights == "random" else None
    code = builder_source(network), version.decoding(), version.pictures(study.image)
    return fingerprint(network, seed, digests, *sections, *code, os.environ.get("KERAS_BACKEND", ""))


def _mark(job, key):
    """Return the file that says that features are complete. If it lies, the trials compute what is missing."""
    return job.study.cache / "features" / "complete" / key


def _features(place, cores, parts, clips, start):
    """Compute a block of features on a node; the cache keeps them."""
    place.enter()
    claim_cores(cores)
    job = whole(parts, clips)
    from benchmark.features.extractors import EXTRACTORS
    from benchmark.training.loop import precision

    network, training = job.trial.network, job.study.training
    with precision(training.mixed_precision):
        extractor = EXTRACTORS[network.reads](network, job.study, job.trial.seed)
        extractor.features(clips.iloc[start : start + SIZE], training.batch_size)


def _succeeded(ray, ref):
    try:
        ray.get(ref)
    except ray.exceptions.RayError:
        return False
    return True


def _tell(board, jobs, done, total):
    for job in jobs:
        board.progress(job.trial, "features", done, total)
    if done == total:
        board.say(f"{jobs[0].trial.network.label}: features of all clips are in {jobs[0].study.cache}")
