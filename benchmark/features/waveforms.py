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
            self.embed = random_builder(network)()
            self.weights = {"name": "random", "sha256": weights.value_digest(self.embed.core), "sha256_of": "values"}
        else:
            handle = network.weights_path or network.backbone.partition(":")[2]
            self.embed = HubNetwork(handle, network.output, self._check)
            digest = weights.file_digest(self.embed.folder)
            self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "files"}
        self.parameters = self.embed.parameters
        self.graph = getattr(self.embed, "core", None)  # of random weights; a SavedModel's files hold its graph
        self.dim = self.embed(np.zeros(SAMPLE_RATE, "float32")).shape[1]

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
            return [self.embed(waveform) for waveform in pool.map(load, *files)]

    def read(self, path):
        """Return the 16 kHz waveform (n_samples,) float32 of one file's clip."""
        return load_clip(path, self.settings.clip, SAMPLE_RATE)

    def model_inputs(self, inputs, reads):
        """Return what the head reads (``reads``) of a list of waveforms, which are embedded one by one."""
        return reads([self.embed(waveform) for waveform in inputs])
