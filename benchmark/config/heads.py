"""What a model file says of its head: the kinds of head by name, each with the settings that it takes."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, SerializationInfo, model_serializer, model_validator

from benchmark.config.kinds import check_settings, in_full
from spectrograms.params import Params

OF_MEANS = ("linear", "mlp")  # read the mean of a clip's features over its steps; the others read the steps
OF_SEVERAL = ("single_transformer", "multi_transformer")  # read the steps of several features, and fuse them
# Which steps are read, and what becomes of a clip with fewer or more: no layer of the head knows.
READING = ("length", "too_long", "full_length", "mask", "draws", "trains_on", "averaged")
KNOWN_TO_LAYERS = {"multi_transformer": ("averaged",)}  # of READING after all
STEPS = {"length": None, "too_long": "head", "full_length": False}
SEQUENCE = {**STEPS, "mask": True, "standardize": True}
JUDGE = {"over_steps": "mean", "trains_on": "steps", **STEPS, "standardize": True}
ATTENTION = {"n_heads": 8, "dropout": 0.5, "position_dropout": 0.1, "positions": 5000, "averaged": (), **SEQUENCE}
# The settings of each kind with their defaults; benchmark.models.heads.HEADS has a row of the same name that builds it.
HEADS = {
    "linear": {},
    "mlp": {"hidden": (256,), "dropout": 0.5, "standardize": True},
    "ctt": {"filters": 256, "width": 3, "hidden": (), "maxout": None, "dropout": 0.5} | SEQUENCE,
    "ctt_spectrogram": {"filters": 256, "width": 3, "parts": 11, "draws": 10, "segment": 130, "dropout": 0.5},
    "lstm": {"units": 256, "dropout": 0.5} | SEQUENCE,
    "conv": {"filters": 256, "width": 3, "grid": (7, 7), "pooling": "average", "dropout": 0.5} | JUDGE,
    "plain_cnn": {"channels": (16, 32, 64), "width": 3, "segment": 130, "dropout": 0.5} | JUDGE,
    "single_transformer": {"width": 256, "n_layers": 2} | ATTENTION,
    "multi_transformer": {"width": 128, "n_layers": 1} | ATTENTION,
}
Units = tuple[PositiveInt, ...]


class HeadParams(Params):
    """From features to scores; a plain word is the kind, with the defaults of its settings."""

    kind: Literal[tuple(HEADS)] = "linear"
    hidden: Units | None = Field(
        None, description="mlp, ctt: units of each hidden layer; unless given [256] of mlp and none of ctt"
    )
    maxout: Annotated[int, Field(ge=2)] | None = Field(
        None, description="ctt: pieces of each hidden unit, of which the largest counts; ReLU unless given"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None,
        description="rate before the last layer, of mlp in each hidden layer, before its ReLU, of transformers in each "
        "layer; 0.5 unless given",
    )
    filters: PositiveInt | None = Field(None, description="ctt, ctt_spectrogram, conv: of the convolution; 256")
    width: PositiveInt | None = Field(
        None,
        description="of the convolution's window: steps, or cells of a map; 3. Transformers: numbers of a vector, 256 "
        "of single, 128 of multi; null: as many as each feature has, without a dense layer before",
    )
    n_layers: PositiveInt | None = Field(None, description="transformers: of each encoder; 2 of single, 1 of multi")
    n_heads: PositiveInt | None = Field(None, description="transformers: of attention; 8 unless given")
    position_dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="transformers: rate after positions are added; 0.1 unless given"
    )
    positions: PositiveInt | None = Field(
        None, description="transformers: rows of each feature's table; steps beyond have its last; 5000 unless given"
    )
    averaged: tuple[str, ...] | None = Field(
        None, description="transformers of several features: those that are read as the mean of their steps; none"
    )
    units: PositiveInt | None = Field(None, description="lstm: 256 unless given")
    segment: PositiveInt | None = Field(
        None, description="ctt_spectrogram, plain_cnn: steps of one segment; 130 unless given, 3 s at 44.1 kHz"
    )
    parts: PositiveInt | None = Field(
        None, description="ctt_spectrogram: equal parts of a clip, of each of which one segment is drawn; 11"
    )
    draws: PositiveInt | None = Field(
        None, description="ctt_spectrogram: draws whose scores a prediction is the mean of; 10 unless given"
    )
    grid: tuple[PositiveInt, PositiveInt] | None = Field(
        None, description="conv: rows and columns of the map that the features of a step are; [7, 7] unless given"
    )
    pooling: Literal["average", "max", "flatten"] | None = Field(
        None, description="conv: how the convolved map becomes a vector; average unless given"
    )
    channels: Annotated[Units, Field(min_length=1)] | None = Field(
        None, description="plain_cnn: of each block of convolution and pooling; [16, 32, 64] unless given"
    )
    over_steps: Literal["mean", "max", "noisy_or"] | None = Field(
        None, description="conv, plain_cnn: how the scores of its steps become those of a clip; mean unless given"
    )
    trains_on: Literal["clips", "steps"] | None = Field(
        None, description="conv, plain_cnn: each step of a clip is an example by itself, or a clip is one; steps"
    )
    length: PositiveInt | dict[str, PositiveInt] | None = Field(
        None,
        description="steps that are read of a clip (plain_cnn: segments), of several features also by name; shorter "
        "ones are padded with zeros. Unless given all, padded to the most of all clips",
    )
    too_long: Literal["head", "equidistant", "random"] | None = Field(
        None,
        description="which steps of a clip of more than length: the first, as many at equal distances, or as many at "
        "random in their order, anew for each training batch; head unless given",
    )
    full_length: bool | None = Field(
        None, description="length is of training alone: validation, test and prediction read all steps; false"
    )
    mask: bool | None = Field(None, description="padding is left out; false: its zeros count as steps; true")
    standardize: bool | None = Field(
        None, description="features are standardised by those of the training clips' steps (frozen only); true"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given):
        given = in_full(given)
        if not isinstance(given, dict):
            return given
        kind = given.get("kind", "linear")
        return (HEADS[kind] if isinstance(kind, str) and kind in HEADS else {}) | given

    @model_validator(mode="after")
    def _own_settings(self):
        check_settings(self, HEADS[self.kind], f"the {self.kind} head")
        return self

    @model_validator(mode="after")
    def _consistent(self):
        if self.maxout and not self.hidden:
            raise ValueError("maxout is of the units of hidden layers; give hidden too, such as [256]")
        if self.length is None and self.too_long not in (None, "head"):
            raise ValueError(f"too_long: {self.too_long} has no effect without length: no clip is too long")
        if self.length is None and self.mask is False:
            raise ValueError("mask: false needs length: where zeros count, their number must not depend on other clips")
        if self.length is None and self.full_length:
            raise ValueError("full_length has no effect without length: all steps are read")
        if self.n_heads and self.width and self.width % self.n_heads:
            raise ValueError(f"width {self.width} is not divided by n_heads {self.n_heads}; each has an equal part")
        if self.grid and self.width > min(self.grid):
            raise ValueError(f"width {self.width} is wider than the grid, {self.grid[0]} x {self.grid[1]} cells")
        return self

    @model_serializer(mode="wrap")
    def _of_its_kind(self, dump, info: SerializationInfo):
        """Return the settings of the kind; without its defaults, where these are left out, what differs from them.

        So a setting that is new makes no finished trial run again."""
        usual, told = HEADS[self.kind], dump(self)
        given = [name for name in usual if not info.exclude_defaults or getattr(self, name) != usual[name]]
        return {"kind": self.kind, **{name: told.get(name) for name in given}}

    @property
    def settings(self):
        """The settings of the head's kind, by name."""
        return {name: getattr(self, name) for name in HEADS[self.kind]}

    @property
    def layers(self):
        """Those of :attr:`settings` that shape its layers, apart from whether it standardises."""
        apart = {*READING, "standardize"}.difference(KNOWN_TO_LAYERS.get(self.kind, ()))
        return {name: value for name, value in self.settings.items() if name not in apart}

    @property
    def reads_steps(self):
        """Whether it reads the steps of a clip, and not their mean."""
        return self.kind not in OF_MEANS
