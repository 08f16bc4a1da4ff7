"""The stages of a training, one after the other: each takes the model on from where the one before left it."""

import contextlib
from dataclasses import replace

import numpy as np

from benchmark.features.pictures import batch_norm
from benchmark.models.heads.layers import ADAPTED, Standardize
from benchmark.training.boundary import find_boundary, kept_outputs, place_of
from benchmark.training.early_stopping import kept_iteration
from benchmark.training.head_solvers import HEAD_SOLVERS
from benchmark.training.loop import FitOptions, fit
from benchmark.training.matlab import input_normalization
from benchmark.training.matlab.batch_norm import PopulationStatistics, is_folded, unfold
from benchmark.training.matlab.optimizers import head_factors, variable_factors
from benchmark.training.unfreezing import count_trainable, unfreeze

PRIORS = {"softmax": np.log, "sigmoid": lambda shares: np.log(shares / (1 - shares))}  # by the last activation


def run_stages(stages, classifier, data, clock, checkpoint=None):
    """Train a model in place, stage by stage; return (history of the last stage, further keys of trial.json).

    ``data`` is a :class:`benchmark.training.data.TrialData`. ``clock(name)`` is a context that times a part and yields
    what to call with (done, total); ``checkpoint`` is for stages that train the backbone: a run that was cut goes on
    from the last whole epoch of each."""
    said, done = {}, []
    for number, stage in enumerate(stages, 1):
        stage = replace(stage, loss=data.loss)
        name = "train" if number == len(stages) else stage.trains
        run = _take_steps if stage.takes_steps else _estimate
        history, trainable, found = run(
            stage, classifier, data, clock, name, checkpoint and checkpoint.of_stage(number)
        )
        said |= found
        done.append(_described(stage, history, trainable))
    last = {key: done[-1][key] for key in ("kept_iteration", "trainable_parameters")}
    return history, said | last | {"stages": done}


def _described(stage, history, trainable):
    """Return what trial.json says of a stage that is done."""
    return {
        "trains": stage.trains,
        "unfreeze": list(stage.unfreeze or ()),
        "optimizer": stage.optimizer,
        "trainable_parameters": trainable,
        "epochs": history[-1]["epoch"],
        "kept_iteration": kept_iteration(history, stage),
    }


def _estimate(stage, classifier, data, clock, name, checkpoint):
    """Find the head at once, from the features of its clips."""
    with clock("features"):
        train, val = ((data.features(split), data.targets(split)) for split in ("train", "val"))
    standardize = _standardize(classifier.head, train[0])
    with clock(name) as epoch_done:
        kernel, bias, history, found = HEAD_SOLVERS[stage.optimizer](
            standardize, train, val, stage, data.balanced, epoch_done
        )
    if standardize not in classifier.head.layers:  # that of a fine-tuning does not standardise
        kernel, bias = standardize.folded(kernel, bias)
    classifier.head.get_layer("scores").set_weights([kernel, bias])
    return history, count_trainable(classifier.head), {"solver": found}


def _take_steps(stage, classifier, data, clock, name, checkpoint):
    """Train the head, or layers of the backbone too, in gradient steps."""
    with clock("load" if stage.trains == "all" else "features"):
        train, val = data.batches(stage.trains, "train"), data.batches(stage.trains, "val")
        val.weights = data.balanced.of(val.targets)
    start_head(classifier.head, stage, train.targets, data.balanced)
    with contextlib.ExitStack() as files:
        prepare = {"head": _on_features, "all": _on_pictures}[stage.trains]
        model, train, val, options = prepare(stage, classifier, data, clock, files, train, val)
        with clock(name) as epoch_done:
            options = replace(options, epoch_done=epoch_done, checkpoint=checkpoint if stage.trains == "all" else None)
            history = fit(model, train.balanced(data.balanced), val, stage, data.seed, options)
    return history, count_trainable(model), {}


def _on_features(stage, classifier, data, clock, files, train, val):
    """Return the head as it is trained, on what, and how."""
    for layer in [layer for layer in classifier.head.layers if isinstance(layer, ADAPTED)]:
        layer.adapt(data.training_blocks(layer.name))
    return classifier.head, train, val, FitOptions(head_factors(classifier.head, stage.settings))


def _on_pictures(stage, classifier, data, clock, files, train, val):
    """Return the model as it is trained, on pictures or on what its frozen layers give for them, and how.

    Files that are needed meanwhile are closed with the stack ``files``."""
    extractor, head = classifier.extractor, classifier.head
    if stage.unfreeze is not None:
        unfreeze(extractor.core, stage.unfreeze, batch_norm(extractor.network, stage.batch_norm))
    before_validation = prepare_backbone(extractor, train, stage)
    options = FitOptions(variable_factors(extractor.core, head, extractor.network, stage.settings), before_validation)
    boundary = boundary_of(stage, extractor.network, extractor.core)
    if boundary is None:
        return classifier.model, train, val, options
    cache = data.study.cache
    if train.is_changed or not place_of(boundary.bytes_per_clip * (len(train) + len(val)), cache):
        return boundary.joined(extractor.graph, head), train, val, options
    with clock("boundary"):
        train, val = files.enter_context(kept_outputs(boundary, extractor.graph, (train, val), cache))
    return boundary.upper(head), train, val, options


def boundary_of(stage, network, core):
    """Return the :class:`benchmark.training.boundary.Boundary` of a stage whose frozen layers behave as in prediction.

    None where no layers are frozen, or all behave as in training. ``core`` has been unfrozen as the stage says."""
    if not stage.unfreeze or batch_norm(network, stage.batch_norm) == "everywhere":
        return None
    boundary = find_boundary(core)
    return None if boundary.is_input else boundary


def _standardize(head, features):
    """Return the layer that standardises features (n_clips, dim), adapted to them: the head's own, or one beside it."""
    own = [layer for layer in head.layers if isinstance(layer, Standardize)]
    standardize = own[0] if own else Standardize()
    if not own:
        standardize.build(features.shape)
    standardize.adapt([features])
    return standardize


def start_head(head, stage, targets, balanced):
    """Start gradient steps from zeros, with the bias that gives the classes' shares; else leave the weights.

    The shares are weighed as the loss is: that bias is its optimum."""
    if stage.start == "zeros":
        layer, weights = head.get_layer("scores"), balanced.weights
        shares = np.average(targets[balanced.rows], axis=0, weights=weights)
        if (positive := stage.loss.pos_weight) is not None:
            shares = positive * shares / (positive * shares + 1 - shares)
        layer.set_weights(
            [np.zeros(layer.kernel.shape), PRIORS[stage.task.activation](np.clip(shares, 1e-6, 1 - 1e-6))]
        )


def prepare_backbone(extractor, train, stage):
    """Fit an image network to its training pictures as a stage says; return what to call before each validation.

    Input normalisation is reset, folded batch norm is unfolded where it would be trained, and under 'population' the
    returned function brings the statistics up to date."""
    model, core, network = extractor.backbone.model, extractor.core, extractor.network
    if stage.settings.input_normalization == "matlab-reset":
        images = (inputs[:n] for inputs, n in train.in_order())
        input_normalization.reset(model.get_layer("input_normalization"), images, network.normalization)
    how = batch_norm(network, stage.batch_norm)
    if how != "frozen" and network.weights != "random" and is_folded(core):
        unfold(model, core, train)
    return PopulationStatistics(model, core, train) if how == "population" else lambda: None
