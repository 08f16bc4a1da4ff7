"""The sections of a study: frozen, typed, each setting with its default, its unit and what it may be."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from spectrograms.params import ClipParams, ImageParams, MelParams, Params

NAMED_WEIGHTS = ("imagenet", "places365", "audioset", "random")


def _file_name(name):
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise ValueError(f"a name becomes a folder: letters, digits, '_', '-' and '.' only; got '{name}'")
    return name


def _sha256(digest):
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise ValueError(f"a SHA-256 is 64 hexadecimal characters; got {len(digest)}: '{digest}'")
    return digest.lower()


Name = Annotated[str, AfterValidator(_file_name)]


class DatasetParams(Params):
    """Where the labelled clips are."""

    root: Path = Field(description="a folder with a folder per class, or a CSV: path,label[,group][,split]")
    kind: Literal["audio", "images"] = "audio"
    group_pattern: str | None = Field(
        None, description="regular expression on the file name; what it matches is the group"
    )
    synthetic: PositiveInt | None = Field(None, description="synthesise this many clips per genre into an absent root")

    @model_validator(mode="after")
    def _pattern_compiles(self):
        try:
            re.compile(self.group_pattern or "")
        except re.error as error:
            raise ValueError(f"group_pattern is no regular expression: {error}") from None
        return self


class SplitParams(Params):
    """Which clips are train, val and test."""

    protocol: Literal["holdout", "kfold", "predefined"] = "holdout"
    fractions: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] = (0.7, 0.1, 0.2)  # train, val, test
    rounding: Literal["matlab", "floor"] = "matlab"  # matlab: round half up per label
    folds: Annotated[int, Field(ge=2)] = 5  # kfold only
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)  # one trial per model, fold and seed

    @model_validator(mode="after")
    def _consistent(self):
        train, val, test = self.fractions
        if abs(train + val + test - 1) > 1e-6 or min(train, val, test) <= 0:
            raise ValueError(
                f"fractions of train, val and test must be above 0 and sum to 1; got {list(self.fractions)}"
            )
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds must be different integers of 0 or more; got {list(self.seeds)}")
        return self


# What a preset sets where the study does not; matlab: trainingOptions' documented defaults, and the new layer at 10x.
PRESETS = {
    "keras": {},
    "matlab": {
        "regime": "finetune",
        "optimizer": "sgdm",
        "epochs": 30,
        "batch_size": 128,
        "l2": 1e-4,
        "head_rate": 10.0,
        "shuffle": "once",
        "validation_frequency": 50,
        "patience": None,
        "keep": "last",
        "batch_norm": "population",
        "input_normalization": "matlab-reset",
    },
}
MATLAB_RATES = {"sgdm": 0.01, "adam": 0.001, "rmsprop": 0.001}
NOT_FROZEN = {"batch_norm": "auto", "input_normalization": "pretrained"}  # cached features know no training split


class TrainingParams(Params):
    """How a model is trained. ``preset`` sets the defaults of the others: today's good practice, or MATLAB's."""

    preset: Literal["keras", "matlab"] = "keras"
    regime: Literal["frozen", "finetune"] = "frozen"  # train the head on cached backbone outputs, or all layers
    optimizer: Literal["adam", "sgdm", "rmsprop"] = "adam"
    learning_rate: PositiveFloat = 1e-3
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 32
    shuffle: Literal["every-epoch", "once", "never"] = "every-epoch"  # the last partial batch is always left out
    validation_frequency: PositiveInt | None = Field(
        None, description="iterations, and the first; null: after each epoch"
    )
    patience: PositiveInt | None = Field(10, description="stop after this many validations without a lower val_loss")
    keep: Literal["best", "last"] = "best"  # the weights of the lowest val_loss, or of the last iteration
    drop_period: PositiveInt | None = Field(
        None, description="epochs after which the learning rate is multiplied by drop_factor"
    )
    drop_factor: PositiveFloat = 0.1
    gradient_threshold: PositiveFloat | None = Field(None, description="largest L2 norm of each variable's gradient")
    l2: NonNegativeFloat = Field(0.0, description="preset matlab: gradient + l2 * weight; biases exempt")
    head_rate: PositiveFloat = Field(1.0, description="preset matlab: learning rate of the new layer, as a multiple")
    freeze_layers: NonNegativeInt = Field(0, description="finetune: the first layers of the backbone, not trained")
    input_normalization: Literal["pretrained", "matlab-reset"] = "pretrained"  # recomputed from the training images
    batch_norm: Literal["auto", "frozen", "moving", "population"] = Field(
        "auto",
        description="finetune: as pretrained (frozen), batch statistics with moving means (moving) or one pass over "
        "the training set before each validation (population); auto: moving for random weights, else frozen",
    )
    mixed_precision: Literal["auto", "off", "float16", "bfloat16"] = "auto"  # auto: float16 on a GPU, off on a CPU
    save: Literal["model", "head", "none"] = Field(
        "model", description="what predict needs: the complete model, or (frozen only) its head"
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given):
        if not isinstance(given, dict) or given.get("preset", "keras") not in PRESETS:
            return given
        chosen = PRESETS[given.get("preset", "keras")] | given
        if given.get("preset") == "matlab":
            chosen.setdefault("learning_rate", MATLAB_RATES.get(chosen["optimizer"], 0.01))
            chosen |= {k: v for k, v in NOT_FROZEN.items() if chosen["regime"] == "frozen" and k not in given}
        return chosen

    @model_validator(mode="after")
    def _consistent(self):
        if self.save == "head" and self.regime != "frozen":
            raise ValueError(f"save: head keeps no trained backbone; with regime {self.regime} use 'model' or 'none'")
        if self.preset == "keras" and (self.l2 or self.head_rate != 1):
            raise ValueError("l2 and head_rate belong to preset: matlab")
        if self.regime == "frozen" and (self.input_normalization != "pretrained" or self.freeze_layers):
            raise ValueError("input_normalization: matlab-reset and freeze_layers need regime: finetune")
        return self


class AugmentParams(Params):
    """Random changes of the training pictures; all off by default. Reflection reverses time on a spectrogram."""

    translation: NonNegativeFloat = 0.0  # pixels of the network's input, each way (MATLAB's example: 30)
    scale: tuple[PositiveFloat, PositiveFloat] = (1.0, 1.0)  # (MATLAB's example: 0.9, 1.1)
    reflection: bool = False  # left to right, for every other picture
    time_mask: Annotated[float, Field(ge=0, le=1)] = 0.0  # widest stripe of SpecAugment, as a share of the width
    frequency_mask: Annotated[float, Field(ge=0, le=1)] = 0.0  # and of the height


class LatencyParams(Params):
    """How long one prediction is timed for, batch 1 on the CPU, after warm-up."""

    calls: Annotated[int, Field(ge=1)] = 30  # at least
    seconds: NonNegativeFloat = 2.0  # at least
    warmup: PositiveInt = 3  # untimed calls after the first


class NetworkParams(Params):
    """One network: a file in configs/models/, or an entry of a study's ``models`` that changes one."""

    name: Name
    label: str
    backbone: str = Field(
        description="keras.applications.NAME, keras_hub:PRESET, tensorflow_hub:HANDLE or package.module:builder"
    )
    weights: str = Field("imagenet", description="imagenet, places365, audioset, random, or a path")
    weights_sha256: Annotated[str, AfterValidator(_sha256)] | None = Field(
        None, description="image networks: the weights file must have this SHA-256 (64 hexadecimal characters)"
    )
    input_size: PositiveInt | None = Field(None, description="pixels; the builder's own default unless given")
    features: str | None = Field(
        None, description="layer whose output the head reads; the global average pool unless given"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # before the new classifier
    normalization: Literal["zscore", "zerocenter", "rescale-symmetric"] = Field(
        "zscore", description="MATLAB's input layer, for input_normalization: matlab-reset"
    )
    pretrained_l2: NonNegativeFloat = Field(1.0, description="factor of l2 for pretrained weights (MATLAB's VGG: 0)")
    bias_rate: PositiveFloat = Field(1.0, description="factor of the rate of pretrained biases (GoogLeNet: 2)")
    inner_dropout: dict[str, float] = Field({}, description="dropout after layers of the backbone, {layer: rate}")
    training: dict[str, bool | int | float | str | None] = Field(
        {}, description="training settings of this model alone"
    )
    options: dict[str, int | float | str | bool | list[int]] = Field({}, description="further arguments of the builder")
    output: int | None = Field(None, description="tensorflow_hub: which of the returned tensors holds the embeddings")
    random: str | None = Field(None, description="tensorflow_hub: package.module:builder used for weights: random")

    @model_validator(mode="after")
    def _digest_is_compared(self):
        if self.weights_sha256 is not None and self.takes == "waveform":
            raise ValueError("weights_sha256 is compared for image networks only; leave it out")
        return self

    @property
    def takes(self):
        """What the network is fed with: 'image' or 'waveform'."""
        return "waveform" if self.backbone.startswith("tensorflow_hub:") else "image"

    @property
    def weights_path(self):
        """The weights file or folder, or None where ``weights`` is one of the named sources."""
        return None if self.weights in NAMED_WEIGHTS else Path(self.weights)

    @property
    def weights_name(self):
        """What the tables show: the named source, or the file's name."""
        return self.weights if self.weights_path is None else self.weights_path.name


def _check_own_training(study, model):
    """Raise ValueError naming the model whose own training settings are wrong."""
    try:
        study.for_model(model)
    except ValidationError as error:
        slip = error.errors()[0]
        key = ".".join(map(str, slip["loc"]))
        raise ValueError(f"model {model.name}: training: {key}: {slip['msg']}; got {slip['input']!r}") from None


class Study(Params):
    """All that a run depends on."""

    name: Name
    dataset: DatasetParams
    clip: ClipParams = ClipParams()
    mel: MelParams = MelParams()
    image: ImageParams = ImageParams()
    split: SplitParams = SplitParams()
    training: TrainingParams = TrainingParams()
    augment: AugmentParams = AugmentParams()  # finetune only
    latency: LatencyParams = LatencyParams()
    models: Annotated[tuple[NetworkParams, ...], Field(min_length=1)]
    cache: Path = Path(".cache")  # rendered images, features, embeddings
    results: Path = Path("results")  # the study writes into results/<name>/

    def for_model(self, network):
        """Return the study as it holds for one model: with the training settings of its own."""
        own = TrainingParams.model_validate(self.training.model_dump() | network.training)
        return self.model_copy(update={"training": own})

    @property
    def folder(self):
        """Where the study's results go."""
        return self.results / self.name

    @model_validator(mode="after")
    def _consistent(self):
        names = [model.name for model in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"models named twice: {', '.join(twice)}; give one of them a 'name' of its own")
        for model in self.models:
            _check_own_training(self, model)
        regimes = {self.for_model(model).training.regime for model in self.models}
        if self.augment != AugmentParams() and "finetune" not in regimes:
            raise ValueError("augment needs regime: finetune; frozen features are computed once, before any change")
        deaf = [model.name for model in self.models if model.takes == "waveform"]
        if self.dataset.kind == "images" and deaf:
            raise ValueError(f"{', '.join(deaf)} need sound, but dataset.kind is 'images'; leave them out")
        return self
