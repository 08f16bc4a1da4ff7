"""How a learning rate changes from epoch to epoch. A new schedule is a function and a row, and one in its settings.

A row takes (epoch from 1, most epochs, what was gained in the validations so far, more is better, and the schedule's
settings) and returns the factor of the learning rate: it keeps no state, so that a training that was cut goes on."""

import math


def step(epoch, epochs, gains, every, factor):
    """Return ``factor`` to the number of times that ``every`` epochs have passed: StepLR of PyTorch."""
    return factor ** ((epoch - 1) // every)


def cosine(epoch, epochs, gains, floor):
    """Return half a cosine from 1 to, an epoch after the last, ``floor``: CosineAnnealingLR of PyTorch.

    Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts."""
    return floor + (1 - floor) * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2


def plateau(epoch, epochs, gains, patience, factor):
    """Return ``factor`` to the number of times that ``patience`` validations gave nothing better.

    As Keras' ReduceLROnPlateau without cooldown and with ``min_delta=0``."""
    best, waited, drops = -math.inf, 0, 0
    for gain in gains:
        waited = 0 if gain > best else waited + 1
        best = max(best, gain)
        if waited >= patience:
            waited, drops = 0, drops + 1
    return factor**drops


SCHEDULES = {  # by ScheduleParams.kind
    "constant": lambda epoch, epochs, gains: 1.0,
    "step": step,
    "cosine": cosine,
    "plateau": plateau,
}
