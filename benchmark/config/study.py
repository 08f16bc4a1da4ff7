"""The sections of a study: frozen, typed, each setting with its default, its unit and what it may be."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from benchmark.config.ablation import AblationParams, SweepParams, VariantParams
from benchmark.config.augment import AugmentParams
from benchmark.config.columns import ColumnParams
from benchmark.config.consistency import CHECKS, OWN_SECTIONS, own_section
from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.estimators import EstimatorParams, FusionParams
from benchmark.config.features import FeatureParams, Name, NamedFeatures, SegmentParams, at_home
from benchmark.config.frames import FrameParams
from benchmark.config.heads import HeadParams
from benchmark.config.kinds import in_full
from benchmark.config.labels import ClassParams, ThresholdParams, Thresholds
from benchmark.config.training import OFF, LatencyParams, TrainingParams
from benchmark.tasks import TASKS
from spectrograms.params import ClipParams, ImageParams, MelParams, Params

Place = Annotated[Path, AfterValidator(at_home)]  # of a file or folder
GroupPattern = Annotated[
    str | dict[str, str] | tuple[tuple[str, str], ...],
    AfterValidator(lambda given: tuple(given.items()) if isinstance(given, dict) else given),
]


class DatasetParams(Params):
    """Where the labelled clips are."""

    root: Place = Field(
        description="a folder with a folder per class, also within train, val and test; or a CSV: "
        "path,label[,group][,split], or a column of 0 and 1 per class; or one HDF5 file of features"
    )
    kind: Literal[tuple(DATASET_KINDS)] = "audio"
    columns: ColumnParams = Field(ColumnParams(), description="of a CSV whose columns have other names")
    folder: Place | None = Field(
        None, description="where the paths of a CSV start, and where its files are searched for by name or id"
    )
    missing: Literal["error", "set_aside"] = "error"  # what becomes of the rows of a CSV whose file is not there
    encoding: str | None = Field(None, description="of a CSV that is not in UTF-8 or UTF-16: cp1252, cp1251, gbk ...")
    group_pattern: GroupPattern | None = Field(
        None,
        description="regular expression on the file name; what it matches is the group. Or pairs of one and the group: "
        "the first that matches gives it",
    )
    splits: Place | None = Field(
        None,
        description="JSON {part: [name of a file without its extension, ...]} with the parts train, val, test or "
        "trn, val, tst as MovieNet has them; counts before other splits",
    )
    share_sound: bool = Field(False, description="the report may hold short recordings, to be heard by its readers")
    synthetic: PositiveInt | None = Field(None, description="synthesise this many clips per class into an absent root")

    @model_validator(mode="after")
    def _pattern_compiles(self):
        pattern = self.group_pattern or ()
        for expression, group in pattern if isinstance(pattern, tuple) else [(pattern, "")]:
            try:
                re.sub(f"{expression}|", group, "")  # the empty match expands the group
            except (re.error, IndexError) as error:
                raise ValueError(f"group_pattern is no regular expression: {error}") from None
        return self


class SplitParams(Params):
    """Which clips are train, val and test."""

    protocol: Literal["auto", "holdout", "kfold", "predefined"] = "auto"  # the split that is given, else holdout
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


class EngineParams(Params):
    """Where trials run; a plain word is the kind. No result depends on it but its seconds, and 1e-5 on ``inference``.

    The nodes of a Ray cluster all see the folders of data, cache and results, as Ray's own Train asks for."""

    kind: Literal["inline", "processes", "ray"] = "inline"  # here, in spawned processes, or on a Ray cluster
    workers: PositiveInt | None = Field(
        None, description="processes: trials at once; one per GPU, or one, unless given"
    )
    num_cpus: PositiveInt | None = Field(
        None, description="cores of a trial; unless given all, or an equal share (ray: of the smallest node)"
    )
    num_gpus: NonNegativeFloat | None = Field(
        None, description="ray: GPUs of a trial, 0.5 for two on one; 0 unless given"
    )
    address: str | None = Field(None, description="ray: an existing cluster, e.g. auto; a local one unless given")
    inference: Literal["keras", "openvino", "auto"] = Field(
        "keras",
        description="what takes the forward passes of frozen networks on a CPU; auto: openvino for those that it was "
        "measured to be faster for, where it is installed",
    )
    retries: NonNegativeInt = Field(2, description="ray: how often a trial is run again whose node died")

    @model_validator(mode="before")
    @classmethod
    def _plain_word(cls, given):
        return in_full(given)


