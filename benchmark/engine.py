"""All trials of a study: what is done is kept, what fails is recorded, the rest goes on."""

import json
import re
import shutil
from itertools import chain
from types import MappingProxyType

from benchmark import workers
from benchmark.analysis.predictions import read_predictions
from benchmark.attempt import failed
from benchmark.config import StudyError
from benchmark.jobs import Job, Trial
from benchmark.status import Board
from benchmark.trial import dependencies


def _ray(jobs, engine, board):
    from benchmark import cluster  # imported late: Ray is an extra

    return cluster.run(jobs, engine, board)


CHECKPOINT = r"\.\d+-\d+\.checkpoint\.npz"
ENGINES = {"inline": workers.inline, "processes": workers.processes, "ray": _ray}


def plan(study, folds):
    """Return the trials, model by model; ``folds`` is {seed: [split of each clip, ...]}."""
    return [
        Trial(net, fold, seed) for net in study.models for seed, parts in folds.items() for fold in range(len(parts))
    ]


def run_all(study, clips, folds, force=False, say=print, wrong=MappingProxyType({})):
    """Run the trials that are not done; return the records of all, in order.

    ``say`` gets one line per trial: reused and why redone, accuracy and seconds, or what failed. ``wrong`` is
    {network: reason} of those whose trials cannot but fail: they are recorded so, and not begun."""
    trials, classes, records, jobs = plan(study, folds), sorted(clips["label"].unique()), {}, []
    sweep(study)
    board = Board(study.folder, trials, say, live=None if say is print else False)
    with board.shown():
        for trial in trials:
            job = Job(study.for_model(trial.network), trial, clips, folds[trial.seed][trial.fold], classes)
            done, why = reusable(job)
            if done and not force:
                records[trial.name] = done
                board.kept(trial, done)
            else:
                if force:
                    trial.checkpoint(job.study).unlink(missing_ok=True)
                jobs.append(job)
                board.due(trial, "asked for again" if done else why)
        hopeful = [job for job in jobs if job.trial.network.name not in wrong]
        refused = ((job, failed(job, reason)) for job in jobs if (reason := wrong.get(job.trial.network.name)))
        for job, record in chain(refused, ENGINES[study.engine.kind](hopeful, study.engine, board)):
            records[job.trial.name] = record
            board.ended(job.trial, record)
    return [records[trial.name] for trial in trials]


def sweep(study):
    """Remove what a run that was cut left behind in the trials' folders; checkpoints stay, to go on from."""
    for path in study.folder.glob("trials/*/.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif not re.fullmatch(CHECKPOINT, path.name):  # also one that was being written
            path.unlink(missing_ok=True)


def reusable(job):
    """Return (record, '') of a finished trial that still stands, or (None, why it has to run)."""
    folder = job.trial.folder(job.study)
    try:
        record = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
        if record["status"] != "done":
            return None, "failed before"
        read_predictions(folder / "predictions.csv")
    except StudyError as error:
        return None, f"again, since {error}"
    except (OSError, ValueError, KeyError, TypeError):
        return None, "not run yet"
    was, now = record.get("depends_on", {}), dependencies(job.study, job.trial, job.rows)
    changed = [name for name in now if was.get(name) != now[name]]
    path = job.trial.network.weights_path
    if changed == ["weights"] and path is not None and not path.exists():  # nothing to compare, nor to run with
        return record, ""
    return (None, f"again, since {', '.join(changed)} changed") if changed else (record, "")
