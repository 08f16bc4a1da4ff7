"""Pictures that were made elsewhere: taken as they are, and told from copies by what is to be seen."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from benchmark.data.leakage import Copies
from benchmark.data.thumbnails import SHAPE, near_duplicate_pictures, thumbnail
from spectrograms import version
from spectrograms.errors import ImageError
from spectrograms.image import caveat, read_image

COPIES = Copies("same picture", thumbnail, near_duplicate_pictures, lambda: [SHAPE, version.reading()])


def code(study, reads):
    """Return what stands for the code by which a file becomes a picture."""
    return version.reading()


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips whose file is their picture, in the column ``image``; rejected, with what cannot be read)."""
    with ThreadPoolExecutor() as pool:
        looks = pd.DataFrame(pool.map(_look, clips["path"]), columns=["flaw", "caveat"], index=clips.index)
    is_good = looks["flaw"] == ""
    good = clips.assign(image=clips["path"], seconds=float("nan"), caveat=looks["caveat"])[is_good]
    bad = pd.DataFrame({"path": clips["path"], "reason": looks["flaw"]})[~is_good]
    rejected = pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(good)} pictures; {len(rejected)} set aside")
    return good, rejected


def _look(path):
    """Return (why a picture cannot be used, what is to be known of it), each '' where there is nothing."""
    try:
        return "", caveat(read_image(path))
    except ImageError as error:
        return str(error), ""
