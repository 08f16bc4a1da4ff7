"""Features that were computed elsewhere in the place of a network: read where they lie, clip by clip."""

import hashlib

import numpy as np

from benchmark.data.feature_files import read_features, shape_of
from benchmark.errors import FeatureError, LacksFeatures, StudyError
from benchmark.features.cache import Features
from benchmark.features.extractor import Extractor
from benchmark.store.csv_file import read_text
from benchmark.store.layout import CLIPS


class GivenFeatures(Features):
    """The features (n_steps, dim) of clips where they lie; ``files`` are the clips' addresses."""

    def __init__(self, paths, key, absent=None):
        """``absent`` (0, dim) are the features of a clip that has none; unless given, that is a :class:`StudyError`."""
        paths = list(map(str, paths))
        self.key, self.absent = key, absent
        super().__init__(paths, [self._given(shape_of, path, np.shape(absent)) for path in paths])

    def _mapped(self, file):
        return self._given(read_features, file, self.absent)

    def _given(self, read, path, absent):
        """Return what ``read`` does of a clip, ``absent`` where it has no such features and may lack them."""
        try:
            return read(path, self.key)
        except LacksFeatures as error:
            if self.absent is not None:
                return absent
            raise StudyError(str(error)) from None
        except FeatureError as error:
            raise StudyError(str(error)) from None


class GivenExtractor(Extractor):
    """What other extractors compute, given: no network, no parameters, and no cache, for nothing is computed.

    ``network.key`` names the array in the clips' files. Each step has ``network.input_size`` numbers or, unless that is
    given, as many as in the first clip of the study's clips.csv."""

    is_computed = False

    def __init__(self, network, settings, seed=0, load=True):
        self.dim = network.input_size or _dim(settings.folder / CLIPS, network.key)
        # As trial.json keeps it: where the trial is taken, the study's clips may not be.
        super().__init__(network.model_copy(update={"input_size": self.dim}), settings)
        named = hashlib.sha256(repr(network.key).encode()).hexdigest()
        self.weights = {"name": "given", "sha256": named, "sha256_of": "key"}

    def features(self, clips, batch_size):
        """Return the :class:`GivenFeatures` of the clips, which are read when they are asked for."""
        absent = np.zeros((0, self.dim), "float32") if self.may_lack else None
        return GivenFeatures(clips["path"], self.network.key, absent)

    def read(self, path):
        """Return the features (n_steps, dim) float32 of one file; raise :class:`FeatureError` without such."""
        features = read_features(str(path), self.network.key)
        if features.shape[1] != self.dim:
            raise FeatureError(path, f"has {features.shape[1]} numbers a step; the model reads {self.dim}")
        return features


def _dim(clips, key):
    """Return the numbers of a step of the first clip in clips.csv that has such features."""
    problem = "it has no clips"
    for path in read_text(clips, ("path",))["path"]:
        try:
            return shape_of(path, key)[1]
        except LacksFeatures as error:
            problem = error
        except FeatureError as error:
            problem = error
            break
    raise StudyError(f"{clips} does not tell how many numbers a step of the features has: {problem}")
