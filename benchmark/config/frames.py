"""Which frames of a film are looked at: a section of a study, of which a model may change a part for itself."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from spectrograms.params import Params

# What each way of sampling reads, with its defaults; benchmark.video.sampling has a row of the same name.
SAMPLES = {
    "uniform": {"n": 16},
    "every": {"every": 1.0, "most": 512},
    "scene": {"detector": "ffmpeg", "threshold": None, "most": 512},
    "random": {"n": 16, "seed": 0},
}
# The usual threshold of each detector of cuts; benchmark.video.shots has a row of the same name.
DETECTORS = {"ffmpeg": 0.27, "content": 27.0, "adaptive": 3.0, "histogram": 0.2, "hash": 0.35}
PYSCENEDETECT = frozenset(DETECTORS) - {"ffmpeg"}  # detectors that need the packages of requirements/films.txt


class FrameParams(Params):
    """Which frames of a film are read. Seconds count from its first frame; a frame is what is shown at a time."""

    sample: Literal[tuple(SAMPLES)] = Field(
        "uniform",
        description="uniform: in the middle of n equal parts; every: at equal steps; scene: in the middle of each "
        "shot; random: drawn by seed and film",
    )
    n: Annotated[int, Field(ge=1, le=4096)] | None = Field(
        None, description="uniform, random: frames; 16 unless given, fewer where the film has fewer"
    )
    every: PositiveFloat | None = Field(None, description="every: seconds from one frame to the next; 1 unless given")
    start: NonNegativeFloat = Field(0.0, description="seconds of the film that are left out at its beginning")
    end: PositiveFloat | None = Field(None, description="second of the film at which its rest is left out")
    skip_black: bool = Field(False, description="leave out frames that are black: 98 % of their pixels")
    middle: PositiveInt | None = Field(None, description="of the frames found keep so many, those in the middle")
    detector: Literal[tuple(DETECTORS)] | None = Field(
        None,
        description="scene: what finds the cuts; ffmpeg's scene score unless given, else a detector of PySceneDetect",
    )
    threshold: PositiveFloat | None = Field(
        None, description="scene: score above which a frame begins a shot; the detector's usual unless given"
    )
    most: Annotated[int, Field(ge=1, le=4096)] | None = Field(
        None, description="every, scene: at most so many frames, at equal steps of those found; 512 unless given"
    )
    size: Annotated[int, Field(ge=8, le=2160)] = Field(
        256, description="pixels of the shorter side of what is kept; never enlarged"
    )
    seed: NonNegativeInt | None = Field(None, description="random: draws other frames; 0 unless given")

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given):
        if not isinstance(given, dict):
            return given
        sample = given.get("sample", "uniform")
        defaults = SAMPLES[sample] if isinstance(sample, str) and sample in SAMPLES else {}
        said = {key: value for key, value in given.items() if value is not None}
        return {key: value for key, value in defaults.items() if value is not None} | said

    @model_validator(mode="after")
    def _consistent(self):
        reads = SAMPLES[self.sample]
        for name in dict.fromkeys(name for settings in SAMPLES.values() for name in settings):
            if getattr(self, name) is not None and name not in reads:
                by = " or ".join(sample for sample, settings in SAMPLES.items() if name in settings)
                raise ValueError(
                    f"{name} has no effect on sample: {self.sample}, which reads {', '.join(reads)}; leave it out, or "
                    f"set sample: {by}"
                )
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end must be after start, {self.start:g} s; got {self.end:g} s")
        if self.middle is not None and self.middle > (self.n or self.most):
            limit = "n" if self.n else "most"
            raise ValueError(f"middle must be at most {limit}, {self.n or self.most}; got {self.middle}")
        return self

    def changed_by(self, own):
        """Return the settings that were given with those of the dict ``own`` in their place, still to be judged.

        Where another way of sampling is asked for, only what all ways read is taken over."""
        given = self.model_dump(exclude_unset=True)
        if own.get("sample", self.sample) != self.sample:
            given = {key: value for key, value in given.items() if key not in SAMPLES[self.sample]}
        if "detector" in own and own["detector"] != self.detector:
            given.pop("threshold", None)  # of another detector
        return given | own

    @property
    def cut_threshold(self):
        """The score above which a frame begins a shot, None where no cuts are looked for."""
        return (self.threshold or DETECTORS[self.detector]) if self.detector else None
