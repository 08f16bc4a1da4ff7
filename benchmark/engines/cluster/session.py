"""A Ray session: the nodes that it has, what a trial gets of them, and what a task takes along from here."""

import contextlib
import os
import socket
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from filelock import FileLock, Timeout

from benchmark.config.study import EngineParams
from benchmark.errors import StudyError
from benchmark.models import backend

CLAIMED = []  # locks of this process, which would be given up with the objects
SENT = ("KERAS_", "TF_", "XLA_", "JAX_")  # environment variables by which a backend computes as it does here


@dataclass(frozen=True)
class Session:
    """A connection to a cluster, and the cores that one trial gets on it."""

    ray: ModuleType
    engine: EngineParams
    cores: int

    def trial_task(self, function):
        """Return a function as a Ray task with a trial's cores and GPUs, each call in a process of its own."""
        return self.ray.remote(max_calls=1)(function).options(
            num_cpus=self.cores,
            num_gpus=self.engine.num_gpus or 0,
            max_retries=self.engine.retries,
            retry_exceptions=False,  # what can go wrong in Python is recorded; only a death is worth another try
        )

    def at_once(self):
        """Return how many trials the nodes can run at the same time, now."""
        gpus, has = self.engine.num_gpus, [node["Resources"] for node in nodes(self.ray)]
        return int(sum(min(n["CPU"] // self.cores, n.get("GPU", 0) // gpus if gpus else float("inf")) for n in has))


@dataclass(frozen=True)
class Place:
    """What makes a task compute as this process would: its current folder and the backend's settings."""

    folder: str
    environment: dict

    @classmethod
    def here(cls, num_gpus=None):
        """Return that of this process; without ``num_gpus`` tasks keep off the GPUs of their node."""
        sent = {name: value for name, value in os.environ.items() if name.startswith(SENT)}
        return cls(os.getcwd(), sent if num_gpus else sent | {"CUDA_VISIBLE_DEVICES": ""})

    def enter(self):
        """Take a worker process there; raise :class:`StudyError` where its node has no such folder."""
        os.environ.update(self.environment)
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise StudyError(
                f"node {socket.gethostname()}: {self.folder}: {error.strerror}; "
                "every node needs the project at the same path"
            ) from None


def whole(job, clips):
    """Return a job that was sent without its clips, which all jobs share, with them; Keras is imported."""
    backend.import_keras()
    return replace(job, clips=clips)


@contextlib.contextmanager
def connected(engine):
    """Connect to the cluster that the study names, or start a local one; yield a :class:`Session`.

    What was connected before stays so; only what is begun here is ended here. Raises :class:`StudyError` where Ray or
    the cluster is missing, or a local cluster is too small for a trial."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would send a report on its use
    os.environ.setdefault("RAY_task_oom_retries", str(engine.retries))  # its default tries for ever
    try:
        import ray
    except ImportError:
        raise StudyError(
            "engine: ray needs the package ray: pip install ray; or choose engine: inline or processes"
        ) from None
    is_ours = not ray.is_initialized()
    if is_ours:
        _start(ray, engine)
    try:
        session = Session(ray, engine, cores_of_a_trial(engine, nodes(ray)))
        if engine.address is None and is_ours and not session.at_once():
            raise StudyError(
                f"engine: no place here for a trial with {session.cores} cores and {engine.num_gpus or 0:g} GPUs; "
                f"this machine has {len(backend.cores())} and {len(backend.gpu_ids())}"
            )
        yield session
    finally:
        if is_ours:
            ray.shutdown()


def _start(ray, engine):
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    if engine.address is None:
        size = {"num_cpus": len(backend.cores()), "num_gpus": len(backend.gpu_ids())}
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        if backend.gpu_ids():  # backend.hide_gpus keeps them from this process alone
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(backend.gpu_ids())
        try:
            ray.init("local", include_dashboard=False, **size, **quiet)
        finally:
            if hidden is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = hidden
        return
    try:
        ray.init(engine.address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise StudyError(
            f"engine.address: no Ray cluster at '{engine.address}': {reason}; start one with 'ray start --head', "
            "or leave the address out for a local one"
        ) from None


def nodes(ray):
    """Return the nodes that live and have a core for tasks."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]


def cores_of_a_trial(engine, nodes):
    """Return what the study says, or else the least that a node can give: all its cores, or an equal share per GPU."""
    if engine.num_cpus:
        return engine.num_cpus
    fit = [node["Resources"] for node in nodes if node["Resources"].get("GPU", 0) >= (engine.num_gpus or 0)]
    shares = [has["CPU"] // (has["GPU"] // engine.num_gpus if engine.num_gpus else 1) for has in fit]
    return max(1, int(min(shares, default=1)))


def claim_cores(n):
    """Restrict this process, until it ends, to ``n`` cores that no other task of this machine has claimed.

    Ray counts cores but assigns none; each share has a lock that the system gives up with the process."""
    cores, user = backend.cores(), os.getuid() if hasattr(os, "getuid") else ""  # Windows has a folder for each user
    for start in range(0, len(cores) - n + 1, n):
        share = FileLock(Path(tempfile.gettempdir(), f"benchmark-{user}-cores-{n}-{start}"))
        with contextlib.suppress(Timeout):
            share.acquire(blocking=False)
            CLAIMED.append(share)
            backend.keep_to(cores[start : start + n])
            return
