"""Networks over waveforms: from TensorFlow Hub, or of their sizes with random weights."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.features.extractor import Extractor
from benchmark.features.hub import HubNetwork
from benchmark.models.catalogue import find_function
from benchmark.models.weights import load as weights
from spectrograms.audio import load_clip
from spectrograms.errors import AudioError
from spectrograms.waveforms import SAMPLE_RATE, are_kept, load_waveform, waveform_folder


def random_builder(network):
    """Return what builds an audio network with random weights; raise :class:`StudyError` where none is named."""
    if network.random is None:
        raise StudyError(f"{network.name} names no builder for weights: random")
    return find_function(network.random, "random")


class WaveformExtractor(Extractor):
    """A frozen audio network: one embedding per patch of a waveform, so n_steps is that of the patches."""

    library = "tensorflow"
    makers = ("benchmark.features.hub",)

    def __init__(self, network, settings, seed=0, load=True):
        super().__init__(network, settings)
        keras.utils.set_random_seed(seed)
        if network.weights == "random":
            self.hears = random_builder(network)()
            self.weights = {"name": "random", "sha256": weights.value_digest(self.hears.core), "sha256_of": "values"}
        else:
            handle = network.weights_path or network.backbone.partition(":")[2]
            self.hears = HubNetwork(handle, network.output, self._check)
            digest = weights.file_digest(self.hears.folder)
            self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "files"}
        self.parameters = self.hears.parameters
        self.graph = getattr(self.hears, "core", None)  # of random weights; a SavedModel's files hold its graph
        self.dim = self.hears(np.zeros(SAMPLE_RATE, "float32")).shape[1]

    def _check(self, folder):
        """Raise :class:`StudyError` unless a module's files are those that the study means."""
        wanted = self.network.weights_sha256
        if wanted is not None and (got := weights.file_digest(folder)) != wanted:
            raise StudyError(f"{folder} is not what weights_sha256 names: expected {wanted}, got {got}")

    def _compute(self, rows, n_clips, batch_size):
        """Return the embeddings (n_patches, dim) of each clip."""
        clip, load, files = self.settings.clip, self.read, [rows["path"]]
        if are_kept(n_clips, clip):
            load = partial(load_waveform, folder=waveform_folder(self.settings.cache, clip), clip=clip)
            files.append(rows["sha256"])
        with ThreadPoolExecutor(2) as pool:  # decoding releases the interpreter while the network runs
            waveforms = pool.map(partial(self._or_none, load), *files)
            return [self._absent if waveform is None else self.hears(waveform) for waveform in waveforms]

    def _or_none(self, load, *file):
        """Return a file's waveform; None where it has none, and may lack it."""
        try:
            return load(*file)
        except AudioError:
            if not self.may_lack:
                raise
            return None

    @property
    def _absent(self):
        return np.zeros((0, self.dim), "float32")

    def read(self, path):
        """Return the 16 kHz waveform (n_samples,) float32 of one file's clip."""
        return load_clip(path, self.settings.clip, SAMPLE_RATE)

    def embed(self, inputs):
        """Return the embeddings (n_patches, dim) of each of a list of waveforms, one by one."""
        return [self.hears(waveform) for waveform in inputs]
