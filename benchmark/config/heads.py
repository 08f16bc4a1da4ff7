"""What a model file says of its head: the kinds of head by name, each with the settings that it takes."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from spectrograms.params import Params

# The settings of each kind with their defaults; benchmark.models.heads.HEADS has a row of the same name that builds it.
HEADS = {"linear": {}, "mlp": {"hidden": (256,), "dropout": 0.5}}


class HeadParams(Params):
    """From features to scores; a plain word is the kind, with the defaults of its settings."""

    kind: Literal[tuple(HEADS)] = "linear"
    hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] | None = Field(
        None, description="mlp: units of each hidden layer; [256] unless given"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="mlp: rate in each hidden layer, before its ReLU; 0.5 unless given"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given):
        given = {"kind": given} if isinstance(given, str) else given
        if not isinstance(given, dict):
            return given
        kind = given.get("kind", "linear")
        return (HEADS[kind] if isinstance(kind, str) and kind in HEADS else {}) | given

    @model_validator(mode="after")
    def _own_settings(self):
        given = self.model_dump(exclude={"kind"}, exclude_none=True)
        if strange := sorted(given.keys() - HEADS[self.kind].keys()):
            takes = f"takes {', '.join(HEADS[self.kind])}" if HEADS[self.kind] else "takes no settings"
            raise ValueError(f"the {self.kind} head {takes}; got {', '.join(strange)}")
        return self

    @property
    def settings(self):
        """The settings of the head's kind, by name."""
        return {name: getattr(self, name) for name in HEADS[self.kind]}
