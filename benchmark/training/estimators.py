"""What finds a head at once from the features of its clips, without gradient steps of ours."""

import time

from benchmark.training.solver import solve, solve_best


def solve_head(standardize, train, val, stage, balanced, iteration_done=lambda done, total: None):
    """Return (kernel, bias, history, what trial.json says of them) of the optimal linear head on standardised features.

    ``train`` and ``val`` are (features (n_clips, dim), targets (n_clips, n_classes) one-hot)."""
    began = time.perf_counter()
    x, y = standardize.transform(train[0][balanced.rows]), train[1][balanced.rows]
    followed = standardize.transform(val[0]), val[1], balanced.of(val[1])
    strength, losses = stage.settings.C, {}
    if strength == "grid":
        solution, losses = solve_best(x, y, balanced.weights, followed, stage.epochs, iteration_done)
    else:
        solution = solve(x, y, balanced.weights, strength, stage.epochs, followed, iteration_done)
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


ESTIMATORS = {"lbfgs": solve_head}  # by TrainingParams.optimizer
