"""Trials as Ray tasks: each in a process of its own, run again where its node dies, its progress told to the driver."""

from dataclasses import replace
from functools import partial

from benchmark.engines.cluster.session import Place, claim_cores, connected, whole
from benchmark.engines.workers import train

DEATHS = {  # by Ray's name
    "OutOfMemoryError": "its process was killed for want of memory; a smaller training.batch_size may help",
    "WorkerCrashedError": "its process died, most likely for want of memory or by a crash",
    "NodeDiedError": "its node died",
}
PATIENCE = 1.0  # seconds between two looks at what the trials tell


def run(jobs, engine, board, work=None):
    """Run the jobs on a cluster; yield (job, record) as trials end.

    The jobs share one table of clips, and the nodes see the folders of cache and results. ``work`` is what a node does:
    ``work(make_job, progress)`` returns the record. Raises StudyError without Ray or cluster."""
    if not jobs:
        return
    with connected(engine) as session:
        board.at_once = min(len(jobs), max(1, session.at_once()))
        if not session.at_once():
            board.say(f"no node has {session.cores} cores and {engine.num_gpus or 0:g} GPUs yet; waiting for one …")
        ray, running, trials = session.ray, {}, {job.trial.name: job.trial for job in jobs}
        inbox, task, clips = _inbox(ray), session.trial_task(_trial), ray.put(jobs[0].clips)
        for job in jobs:
            tell, place = partial(_send, inbox, job.trial.name), Place.here(engine.num_gpus)
            sent = place, session.cores, replace(job, clips=None), clips, tell, work or in_place
            running[task.remote(*sent)] = job
        try:
            while running:
                ended, _ = ray.wait(list(running), timeout=PATIENCE)
                _tell(ray.get(inbox.take.remote()), trials, board)
                for ref in ended:
                    job = running.pop(ref)
                    del trials[job.trial.name]
                    yield job, _outcome(ray, ref, job)
        finally:
            for ref in running:
                ray.cancel(ref, force=True)


class Inbox:
    """What the running trials tell, until the driver takes it: an actor beside the driver, on no node that may die."""

    def __init__(self):
        self.messages = []

    def put(self, *message):
        """Keep (name of the trial, method of the board, its arguments)."""
        self.messages.append(message)

    def take(self):
        """Return the messages since the last call."""
        taken, self.messages = self.messages, []
        return taken


def _inbox(ray):
    beside = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    here = beside(ray.get_runtime_context().get_node_id(), soft=False)
    lasting = {"max_restarts": -1, "max_task_retries": -1}  # should it die, only messages are lost
    return ray.remote(Inbox).options(num_cpus=0, scheduling_strategy=here, **lasting).remote()


def _tell(messages, trials, board):
    """Pass messages on to the board; a trial that begins twice has lost its first node."""
    for name, what, *content in messages:
        trial = trials.get(name)
        if trial is None:  # a late word of a trial that has ended
            continue
        if what == "begun" and board.rows[name].state == "running":
            board.due(trial, "again, since its node or process died")
        getattr(board, what)(trial, *content)


def _send(inbox, name, what, *content):
    inbox.put.remote(name, what, *content)


def _trial(place, cores, parts, clips, tell, work):
    """Run a job on a node. Nothing here waits for the cluster: Ray lends the cores of a task that waits to another."""
    place.enter()
    tell("begun")
    claim_cores(cores)
    return work(partial(whole, parts, clips), partial(tell, "progress"))


def in_place(make_job, progress):
    """Run a job that writes its folder itself, where the driver sees it; return its record."""
    return train(make_job(), progress)


def _outcome(ray, ref, job):
    """Return the record of a trial that ended, however it did."""
    from benchmark.trials.failures import failed

    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        return failed(job, " ".join(str(error.cause).split()), str(error))
    except ray.exceptions.RayError as error:
        return failed(job, DEATHS.get(type(error).__name__, f"{type(error).__name__}: {str(error)[:300]}"))
