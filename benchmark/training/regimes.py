"""Regimes: what of a model is trained in which order, as a list of stages. A new regime is a function and a row."""

from dataclasses import dataclass, field, replace

from benchmark.config.losses import LossParams
from benchmark.config.stages import SOLVER, ScheduleParams
from benchmark.config.training import EPOCHS, TrainingParams
from benchmark.tasks import TASKS, Task
from benchmark.training.head_solvers import HEAD_SOLVERS
from benchmark.training.losses import Loss, make_loss
from benchmark.training.schedules import SCHEDULES


def _plain_loss():
    return make_loss(LossParams(), TASKS["multiclass"], None, None)


@dataclass(frozen=True)
class Stage:
    """One stage of a training; what all stages have in common (batches, validation) is in ``settings``."""

    # 'head', on features that are computed once; 'steps': of the head, what scores single steps; or 'all', the backbone
    # too, on the pictures themselves.
    trains: str
    optimizer: str  # adam, sgdm, rmsprop; or a row of benchmark.training.head_solvers.HEAD_SOLVERS
    epochs: int  # most passes over the training clips, or iterations of a solver
    settings: TrainingParams
    start: str | None = None  # of the head: 'zeros', 'glorot' as it was drawn; None: as the stage before left it
    learning_rate: float = 1e-3
    schedule: ScheduleParams = field(default_factory=ScheduleParams)
    patience: int | None = None  # validations without a better one; None: never stop
    batch_norm: str = "frozen"  # TrainingParams.batch_norm, or StageParams.batch_norm
    unfreeze: tuple[str, ...] | None = None  # how names of layers that 'all' trains begin, (): any; None: as built
    loss: Loss = field(default_factory=_plain_loss)
    monitor: str = "val_loss"  # or val_<name> of a score of the task
    task: Task = TASKS["multiclass"]

    @property
    def takes_steps(self):
        """Whether the stage takes gradient steps."""
        return self.optimizer not in HEAD_SOLVERS

    def rate(self, epoch, gains=()):
        """Return the learning rate in an epoch, counted from 1.

        ``gains`` are what the validations before it gave, more is better."""
        factor = SCHEDULES[self.schedule.kind](epoch, self.epochs, gains, **self.schedule.settings)
        return self.learning_rate * factor


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


def two_stage(training):
    """Return the stages that the settings list; the first starts the head, each goes on from the one before."""
    stages = [_listed(params, training) for params in training.stages]
    first = stages[0]
    return [replace(first, start=training.head_start("two_stage")) if first.takes_steps else first, *stages[1:]]


REGIMES = {
    "frozen": frozen,
    "finetune": finetune,
    "two_stage": two_stage,
}  # of benchmark.config.training


def stages_of(network, study):
    """Return the :class:`Stage` list of a network's training under a study's settings and for its task.

    Their loss is that of the task without weights: those come from the clips. Of a head that is trained on single steps
    first, that is a stage before all others."""
    stages = REGIMES[study.training.regime_of(network.reads)](study.training)
    if network.head.is_trained_on_steps_first:
        epochs = network.head.step_epochs or study.training.most_epochs("frozen")
        stages = [_steps("steps", study.training, epochs, study.training.head_start("frozen")), *stages]
    return [replace(stage, task=TASKS[study.task], monitor=f"val_{study.training.monitor}") for stage in stages]


def _solved(training, epochs=None):
    return Stage("head", SOLVER, epochs or training.most_epochs("frozen"), training)


def _steps(trains, training, epochs, start=None):
    return Stage(
        trains,
        "adam" if training.optimizer == "auto" else training.optimizer,
        epochs,
        training,
        start,
        training.learning_rate,
        training.schedule,
        training.patience,
        training.batch_norm,
    )


def _listed(params, training):
    """Return the :class:`Stage` of a StageParams; what it does not say is as in ``training``."""
    if params.solves(training.optimizer):
        return _solved(training, params.epochs or EPOCHS[True])
    stage = _steps(params.trains, training, params.epochs or training.most_epochs("two_stage"))
    said = {name: getattr(params, name) for name in ("learning_rate", "schedule", "patience", "batch_norm")}
    said |= {"optimizer": None if params.optimizer == "auto" else params.optimizer, "unfreeze": params.unfreeze}
    return replace(stage, **{name: value for name, value in said.items() if value is not None})
