"""What finds a head at once from the features of its clips, without gradient steps of ours."""

import time
from functools import partial

from benchmark.training import one_vs_rest, solver


def _multinomial(stage, balanced):
    """Return what solves a head of one label per clip, and the weights of its clips."""
    return solver.solve, balanced.weights


def _one_vs_rest(stage, balanced):
    """Return what solves a head of several labels per clip, and the weights of the classes' positives."""
    return partial(one_vs_rest.solve, task=stage.task, loss=stage.loss), stage.loss.pos_weight


SOLVERS = {"softmax": _multinomial, "sigmoid": _one_vs_rest}  # by the activation of the head


def solve_head(standardize, train, val, stage, balanced, iteration_done=lambda done, total: None):
    """Return (kernel, bias, history, what trial.json says of them) of the optimal linear head on standardised features.

    ``train`` and ``val`` are (features (n_clips, dim), targets (n_clips, n_classes) of 0 and 1)."""
    began = time.perf_counter()
    solve, weights = SOLVERS[stage.task.activation](stage, balanced)
    x, y = standardize.transform(train[0][balanced.rows]), train[1][balanced.rows]
    followed = standardize.transform(val[0]), val[1], balanced.of(val[1])
    strength, losses = stage.settings.C, {}
    if strength == "grid":
        solution, losses = solver.solve_best(x, y, weights, followed, stage.epochs, iteration_done, by=solve)
    else:
        solution = solve(x, y, weights, strength, stage.epochs, followed, iteration_done)
    return (
        solution.kernel,
        solution.bias,
        solution.history,
        {
            "C": solution.C,
            "iterations": len(solution.history),
            "converged": solution.converged,
            "val_loss_by_C": {f"{C:g}": round(loss, 6) for C, loss in losses.items()},
            "seconds": round(time.perf_counter() - began, 3),
        },
    )


HEAD_SOLVERS = {"lbfgs": solve_head}  # by TrainingParams.optimizer
