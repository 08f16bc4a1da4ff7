"""A picture of a spectrogram with the saliency for a class laid over it: time in seconds, frequency in hertz."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from benchmark.inference.saliency import share

LUMINANCE = (0.299, 0.587, 0.114)  # red, green, blue (ITU-R BT.601)
PANEL = (3.1, 2.9)  # inches
COLUMNS = 5  # panels side by side
DPI = 130
# Clear at 0, and at 1 still lets the picture through.
COLOURS = colormaps["YlOrRd"](np.linspace(0.25, 0.9, 256))
COLOURS[:, 3] = np.linspace(0, 0.85, 256) ** 0.7


def plot_picture(picture, axes, ax, title=""):
    """Draw a picture (height, width, 3), or in gray (height, width) of 0..255, with ticks of ``axes`` = (x, y)."""
    x, y = axes
    # Black becomes dark gray: colours laid over it would drown in black.
    gray = {"cmap": "gray", "vmin": -100, "vmax": 255} if np.ndim(picture) == 2 else {}
    ax.imshow(picture, extent=(0, 1, 0, 1), aspect="auto", interpolation="nearest", **gray)
    ax.set_xticks(x.position(x.ticks), [f"{tick:g}" for tick in x.ticks])
    ax.set_yticks(y.position(y.ticks), [f"{tick:g}" for tick in y.ticks])
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel=x.label, ylabel=y.label, title=title)


def plot_saliency(picture, saliency, axes, ax, title="", highest=None):
    """Lay the :func:`share` of a map (rows, columns) over a picture in gray; return what was laid, in percent per cell.

    The map is smoothed between the centres of its cells. ``highest``: percent of the darkest colour."""
    plot_picture(np.asarray(picture, float) @ LUMINANCE if np.ndim(picture) == 3 else picture, axes, ax, title)
    percent = 100 * share(saliency)
    return ax.imshow(
        percent, cmap=ListedColormap(COLOURS), vmin=0, vmax=highest or percent.max() or 1,
        extent=(0, 1, 0, 1), aspect="auto", interpolation="bilinear",
    )  # fmt: skip


def clip_figure(picture, saliency, axes, title):
    """Return a figure of one clip: the picture as the network gets it, then the saliency for each class.

    ``picture`` is (height, width, 3) uint8, ``saliency`` {caption: map (rows, columns)}, ``axes`` = (x, y)."""
    return _figure([(picture, caption, found) for caption, found in saliency.items()], axes, title, picture)


def class_figure(means, axes, title):
    """Return a figure of {caption: (mean picture (height, width, 3), mean map (rows, columns))}, a panel for each."""
    return _figure([(picture, caption, found) for caption, (picture, found) in means.items()], axes, title)


def _figure(drawn, axes, title, plain=None):
    """Return a figure of (picture, caption, map) each, on one scale of colours, after the picture ``plain``."""
    n = len(drawn) + (plain is not None)
    columns, rows = min(n, COLUMNS), -(-n // COLUMNS)
    figure = Figure(figsize=(columns * PANEL[0] + 0.8, rows * PANEL[1] + 0.4), dpi=DPI, layout="constrained")
    figure.suptitle(title, fontsize=11)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in panels[n:]:
        ax.set_axis_off()
    if plain is not None:
        plot_picture(plain, axes, panels[0], "as the network gets it")
    panels = panels[n - len(drawn) : n]
    highest = max(100 * share(found).max() for _, _, found in drawn) or 1
    laid = [
        plot_saliency(picture, found, axes, ax, caption, highest)
        for ax, (picture, caption, found) in zip(panels, drawn, strict=True)
    ]
    figure.colorbar(laid[0], ax=list(panels), label="share of the saliency (% per cell)", fraction=0.05)
    return figure
