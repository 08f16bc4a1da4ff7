"""The stages of a training, one after the other: each takes the model on from where the one before left it."""

import numpy as np

from benchmark.features.extractors import batch_norm
from benchmark.models.heads import Standardize
from benchmark.training.early_stopping import kept_iteration
from benchmark.training.estimators import ESTIMATORS
from benchmark.training.loop import FitOptions, fit
from benchmark.training.matlab import input_normalization
from benchmark.training.matlab.batch_norm import PopulationStatistics, is_folded, unfold
from benchmark.training.matlab.optimizers import head_factors, variable_factors

PRIORS = {"softmax": np.log, "sigmoid": lambda shares: np.log(shares / (1 - shares))}  # by the last activation


def run_stages(stages, classifier, data, clock, checkpoint=None):
    """Train a model in place, stage by stage; return (history of the last stage, further keys of trial.json).

    ``data`` is a :class:`benchmark.training.data.TrialData`. ``clock(name)`` is a context that times a part and yields
    what to call with (done, total); ``checkpoint`` is for the stage that trains all layers: a run that was cut goes on
    from its last whole epoch."""
    said = {}
    for stage in stages:
        name = "train" if stage is stages[-1] else stage.trains
        run = _take_steps if stage.takes_steps else _estimate
        history, found = run(stage, classifier, data, clock, name, checkpoint)
        said |= found
    return history, said | {"kept_iteration": kept_iteration(history, stages[-1])}


def _estimate(stage, classifier, data, clock, name, checkpoint):
    """Find the head at once, from the features of its clips."""
    with clock("features"):
        train, val = ((data.features(split), data.targets(split)) for split in ("train", "val"))
    standardize = _standardize(classifier.head, train[0])
    with clock(name) as epoch_done:
        kernel, bias, history, found = ESTIMATORS[stage.optimizer](
            standardize, train, val, stage, data.balanced, epoch_done
        )
    if standardize not in classifier.head.layers:  # that of a fine-tuning does not standardise
        kernel, bias = standardize.folded(kernel, bias)
    classifier.head.get_layer("scores").set_weights([kernel, bias])
    return history, {"solver": found}


def _take_steps(stage, classifier, data, clock, name, checkpoint):
    """Train the head, or all layers, in gradient steps."""
    settings, head, is_all = stage.settings, classifier.head, stage.trains == "all"
    with clock("load" if is_all else "features"):
        train, val = data.batches(stage.trains, "train"), data.batches(stage.trains, "val")
        val.weights = data.balanced.of(val.targets)
    start_head(head, stage, train.targets, data.balanced)
    with clock(name) as epoch_done:
        if is_all:
            extractor = classifier.extractor
            before_validation = prepare_backbone(extractor, train, stage)
            factors = variable_factors(extractor.core, head, extractor.network, settings)
            options = FitOptions(factors, before_validation, checkpoint, epoch_done)
        else:
            for layer in [layer for layer in head.layers if isinstance(layer, Standardize)]:
                layer.adapt(data.features("train"))
            options = FitOptions(head_factors(head, settings), epoch_done=epoch_done)
        history = fit(classifier.trained(stage.trains), train.balanced(data.balanced), val, stage, data.seed, options)
    return history, {}


def _standardize(head, features):
    """Return the layer that standardises features (n_clips, dim), adapted to them: the head's own, or one beside it."""
    own = [layer for layer in head.layers if isinstance(layer, Standardize)]
    standardize = own[0] if own else Standardize()
    if not own:
        standardize.build(features.shape)
    standardize.adapt(features)
    return standardize


def start_head(head, stage, targets, balanced):
    """Start gradient steps from zeros, with the bias that gives the classes' shares; else leave the weights."""
    if stage.start == "zeros":
        layer, weights = head.get_layer("scores"), balanced.weights
        shares = np.average(targets[balanced.rows], axis=0, weights=weights)
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
