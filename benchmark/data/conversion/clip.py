"""What readers of published features yield: a clip, or why one cannot be had."""

from typing import NamedTuple

import numpy as np


class Clip(NamedTuple):
    """One clip with its features, as it goes into an HDF5 file."""

    clip_id: str
    arrays: dict[str, np.ndarray]  # (n_steps, dim) or (dim,)
    labels: tuple[str, ...] = ()
    group: str = ""
    split: str = ""


class Flaw(NamedTuple):
    """A clip of the source that is left out."""

    clip_id: str
    reason: str
