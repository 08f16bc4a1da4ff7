"""Where a waveform is loud enough to be listened to: recognisers invent words where there is nothing to hear."""

import numpy as np

RATE = 16000  # Hz: what recognisers of speech listen to
WINDOW = RATE // 20  # samples of which the loudness is measured, 50 ms
MARGIN = 6  # windows kept on either side of what is loud, .3 s: words begin and end softly


def levels(waveform):
    """Return the loudness of each 50 ms of a waveform (n_samples,), (n_windows,) in dB below full scale (RMS)."""
    if not len(waveform):
        return np.zeros(0)
    whole = len(waveform) // WINDOW * WINDOW
    windows = waveform[:whole].reshape(-1, WINDOW)
    power = np.einsum("ij,ij->i", windows, windows) / WINDOW  # no copy of two hours of sound
    if rest := len(waveform) - whole:
        power = np.append(power, np.vdot(waveform[whole:], waveform[whole:]) / rest)
    return 10 * np.log10(np.maximum(power, 1e-13))


def loud_pieces(waveform, loudness, longest):
    """Return [(start, end)] in samples of the pieces of a waveform (n_samples,) at 16 kHz that are to be listened to.

    All sound of at least ``loudness`` dB lies in one, and .3 s before and after. A piece is at most ``longest``
    seconds long: a longer one is cut where it is softest."""
    level = levels(waveform)
    around = np.pad(level >= loudness, MARGIN)
    near = np.lib.stride_tricks.sliding_window_view(around, 2 * MARGIN + 1).any(axis=1) if len(level) else level
    edges = np.flatnonzero(np.diff(np.pad(near.astype(int), 1)))
    most, pieces = round(longest * RATE / WINDOW), []
    for start, end in edges.reshape(-1, 2).tolist():
        while end - start > most:
            cut = start + most // 2 + int(np.argmin(level[start + most // 2 : start + most]))
            pieces.append((start, cut))
            start = cut
        pieces.append((start, end))
    return [(start * WINDOW, min(end * WINDOW, len(waveform))) for start, end in pieces]


def packed(pieces, longest, gap):
    """Return pieces [(start, end)] in samples with those put together that lie fewer than ``gap`` seconds apart.

    None becomes longer than ``longest`` seconds for it."""
    together = []
    for start, end in pieces:
        if together and start - together[-1][1] < gap * RATE and end - together[-1][0] <= longest * RATE:
            together[-1] = together[-1][0], end
        else:
            together.append((start, end))
    return together


def is_loud(waveform, start, end, loudness):
    """Return whether some 50 ms between two seconds of a waveform at 16 kHz are as loud as ``loudness`` dB."""
    part = waveform[max(0, int(start * RATE)) : max(0, int(end * RATE))]
    return bool(len(part)) and bool(levels(part).max() >= loudness)
