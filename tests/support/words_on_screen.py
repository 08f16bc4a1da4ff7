"""Films in which known words are shown: captions in three fonts that move over pictures."""

from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = {"sans": "DejaVuSans.ttf", "serif": "DejaVuSerif.ttf", "mono": "DejaVuSansMono.ttf"}  # matplotlib's own
CAPTIONS = ("The harbour sleeps tonight", "coming in November", "Seven brothers, one map", "BEYOND THE GLACIER")
RATE, SECONDS = 5, 2  # frames a second, seconds of a caption
HEIGHT, WIDTH = 360, 640  # pixels


def noisy_pictures(n, rng, height=HEIGHT, width=WIDTH):
    """Return ``n`` pictures (height, width, 3) uint8: a landscape of soft coloured blots that drifts, with grain."""
    small = Image.fromarray(rng.integers(0, 256, (6, 10, 3), dtype=np.uint8))
    wide = np.asarray(small.resize((width + 4 * n, height), Image.Resampling.BICUBIC), np.float32)
    drifting = [wide[:, 4 * number : 4 * number + width] for number in range(n)]
    return [np.clip(each + rng.normal(0, 12, each.shape), 0, 255).astype(np.uint8) for each in drifting]


def captioned(pictures, font, captions=CAPTIONS, letters=0.08):
    """Return the pictures with one caption after another on them, white with a dark edge, each moving its own way.

    ``letters`` is the size of the font as a share of the height."""
    face = ImageFont.truetype(
        Path(matplotlib.get_data_path(), "fonts/ttf", FONTS[font]), round(letters * len(pictures[0]))
    )
    shown, each = [], len(pictures) // len(captions)
    for number, picture in enumerate(pictures[: each * len(captions)]):
        image = Image.fromarray(picture)
        pen, (turn, step) = ImageDraw.Draw(image), divmod(number, each)
        text = captions[turn]
        width = pen.textlength(text, face)
        room = max(0, image.width - width - 20)
        along = step / max(1, each - 1)
        left = 10 + room * (along if turn % 2 else 1 - along)
        top = image.height * (0.1 + 0.1 * (turn % 8) + 0.1 * along)
        pen.text(
            (left, top), text, (250, 250, 245), face, stroke_width=max(1, image.height // 240), stroke_fill=(20, 20, 30)
        )
        shown.append(np.asarray(image))
    return shown


def words_of(text):
    """Return the words of a text, small and without marks, with how often each is there."""
    return Counter("".join(filter(str.isalnum, word)) for word in text.casefold().split())


def found_share(told, known):
    """Return (recall, precision) of words, each counted as often as it is there."""
    told, known = words_of(told), words_of(known)
    both = (told & known).total()
    return both / known.total(), both / max(1, told.total())
