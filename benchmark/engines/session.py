"""A run from a study to the records of its trials: what the command line and a notebook have in common."""

from contextlib import contextmanager, nullcontext
from functools import partial

from benchmark.data import preparation as prepare
from benchmark.engines import cluster
from benchmark.models import backend
from benchmark.store.lock import held
from benchmark.store.origin import origin
from benchmark.trials.provenance import suite


def connected(engine):
    """Return a context in which a cluster, where the study names one, stays connected from pictures to trials."""
    return cluster.connected(engine) if engine.kind == "ray" else nullcontext()


def spread(engine):
    """Return how small tasks are spread over a cluster, or None for the cores of this machine."""
    return partial(cluster.spread, engine) if engine.kind == "ray" else None


@contextmanager
def session(study, force=False, say=print):
    """Run the trials of a study; yield their records while the study's folder is held, for a report to be written.

    ``force`` runs finished trials again; ``say`` gets each line of progress. Raises :class:`StudyError`, before any
    result is written, where the study, its data or all of its networks are wrong, where its folder is in use, or where
    it holds finished trials of another study."""
    prepare.check_writable(study.folder)
    prepare.check_packages(study)
    found = prepare.find(study, say)  # wrong data are told before seconds are spent on loading networks
    with held(study.folder):
        suite()  # the commit of the code that is loaded now, whatever is edited meanwhile
        if study.engine.kind == "inline" and study.engine.num_cpus:
            backend.keep_to(backend.cores()[: study.engine.num_cpus])
        if study.engine.kind != "inline":
            backend.hide_gpus()
        backend.import_keras()
        from benchmark.engines import schedule as engine  # imported late: what these import loads Keras
        from benchmark.trials import checks

        wrong = checks.judge(study, say)
        with connected(study.engine):
            ready = prepare.prepare(study, say, found, spread(study.engine), trains=True)
            prepare.gate(study, ready, say)
            if not force:
                engine.check_replaces(study, ready.clips, ready.folds, origin(study), wrong)
            prepare.write_study(study, ready)
            records = engine.run_all(study, ready.clips, ready.folds, force, say, origin(study), wrong)
        yield records
