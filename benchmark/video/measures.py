"""Low-level measures of what is seen in a film: four numbers, of the pass that also gives its frames.

They are those of Rasheed, Sheikh and Shah, IEEE Trans. Circuits and Systems for Video Technology 15(1), 2005, in the
words of Wehrmann and Barros, Applied Soft Computing 61, 2017, section 2, whose baseline VLLF they are."""

from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np

from benchmark.config.frames import FrameParams
from benchmark.video.film import see_film
from benchmark.video.frames import frames_code
from benchmark.video.motion import Motion
from spectrograms import version
from spectrograms.files import read_array, write_array
from spectrograms.params import content_hash

MEASURES = ("average_shot_length", "colour_variance", "lighting_key", "motion_content")
SIZE = 128  # pixels of the shorter side of the key frames that are measured
WHITE = 0.95047, 1.0, 1.08883  # D65, CIE 15
# sRGB, IEC 61966-2-1: its values as light, and light in its primaries as CIE XYZ.
LINEAR = np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255])
TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
])  # fmt: skip
DARK, SLOPE = 216 / 24389, 24389 / 27  # where L* turns from a line into a cube root, and the slope of the line: CIE 15


def key_frames(params):
    """Return the FrameParams of what is measured for ``params``: the middle of each shot of the seconds that count."""
    shots = {"detector": params.detector or "ffmpeg", "threshold": params.threshold}
    return FrameParams(sample="scene", start=params.start, end=params.end, size=SIZE, **shots)


def watch_motion(params):
    """Return the :class:`Motion` that a pass over a film has to show its frames to."""
    shots = key_frames(params)
    return Motion((shots.detector, shots.cut_threshold), params.start, params.end)


def measures_of(seen, motion, params):
    """Return the numbers of :data:`MEASURES` of a film that was Seen with :func:`key_frames`: (4,) float32."""
    shots = key_frames(params)
    images, cuts = seen.frames[shots].images, seen.cuts[shots.detector, shots.cut_threshold]
    stop = min(seen.seconds, np.inf if params.end is None else params.end)
    measured = (
        average_shot_length(cuts, params.start, stop),
        colour_variance(images),
        lighting_key(images),
        motion.share(),
    )
    return np.array(measured, np.float32)


def average_shot_length(cuts, start, stop):
    """Return the seconds from ``start`` to ``stop`` over the number of shots; ``cuts`` (n,) are seconds too."""
    return (stop - start) / (1 + np.count_nonzero((cuts > start) & (cuts < stop)))


def colour_variance(images):
    """Return det(cov(L*, u*, v*)) over all pixels of key frames (n, height, width, 3) uint8: 0 where all are grey.

    The generalised variance of the colours of the whole film; L*, u* and v* in their usual units, L* from 0 to 100."""
    count, total, products = 0, np.zeros(3), np.zeros((3, 3))
    for image in images:
        luv = to_luv(image).reshape(-1, 3)
        count, total, products = count + len(luv), total + luv.sum(axis=0), products + luv.T @ luv
    mean = total / count
    return float(max(0.0, np.linalg.det(products / count - np.outer(mean, mean))))


def lighting_key(images):
    """Return the mean over key frames (n, height, width, 3) uint8 of mean(V) * sd(V); V = max(R, G, B) / 255 of HSV.

    High where light is plenty and rich in contrast, low in the dark. At most 0.25, of pixels half black, half white."""
    values = images.max(axis=-1).reshape(len(images), -1) / 255
    return float(np.mean(values.mean(axis=1) * values.std(axis=1)))


def to_luv(image):
    """Return L*, u*, v* (CIE 1976, white D65), (..., 3) float64, of sRGB values (..., 3) uint8."""
    xyz = LINEAR[image] @ TO_XYZ.T
    weight = xyz @ (1.0, 15.0, 3.0)
    weight = np.where(weight > 0, weight, 1.0)  # black, whose L* makes all three 0
    light = xyz[..., 1] / WHITE[1]
    lightness = np.where(light > DARK, 116 * np.cbrt(light) - 16, SLOPE * light)
    of_white = np.dot(WHITE, (1.0, 15.0, 3.0))
    u = 13 * lightness * (4 * xyz[..., 0] / weight - 4 * WHITE[0] / of_white)
    v = 13 * lightness * (9 * xyz[..., 1] / weight - 9 * WHITE[1] / of_white)
    return np.stack([lightness, u, v], axis=-1)


def measure_film(path, params):
    """Return the numbers of :data:`MEASURES` of a film, (4,) float32, decoded anew. Raises FilmError without a frame.

    No frame of those that are measured is drawn at random, so that no digest of the file is asked for."""
    motion = watch_motion(params)
    return measures_of(see_film(path, [key_frames(params)], "0" * 16, watchers=[motion]), motion, params)


def measure_folder(cache, params):
    """Return where the measures of films under ``params`` (FrameParams) are kept, for good."""
    return Path(cache) / "measures" / content_hash(key_frames(params), measures_code(params))


def keep_measures(measures, sha256, folder):
    """Keep the (4,) numbers of a film with the digest ``sha256``."""
    write_array(measures, Path(folder) / f"{sha256}.npy", scratch=Path(folder).parent)


def load_measures(path, sha256, folder, params):
    """Return the numbers of :data:`MEASURES` of a film, (4,) float32, measured where ``folder`` lacks them.

    Raises FilmError where the file has no frame."""
    measures = read_array(Path(folder) / f"{sha256}.npy")
    if measures is None:
        measures = measure_film(path, params)
        keep_measures(measures, sha256, folder)
    return measures


def measures_code(params):
    """Return 16 hex digits of the code that measures films: this suite's, and the libraries'."""
    return content_hash(frames_code(key_frames(params)), _own_code(), installed("scipy"))


@lru_cache
def _own_code():
    return [version.source(f"benchmark.video.{name}") for name in ("measures", "motion")]
