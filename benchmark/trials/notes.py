"""What is worth knowing of how a study's models will be trained, beside what is wrong: said by ``check``."""

import numpy as np

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.features.pictures import batch_norm
from benchmark.models.sources import laid_out
from benchmark.training.boundary import place_of
from benchmark.training.regimes import stages_of
from benchmark.training.stages import boundary_of
from benchmark.training.unfreezing import unfreeze
from benchmark.trials.checks import attempt


def training_notes(study, folds):
    """Return a sentence per thing to know; ``folds`` is {seed: [split of each clip, ...]}.

    They are what models without a head are, changes of pictures that no spectrogram bears, and what the outputs of
    frozen layers take that are kept between epochs. What is wrong with a network is said by
    :mod:`benchmark.trials.checks`, and not here."""
    n_clips = max(int(np.isin(split, ("train", "val")).sum()) for splits in folds.values() for split in splits)
    n_val = min(int((split == "val").sum()) for splits in folds.values() for split in splits)
    models = [model for model in study.models if model.reads == "picture"]
    said = [_untrained(model, n_val) for model in study.models if not model.is_trained]
    said += [line for model in models for line in _meaningless(study, model)]
    for model in models:
        said += attempt(lambda model=model: list(_kept(study, model, n_clips)))[0] or ()
    return list(dict.fromkeys(said))


def _untrained(model, n_val):
    """Return what a model without a head is, what it reads, and what is compared for it on validation clips."""
    what, n, of_it = getattr(model, model.trainer).words
    compared = f"; {n} {of_it} are compared on {n_val} validation clips" if n > 1 else ""
    return f"{model.name}: {what}, reads {model.reads}{compared}"


def _meaningless(study, model):
    """Yield the augmentation of a model that means nothing on a spectrogram."""
    own = study.for_model(model)
    if DATASET_KINDS[study.dataset.kind].has_sound and own.training.regime != "frozen":
        for name, why in own.augment.meaningless_on_spectrograms().items():
            yield f"augment.{name} is for pictures; of a spectrogram {why}"


def _kept(study, model, n_clips):
    """Yield what becomes of the outputs of the frozen layers in each stage of a model that has such."""
    own = study.for_model(model)
    for stage in (stage for stage in stages_of(model, own) if stage.unfreeze):
        core, place = laid_out(model), f"{model.name}, unfreeze {', '.join(stage.unfreeze)}"
        unfreeze(core, stage.unfreeze, batch_norm(model, stage.batch_norm))
        boundary = boundary_of(stage, model, core)
        if boundary is None:
            yield f"{place}: each epoch passes through all layers, since none behaves as in prediction"
        elif own.augment.changed():
            yield f"{place}: each epoch passes through the frozen layers, since its pictures are augmented"
        else:
            size = boundary.bytes_per_clip * n_clips
            where = place_of(size, study.cache)
            place += f": the outputs of the frozen layers for {n_clips} clips take {size / 1e6:.0f} MB"
            yield f"{place}, kept {where}" if where else f"{place}, too much to be kept: each epoch makes them"
