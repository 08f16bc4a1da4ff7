"""Mel spectrogram (n_mels, n_frames) in dB -> image (height, width, 3) uint8; PNG files in and out."""

import struct
import warnings
import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from spectrograms.errors import ImageError
from spectrograms.files import replacing

SPECSHOW_SIZE = (224, 224)  # pixels, unless the study says
DPI = 64  # a power of two: width / DPI * DPI is exact
MAX_PIXELS = 50_000_000  # a picture that claims more is refused before it is decoded; so many take up to 1 GB
# What may be read. Left out are, among others, EPS, for which Pillow would start Ghostscript, and stubs of programs.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
WHITE_TAGS = (281, 341)  # MaxSampleValue, SMaxSampleValue of TIFF
DARK = 16  # of 255: 12 bits in a file of 16 reach no more
# What Pillow raises for files that are damaged in one way or another.
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, struct.error, zlib.error)


def to_image(mel_db, image, mel):
    """Return a mel spectrogram in dB as an image, (height, width, 3) uint8, low frequencies at the bottom.

    ``mel_db`` is (n_mels, n_frames) from -top_db (lowest colour) to 0 (highest), ``image`` is ImageParams, ``mel``
    MelParams. Style 'pixels' gives every bin one pixel, then scales to ``image.size`` if that is set; 'specshow' is
    what ``librosa.display.specshow`` draws, without axes or margins.
    """
    return np.asarray(draw(mel_db, image, mel).convert("RGB"))


def draw(mel_db, image, mel):
    """Return what ``to_image`` does as a Pillow image: with a palette where that is possible, which saves fast."""
    return STYLES[image.style](mel_db, image, mel)


def _draw_pixels(mel_db, image, mel):
    # As matplotlib: 256 equal steps, and the upper end belongs to the last of them.
    steps = (mel_db[::-1] + mel.top_db) * (256 / mel.top_db)
    picture = Image.fromarray(np.clip(steps, 0, 255).astype(np.uint8))
    picture.putpalette(colour_table(image.colormap).tobytes())
    if image.size is not None:
        picture = picture.convert("RGB").resize(image.size[::-1], Image.Resampling.BILINEAR)
    return picture


def _draw_specshow(mel_db, image, mel):
    from librosa.display import specshow  # imported late: librosa.display and matplotlib take a second
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = image.size or SPECSHOW_SIZE
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    specshow(
        mel_db,
        ax=axes,
        x_axis="time",
        y_axis="mel",
        sr=mel.sample_rate,
        hop_length=mel.hop_length,
        fmin=mel.fmin,
        fmax=mel.fmax,
        # Pinned: specshow would choose both from the data of each picture.
        cmap=image.colormap,
        vmin=-mel.top_db,
        vmax=0,
    )
    axes.set_axis_off()
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


STYLES = {"pixels": _draw_pixels, "specshow": _draw_specshow}


@lru_cache(maxsize=8)
def colour_table(name):
    """Return the 256 colours of a matplotlib colour map, lowest first, (256, 3) uint8."""
    from matplotlib import colormaps

    colours = colormaps[name](np.linspace(0, 1, 256))[:, :3]
    return np.rint(colours * 255).astype(np.uint8)  # bytes=True would cut off, where drawing rounds


def resize(image, size):
    """Return an image scaled to ``size`` = (height, width), uint8: bilinear, antialiased, aspect ratio not kept."""
    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))


def stretch(image, side):
    """Return an image as (side, side, 3) uint8: :func:`resize`, all of it."""
    return resize(image, (side, side))


