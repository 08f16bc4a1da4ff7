"""What a study says of models that are one model varied: with some of its features, or other values of one setting."""

from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from benchmark.errors import did_you_mean
from spectrograms.params import Params

MOST_SUBSETS = 31  # those of five features
CALLED_BY = ("name", "extends", "key")  # of an entry of features that is a mapping: what it is called, the first given
Entry = str | dict[str, Any]


def feature_name(entry):
    """Return what an entry of ``features``, a name or a mapping that changes one, is called."""
    return entry if isinstance(entry, str) else str(next((entry[key] for key in CALLED_BY if key in entry), None))


class VariantParams(Params):
    """Of what a model is a variant: written by the sections ablation and sweep, read by tables and figures."""

    section: Literal["ablation", "sweep"]
    of: str  # the name of the model that is varied
    label: str  # of that model
    setting: str = Field("features", description="sweep: the one that is varied, as frames.n")
    value: Any = Field(description="of that setting; of an ablation {feature: plain or averaged}")


class AblationParams(Params):
    """One model of several features with some of them at a time, as further models (Table 3 of sulun2024)."""

    model: Entry = Field(description="one of the study's models or of configs/models, or a mapping that changes one")
    features: Annotated[tuple[Entry, ...], Field(min_length=1)] = Field(
        description="files of configs/features, or mappings that change one"
    )
    trials: Literal["order", "all_subsets"] = Field(
        "order", description="order: the features are added one by one; all_subsets: every choice of them"
    )
    averaged: tuple[str, ...] = Field(
        (), description="features of which there is a second model each time, with them averaged over time"
    )

    @property
    def names(self):
        """What the features are called, in order."""
        return tuple(map(feature_name, self.features))

    @property
    def subsets(self):
        """The (features, those of them that are averaged) of each model, by name, the fewest features first."""
        sizes = range(1, len(self.names) + 1)
        sets = [self.names[:n] for n in sizes]
        if self.trials == "all_subsets":
            sets = [chosen for n in sizes for chosen in combinations(self.names, n)]
        averaged = {chosen: tuple(name for name in chosen if name in self.averaged) for chosen in sets}
        return [(chosen, how) for chosen in sets for how in dict.fromkeys(((), averaged[chosen]))]

    @model_validator(mode="after")
    def _consistent(self):
        if nameless := [entry for entry in self.features if isinstance(entry, dict) and not {*CALLED_BY} & {*entry}]:
            raise ValueError(f"features: an entry that extends no file must have a name; got {nameless[0]!r}")
        names = self.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"features named twice: {', '.join(twice)}")
        if strange := [name for name in self.averaged if name not in names]:
            hint = did_you_mean(strange[0], names)
            raise ValueError(f"averaged: {strange[0]} is none of the features {', '.join(names)}{hint}")
        if self.trials == "all_subsets" and (n := 2 ** len(names) - 1) > MOST_SUBSETS:
            raise ValueError(
                f"all_subsets of {len(names)} features are {n} models, more than {MOST_SUBSETS}: name fewer features, "
                "or choose trials: order"
            )
        return self


class SweepParams(Params):
    """Models with several values of one setting, as further models (Fig. 6 of sulun2024)."""

    setting: str = Field(description="of a model, or of a section that a model may change for itself, as frames.n")
    values: Annotated[tuple[Any, ...], Field(min_length=1)]
    models: Annotated[tuple[Entry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self):
        for name, given in {"values": self.values, "models": self.models}.items():
            if twice := [entry for number, entry in enumerate(given) if entry in given[:number]]:
                raise ValueError(f"{name}: {twice[0]!r} stands there twice")
        return self
