"""When a training stops and which of its weights it keeps, by a number that every validation gives."""

import math

LESS_IS_BETTER = ("val_loss",)  # of what may be monitored: val_loss, and val_<score> of the task


def gain(monitor, row):
    """Return what is monitored of a row of the history, so that more is better."""
    return -row[monitor] if monitor in LESS_IS_BETTER else row[monitor]


class EarlyStopping:
    """Stop after ``patience`` validations without a better ``monitor``, and keep the best or the last weights.

    ``patience`` None never stops; ``keep`` is 'best' or 'last'. ``best`` is larger where the monitor is better."""

    def __init__(self, model, monitor="val_loss", patience=None, keep="best"):
        self.model, self.monitor, self.patience, self.keep = model, monitor, patience, keep
        self.best, self.weights, self.waited = -math.inf, None, 0

    def is_over(self, row):
        """Return whether to stop, given a row of the history; where no validation took place, its monitor is NaN."""
        value = gain(self.monitor, row)
        if math.isnan(value):
            return False
        self.waited = 0 if value > self.best else self.waited + 1
        if value > self.best:
            self.best = value
            self.weights = self.model.get_weights() if self.keep == "best" else None
        return self.patience is not None and self.waited >= self.patience

    def finish(self):
        """Put the best weights back where they are wanted."""
        if self.weights is not None:
            self.model.set_weights(self.weights)


def kept_iteration(history, stage):
    """Return the iteration whose weights a :class:`benchmark.training.regimes.Stage` kept: the first best, or the last.

    Where nothing was validated, and of a solved head, that is the last."""
    validated = [row for row in history if not math.isnan(row[stage.monitor])]
    if not (stage.takes_steps and stage.settings.keep == "best" and validated):
        return history[-1]["iteration"]
    return max(validated, key=lambda row: gain(stage.monitor, row))["iteration"]
