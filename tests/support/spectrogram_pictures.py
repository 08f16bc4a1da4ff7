"""Spectrograms of made-up sounds as pictures: bare, and as most people save them."""

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from spectrograms.mel import log_mel
from spectrograms.params import MelParams

RATE, SECONDS = 22050, 4


def events(seed):
    """Return the mel spectrogram of a few bursts of noise in silence, no two seeds at the same times."""
    rng, sound = np.random.default_rng(seed), np.zeros(SECONDS * RATE)
    for start in rng.uniform(0, 3.5, rng.integers(1, 4)):
        n = int(RATE * rng.uniform(0.1, 0.4))
        sound[int(start * RATE) :][:n] += rng.normal(0, 0.3, n) * np.exp(-8 * np.arange(n) / RATE)
    return log_mel(sound, MelParams())


def noise(seed):
    """Return the mel spectrogram of white noise."""
    return log_mel(np.random.default_rng(seed).normal(0, 0.1, SECONDS * RATE), MelParams())


def bare(levels):
    """Return a spectrogram as a picture, a pixel per bin."""
    return Image.fromarray(matplotlib.colormaps["magma"](1 + levels[::-1] / 80, bytes=True)[..., :3].copy())


def with_axes(levels, title="Mel spectrogram"):
    """Return a spectrogram as a figure with axes, a title and a colour bar."""
    figure = Figure(figsize=(6, 4), dpi=60)
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    drawn = axes.imshow(levels, origin="lower", aspect="auto", cmap="magma", vmin=-80, vmax=0)
    figure.colorbar(drawn, ax=axes, format="%+2.0f dB")
    axes.set(title=title, xlabel="Time", ylabel="Mel band")
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
