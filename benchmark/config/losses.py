"""What a training minimises: a section of its settings."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, model_validator

from spectrograms.params import Params


@dataclass(frozen=True)
class LossFacts:
    """What a study must know of a loss; what computes it stands in :mod:`benchmark.training.losses`."""

    activation: str  # of the head's last layer that it goes with: benchmark.tasks.Task.activation
    settings: tuple[str, ...]  # of LossParams that it reads
    solved: bool  # whether the solver minimises it, without label smoothing


LOSSES = {
    "categorical_crossentropy": LossFacts("softmax", ("label_smoothing",), True),
    "binary_crossentropy": LossFacts("sigmoid", ("label_smoothing", "pos_weight", "cap"), True),
    "focal": LossFacts("sigmoid", ("label_smoothing", "pos_weight", "cap", "gamma", "alpha"), False),
}


class LossParams(Params):
    """The loss, and how much a positive weighs in it; a plain word is the kind. No label weighs more in any score."""

    kind: Literal[tuple(LOSSES)] | None = Field(None, description="that of the task, cross-entropy, unless given")
    pos_weight: Literal["balanced", "sqrt"] | PositiveFloat | dict[str, PositiveFloat] | None = Field(
        None,
        description="how many negatives a positive weighs, per class: balanced, (n - n_c) / n_c of n training clips; "
        "sqrt, the square root of that; a number for all; or {class: number}, 1 for the others",
    )
    cap: PositiveFloat | None = Field(None, description="most that pos_weight balanced or sqrt may come to")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0  # as Keras: towards 1 / 2, or 1 / classes
    gamma: NonNegativeFloat = 2.0  # focal: power by which what is right already counts less (Lin et al. 2017)
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="focal: weight of positives, 1 - alpha that of negatives; 1 and 1 unless given"
    )

    @model_validator(mode="after")
    def _consistent(self):
        if self.cap is not None and self.pos_weight not in ("balanced", "sqrt"):
            raise ValueError("cap limits pos_weight: balanced or sqrt; leave it out")
        return self

    def slip(self, task):
        """Return what is wrong with the loss for a row of ``benchmark.tasks.TASKS``, or None."""
        kind = self.kind or task.loss
        facts = LOSSES[kind]
        if facts.activation != task.activation:
            fit = [name for name, row in LOSSES.items() if row.activation == task.activation]
            return f"kind: {kind} is no loss for {task.wants} per clip; it may be {', '.join(fit)}"
        if unread := sorted(self.changed() - {"kind", *facts.settings}):
            return f"{unread[0]} has no effect on {kind}, which reads {', '.join(facts.settings)}; leave it out"

    def is_solved(self, task):
        """Return whether the solver of a linear head minimises this loss."""
        return LOSSES[self.kind or task.loss].solved and not self.label_smoothing


Loss = Annotated[LossParams, BeforeValidator(lambda given: {"kind": given} if isinstance(given, str) else given)]
