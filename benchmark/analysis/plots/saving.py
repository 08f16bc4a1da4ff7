"""Drawings to files: each drawn once, in several processes, and only where something that shapes it has changed.

A file carries the fingerprint of its drawing as its keywords, so nothing beside it says whether it is current."""

import hashlib
from functools import lru_cache
from pathlib import Path

import joblib
import matplotlib
import numpy as np
import PIL
from joblib.externals.loky import ProcessPoolExecutor, cpu_count
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL.Image import Dither, Quantize, fromarray
from PIL.PngImagePlugin import PngInfo

from benchmark.analysis.plots.figure import STYLE
from spectrograms.files import replacing

FEW = 8  # drawings for which no further process is started: it takes about a second to begin
IDLE = 20  # seconds after which a process without work ends, as where its parent was killed


def save_all(jobs):
    """Save drawings; jobs: (draw, paths, key) as for :func:`save`. This process draws too, from the end."""
    processes = min(cpu_count() - 1, len(jobs) // FEW)
    if processes < 1:
        for job in jobs:
            save(*job)
        return
    with ProcessPoolExecutor(processes, timeout=IDLE) as pool:
        futures = [pool.submit(save, *job) for job in jobs]
        for future, job in reversed(list(zip(futures, jobs, strict=True))):
            if future.cancel():
                save(*job)
        for future in futures:
            if not future.cancelled():
                future.result()


def save(draw, paths, key):
    """Draw a figure and write it to each path, in the format of its suffix, with a fingerprint as its keywords."""
    with matplotlib.rc_context(STYLE):
        figure = draw()
        for path in paths:
            with replacing(path) as temporary:
                FORMATS[path.suffix](figure, temporary, key)


def _save_png(figure, path, key):
    """Write a PNG of 256 colours, half as large as one of all; faint greys stay, which an octree would lose."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    image = image.quantize(256, method=Quantize.MAXCOVERAGE, dither=Dither.NONE)
    keywords = PngInfo()
    keywords.add_text("Keywords", key)
    image.save(path, "PNG", compress_level=3, dpi=(figure.dpi, figure.dpi), pnginfo=keywords)


def _save_svg(figure, path, key):
    figure.savefig(path, format="svg", metadata={"Keywords": [key], "Date": None})


def _save_pdf(figure, path, key):
    figure.savefig(path, format="pdf", metadata={"Keywords": key, "CreationDate": None})


FORMATS = {".png": _save_png, ".svg": _save_svg, ".pdf": _save_pdf}


def fingerprint(draw):
    """Return the digest of a drawing: of its function and data, and of the code and libraries that draw."""
    return joblib.hash((draw.func.__module__, draw.func.__qualname__, draw.args, draw.keywords, _code()))


def is_current(path, key):
    """Return whether a file holds a fingerprint, which all three formats write as it is."""
    try:
        return key.encode() in path.read_bytes()
    except OSError:
        return False


@lru_cache(None)
def _code():
    here = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([*here, matplotlib.__version__.encode(), PIL.__version__.encode()])).hexdigest()
