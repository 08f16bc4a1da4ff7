"""Frozen audio networks from TensorFlow Hub: the only file that knows TensorFlow."""

import math
from importlib.util import find_spec
from pathlib import Path

from benchmark.errors import StudyError
from benchmark.models.sources import ELSEWHERE


def check_packages(handle):
    """Raise :class:`StudyError` where what reads a SavedModel is not installed."""
    lacking = [name for name in ("tensorflow", "tensorflow-hub") if find_spec(name.replace("-", "_")) is None]
    if lacking:
        raise StudyError(
            f"{handle} needs {' and '.join(lacking)}: pip install {' '.join(lacking)}; or set 'weights: random'"
        )


class HubNetwork:
    """A SavedModel that takes a 16 kHz waveform (n_samples,) in [-1, 1] and returns patch embeddings (n_patches, dim).

    ``handle`` is a hub address or a local folder; ``output`` picks the embeddings where the module returns several
    tensors, as YAMNet does. ``check`` is told the module's local folder before anything is loaded, and may raise.
    Raises StudyError where it cannot be loaded."""

    def __init__(self, handle, output=None, check=lambda folder: None):
        check_packages(handle)
        import tensorflow as tf
        import tensorflow_hub as hub

        if not str(handle).startswith(("http://", "https://")) and not Path(handle, "saved_model.pb").is_file():
            raise StudyError(f"{handle} is no SavedModel: expected a folder with saved_model.pb in it")
        try:
            self.folder = hub.resolve(str(handle))
            check(self.folder)  # before a graph is loaded, which is a program
            module = hub.load(self.folder)
        except StudyError:
            raise
        except Exception as error:  # network, archive and proto errors of three libraries
            raise StudyError(f"{handle} could not be loaded ({type(error).__name__}): {ELSEWHERE}") from error
        if not callable(module):
            raise StudyError(f"{handle} is a SavedModel without a call signature; expected model(waveform)")
        self.module, self.output = module, output
        variables = tf.train.list_variables(f"{self.folder}/variables/variables")
        self.parameters = sum(math.prod(shape) for name, shape in variables if "/.ATTR" in name)
        self._call = tf.function(self._embed, input_signature=[tf.TensorSpec([None], tf.float32)])

    def _embed(self, waveform):
        answer = self.module(waveform)
        return answer if self.output is None else answer[self.output]

    def __call__(self, waveform):
        """Return the embeddings (n_patches, dim) float32 of a waveform (n_samples,)."""
        embeddings = self._call(waveform)
        shape = getattr(embeddings, "shape", None)
        if shape is None or len(shape) != 2:
            parts = embeddings if isinstance(embeddings, tuple | list) else [embeddings]
            shapes = ", ".join(str(getattr(part, "shape", type(part).__name__)) for part in parts)
            raise StudyError(f"expected embeddings (n_patches, dim); the module returned {shapes}: see 'output'")
        return embeddings.numpy()
