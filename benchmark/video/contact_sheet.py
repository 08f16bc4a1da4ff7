"""The frames that were chosen of a film on one picture, each with its time below it."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MOST = 20  # frames shown, at equal steps of those chosen
WIDEST, HIGHEST = 160, 120  # pixels of a frame
COLUMNS = 5
GAP, TEXT, LETTERS = 6, 20, 15  # pixels between frames, of the line below one, and of its letters
PAPER, INK = (250, 250, 250), (40, 40, 40)


def contact_sheet(frames, caption=""):
    """Return a Pillow image in mode RGB of ``frames`` (Frames), at most MOST of them; ``caption`` stands below all.

    Where some are left out the last line says how many there are."""
    n = len(frames.times)
    shown = np.rint(np.linspace(0, n - 1, min(n, MOST))).astype(int)
    height, width = frames.images.shape[1:3]
    factor = min(1.0, WIDEST / width, HIGHEST / height)
    cell = max(1, round(width * factor)), max(1, round(height * factor))
    columns = min(len(shown), COLUMNS)
    rows = math.ceil(len(shown) / columns)
    said = "  ".join(filter(None, [f"{len(shown)} of {n} frames" if len(shown) < n else "", caption]))
    size = [GAP + columns * (cell[0] + GAP), GAP + rows * (cell[1] + TEXT + GAP) + (TEXT if said else 0)]
    sheet, font = Image.new("RGB", size, PAPER), ImageFont.load_default(LETTERS)
    pen = ImageDraw.Draw(sheet)
    for place, number in enumerate(shown):
        left = GAP + place % columns * (cell[0] + GAP)
        top = GAP + place // columns * (cell[1] + TEXT + GAP)
        picture = Image.fromarray(frames.images[number])
        sheet.paste(picture.resize(cell, Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST), (left, top))
        pen.text((left + 1, top + cell[1] + 2), clock(frames.times[number]), INK, font)
    if said:
        pen.text((GAP + 1, size[1] - TEXT), said, INK, font)
    return sheet


def clock(seconds):
    """Return seconds as minutes and seconds.

    >>> clock(75.25)
    '1:15.2'
    """
    tenths = math.floor(seconds * 10 + 1e-6)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
