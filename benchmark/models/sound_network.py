"""Networks over sound: a waveform in, cut into windows, one embedding for each window out."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.models.catalogue import find_function
from benchmark.models.weights import load as weights

BATCH, FEW = 16, 4  # windows at once, and of what is left: no other shape, so that nothing is compiled anew


@dataclass(frozen=True)
class SoundNetwork:
    """A network over windows of sound: ``network(waveform)`` returns its embeddings (n_windows, dim) float32.

    The larger its windows, the smaller ``batch`` should be: a short clip pays for all of it, in time and in memory."""

    core: keras.Model  # (n_windows, *shape) to (n_windows, dim)
    windows: Callable  # waveform (n_samples,) float32 to (n_windows, *shape) float32, at least one
    sample_rate: int  # Hz, of the waveform
    batch: int = BATCH  # windows at once

    def __call__(self, waveform):
        """Return the embeddings (n_windows, dim) float32 of a waveform (n_samples,) float32."""
        windows, found = self.windows(waveform), []
        while len(windows):
            size = self.batch if len(windows) >= self.batch else min(FEW, self.batch)
            batch = np.zeros((size, *windows.shape[1:]), "float32")
            part, windows = windows[:size], windows[size:]
            batch[: len(part)] = part
            found.append(np.asarray(self.core.predict_on_batch(batch), "float32")[: len(part)])
        return np.concatenate(found)

    @property
    def parameters(self):
        """Number of parameters."""
        return self.core.count_params()


def find_sound_builder(network):
    """Return the function that builds the :class:`SoundNetwork` of a network's settings; raise StudyError without."""
    if network.built_by is None:
        raise StudyError(f"{network.name} names no builder for weights: random")
    return find_function(network.built_by, "random" if network.is_saved_model else "backbone")


def build_sound_network(network):
    """Return the :class:`SoundNetwork` of a network's settings (NetworkParams), with random weights.

    Its builder is called with weights=None and the ``options``. Raises :class:`StudyError` where there is none, where
    it returns something else, or a network of another ``sample_rate``."""
    builder = find_sound_builder(network)
    try:
        built = builder(weights=None, **network.options)
    except TypeError as error:  # above all of options that it does not take
        raise StudyError(f"{network.built_by} cannot be called with {network.options}: {error}") from error
    if not isinstance(built, SoundNetwork):
        raise StudyError(
            f"{network.built_by} must return a SoundNetwork (benchmark.models.sound_network), for it reads waveforms; "
            f"got {type(built).__name__}"
        )
    if built.sample_rate != network.sample_rate:
        raise StudyError(
            f"{network.built_by} reads sound at {built.sample_rate} Hz, and {network.name} asks for sample_rate: "
            f"{network.sample_rate}; give 'sample_rate: {built.sample_rate}'"
        )
    return built


def load_sound_network(network):
    """Return what :func:`build_sound_network` does, with the weights that the settings ask for.

    Raises WeightsError for weights that are missing, do not fit, or are not those of ``weights_sha256``."""
    builder, built = find_sound_builder(network), build_sound_network(network)
    path = network.weights_path
    if network.has_named_weights:
        path = weights.named_file(builder, network.weights)
    if path is not None:
        weights.load_file(built.core, path, network.weights_sha256, builder)
    return built
