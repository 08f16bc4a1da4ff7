"""One trial as an engine runs it: what goes wrong in it is recorded in its folder and ends nothing else."""

import contextlib
import gc
import traceback

import keras

from benchmark.config import StudyError
from benchmark.jobs import Surroundings
from benchmark.models.weights import WeightsError
from benchmark.training.fit import TrainingError
from benchmark.trial import run_trial, write_folder
from spectrograms.audio import AudioError
from spectrograms.image import ImageError

EXPECTED = (StudyError, WeightsError, TrainingError, AudioError, ImageError, OSError)
EXHAUSTED = ("ResourceExhausted", "OutOfMemory", "RESOURCE_EXHAUSTED", "out of memory")  # of TensorFlow, torch, JAX


def attempt(job, surroundings=None, run=run_trial):
    """Run a job and return its record, trial.json as a dict; where it fails, record why in its folder."""
    try:
        return run(job, surroundings or Surroundings())
    except (MemoryError, *EXPECTED) as error:
        return failed(job, reason_of(error))
    except Exception as error:  # of any library: the other trials still run, and the traceback is kept
        return failed(job, reason_of(error), traceback.format_exc())
    finally:
        keras.utils.clear_session()
        gc.collect()


def failed(job, reason, details=None):
    """Return the record of a trial that failed and write it into the trial's folder, where that can be written."""
    record = job.trial.record(job.study) | {"status": "failed", "error": reason, "traceback": details}
    with contextlib.suppress(OSError):  # the disk may be what failed: the reason still reaches the table of trials
        write_folder(job.trial.folder(job.study), record, {}, {})
    return record


def reason_of(error):
    """Return an error as one sentence, as trial.json has it."""
    text = " ".join(str(error).split())[:500]
    if isinstance(error, MemoryError) or any(word in f"{type(error).__name__} {text}" for word in EXHAUSTED):
        return f"out of memory; a smaller training.batch_size may help: {text or type(error).__name__}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the package {error.name} is not installed: pip install {error.name.split('.')[0].replace('_', '-')}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'writing results'}: {error.strerror}"
    return text if isinstance(error, EXPECTED) and text else f"{type(error).__name__}: {text[:300]}"
