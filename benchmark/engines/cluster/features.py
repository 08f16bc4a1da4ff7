"""Features before the trials, in blocks of clips on all nodes, into the cache that the nodes share."""

from contextlib import suppress
from dataclasses import replace

from benchmark.engines.cluster.session import Place, claim_cores, connected, whole
from benchmark.engines.features import compute, shared, tell

SIZE = 1024  # clips of a task: most of a minute even for a small network, against the seconds in which a process starts


def embed(jobs, engine, board):
    """Compute the features that trials share, unless one trial would do it as well alone."""
    with connected(engine) as session:
        ray, clips = session.ray, jobs[0].clips.drop_duplicates("sha256")
        table, task = ray.put(clips), session.trial_task(_features)
        starts = range(0, len(clips), SIZE)
        groups = {key: group for key, group in shared(jobs).items() if len(group) > 1 or len(starts) > 1}
        running = {}
        for key, group in groups.items():
            sent = Place.here(session.engine.num_gpus), session.cores, replace(group[0], clips=None), table
            running |= {task.remote(*sent, start): key for start in starts}
        done = dict.fromkeys(groups, 0)
        while running:
            for ref in ray.wait(list(running))[0]:
                key = running.pop(ref)
                with suppress(ray.exceptions.RayError):  # the trials say why
                    ray.get(ref)
                    done[key] += 1
                tell(board, groups[key], key, done[key], len(starts))


def _features(place, cores, parts, clips, start):
    """Compute a block of features on a node."""
    place.enter()
    claim_cores(cores)
    compute(whole(parts, clips), clips.iloc[start : start + SIZE])