IN_PLACE_OF_HEAD = ("estimator", "fusion")  # parts of a model


class NetworkParams(FeatureParams):
    """One model: a file in configs/models/, or an entry of a study's ``models`` that changes one."""

    name: Name
    label: str
    features: str | Annotated[tuple[NamedFeatures, ...], Field(min_length=1)] | None = Field(
        None, description="file in configs/features whose settings the features have; or a list of such, to be fused"
    )
    head: HeadParams = HeadParams()
    estimator: EstimatorParams | None = Field(None, description="of scikit-learn, in place of a head")
    fusion: FusionParams | None = Field(None, description="of other models' scores, in place of features and head")
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of the features, before the head
    normalization: Literal["zscore", "zerocenter", "rescale-symmetric"] = Field(
        "zscore", description="MATLAB's input layer, for input_normalization: matlab-reset"
    )
    pretrained_l2: NonNegativeFloat = Field(1.0, description="factor of l2 for pretrained weights (MATLAB's VGG: 0)")
    bias_rate: PositiveFloat = Field(1.0, description="factor of the rate of pretrained biases (GoogLeNet: 2)")
    inner_dropout: dict[str, float] = Field({}, description="dropout after layers of the backbone, {layer: rate}")
    training: dict[str, Any] = Field({}, description="training settings of this model alone")
    augment: dict[str, Any] = Field({}, description="augmentation of this model alone")
    thresholds: Thresholds | None = Field(None, description="of this model alone; those of the study unless given")
    variants: tuple[VariantParams, ...] = Field(
        (), description="of which models it is a variant: set by ablation, sweep"
    )

    @property
    def parts(self):
        """What is read of a clip, (FeatureParams, ...) with settings of their own: the model itself where it is one."""
        return self.features if self.reads == "several" else (self,)

    @property
    def weights_name(self):
        """What the tables show: that of its features, of several each with its name."""
        if self.reads != "several":
            return super().weights_name
        return ", ".join(f"{part.name}: {part.weights_name}" for part in self.features)

    @property
    def trainer(self):
        """Which row of :data:`benchmark.trials.trainers.TRAINERS` makes its trials."""
        return next((name for name in IN_PLACE_OF_HEAD if getattr(self, name)), "head")

    @property
    def is_trained(self):
        """Whether it is a network with a head, which is trained, timed, and kept for predictions."""
        return self.trainer == "head"

    @property
    def needs(self):
        """The names of the models whose trials come before its own."""
        return self.fusion.members if self.fusion else ()

    @model_validator(mode="after")
    def _one_way(self):
        ways = [name for name in IN_PLACE_OF_HEAD if getattr(self, name)]
        ways += ["head"] if self.head != HeadParams() else []
        if len(ways) > 1:
            raise ValueError(f"a model has one of head, estimator and fusion; got {' and '.join(ways)}")
        if self.augment and not self.is_trained:
            raise ValueError(f"augment has no effect on a model with {self.trainer}; leave it out")
        reads = self.estimator.reads if self.estimator else not self.fusion
        if reads != (self.reads != "nothing"):
            what = f"estimator: {self.estimator.kind}" if self.estimator else f"a model with {self.trainer}"
            must = "needs features: give 'backbone', 'features' or 'reads'" if reads else "reads nothing: leave it out"
            raise ValueError(f"{what} {must}; got reads: {self.reads}")
        return self


