"""What a model file says of an estimator of scikit-learn in place of a head, and of a late fusion of other models."""

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from benchmark.config.kinds import check_settings, in_full
from spectrograms.params import Params


@dataclass(frozen=True)
class EstimatorFacts:
    """What a study must know of a kind of estimator; what fits it stands in :mod:`benchmark.training.estimators`."""

    settings: dict = field(default_factory=dict)  # that it takes, with their defaults: several values are a grid
    reads: bool = True  # whether it reads features


ESTIMATORS = {
    "svm": EstimatorFacts(  # the grid of wehrmann2017
        {
            "C": (0.1, 1.0, 10.0, 100.0, 1000.0),
            "kernel": ("linear", "rbf"),
            "gamma": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        }
    ),
    "random_forest": EstimatorFacts({"n_estimators": (500,)}),
    "logistic": EstimatorFacts({"C": (1.0,)}),
    "knn": EstimatorFacts({"n_neighbors": (5,)}),
    "uniform": EstimatorFacts(reads=False),
    "prior": EstimatorFacts(reads=False),
}


def kind_of(given):
    """Return the kind of a raw estimator, a word or a mapping; None where it is none."""
    kind = given.get("kind") if isinstance(given, dict) else getattr(given, "kind", given)
    return kind if isinstance(kind, str) and kind in ESTIMATORS else None


def _listed(given):
    """Return one value, or several in a list, as a list."""
    return given if isinstance(given, list | tuple) else [given]


def _different(values):
    if not values or len(set(values)) < len(values):
        raise ValueError("it must be a value, or several different ones")
    return values


def _grid(kind):
    """Return the type of a setting of which one value or several are given."""
    values = Annotated[tuple[kind, ...], AfterValidator(_different)]
    return Annotated[values, BeforeValidator(_listed, json_schema_input_type=kind | values)]


class EstimatorParams(Params):
    """From features to scores by scikit-learn; a plain word is the kind, with the defaults of its settings.

    Of several values of a setting the best on the validation clips is taken."""

    kind: Literal[tuple(ESTIMATORS)]
    C: _grid(PositiveFloat) | None = Field(
        None, description="svm, logistic: inverse strength of L2; svm tries .1, 1, 10, 100 and 1000 unless given"
    )
    kernel: _grid(Literal["linear", "rbf"]) | None = Field(None, description="svm: both are tried unless given")
    gamma: _grid(PositiveFloat | Literal["scale"]) | None = Field(
        None, description="svm: width of rbf, or scale, 1 / (dim * variance); .1, .2 ... 1 are tried unless given"
    )
    n_estimators: _grid(PositiveInt) | None = Field(None, description="random_forest: trees; 500 unless given")
    n_neighbors: _grid(PositiveInt) | None = Field(None, description="knn: clips that decide; 5 unless given")

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given):
        given = in_full(given)
        if not isinstance(given, dict):
            return given
        kind = kind_of(given)
        usual = ESTIMATORS[kind].settings if kind else {}
        return usual | {name: value for name, value in given.items() if value is not None or name not in usual}

    @model_validator(mode="after")
    def _own_settings(self):
        check_settings(self, ESTIMATORS[self.kind].settings, f"the estimator {self.kind}")
        return self

    @property
    def reads(self):
        """Whether it reads features."""
        return ESTIMATORS[self.kind].reads

    @property
    def candidates(self):
        """The settings that are tried, a list of dicts: each once, since a linear kernel has no gamma."""
        values = {name: getattr(self, name) for name in ESTIMATORS[self.kind].settings}
        grid = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
        grid = [{name: value for name, value in settings.items() if name != "gamma" or settings["kernel"] != "linear"}
                for settings in grid]  # fmt: skip
        return [settings for number, settings in enumerate(grid) if settings not in grid[:number]]

    @property
    def words(self):
        """What it is, and how much of what is compared for it on the validation clips."""
        return f"estimator {self.kind}", len(self.candidates), "settings"


MOST_WEIGHTS = 20_000  # of a grid: the average precision of each takes some milliseconds


class FusionParams(Params):
    """Late fusion: the weighted mean of other models' scores, with the weights that are best on validation clips."""

    members: Annotated[tuple[str, ...], Field(min_length=2)] = Field(description="names of models of the study")
    step: Annotated[float, Field(gt=0, le=0.5)] = Field(0.05, description="of the weights, which sum to 1")

    @property
    def n_steps(self):
        """How many steps the weights sum to."""
        return round(1 / self.step)

    @property
    def n_weights(self):
        """How many ways there are to weigh the members."""
        return math.comb(self.n_steps + len(self.members) - 1, self.n_steps)

    @property
    def words(self):
        """What it is, and how much of what is compared for it on the validation clips."""
        return f"fusion of {', '.join(self.members)}", self.n_weights, "weights"

    @model_validator(mode="after")
    def _consistent(self):
        if twice := sorted({name for name in self.members if self.members.count(name) > 1}):
            raise ValueError(f"members named twice: {', '.join(twice)}")
        if abs(self.n_steps * self.step - 1) > 1e-6:
            raise ValueError(f"step must go into 1 a whole number of times, as .05 does 20 times; got {self.step:g}")
        if self.n_weights > MOST_WEIGHTS:
            raise ValueError(
                f"{len(self.members)} members can be weighed in {self.n_weights:,} ways in steps of {self.step:g}; at "
                f"most {MOST_WEIGHTS:,} are tried: choose a larger step"
            )
        return self
