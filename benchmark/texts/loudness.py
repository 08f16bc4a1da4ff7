"""Where there is anything to hear: recognisers invent words where there is not."""

import numpy as np

RATE = 16000  # Hz: what recognisers of speech listen to
WINDOW = RATE // 20  # samples of which the loudness is measured, 50 ms
MARGIN = 6  # windows kept on either side of what is loud, .3 s: words begin and end softly


def levels(waveform):
    """Return the loudness of each 50 ms of a waveform (n_samples,), (n_windows,) in dB below full scale (RMS)."""
    if not len(waveform):
        return np.empty(0)
    whole = len(waveform) // WINDOW * WINDOW
    windows = waveform[:whole].reshape(-1, WINDOW)
    power = np.einsum("ij,ij->i", windows, windows) / WINDOW  # no copy of two hours of sound
    if rest := len(waveform) - whole:
        power = np.append(power, np.vdot(waveform[whole:], waveform[whole:]) / rest)
    return 10 * np.log10(np.maximum(power, 1e-13))


def loud_pieces(waveform, loudness, longest, gap=0.0):
    """Return [(start, end)] in samples of the pieces of a waveform (n_samples,) at 16 kHz that are to be listened to.

    All sound of at least ``loudness`` dB lies in one, and .3 s before and after. A piece is at most ``longest``
    seconds long: a longer one is cut where it is softest. With ``gap``, pieces that are fewer seconds apart are put
    together where they stay below ``longest``."""
    level = levels(waveform)
    near = np.convolve(level >= loudness, np.ones(2 * MARGIN + 1), "same")[: len(level)] > 0 if len(level) else level
    edges = np.flatnonzero(np.diff(np.concatenate([[0], near, [0]])))
    most, apart, pieces = round(longest * RATE / WINDOW), gap * RATE / WINDOW, []
    for start, end in edges.reshape(-1, 2).tolist():
        while end - start > most:
            cut = start + most // 2 + int(np.argmin(level[start + most // 2 : start + most]))
            pieces.append((start, cut))
            start = cut
        pieces.append((start, end))
    packed = pieces[:1]
    for start, end in pieces[1:]:
        if start - packed[-1][1] < apart and end - packed[-1][0] <= most:
            packed[-1] = packed[-1][0], end
        else:
            packed.append((start, end))
    return [(start * WINDOW, min(end * WINDOW, len(waveform))) for start, end in packed]


def is_loud(waveform, start, end, loudness):
    """Return whether some 50 ms between two seconds of a waveform at 16 kHz are as loud as ``loudness`` dB."""
    part = waveform[max(0, int(start * RATE)) : max(0, int(end * RATE))]
    return bool(len(part)) and bool(levels(part).max() >= loudness)
