"""Several features of a clip, each by an extractor of its own: for a model that fuses what is seen, heard and said."""

from contextlib import nullcontext

import numpy as np

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.errors import FeatureError
from benchmark.features.decoded import OnePass
from benchmark.features.extractor import Extractor
from benchmark.features.fused import SeveralFeatures
from spectrograms.errors import AudioError, FilmError, ImageError
from spectrograms.params import content_hash

UNTIMED = nullcontext  # a clock that does not run: what it is called with is no matter
LACKING = (AudioError, FilmError, ImageError, FeatureError)  # of a file that has not what features are made of


class SeveralExtractor(Extractor):
    """The extractors of all features of a model: ``dim`` is {name: dim}, an input {name: input}, None where it lacks.

    Clips that lack one of them, a film without sound, have no steps there. ``lacking`` is {name: error} of what the
    last file that was read has not."""

    def __init__(self, network, settings, seed=0, load=True):
        from benchmark.features.extractors import EXTRACTORS  # of which this is one

        make = {part.name: (EXTRACTORS[part.reads], part, settings.for_features(part)) for part in network.features}
        self.parts = {name: kind(part, study, seed, load) for name, (kind, part, study) in make.items()}
        self.decoded = self._one_pass(settings)
        for part in self.parts.values():
            part.may_lack, part.decoded = True, self.decoded
        self.network = network.model_copy(update={"features": tuple(part.network for part in self.parts.values())})
        self.settings = settings
        weights = {name: part.weights for name, part in self.parts.items()}
        digest = content_hash({name: each["sha256"] for name, each in weights.items()})
        self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": "features", "features": weights}
        self.parameters = sum(part.parameters for part in self.parts.values())
        self.dim = {name: part.dim for name, part in self.parts.items()}

    def _one_pass(self, settings):
        """Return what decodes a film once for all features; other files are decoded for each."""
        kind = DATASET_KINDS[settings.dataset.kind]
        reads = {name: kind.sections(part.network.reads) for name, part in self.parts.items()}
        sets = [self.parts[name].settings.frames for name, sections in reads.items() if "frames" in sections]
        hears = any("clip" in sections for sections in reads.values())
        return OnePass(sets, settings.clip if hears else None) if sets else self.decoded

    def features(self, clips, batch_size):
        """Return the :class:`SeveralFeatures` of clips."""
        return SeveralFeatures({name: part.features(clips, batch_size) for name, part in self.parts.items()})

    def seconds(self, clips):
        """Return {name: mean seconds that the features of one of some clips took}, None where unknown."""
        return {name: seconds for part in self.parts.values() for name, seconds in part.seconds(clips).items()}

    def read(self, path, clock=UNTIMED):
        """Return {name: input} of one file; raise what the first raises where it lacks all of them.

        ``clock(stage)`` is a context that times a stage: the pass over a film, and then each feature by its name."""
        read, self.lacking = {}, {}
        with clock("decode"):
            self.decoded.see(path)
        for name, part in self.parts.items():
            try:
                with clock(name):
                    read[name] = part.read(path)
            except LACKING as error:
                read[name] = None
                self.lacking[name] = error
        self.decoded.forget()
        if len(self.lacking) == len(read):
            raise next(iter(self.lacking.values()))
        return read

    def embed(self, inputs, clock=UNTIMED):
        """Return {name: (n_steps, dim)} for each of a list of inputs from :meth:`read`; ``clock`` as there."""
        found = [{} for _ in inputs]
        for name, part in self.parts.items():
            given = [one[name] for one in inputs if one[name] is not None]
            with clock(name):
                embedded = iter(part.embed(given) if given else ())
            for one, of_clip in zip(inputs, found, strict=True):
                of_clip[name] = np.zeros((0, part.dim), "float32") if one[name] is None else next(embedded)
        return found

    def at(self, clip):
        """Return the extractor as it reads another clip (ClipParams) of a file."""
        other = super().at(clip)
        other.parts = {name: part.at(clip) for name, part in self.parts.items()}
        return other
