"""What all extractors have in common: one set of names, and features that are computed once per clip."""

import copy
from functools import partial

import numpy as np

from benchmark.features.cache import cached_features
from benchmark.features.decoded import EachTime
from benchmark.features.dependencies import cache_key
from benchmark.features.seconds import mean_seconds
from spectrograms.errors import AudioError


class Extractor:
    """From the files of clips to their features (n_steps, dim); a row of :mod:`benchmark.features.extractors` each.

    ``network`` (NetworkParams) and ``settings`` (Study) say what is read; ``weights`` is {name, sha256, sha256_of} of
    its network, ``parameters`` their number, ``graph`` its Keras model or None, ``dim`` that of the features. ``read``
    turns one file into the network's input, ``model`` joins the network with a head, and ``model_inputs`` makes one
    batch of that model of a list of inputs. Unless a subclass says otherwise it has no network."""

    library = "librosa"  # that computes the features, where it is no Keras model
    makers = ()  # names of modules of this suite that shape the features, beside those of the class and its bases
    is_computed = True  # whether its features are computed, and kept in the cache
    may_lack = False  # whether a clip may have nothing of what is read: then it has no steps, (0, dim)
    decoded = EachTime()  # where what is read of a file outside a run comes from
    clips_at_once = None  # whose features are computed together; as many as pictures in a batch unless given
    parameters, graph = 0, None

    def __init__(self, network, settings, seed=0, load=True):
        """``seed`` draws random weights; without ``load`` all weights of an image network are random."""
        self.network, self.settings = network, settings
        self.weights = {"name": network.weights_name, "sha256": None, "sha256_of": "nothing"}

    @property
    def folder(self):
        """Where the cache has the features."""
        return self.settings.cache / "features" / cache_key(self)

    def features(self, clips, batch_size):
        """Return the features of each clip, a list of (n_steps, dim) float32, cached per clip."""
        folder, compute = self.folder, partial(self._compute, n_clips=len(clips), batch_size=batch_size)
        prepare = partial(self._prepare, n_clips=len(clips))
        return cached_features(clips, folder, compute, self.clips_at_once or batch_size, folder.parent, prepare)

    def _prepare(self, rows, n_clips):
        """Make what a batch of clips needs before their features, where it is kept and timed by itself."""

    def _if_there(self, read, *file):
        """Return what ``read`` does of a file; None where it has no sound, and may lack it."""
        try:
            return read(*file)
        except AudioError:
            if not self.may_lack:
                raise
            return None

    @property
    def _absent(self):
        """The features of a clip that has nothing of what is read, (0, dim)."""
        return np.zeros((0, self.dim), "float32")

    def seconds(self, clips):
        """Return {name of the features: mean seconds that those of one of some clips took}, None where unknown.

        They are called by their name, by their file in configs/features, or as the model that they are of."""
        named = getattr(self.network, "features", None)
        found = mean_seconds(self.folder, clips["sha256"]) if self.is_computed else None
        return {named or self.network.name: found}

    def embed(self, inputs):
        """Return the features (n_steps, dim) of a list of inputs from :meth:`read`: unless said, as they are."""
        return inputs

    def at(self, clip):
        """Return the extractor as it reads another clip (ClipParams) of a file."""
        other = copy.copy(self)
        other.settings = self.settings.model_copy(update={"clip": clip})
        return other

    def model(self, head):
        """Return the head: what comes before it is no part of a Keras model, and is not saved with it."""
        return head

    def model_inputs(self, inputs, reads):
        """Return a list of what :meth:`read` returns as one batch of :meth:`model`; ``reads`` does so for a head."""
        return reads(self.embed(inputs))
