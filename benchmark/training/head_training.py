"""Train the head of a frozen network on its features: solved at once, or approached in gradient steps."""

import time

import numpy as np

from benchmark.features.batches import Batches
from benchmark.models.heads import Standardize
from benchmark.training.imbalance import balance
from benchmark.training.loop import fit, kept_iteration
from benchmark.training.optimizers import head_factors
from benchmark.training.solver import solve, solve_best


def train_head(head, train, val, training, seed, epoch_done):
    """Train ``head`` in place; return (history, further keys of trial.json).

    ``train`` and ``val`` are (features (n_clips, dim), targets (n_clips, n_classes) one-hot)."""
    standardize = head.get_layer("standardize")
    standardize.adapt(train[0])
    if training.solves("frozen"):
        solution, found = solve_head(standardize, train, val, training, seed, epoch_done)
        head.get_layer("scores").set_weights([solution.kernel, solution.bias])
        return solution.history, {"solver": found, "kept_iteration": len(solution.history)}
    balanced = balance(train[1], training, seed)
    start_head(head, training.head_start("frozen"), train[1], balanced)
    train_batches, val_batches = (Batches(x.__getitem__, y, training.batch_size) for x, y in (train, val))
    val_batches.weights, factors = balanced.of(val[1]), head_factors(head, training)
    history = fit(head, train_batches.balanced(balanced), val_batches, training, seed, factors, epoch_done=epoch_done)
    return history, {"kept_iteration": kept_iteration(history, training)}


def solve_head(standardize, train, val, training, seed, iteration_done=lambda done, total: None):
    """Return (the :class:`benchmark.training.solver.Solution` on standardised features, what trial.json says of it)."""
    balanced, began = balance(train[1], training, seed), time.perf_counter()
    x, y = standardize.transform(train[0][balanced.rows]), train[1][balanced.rows]
    followed = standardize.transform(val[0]), val[1], balanced.of(val[1])
    most, losses = training.most_epochs("frozen"), {}
    if training.C == "grid":
        solution, losses = solve_best(x, y, balanced.weights, followed, most, iteration_done)
    else:
        solution = solve(x, y, balanced.weights, training.C, most, followed, iteration_done)
    return solution, {
        "C": solution.C,
        "iterations": len(solution.history),
        "converged": solution.converged,
        "val_loss_by_C": {f"{C:g}": round(loss, 6) for C, loss in losses.items()},
        "seconds": round(time.perf_counter() - began, 3),
    }


def start_finetune(assembly, clips, targets, training, seed):
    """Start the head of a fine-tuning as the study says; return further keys of trial.json.

    ``targets`` are those of the training and the validation clips. 'solved' is the optimum for the frozen backbone:
    linear probing, then fine-tuning, as Kumar et al. 2022, arXiv:2202.10054."""
    how = training.head_start("finetune")
    if how != "solved":
        start_head(assembly.head, how, targets[0], balance(targets[0], training, seed))
        return {}
    x = [assembly.extractor.features(clips[clips["split"] == split], training.batch_size) for split in ("train", "val")]
    standardize = Standardize()
    standardize.build(x[0].shape)
    standardize.adapt(x[0])
    solution, found = solve_head(standardize, *zip(x, targets, strict=True), training, seed)
    # The head of a fine-tuning does not standardise.
    assembly.head.get_layer("scores").set_weights(standardize.folded(solution.kernel, solution.bias))
    return {"solver": found}


def start_head(head, how, targets, balanced):
    """Start gradient steps from zeros, with the logarithm of the classes' shares as bias, or leave Glorot's weights."""
    if how == "zeros":
        layer, weights = head.get_layer("scores"), balanced.weights
        shares = np.average(targets[balanced.rows], axis=0, weights=weights)
        layer.set_weights([np.zeros(layer.kernel.shape), np.log(np.maximum(shares, 1e-6))])
