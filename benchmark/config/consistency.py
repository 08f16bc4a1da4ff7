"""What the settings of a study must keep to together: a function each, which returns what is wrong, or None."""

from pydantic import ValidationError

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.features import PIXEL_SIZE
from benchmark.config.heads import OF_MEANS
from benchmark.config.losses import LOSSES
from benchmark.config.sections import said_of
from benchmark.config.several import features_are_told_apart, heads_can_fuse, heads_name_what_they_read
from benchmark.config.training import SOLVER
from benchmark.errors import did_you_mean
from benchmark.tasks import TASKS

OWN_SECTIONS = ("training", "augment", "frames")  # of a study, of which a model may change a part for itself
# What a model that is not trained reads all the same of the sections on training: what its features are computed with.
UNTRAINED = {"training": ("batch_size", "mixed_precision"), "augment": ()}
NOT_TRAINED = {"estimator": "a model of scikit-learn", "fusion": "a mean of other models' scores"}  # by its trainer


def own_section(study, network, name):
    """Return a section of a study with what a model changes in it for itself; raise pydantic's ValidationError.

    Of a model that is not trained, what it does not read is as by default."""
    section = getattr(study, name)
    own = type(section).model_validate(section.changed_by(getattr(network, name)))
    if name not in UNTRAINED or network.is_trained:
        return own
    return type(own)(**{key: getattr(own, key) for key in _read(network, name)})


def _read(network, name):
    """Return the settings of a section on training that a model reads that is not trained."""
    return () if network.reads == "nothing" else UNTRAINED[name]


def ignored(study, network):
    """Return {setting of training: why} of those without effect on a model of a study."""
    if network.is_trained:
        return study.for_model(network).training.ignored(network.reads)
    why = f"{NOT_TRAINED[network.trainer]} is not trained by it; leave it out"
    return dict.fromkeys(set(type(study.training).model_fields) - set(_read(network, "training")), why)


