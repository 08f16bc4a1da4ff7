"""Stages of a training in turn, and how a learning rate goes down: sections of its settings."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from benchmark.config.kinds import in_full
from spectrograms.params import Params

SOLVER = "lbfgs"  # finds the optimum of a linear head; the other optimisers take gradient steps
SCHEDULES = {"constant": (), "step": ("every", "factor"), "cosine": ("floor",), "plateau": ("patience", "factor")}


class ScheduleParams(Params):
    """How the learning rate of a stage changes from epoch to epoch; a plain word is the kind."""

    kind: Literal[tuple(SCHEDULES)] = "constant"
    every: PositiveInt = Field(10, description="step: epochs after which the rate is multiplied by factor")
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0  # cosine: share of the rate that it goes down to
    patience: PositiveInt = Field(
        5, description="plateau: validations without a better one after which it is multiplied by factor"
    )

    @model_validator(mode="after")
    def _consistent(self):
        read = SCHEDULES[self.kind]
        if unread := sorted(self.changed() - {"kind", *read}):
            reads = f"reads {' and '.join(read)}" if read else "reads none"
            raise ValueError(f"{unread[0]} has no effect on schedule {self.kind}, which {reads}; leave it out")
        return self

    @property
    def settings(self):
        """What the schedule of this kind reads, as a dict."""
        return {name: getattr(self, name) for name in SCHEDULES[self.kind]}


Schedule = Annotated[ScheduleParams, BeforeValidator(in_full)]


class StageParams(Params):
    """One stage of ``regime: two_stage``; what it does not say stands in ``training``."""

    train: Literal["head", "all"] | None = None
    unfreeze: tuple[str, ...] = Field(
        (), description="what the names of the layers begin with that are trained with the head, in place of train"
    )
    optimizer: Literal["auto", "lbfgs", "adam", "sgdm", "rmsprop"] = Field(
        "auto", description="auto: lbfgs for a head without epochs, learning_rate and schedule, else training's"
    )
    epochs: PositiveInt | None = None
    learning_rate: PositiveFloat | None = None
    schedule: Schedule | None = None
    patience: PositiveInt | None = Field(None, description="validations without a better one; training's unless given")
    batch_norm: Literal["auto", "frozen", "moving", "everywhere"] | None = Field(
        None,
        description="frozen: as pretrained; moving: that of trained layers moves; everywhere: that of all, "
        "and frozen layers drop out as in training too, as requires_grad=False leaves them in PyTorch",
    )

    @model_validator(mode="after")
    def _consistent(self):
        if bool(self.unfreeze) == bool(self.train):
            raise ValueError("a stage says either train: head, train: all, or unfreeze: [beginnings of layer names]")
        if self.train != "head" and self.optimizer == SOLVER:
            raise ValueError(f"optimizer: {SOLVER} finds a head alone; choose adam, sgdm or rmsprop")
        steps = [name for name in ("learning_rate", "schedule", "patience") if getattr(self, name) is not None]
        if self.optimizer == SOLVER and steps:
            raise ValueError(f"{steps[0]} has no effect on optimizer: {SOLVER}; leave it out, or choose adam")
        if self.train == "head" and self.batch_norm is not None:
            raise ValueError("batch_norm has no effect where the head is trained alone; leave it out")
        return self

    @property
    def trains(self):
        """What of the model is trained: 'head', or 'all' on the pictures, be it in part."""
        return "head" if self.train == "head" else "all"

    def solves(self, optimizer):
        """Return whether the head is solved, not approached in gradient steps, where ``training`` names an optimizer.

        It is where nobody chose one and the stage says nothing of steps."""
        steps = any(getattr(self, name) is not None for name in ("epochs", "learning_rate", "schedule", "patience"))
        left_open = self.optimizer == optimizer == "auto"
        return self.optimizer == SOLVER or (left_open and self.train == "head" and not steps)


def slip_of_stages(stages):
    """Return what is wrong with the order of the :class:`StageParams` of a training, or None."""
    trains = [stage.trains for stage in stages]
    if not trains or trains[-1] == "head":
        return "regime: two_stage needs stages, of which the last unfreezes layers; for a head alone see frozen"
    if "head" in trains[trains.index("all") :]:
        return "stages that train the head alone come first: its features are computed once, before a layer changes"
