"""What can be wrong with a study, its data, its weights or a training: each a sentence that its user can act on."""

import difflib


class StudyError(ValueError):
    """The study, its data or the command cannot be run as given: one readable message, exit code 2."""


class WeightsError(ValueError):
    """Weights that are missing, broken or of another network: one readable sentence."""


class FeatureError(ValueError):
    """Features of one clip that cannot be used: its address, and the reason without it."""

    def __init__(self, address, reason):
        super().__init__(address, reason)
        self.address, self.reason = address, reason

    def __str__(self):
        return f"{self.address}: {self.reason}"


class LacksFeatures(FeatureError):
    """A clip holds no such features, as a film holds no speech; others of its features may well be there."""


class TrainingError(ArithmeticError):
    """Training went where no result can come from."""


def did_you_mean(word, known):
    """Return '; did you mean ...?' with the nearest of the known words, '' where none is near."""
    near = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""
