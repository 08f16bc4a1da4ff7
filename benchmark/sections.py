"""The sections of a study: frozen, typed, each setting with its default, its unit and what it may be."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from spectrograms.params import ClipParams, ImageParams, MelParams, Params

NAMED_WEIGHTS = ("imagenet", "places365", "audioset", "random")


def _file_name(name):
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise ValueError(f"a name becomes a folder: letters, digits, '_', '-' and '.' only; got '{name}'")
    return name


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


class TrainingParams(Params):
    """How a model is trained."""

    regime: Literal["frozen", "finetune"] = "frozen"  # train the head on cached backbone outputs, or all layers
    optimizer: Literal["adam", "sgdm", "rmsprop"] = "adam"
    learning_rate: PositiveFloat = 1e-3
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 32
    patience: PositiveInt | None = Field(
        10, description="stop after this many epochs without a lower val_loss; null: never"
    )
    batch_norm: Literal["auto", "frozen", "moving"] = Field(
        "auto",
        description="finetune: as pretrained (frozen), or batch statistics (moving); auto: moving for random weights",
    )
    mixed_precision: Literal["auto", "off", "float16", "bfloat16"] = "auto"  # auto: float16 on a GPU, off on a CPU
    save: Literal["model", "head", "none"] = Field(
        "model",
        description="what predict needs: the complete model, or (frozen only) its head",
    )

    @model_validator(mode="after")
    def _saves_what_it_trains(self):
        if self.save == "head" and self.regime != "frozen":
            raise ValueError(f"save: head keeps no trained backbone; with regime {self.regime} use 'model' or 'none'")
        return self


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
    input_size: PositiveInt | None = Field(None, description="pixels; the builder's own default unless given")
    features: str | None = Field(
        None, description="layer whose output the head reads; the global average pool unless given"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # before the new classifier
    options: dict[str, int | float | str | bool | list[int]] = Field({}, description="further arguments of the builder")
    output: int | None = Field(None, description="tensorflow_hub: which of the returned tensors holds the embeddings")
    random: str | None = Field(None, description="tensorflow_hub: package.module:builder used for weights: random")

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


class Study(Params):
    """All that a run depends on."""

    name: Name
    dataset: DatasetParams
    clip: ClipParams = ClipParams()
    mel: MelParams = MelParams()
    image: ImageParams = ImageParams()
    split: SplitParams = SplitParams()
    training: TrainingParams = TrainingParams()
    latency: LatencyParams = LatencyParams()
    models: Annotated[tuple[NetworkParams, ...], Field(min_length=1)]
    cache: Path = Path(".cache")  # rendered images, features, embeddings
    results: Path = Path("results")  # the study writes into results/<name>/

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
        deaf = [model.name for model in self.models if model.takes == "waveform"]
        if self.dataset.kind == "images" and deaf:
            raise ValueError(f"{', '.join(deaf)} need sound, but dataset.kind is 'images'; leave them out")
        return self