class FigureParams(Params):
    """How the figures of the report are written."""

    formats: Annotated[tuple[Literal["png", "svg", "pdf"], ...], Field(min_length=1)] = ("png",)

    @model_validator(mode="after")
    def _shown(self):
        if set(self.formats) == {"pdf"}:
            raise ValueError("formats needs png or svg too: report.html shows the figures, and no browser shows a PDF")
        return self


class Study(Params):
    """All that a run depends on."""

    name: Name
    dataset: DatasetParams
    task: Literal[tuple(TASKS)] = Field(
        "multiclass", description="multiclass: one label per clip; multilabel: any number of labels"
    )
    classes: ClassParams = ClassParams()
    clip: ClipParams = ClipParams()
    mel: MelParams = MelParams()
    image: ImageParams = ImageParams()
    segments: SegmentParams = SegmentParams()  # of what reads a spectrogram
    frames: FrameParams = FrameParams()  # of films alone
    split: SplitParams = SplitParams()
    training: TrainingParams = TrainingParams()
    thresholds: Thresholds = ThresholdParams()  # multilabel only
    augment: AugmentParams = AugmentParams()  # of what is trained on pictures: finetune, two_stage
    latency: LatencyParams = LatencyParams()
    leakage: Annotated[Literal["refuse", "warn", "group", "off"], OFF] = (
        "refuse"  # where copies of a clip are on two sides of a split; group: they are kept on one
    )
    engine: EngineParams = EngineParams()
    published: Literal["visutsak2025", "posters2025", "wehrmann2017", "trailers2023", "sulun2024"] | None = Field(
        None, description="the paper beside whose numbers and in whose form the report also stands"
    )
    baseline: bool = Field(
        True,
        description="a further row of the comparison: always the largest class of the training clips; of several "
        "labels the share of each class among them as its score",
    )
    figures: FigureParams = FigureParams()
    tracking: Literal["mlflow"] | None = None  # also log the results there: results/<name>/mlruns
    models: Annotated[tuple[NetworkParams, ...], Field(min_length=1)]
    # What became models when the study was read: these say it in study.yaml.
    ablation: AblationParams | None = Field(None, exclude=True)
    sweep: tuple[SweepParams, ...] | SweepParams = Field((), exclude=True)
    ensembles: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()  # of models, as further rows
    cache: Place = Path(".cache")  # rendered images, features, embeddings
    results: Place = Path("results")  # the study writes into results/<name>/
    _file: Path | None = PrivateAttr(None)

    @property
    def file(self):
        """The YAML file that the study was read from, or None."""
        return self._file

    def for_model(self, network):
        """Return the study as it holds for one model: with the training, augmentation and thresholds of its own.

        Settings that nothing of the model reads are as by default: they change no result of it.
        A head that is not linear has no solver: where the study leaves the choice open, adam trains it."""
        own = {name: own_section(self, network, name) for name in OWN_SECTIONS}
        if network.head.kind != "linear" and own["training"].optimizer == "auto":
            own["training"] = own["training"].model_copy(update={"optimizer": "adam"})
        return self.model_copy(update=own | {"thresholds": network.thresholds or self.thresholds})

    @property
    def read(self):
        """What its models read of a clip: [(model, part), ...] of all ``parts`` of all models."""
        return [(model, part) for model in self.models for part in model.parts]

    @property
    def waveform_rates(self):
        """The sample rates (Hz) of the waveforms that its models read, each once."""
        return sorted({part.waveform_rate for _, part in self.read} - {None})

    def for_part(self, network, part):
        """Return the study as it holds for a model, see :meth:`for_model`, and one of its ``parts``."""
        own = self.for_model(network)
        return own if part is network else own.for_features(part)

    def for_features(self, part):
        """Return this study, that of a model, with the frames that one of the model's several features reads."""
        return self.model_copy(update={"frames": own_section(self, part, "frames")})

    @property
    def folder(self):
        """Where the study's results go."""
        return self.results / self.name

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo):
        self._file = (info.context or {}).get("file")
        part = (info.context or {}).get("part")  # of a study whose other models may well read a setting
        for check in CHECKS:
            if slip := check(self, part):
                raise ValueError(slip)
        return self
