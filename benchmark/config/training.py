"""How a model is trained and timed: the sections of a study with MATLAB's presets."""

import math
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from benchmark.config.losses import Loss, LossParams
from benchmark.config.stages import SOLVER, Schedule, ScheduleParams, StageParams, slip_of_stages
from benchmark.tasks import MONITORED
from spectrograms.params import Params

OFF = BeforeValidator(lambda given: "off" if given is False else given)  # YAML 1.1 reads a plain off as false

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
REGIMES = {
    "frozen": "train the head on cached backbone outputs",
    "finetune": "train all layers",
    "two_stage": "train what the stages say, in turn",
}
NOT_FROZEN = {"batch_norm": "auto", "input_normalization": "pretrained"}  # cached features know no training split
EPOCHS = {True: 1000, False: 50}  # by whether the solver is used: most passes over the training clips
HEAD_INITS = {"keras": "zeros", "matlab": "glorot"}  # of 'auto'

# Settings that are refused where nothing reads them, and who does.
SOLVER_ONLY = {"C": "the solver alone reads it (preset: keras, regime: frozen, optimizer: lbfgs); leave it out"}
STEPS_ONLY = dict.fromkeys(
    ("learning_rate", "shuffle", "validation_frequency", "patience", "keep", "monitor", "schedule",
     "gradient_threshold", "gradient_threshold_method", "head_init", "l2"),
    "the frozen head is solved (optimizer: lbfgs) without it; leave it out, or choose optimizer: adam",
)  # fmt: skip
BACKBONE_ONLY = dict.fromkeys(
    ("batch_norm", "input_normalization", "freeze_layers", "stages"),
    "regime: finetune and two_stage alone read it; leave it out",
)


def _strength(given):
    """Return a number above 0 or 'grid'; YAML 1.1 reads 1e-2, without a point, as text."""
    if given == "grid":
        return given
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(given, bool) or not 0 < number < math.inf:
        raise ValueError(f"C must be a number above 0, or grid; got {given!r}")
    return number


