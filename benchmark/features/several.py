"""Several features of a clip, each by an extractor of its own: for a model that fuses what is seen, heard and said."""

import numpy as np

from benchmark.errors import FeatureError
from benchmark.features.extractor import Extractor
from benchmark.features.fused import SeveralFeatures
from spectrograms.errors import AudioError, FilmError, ImageError
from spectrograms.params import content_hash

LACKING = (AudioError, FilmError, ImageError, FeatureError)  # of a file that has not what features are made of


class SeveralExtractor(Extractor):
    """The extractors of all features of a model: ``dim`` is {name: dim}, an input {name: input}, None where it lacks.

    Clips that lack one of them, a film without sound, have no steps there."""

    def __init__(self, network, settings, seed=0, load=True):
        from benchmark.features.extractors import EXTRACTORS  # of which this is one

        make = {part.name: (EXTRACTORS[part.reads], part, settings.for_features(part)) for part in network.features}
        self.parts = {name: kind(part, study, seed, load) for name, (kind, part, study) in make.items()}
        for part in self.parts.values():
            part.may_lack = True
        self.network = network.model_copy(update={"features": tuple(part.network for part in self.parts.values())})
        self.settings = settings
        weights = {name: part.weights for name, part in self.parts.items()}
        digest = content_hash({name: each["sha256"] for name, each in weights.items()})
        self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "features", "features": weights}
        self.parameters = sum(part.parameters for part in self.parts.values())
        self.dim = {name: part.dim for name, part in self.parts.items()}

    def features(self, clips, batch_size):
        """Return the :class:`SeveralFeatures` of clips."""
        return SeveralFeatures({name: part.features(clips, batch_size) for name, part in self.parts.items()})

    def seconds(self, clips):
        """Return {name: mean seconds that the features of one of some clips took}, None where unknown."""
        return {name: seconds for part in self.parts.values() for name, seconds in part.seconds(clips).items()}

    def read(self, path):
        """Return {name: input} of one file; raise what the first raises where it lacks all of them."""
        read, errors = {}, []
        for name, part in self.parts.items():
            try:
                read[name] = part.read(path)
            except LACKING as error:
                read[name] = None
                errors.append(error)
        if len(errors) == len(read):
            raise errors[0]
        return read

    def embed(self, inputs):
        """Return {name: (n_steps, dim)} for each of a list of inputs from :meth:`read`."""
        found = [dict.fromkeys(self.parts) for _ in inputs]
        for name, part in self.parts.items():
            given = [number for number, one in enumerate(inputs) if one[name] is not None]
            embedded = part.embed([inputs[number][name] for number in given]) if given else []
            for number, features in zip(given, embedded, strict=True):
                found[number][name] = features
            for one in found:
                one[name] = np.zeros((0, part.dim), "float32") if one[name] is None else one[name]
        return found

    def at(self, clip):
        """Return the extractor as it reads another clip (ClipParams) of a file."""
        other = super().at(clip)
        other.parts = {name: part.at(clip) for name, part in self.parts.items()}
        return other
