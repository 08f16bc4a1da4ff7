"""Any error as the one sentence that a trial records."""

from benchmark.errors import StudyError, TrainingError, WeightsError
from spectrograms.errors import AudioError, ImageError

EXHAUSTED = ("ResourceExhausted", "OutOfMemory", "RESOURCE_EXHAUSTED", "out of memory")  # of TensorFlow, torch, JAX
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