class TrainingParams(Params):
    """How a model is trained. ``preset`` sets the defaults of the others: today's good practice, or MATLAB's."""

    preset: Literal["keras", "matlab"] = "keras"
    regime: Literal[tuple(REGIMES)] = Field("frozen", description="; ".join(map(": ".join, REGIMES.items())))
    stages: tuple[StageParams, ...] = Field((), description="two_stage: what is trained in turn, first the head")
    loss: Loss = LossParams()
    optimizer: Literal["auto", "lbfgs", "adam", "sgdm", "rmsprop"] = Field(
        "auto", description="auto: lbfgs, the solver, for a frozen linear head; adam for fine-tuning"
    )
    C: Annotated[float | Literal["grid"], BeforeValidator(_strength)] = Field(
        1.0,
        description="lbfgs: inverse strength of L2, as in scikit-learn; grid: the best of 1e-4 to 1e2 on validation",
    )
    learning_rate: PositiveFloat = 1e-3
    epochs: PositiveInt | None = Field(
        None, description="most passes over the training clips; unless given 50, or 1000 iterations of lbfgs"
    )
    head_init: Literal["auto", "zeros", "glorot", "solved"] = Field(
        "auto",
        description="start of gradient steps: zeros with the log prior as bias, Glorot's random weights, or for "
        "fine-tuning the solved head of the frozen backbone; auto: zeros, or glorot under preset matlab",
    )
    class_weight: Literal["balanced"] | None = None  # clips of a class weigh n_clips / (n_classes * clips of the class)
    oversample: bool = False  # training clips of smaller classes are repeated up to the largest
    one_label: bool = Field(
        False, description="multilabel: a training clip keeps one of its labels, drawn at random (trailers2023)"
    )
    batch_size: PositiveInt = 32
    shuffle: Literal["every-epoch", "once", "never"] = "every-epoch"  # the last partial batch is always left out
    validation_frequency: PositiveInt | None = Field(
        None, description="iterations, and the first; null: after each epoch"
    )
    patience: PositiveInt | None = Field(10, description="stop after this many validations without a better one")
    keep: Literal["best", "last"] = "best"  # the weights of the best validation, or of the last iteration
    monitor: Literal[tuple(MONITORED)] = Field(
        "loss", description="by which validations are compared: their loss, or a score of the task"
    )
    schedule: Schedule = ScheduleParams()  # of the learning rate
    gradient_threshold: PositiveFloat | None = Field(None, description="largest norm of the gradient; off unless given")
    gradient_threshold_method: Literal["l2norm", "global-l2norm", "absolute-value"] = Field(
        "l2norm",
        description="MATLAB's: of each variable's gradient, of all together (clip_grad_norm_ of PyTorch), or of each "
        "element",
    )
    l2: NonNegativeFloat = Field(0.0, description="gradient + l2 * weight: of kernels; preset matlab: but of biases")
    head_rate: PositiveFloat = Field(1.0, description="preset matlab: learning rate of the new layer, as a multiple")
    freeze_layers: NonNegativeInt = Field(0, description="finetune: the first layers of the backbone, not trained")
    input_normalization: Literal["pretrained", "matlab-reset"] = "pretrained"  # recomputed from the training images
    batch_norm: Literal["auto", "frozen", "moving", "population"] = Field(
        "auto",
        description="finetune: as pretrained (frozen), batch statistics with moving means (moving) or one pass over "
        "the training set before each validation (population); auto: moving for random weights, else frozen",
    )
    mixed_precision: Annotated[Literal["auto", "off", "float16", "bfloat16"], OFF] = (
        "auto"  # auto: float16 on a GPU, off on a CPU
    )
    save: Literal["model", "head", "none"] = Field(
        "model", description="what predict needs: the complete model, or (frozen only) its head"
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given):
        if not isinstance(given, dict) or given.get("preset", "keras") not in PRESETS:
            return given
        given = {key: value for key, value in given.items() if (key, value) != ("optimizer", "auto")}
        chosen = PRESETS[given.get("preset", "keras")] | given
        if given.get("preset") == "matlab":
            chosen.setdefault("learning_rate", MATLAB_RATES.get(chosen["optimizer"], 0.01))
            chosen |= {k: v for k, v in NOT_FROZEN.items() if chosen["regime"] == "frozen" and k not in given}
        return chosen

    @model_validator(mode="after")
    def _consistent(self):
        if self.regime == "two_stage" and (slip := self._slip_of_two_stages()):
            raise ValueError(slip)
        if self.stages and self.regime != "two_stage":
            raise ValueError(f"stages have no effect on regime: {self.regime}; leave them out, or set two_stage")
        if self.save == "head" and self.regime != "frozen":
            raise ValueError(f"save: head keeps no trained backbone; with regime {self.regime} use 'model' or 'none'")
        if self.optimizer == SOLVER and (self.regime, self.preset) != ("frozen", "keras"):
            raise ValueError(
                f"optimizer: {SOLVER} solves the frozen head of preset: keras; choose adam, sgdm or rmsprop"
            )
        if self.head_init == "solved" and (self.regime, self.preset) != ("finetune", "keras"):
            raise ValueError("head_init: solved is where fine-tuning under preset: keras starts from")
        if self.class_weight and self.oversample:
            raise ValueError("class_weight and oversample do the same in two ways; choose one")
        if self.gradient_threshold is None and self.gradient_threshold_method != "l2norm":
            raise ValueError("gradient_threshold_method has no effect without gradient_threshold; give that too")
        if self.preset == "keras" and self.head_rate != 1:
            raise ValueError("head_rate belongs to preset: matlab")
        if self.regime == "frozen" and (self.input_normalization != "pretrained" or self.freeze_layers):
            raise ValueError("input_normalization: matlab-reset and freeze_layers need regime: finetune")
        return self

    def _slip_of_two_stages(self):
        """Return what does not go with ``regime: two_stage``, or None."""
        if self.preset != "keras":
            return "regime: two_stage belongs to preset: keras"
        if self.batch_norm == "population":
            return "batch_norm: population is of regime: finetune; with two_stage it is frozen, moving or everywhere"
        if self.input_normalization != "pretrained" or self.freeze_layers:
            return "input_normalization: matlab-reset and freeze_layers need regime: finetune"
        return slip_of_stages(self.stages)

    def solves(self, regime):
        """Return whether the head of a model trained in a regime is solved, not approached in gradient steps."""
        if regime == "two_stage":
            return False
        chosen = SOLVER if (regime, self.preset) == ("frozen", "keras") else "adam"
        return (chosen if self.optimizer == "auto" else self.optimizer) == SOLVER

    def most_epochs(self, regime):
        """Return the most passes over the training clips; settings for fine-tuning do not limit the solver."""
        solves = self.solves(regime)
        return EPOCHS[solves] if self.epochs is None or (solves and self.regime != regime) else self.epochs

    def head_start(self, regime):
        """Return what the head's gradient steps start from: zeros, glorot or solved."""
        chosen = HEAD_INITS[self.preset] if self.head_init == "auto" else self.head_init
        return "zeros" if (chosen, regime) == ("solved", "frozen") else chosen

    def regime_of(self, reads):
        """Return the regime of a model by what it reads: of all but pictures the head alone is trained."""
        return self.regime if reads == "picture" else "frozen"

    def ignored(self, reads):
        """Return {setting: why} of those without effect on a model, by what it reads."""
        regime = self.regime_of(reads)
        by_solver = self.solves(regime)
        is_solved_first = regime == "two_stage" and any(stage.solves(self.optimizer) for stage in self.stages)
        reads_C = by_solver or is_solved_first or self.head_start(regime) == "solved"
        found = (STEPS_ONLY if by_solver else {}) | ({} if reads_C else SOLVER_ONLY)
        untuned = f"of a model that reads {reads} the head alone is trained (frozen); leave it out"
        found |= {} if regime == self.regime else {"regime": untuned}
        return found | (BACKBONE_ONLY if regime == "frozen" else {})


class LatencyParams(Params):
    """How long one prediction is timed for, batch 1 on the CPU, after warm-up."""

    calls: Annotated[int, Field(ge=1)] = 30  # at least
    seconds: NonNegativeFloat = 2.0  # at least
    most: PositiveFloat = Field(
        60.0,
        description="seconds after which a slow model is timed no more, if ten calls were; its batch is not timed "
        "where that would take longer",
    )
    warmup: PositiveInt = 3  # untimed calls after the first
    batch: PositiveInt | None = Field(32, description="clips at once for the throughput; null: not measured")