def centre_crop(image, side):
    """Return the middle of an image as (side, side, 3) uint8: its shorter side scaled to ``side``, its aspect kept.

    Bicubic and antialiased, the longer side rounded down, the corner of the crop rounded half to even: what torchvision
    does to a Pillow image, and so the preprocessing of github.com/openai/CLIP."""
    height, width = image.shape[:2]
    shape = [side * length // min(height, width) for length in (height, width)]
    scaled = Image.fromarray(image).resize(shape[::-1], Image.Resampling.BICUBIC)
    top, left = (round((length - side) / 2) for length in shape)
    return np.asarray(scaled.crop((left, top, left + side, top + side)))


RESIZES = {"stretch": stretch, "centre_crop": centre_crop}  # an image and a side in pixels to a square


def save_png(image, path, text=None, scratch=None):
    """Write an image, (height, width, 3) uint8 or a Pillow image, as PNG with text chunks from the dict ``text``.

    The folder is made. The file appears under its name when it is complete, never before; until then it is in the
    folder ``scratch``, or beside its place. Raises OSError, naming the file, where it cannot be written.
    """
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    chunks = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        chunks.add_text(key, value)
    try:
        with replacing(path, scratch) as temporary:
            # Run lengths alone: spectrograms hardly repeat; a search for more takes three times as long and gains 4 %.
            picture.save(temporary, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=chunks)
    except OSError as error:
        if error.errno and not error.filename:  # a full disk is told without the file's name
            error.filename = str(path)
        raise


def read_image(path):
    """Return any picture as (height, width, 3) uint8 RGB.

    It is turned as its EXIF data say. 16 bits are scaled to 8, white being 65535 unless a TIFF names another value;
    gray is repeated, what is transparent is laid on white, of an animation the first picture is taken. Raises
    ImageError if the file is no picture, damaged, cut short, or larger than MAX_PIXELS, and for floats and integers
    above 16 bits, of which nothing says what is black and what is white.
    """
    path = Path(path)
    if path.is_file() and not path.stat().st_size:
        raise ImageError("is empty (0 bytes)")
    try:
        with _opened(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ImageError(f"claims {picture.width} x {picture.height} pixels; at most {MAX_PIXELS} are read")
            picture.load()
            with suppress(*DAMAGED, TypeError, KeyError):  # how the camera was held, unless the note of it is damaged
                ImageOps.exif_transpose(picture, in_place=True)
            return np.asarray(_to_rgb(picture))
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageError(f"claims too many pixels; at most {MAX_PIXELS} are read") from error
    except FileNotFoundError as error:
        raise ImageError("does not exist") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError("is not a picture, or of an unknown format") from error
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ImageError(f"cannot be read as a picture: {reason}") from error


def read_text(path):
    """Return the text chunks of a PNG as a dict; {} if it has none, or if the file is missing or damaged."""
    try:
        with _opened(path) as picture:
            return dict(picture.text)  # decodes the whole picture, so a damaged one has no text
    except (AttributeError, MemoryError, Image.DecompressionBombError, *DAMAGED):
        return {}


def _opened(path):
    """Return an open Pillow image of a format that may be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # read_image has a limit of its own
        return Image.open(path, formats=FORMATS)


def is_picture(path):
    """Return whether a file is a picture of a format that is read, by its content: names and extensions do not matter.

    It may still be damaged. False for a missing file."""
    try:
        _opened(path).close()
    except (MemoryError, Image.DecompressionBombError):
        return True
    except DAMAGED:
        return False
    return True


def caveat(image):
    """Return what a reader of results must know of an image (height, width, 3) uint8, '' if nothing."""
    return f"almost black: no value above {DARK} of 255" if image.max(initial=0) <= DARK else ""


def _to_rgb(picture):
    """Return a Pillow image in mode RGB."""
    if picture.mode.startswith(("I", "F")):  # 16 bits and more, which Pillow would clip
        scaled = np.asarray(picture) * (255 / _white(picture))
        gray = np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)  # what is brighter is white
        return Image.fromarray(gray).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _white(picture):
    """Return the value that is white in a Pillow image of more than 8 bits; raise ImageError where nothing says it."""
    if not (picture.mode.startswith("I;16") or (picture.format == "PPM" and picture.mode == "I")):
        values = "floats" if picture.mode == "F" else "integers of 32 bits"
        raise ImageError(f"has {values}, of which nothing says what is white; save it with 8 or 16 bits")
    stated = [np.ravel(getattr(picture, "tag_v2", {}).get(tag, 0))[0] for tag in WHITE_TAGS]
    return next((float(white) for white in stated if 0 < white < 65535), 65535.0)
