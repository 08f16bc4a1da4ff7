"""Where on a picture of a mel spectrogram which frequency and which second is."""

from dataclasses import dataclass

import numpy as np

OCTAVES = (250, 500, 1000, 2000, 4000, 8000, 16000)  # Hz, where a frequency axis has its ticks
LINEAR_UP_TO = 1000.0  # Hz; librosa.display draws a mel axis linearly below it and an octave as half as much above


@dataclass(frozen=True)
class Axis:
    """One side of a picture: the ``values`` at ``positions`` from 0 (left or bottom) to 1, both increasing."""

    label: str
    unit: str  # short, for the names of columns
    positions: np.ndarray
    values: np.ndarray
    ticks: np.ndarray  # values that are written beside the picture

    def at(self, positions):
        """Return the values at relative positions 0..1."""
        return np.interp(positions, self.positions, self.values)

    def position(self, values):
        """Return the relative positions 0..1 of values."""
        return np.interp(values, self.values, self.positions)

    def edges(self, n):
        """Return the n + 1 values that bound n equal cells."""
        return self.at(np.linspace(0, 1, n + 1))


def frequency_axis(mel, image):
    """Return the :class:`Axis` in Hz of a picture's height, for MelParams and ImageParams.

    A band reaches from half way to the band below it to half way to the band above, on the mel scale."""
    from librosa import mel_frequencies  # imported late: it takes half a second

    top = mel.fmax or mel.sample_rate / 2
    # Centre k of n bands is the (k + 1)th of n + 2 points; twice as many points have the edges between the centres.
    hertz = mel_frequencies(n_mels=2 * mel.n_mels + 3, fmin=mel.fmin, fmax=top)[1::2]
    ticks = np.array([f for f in OCTAVES if hertz[0] <= f <= hertz[-1]])
    if len(ticks) < 2:  # a narrow range
        ticks = _round_ticks(hertz[0], hertz[-1])
    return Axis("frequency (Hz)", "hz", HEIGHTS[image.style](mel, top), hertz, ticks)


def _specshow_heights(mel, top):
    """Return the relative heights of the edges of the bands (n_mels + 1,) as ``librosa.display.specshow`` draws them.

    It takes the bands for n_mels points from fmin to fmax, and draws these on matplotlib's symmetric logarithm."""
    from librosa import mel_frequencies

    points = mel_frequencies(n_mels=mel.n_mels, fmin=mel.fmin, fmax=top)
    between = (points[:-1] + points[1:]) / 2
    edges = np.concatenate([[2 * points[0] - between[0]], between, [2 * points[-1] - between[-1]]])
    octaves = np.log2(np.maximum(np.abs(edges), LINEAR_UP_TO) / LINEAR_UP_TO)
    drawn = np.where(np.abs(edges) <= LINEAR_UP_TO, 2 * edges / LINEAR_UP_TO, 2 + octaves)
    return (drawn - drawn[0]) / (drawn[-1] - drawn[0])


HEIGHTS = {  # by ImageParams.style: (mel, highest Hz) -> relative heights of the edges of the bands (n_mels + 1,)
    "pixels": lambda mel, top: np.linspace(0, 1, mel.n_mels + 1),
    "specshow": _specshow_heights,
}


def time_axis(clip, mel):
    """Return the :class:`Axis` in seconds of the file of a picture's width, for ClipParams and MelParams.

    The centre of a frame is its time: the first frame begins half a hop before the clip."""
    hop, n_frames = mel.hop_length / mel.sample_rate, mel.n_frames(clip.duration)
    ends = clip.offset + hop * (np.array([0, n_frames]) - 0.5)
    return Axis("time (s)", "s", np.array([0.0, 1.0]), ends, _round_ticks(*ends))


def pixel_axis(size, side):
    """Return the :class:`Axis` in pixels of a picture made elsewhere; ``side`` is where counting begins."""
    return Axis(f"pixels from the {side}", "px", np.array([0.0, 1.0]), np.array([0.0, size]), _round_ticks(0, size))


def _round_ticks(low, high):
    """Return five to ten round values from ``low`` to ``high``."""
    power = 10 ** np.floor(np.log10((high - low) / 4))
    step = power * max(factor for factor in (1, 2, 5) if power * factor <= (high - low) / 4)
    return step * np.arange(np.ceil(low / step), high / step) + 0.0  # no -0
