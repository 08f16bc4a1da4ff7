"""Which columns of a table of clips are the path, the labels, the group and the split: a section of a study."""

from pydantic import Field

from spectrograms.params import Params


class ColumnParams(Params):
    """The names of a table's columns, where they are not path, label (or labels), group and split."""

    path: str | None = Field(None, description="may be a template of columns: fold{fold}/{name}, {track_id:06}.mp3")
    label: str | None = Field(None, description="text: one class, a|b, or a list such as ['a', 'b']")
    labels: tuple[str, ...] = Field((), description="columns of 0 and 1, one per class; found unless given")
    group: str | None = None
    split: str | None = None

    def given(self):
        """Return {field: name} of the columns of text that have another name."""
        return self.model_dump(exclude={"labels"}, exclude_none=True)
