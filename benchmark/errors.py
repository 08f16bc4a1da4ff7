"""What can be wrong with a study, its data, its weights or a training: each a sentence that its user can act on."""

import difflib

from spectrograms.errors import AudioError, ImageError

EXHAUSTED = ("ResourceExhausted", "OutOfMemory", "RESOURCE_EXHAUSTED", "out of memory")  # of TensorFlow, torch, JAX


class StudyError(ValueError):
    """The study, its data or the command cannot be run as given: one readable message, exit code 2."""


class WeightsError(ValueError):
    """Weights that are missing, broken or of another network: one readable sentence."""


class TrainingError(ArithmeticError):
    """Training went where no result can come from."""


EXPECTED = (StudyError, WeightsError, TrainingError, AudioError, ImageError, OSError)


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


def did_you_mean(word, known):
    """Return '; did you mean ...?' with the nearest of the known words, '' where none is near."""
    near = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""
