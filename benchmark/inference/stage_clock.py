"""How long the stages of a prediction take."""

import time
from contextlib import contextmanager


class StageClock(dict):
    """{stage: seconds}: ``clock(stage)`` is a context whose seconds are added to those of the stage so far."""

    @contextmanager
    def __call__(self, stage):
        """Time what is done in the context, also where it ends in an error."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self[stage] = self.get(stage, 0.0) + time.perf_counter() - began
