"""What a head reads of clips' features (n_steps, dim): their mean over the steps, or the steps, chosen and padded.

Only what a batch needs is read of features that lie in files, see :class:`benchmark.features.cache.Features`."""

from dataclasses import dataclass, replace

import numpy as np

from benchmark.config.heads import HEADS
from benchmark.features.batches import Batches
from benchmark.features.cache import mean_step

# Which units (steps or segments) of a clip are read, by HeadParams.too_long: (units it has, units wanted, rng) -> which
CHOICES = {
    "head": lambda n, length, rng: np.arange(min(n, length)),
    "equidistant": lambda n, length, rng: np.linspace(0, n - 1, min(n, length)).round().astype(int),
    "random": lambda n, length, rng: np.sort(rng.choice(n, min(n, length), replace=False)),
    # One of each of so many equal parts; where these hold less than one, some come twice (Wehrmann & Barros 2017).
    "parts": lambda n, length, rng: ((np.arange(length) + rng.random(length)) * n / length).astype(int),
}
DRAWN = ("random", "parts")
# Pairs of steps, times clips, of one batch where clips are read at full length: a gigabyte of scores of 8 heads of
# attention. So one film of two hours makes the batches small, and costs no memory.
PAIRS = 32 << 20


def batch_at_full_length(batch_size, most):
    """Return how many clips of at most so many steps (of all features together) are read in one batch."""
    return max(1, min(batch_size, PAIRS // max(1, most) ** 2))


def rounded_up(n):
    """Return the next power of two, 8 at least: another length is compiled anew."""
    return 1 << max(3, (n - 1).bit_length())


def mean_over_steps(features):
    """Return the mean of each clip's features over its steps, (n_clips, dim): 0 of a clip that has none.

    ``features`` is a list of (n_steps, dim), or of {name: (n_steps, dim)}: then one after the other by name."""
    parts = [steps if isinstance(steps, dict) else {"": steps} for steps in features]
    return np.stack([np.concatenate([mean_step(part[name]) for name in sorted(part)]) for part in parts])


class Means:
    """What heads over the mean read: (n_clips, dim), of several features one after the other in order of name."""

    draws, trains_on = 1, "clips"

    def __call__(self, features):
        """Return the inputs for a list of clips' features: (n_steps, dim), or {name: (n_steps, dim)} of several."""
        return mean_over_steps(features)

    def batches(self, features, rows, targets, batch_size, trains=False):
        """Return the :class:`Batches` of some rows of :class:`benchmark.features.cache.Features`."""
        return Batches(features.means[rows].__getitem__, targets, batch_size)

    def blocks(self, features, rows, layer=None):
        """Return arrays (n, dim) of all that a layer of the head reads of some rows, one after the other."""
        return [features.means[rows]]


@dataclass(frozen=True)
class Steps:
    """What heads over steps read: {"features": (n, length, dim), "mask": (n, length)}, both float32.

    A unit is a step, or ``unit`` of them, of which a last part is left out: a segment. What is no step of a clip is 0,
    also in the mask, which is 1 elsewhere; it is 1 everywhere without ``masked``. Training batches are drawn anew where
    the choice is random; a prediction is the mean over ``draws`` choices, which depend on ``seed`` alone and are the
    same for clips of one length. With ``full_length`` all that is no training reads all steps and no zeros."""

    choice: str = "head"  # a row of CHOICES
    length: int | None = None  # units that are read of a clip; None: all
    unit: int = 1  # steps
    masked: bool = True
    draws: int = 1
    trains_on: str = "clips"  # or 'steps': each unit of a training clip is an example by itself
    seed: int = 0
    full_length: bool = False

    def of_steps(self, name=""):
        """Return what reads each unit of a training clip as an example by itself."""
        return replace(self, trains_on="steps")

    def at_full_length(self):
        """Return what reads all steps of a clip; how many zeros come after them no score may depend on."""
        return replace(self, choice="head", length=None, masked=True, full_length=False)

    def __call__(self, features, most=None):
        """Return the inputs for a list of clips' features (n_steps, dim): ``draws`` for each, one after the other.

        They are padded to ``length``, else to ``most`` units, else to those of the longest of them."""
        if self.full_length:
            return self.at_full_length()(features, most)
        drawn = [(clip, self._numbers(clip, self._fixed(draw))) for clip in features for draw in range(self.draws)]
        return self._stacked(drawn, most)

    def batches(self, features, rows, targets, batch_size, trains=False):
        """Return the :class:`Batches` of some rows of :class:`benchmark.features.cache.Features`.

        With ``trains`` they are for training, and may be drawn, or hold an example for each unit of a clip."""
        if self.full_length and not trains:
            return self._whole_batches(features, rows, targets, batch_size)
        if trains and self.trains_on == "steps":
            return self._batches_of_units(features, rows, targets, batch_size)
        most = self._units(max(n_steps for n_steps, _ in features.shapes))

        def load(cases):
            clips = ((features[rows[case // self.draws]], case % self.draws) for case in cases)
            return self._stacked([(clip, self._numbers(clip, self._fixed(draw))) for clip, draw in clips], most)

        def draw(chosen, rng):
            clips = (features[row] for row in rows[chosen])
            return self._stacked([(clip, self._numbers(clip, rng)) for clip in clips], most)

        is_drawn = trains and self.choice in DRAWN
        return Batches(load, targets, batch_size, draw=draw if is_drawn else None, draws=self.draws)

    def _whole_batches(self, features, rows, targets, batch_size):
        """Return batches of all units of some rows, each batch padded to what its own clips need."""
        reader, own = self.at_full_length(), [features.shapes[row][0] for row in rows]

        def load(cases):
            clips = [features[rows[case]] for case in cases]
            return reader(clips, rounded_up(max(map(self._units, map(len, clips)))))

        return Batches(load, targets, batch_at_full_length(batch_size, max(own, default=1)))

    def _batches_of_units(self, features, rows, targets, batch_size):
        counts = self.examples(features, rows)
        owners, numbers = np.repeat(np.arange(len(rows)), counts), np.concatenate([np.arange(n) for n in counts])

        def load(examples):
            return self._stacked([(features[rows[owners[one]]], numbers[one : one + 1]) for one in examples], 1, 1)

        return Batches(load, targets[owners], batch_size)

    def blocks(self, features, rows, layer=None):
        """Return the features (n_steps, dim) of some rows, read one after the other."""
        return (features[row] for row in rows)

    def examples(self, features, rows):
        """Return the number of units of each of some rows, (n_rows,): of its examples where units are."""
        counts = (features.shapes[row][0] for row in rows)
        return np.array([self._units(n_steps) if n_steps else 0 for n_steps in counts])

    def _units(self, n_steps):
        return max(1, n_steps // self.unit)

    def _numbers(self, clip, rng):
        n = self._units(len(clip))
        return CHOICES[self.choice](n, self.length or n, rng)

    def _fixed(self, draw):
        return np.random.default_rng([self.seed, draw])

    def _stacked(self, chosen, most=None, length=None):
        """Return features and mask of [(clip, numbers of its units)], padded to a length, in units."""
        units = length or self.length or most or max(len(numbers) for _, numbers in chosen)
        features = np.zeros((len(chosen), units * self.unit, chosen[0][0].shape[1]), "float32")
        mask = np.zeros(features.shape[:2], "float32")
        for row, (clip, numbers) in enumerate(chosen):
            steps = (numbers[:, None] * self.unit + np.arange(self.unit)).ravel()
            inside = np.flatnonzero(steps < len(clip))  # all, but of a clip that is shorter than a segment
            features[row, inside], mask[row, inside] = clip[steps[inside]], 1
        return {"features": features, "mask": mask if self.masked else np.ones_like(mask)}


def reader_of(head, seed=0, names=()):
    """Return what reads clips' features for the head of a :class:`benchmark.config.heads.HeadParams`.

    ``names`` are those of several features. Of those that are averaged one step is read, whatever ``length`` is."""
    if not head.reads_steps:
        return Means()
    if names:
        from benchmark.features.fused import StepsOfSeveral  # it reads each by what is here

        averaged = head.averaged or ()
        readers = {name: _steps(head, seed, name) for name in names}
        return StepsOfSeveral(readers | {name: replace(readers[name], length=1) for name in averaged}, averaged)
    return _steps(head, seed)


def _steps(head, seed, name=None):
    told = {"unit": head.segment or 1, "draws": head.draws or 1, "seed": seed}
    if "parts" in HEADS[head.kind]:
        return Steps("parts", head.parts, **told)
    told |= {"masked": head.mask is not False, "full_length": bool(head.full_length)}
    length = head.length.get(name) if isinstance(head.length, dict) else head.length
    return Steps(head.too_long, length, trains_on=head.trains_on or "clips", **told)
