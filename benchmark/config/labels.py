"""Which classes a study has, and how scores of several labels become a decision: two sections of a study."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, model_validator

from benchmark.config.kinds import in_full
from benchmark.tasks.thresholds import DEFAULT, KINDS
from spectrograms.params import Params

Share = Annotated[float, Field(gt=0, lt=1)]


class ClassParams(Params):
    """Which of the classes that the data name are used. A label that is not used is taken off its clips."""

    keep: tuple[str, ...] = Field((), description="these alone; all unless given")
    drop: tuple[str, ...] = Field((), description="all but these")
    min_positives: NonNegativeInt = Field(0, description="clips that a class needs; 0: as many as the split needs")
    rare: Literal["error", "drop", "keep"] = Field(
        "error", description="what becomes of a class with fewer; keep: it may lack clips in a part of the split"
    )

    @model_validator(mode="after")
    def _consistent(self):
        if twice := sorted(set(self.keep) & set(self.drop)):
            raise ValueError(f"classes both kept and dropped: {', '.join(twice)}")
        return self


def _short(given):
    """Return the mapping that a plain word or number is short for."""
    return {"kind": "fixed", "value": given} if isinstance(given, int | float) else in_full(given)


class ThresholdParams(Params):
    """From which score on a class is predicted; tuned on the validation split, never on test. A number is for all."""

    kind: Literal[KINDS] = "fixed"  # global: one for all classes, with the best macro F1
    value: Share = DEFAULT  # of kind fixed
    search: Literal["exact", "grid"] = "exact"  # every threshold that tells clips apart, or every step
    step: Share = 0.05  # of the grid, from step to 1 - step (posters2025)


Thresholds = Annotated[ThresholdParams, BeforeValidator(_short)]
