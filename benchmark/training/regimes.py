"""Regimes: what of a model is trained in which order, as a list of stages. A new regime is a function and a row."""

from dataclasses import dataclass, replace

from benchmark.config.training import SOLVER, TrainingParams
from benchmark.features.extractors import EXTRACTORS
from benchmark.tasks import TASKS, Task
from benchmark.training.estimators import ESTIMATORS

SCHEDULES = {  # (epoch from 1, the schedule's own settings) -> factor of the learning rate
    "constant": lambda epoch: 1.0,
    "step": lambda epoch, every, factor: factor ** ((epoch - 1) // every),
}


@dataclass(frozen=True)
class Stage:
    """One stage of a training; what all stages have in common (batches, validation, stopping) is in ``settings``."""

    trains: str  # 'head', on features that are computed once; or 'all', the backbone too, on the pictures themselves
    optimizer: str  # adam, sgdm, rmsprop; or a row of benchmark.training.estimators.ESTIMATORS
    epochs: int  # most passes over the training clips, or iterations of an estimator
    settings: TrainingParams
    start: str | None = None  # of the head: 'zeros', 'glorot' as it was drawn; None: as the stage before left it
    learning_rate: float = 1e-3
    schedule: tuple[str, dict] = ("constant", {})  # a row of SCHEDULES and its settings
    batch_norm: str = "frozen"  # TrainingParams.batch_norm
    loss: str = "categorical_crossentropy"  # a row of benchmark.training.losses.LOSSES
    monitor: str = "val_loss"  # or val_<name> of a score of the task
    task: Task = TASKS["multiclass"]

    @property
    def takes_steps(self):
        """Whether the stage takes gradient steps."""
        return self.optimizer not in ESTIMATORS

    def rate(self, epoch):
        """Return the learning rate in an epoch, counted from 1."""
        name, settings = self.schedule
        return self.learning_rate * SCHEDULES[name](epoch, **settings)


def frozen(training):
    """Return the one stage that trains the head alone: solved, or in gradient steps."""
    if training.solves("frozen"):
        return [_solved(training)]
    return [_steps("head", training, training.most_epochs("frozen"), training.head_start("frozen"))]


def finetune(training):
    """Return the stages that train all layers.

    A solved start is a stage of its own: linear probing, then fine-tuning (Kumar et al. 2022, arXiv:2202.10054)."""
    start, epochs = training.head_start("finetune"), training.most_epochs("finetune")
    if start == "solved":
        return [_solved(training), _steps("all", training, epochs)]
    return [_steps("all", training, epochs, start)]


REGIMES = {"frozen": frozen, "finetune": finetune}  # the words of benchmark.config.training.REGIMES


def regime_of(network, training):
    """Return the regime of a network under a study's settings: one that can only be read is trained frozen."""
    return training.regime if EXTRACTORS[network.reads].trainable else "frozen"


def stages_of(network, study):
    """Return the :class:`Stage` list of a network's training under a study's settings and for its task."""
    stages = REGIMES[regime_of(network, study.training)](study.training)
    task, monitor = TASKS[study.task], f"val_{study.training.monitor}"
    return [replace(stage, task=task, loss=task.loss, monitor=monitor) for stage in stages]


def _solved(training):
    return Stage("head", SOLVER, training.most_epochs("frozen"), training)


def _steps(trains, training, epochs, start=None):
    drops = {"every": training.drop_period, "factor": training.drop_factor}
    return Stage(
        trains,
        "adam" if training.optimizer == "auto" else training.optimizer,
        epochs,
        training,
        start,
        training.learning_rate,
        ("step", drops) if training.drop_period else ("constant", {}),
        training.batch_norm,
    )
