"""One trial as an engine runs it: what goes wrong in it is recorded in its folder and ends nothing else."""

import contextlib
import traceback

import keras

from benchmark.store.reasons import EXPECTED, reason_of
from benchmark.trials.run import run_trial, write_folder


def run_guarded(job, progress=None):
    """Run a job and return its record, trial.json as a dict; where it fails, record why in its folder.

    ``progress`` is that of :func:`benchmark.trials.run.run_trial`."""
    try:
        return run_trial(job, progress)
    except Exception as error:  # of any library: the other trials still run, and the traceback is kept
        details = None if isinstance(error, (MemoryError, *EXPECTED)) else traceback.format_exc()
        return failed(job, reason_of(error), details)
    finally:
        keras.utils.clear_session()  # and collects garbage


def failed(job, reason, details=None):
    """Return the record of a trial that failed and write it into the trial's folder, where that can be written."""
    record = job.trial.record(job.study) | {"status": "failed", "error": reason, "traceback": details}
    with contextlib.suppress(OSError):  # the disk may be what failed: the reason still reaches the table of trials
        write_folder(job.trial.folder(job.study), record, {}, {})
    return record