def models_have_names(study, part):
    """Each model has a name of its own, which is not that of the baseline; ensembles name models."""
    names = [model.name for model in study.models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"models named twice: {', '.join(twice)}; give one of them a 'name' of its own"
    if study.baseline and (baseline := TASKS[study.task].baseline) in names:
        return f"a model cannot be named '{baseline}', as the baseline is; rename it, or set baseline: false"
    if strange := sorted({name for ensemble in study.ensembles for name in ensemble} - set(names)):
        return f"ensembles: no model {', '.join(strange)}; models are {', '.join(names)}"


def fusions_have_members(study, part):
    """The members of a late fusion are models of the study, and no fusions themselves."""
    names, slips = {model.name: model for model in study.models}, []
    for model in (model for model in study.models if model.fusion):
        if strange := [name for name in model.needs if name not in names]:
            known = [name for name in names if not names[name].fusion]
            hints = [f"{name}{did_you_mean(name, known)}" for name in strange]
            slips.append(f"model {model.name}: fusion: no model {', '.join(hints)}; models are {', '.join(known)}")
        if nested := [name for name in model.needs if name in names and names[name].fusion]:
            slips.append(f"model {model.name}: fusion: {', '.join(nested)} is a fusion itself; name its members")
    return "; ".join(slips)


def own_settings_are_right(study, part):
    """What a model changes for itself is as right as what stands in the study."""
    slips = []
    for model in study.models:
        for name in OWN_SECTIONS:
            try:
                own_section(study, model, name)
            except ValidationError as error:
                section = type(getattr(study, name))
                slips += [f"model {model.name}: {name}: {slip}" for slip in said_of(section, error)]
    return "; ".join(slips) or _frames_of_features(study)


def _frames_of_features(study):
    """Return what is wrong with the frames that one of several features of a model reads."""
    slips = []
    for model in study.models:
        for part in model.parts:
            try:
                study.for_part(model, part)
            except ValidationError as error:
                told = said_of(type(study.frames), error)
                slips += [f"model {model.name}: {part.name}: frames: {slip}" for slip in told]
    return "; ".join(slips)


def solver_has_linear_head(study, part):
    """A head that is solved is linear."""
    slips = []
    for model in (model for model in study.models if model.head.kind != "linear"):
        training = own_section(study, model, "training")
        asked = {
            "optimizer": training.optimizer == SOLVER,
            "head_init": training.head_init == "solved",
            "stages": any(stage.optimizer == SOLVER for stage in training.stages),
        }
        if any(asked.values()):
            slips.append(
                f"model {model.name}: {SOLVER} solves a linear head alone, and its head is {model.head.kind}; "
                f"leave out training.{' and training.'.join(key for key, solves in asked.items() if solves)}"
            )
    return "; ".join(slips)


def heads_read_what_is_there(study, part):
    """A head over steps follows a network that gives several of a clip."""
    if strange := [model for model in study.models if model.head.reads_steps and model.reads == "picture"]:
        kinds = " or ".join(OF_MEANS)
        return (
            f"model {strange[0].name}: the {strange[0].head.kind} head reads the steps of a clip, and a picture has "
            f"none; choose {kinds}"
        )


def maps_have_the_grid_of_their_head(study, part):
    """A head over maps is not given the means of maps, nor pixels in other rows than they have."""
    for model in (model for model in study.models if model.head.grid):
        rows, columns = model.head.grid
        if model.reads == "frames" and model.pooling != "flatten":
            return (
                f"model {model.name}: the {model.head.kind} head reads a map of each frame, and pooling: average "
                "leaves its mean; set pooling: flatten, as features: frames_vgg16 has it"
            )
        size = model.input_size or PIXEL_SIZE
        if model.reads == "pixels" and model.head.grid != (size, size):
            return (
                f"model {model.name}: head.grid must be [{size}, {size}], the pixels of input_size; got "
                f"[{rows}, {columns}]"
            )


def augmentation_is_read(study, part):
    """Augmentation needs a model that is trained on pictures."""
    asked = [model for model in study.models if own_section(study, model, "augment").changed()]
    regimes = {own_section(study, model, "training").regime for model in asked}
    if regimes <= {"frozen"} and (asked or study.augment.changed()) and not part:
        return "augment needs regime: finetune or two_stage; frozen features are computed once, before any change"


def models_read_clips(study, part):
    """Each model reads what clips of the data set's kind give."""
    readable = [*DATASET_KINDS[study.dataset.kind].inputs, "nothing"]
    blind = [
        f"{model.name} ({part.reads if part is model else f'{part.name}: {part.reads}'})"
        for model in study.models
        for part in model.parts
        if part.reads not in readable
    ]
    if blind:
        return (
            f"{', '.join(blind)} cannot read clips of dataset.kind '{study.dataset.kind}', which give "
            f"{', '.join(readable[:-1])}; leave them out"
        )


def pictures_of_sound_have_one_length(study, part):
    """A picture of sound shows as many seconds of each clip."""
    if study.clip.short == "keep" and any("mel" in _sections(study, model) for model in study.models):
        return "clip.short: keep gives clips of unlike length, of which a model reads pictures; set pad, loop or reject"


def _sections(study, model):
    kind = DATASET_KINDS[study.dataset.kind]
    return frozenset().union(*(kind.sections(part.reads) for part in model.parts))


def frames_are_read(study, part):
    """Frames are chosen where clips are films."""
    inputs = DATASET_KINDS[study.dataset.kind].inputs
    own = (features.frames for model in study.models for features in {id(f): f for f in (model, *model.parts)}.values())
    asked = study.frames != type(study.frames)() or any(own)
    if asked and not any("frames" in sections for sections in inputs.values()):
        return (
            f"frames has no effect on dataset.kind: {study.dataset.kind}, whose clips are no films; leave it out, or "
            "set dataset.kind: video"
        )


def sound_can_be_shared(study, part):
    """Recordings are laid into the report where clips are sound."""
    if study.dataset.share_sound and not DATASET_KINDS[study.dataset.kind].has_sound:
        return (
            f"dataset.share_sound has no effect on dataset.kind: {study.dataset.kind}, whose clips are not sound "
            "alone; leave it out"
        )


def task_reads_settings(study, part):
    """What is set is read by the study's task."""
    task = TASKS[study.task]
    are_set = study.thresholds != type(study.thresholds)() or any(model.thresholds for model in study.models)
    if are_set and not task.has_thresholds:
        having = " or ".join(name for name, row in TASKS.items() if row.has_thresholds)
        return f"thresholds have no effect on task: {study.task}; leave them out, or set task: {having}"


def task_has_monitor(study, part):
    """What a model watches in its training is a score of the study's task."""
    known = ("loss", *TASKS[study.task].scores)
    watched = {own_section(study, model, "training").monitor for model in study.models}
    if strange := watched - set(known):
        return f"training.monitor: {strange.pop()} is no score of task: {study.task}; it may be {', '.join(known)}"


def loss_fits_task(study, part):
    """The loss of each model is one of the study's task, and what it says is read by what minimises it."""
    task = TASKS[study.task]
    trainings = [study.for_model(model).training for model in study.models]
    if slips := [slip for training in trainings if (slip := training.loss.slip(task))]:
        return f"training.loss: {slips[0]} (task: {study.task})"
    unread = [training.solves(training.regime_of(model.reads)) and not training.loss.is_solved(task)
              for model, training in zip(study.models, trainings, strict=True)]  # fmt: skip
    if all(unread):
        return (
            "training.loss: the frozen head is solved (optimizer: lbfgs), which minimises plain cross-entropy; leave "
            "out focal and label_smoothing, or choose optimizer: adam"
        )


def classes_are_weighed_as_task_allows(study, part):
    """Clips weigh by their class only where they have one."""
    names = ("class_weight", "oversample")
    trainings = [own_section(study, model, "training") for model in study.models]
    asked = [name for name in names if any(getattr(training, name) for training in trainings)]
    if asked and "pos_weight" in LOSSES[TASKS[study.task].loss].settings:
        return (
            f"training.{asked[0]} is for clips of one class; with task: {study.task} weigh the positives instead: "
            "training.loss: {pos_weight: balanced}"
        )


CHECKS = (
    models_have_names,
    features_are_told_apart,
    heads_can_fuse,
    heads_name_what_they_read,
    fusions_have_members,
    own_settings_are_right,
    solver_has_linear_head,
    heads_read_what_is_there,
    maps_have_the_grid_of_their_head,
    augmentation_is_read,
    models_read_clips,
    pictures_of_sound_have_one_length,
    frames_are_read,
    sound_can_be_shared,
    task_reads_settings,
    task_has_monitor,
    loss_fits_task,
    classes_are_weighed_as_task_allows,
)
