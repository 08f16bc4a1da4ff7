"""Networks over waveforms: from TensorFlow Hub, or built by a module."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.features.extractor import Extractor
from benchmark.features.hub import HubNetwork
from benchmark.models.sound_network import load_sound_network
from benchmark.models.weights import load as weights
from spectrograms.waveforms import are_kept, load_waveform, waveform_folder


class WaveformExtractor(Extractor):
    """A frozen network over sound: one embedding per window of a waveform, so n_steps is that of the windows."""

    library = "tensorflow"
    makers = ("benchmark.features.hub",)

    def __init__(self, network, settings, seed=0, load=True):
        super().__init__(network, settings)
        keras.utils.set_random_seed(seed)
        if network.is_saved_model and network.weights != "random":
            handle = network.weights_path or network.backbone.partition(":")[2]
            self.hears = HubNetwork(handle, network.output, self._check)
            digest, of = weights.file_digest(self.hears.folder), "files"
        else:
            self.hears = load_sound_network(network)
            self.graph = self.hears.core  # a SavedModel's files hold its graph
            digest, of = weights.value_digest(self.graph), "values"
        self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": of}
        self.parameters = self.hears.parameters
        self.dim = self.hears(np.zeros(network.sample_rate, "float32")).shape[1]

    def _check(self, folder):
        """Raise :class:`StudyError` unless a module's files are those that the study means."""
        wanted = self.network.weights_sha256
        if wanted is not None and (got := weights.file_digest(folder)) != wanted:
            raise StudyError(f"{folder} is not what weights_sha256 names: expected {wanted}, got {got}")

    def _compute(self, rows, n_clips, batch_size):
        """Return the embeddings (n_windows, dim) of each clip."""
        clip, rate, load, files = self.settings.clip, self.network.sample_rate, self.read, [rows["path"]]
        if are_kept(n_clips, clip, rate):
            folder = waveform_folder(self.settings.cache, clip, rate)
            load = partial(load_waveform, folder=folder, clip=clip, sample_rate=rate)
            files.append(rows["sha256"])
        with ThreadPoolExecutor(2) as pool:  # decoding releases the interpreter while the network runs
            waveforms = pool.map(partial(self._if_there, load), *files)
            return [self._absent if waveform is None else self.hears(waveform) for waveform in waveforms]

    def read(self, path):
        """Return the waveform (n_samples,) float32 of one file's clip at the network's sample rate."""
        return self.decoded.waveform(path, self.settings.clip, self.network.sample_rate)

    def embed(self, inputs):
        """Return the embeddings (n_patches, dim) of each of a list of waveforms, one by one."""
        return [self.hears(waveform) for waveform in inputs]
