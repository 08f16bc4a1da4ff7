"""Pictures that are damaged, enormous, hostile or odd: a readable reason, or the picture."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from benchmark.data import preparation as prepare
from spectrograms.errors import ImageError
from spectrograms.image import FORMATS, MAX_PIXELS, read_image
from tests.support.studies import study_of

RNG = np.random.default_rng(0)
SMOOTH = np.linspace(0, 255, 40 * 60 * 3).reshape(40, 60, 3).astype(np.uint8)
PICTURE = Image.fromarray(SMOOTH)


def saved(picture, kind, **options):
    """Return the bytes of a picture in a format."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width, height, content=b"", before=b""):
    """Return a PNG whose header claims a size, whatever is in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + before + png_chunk(b"IDAT", content) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def half(content):
    return content[: len(content) // 2]


NOT_FINITE = np.full((4, 4), np.nan, np.float32)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n(was_here) (w) file closefile\nshowpage\n"
BAD = {  # bytes, what is said of them
    "zero bytes": (b"", r"is empty \(0 bytes\)"),
    "text": (b"not a picture" * 100, "is not a picture"),
    "web page": (b"<!doctype html><html>404</html>", "is not a picture"),
    "vector graphics": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
    "PostScript": (EPS, "is not a picture"),  # Pillow would start Ghostscript for it
    "PNG cut": (half(saved(PICTURE, "PNG")), "cannot be read as a picture"),
    "JPEG cut": (half(saved(PICTURE, "JPEG")), "cannot be read as a picture"),
    "GIF cut": (half(saved(PICTURE.convert("P"), "GIF")), "cannot be read as a picture"),
    "TIFF cut": (half(saved(PICTURE, "TIFF")), "cannot be read|is not a picture"),
    "WebP cut": (half(saved(PICTURE, "WEBP")), "cannot be read|is not a picture"),
    "BMP cut": (half(saved(PICTURE, "BMP")), "cannot be read as a picture"),
    "no pixels": (png_of(0, 0), "cannot be read|is not a picture"),
    "wrong checksum": (saved(PICTURE, "PNG").replace(b"IDAT", b"IDAU", 1), "cannot be read|is not a picture"),
    "signature alone": (b"\x89PNG\r\n\x1a\n", "cannot be read|is not a picture"),
    "NaN": (saved(Image.fromarray(NOT_FINITE), "TIFF"), "has floats, of which nothing says"),
    "floats in dB": (saved(Image.fromarray(np.float32(SMOOTH[..., 0]) - 80), "TIFF"), "has floats, of which nothing"),
    "32 bits": (saved(Image.fromarray(np.int32(SMOOTH[..., 0]) * 257), "TIFF"), "has integers of 32 bits"),
    "a bomb by its header": (png_of(60_000, 60_000), "claims .* pixels; at most"),
    "a bomb of zeros": (saved(Image.new("1", (11_000, 11_000)), "PNG"), "claims .* pixels; at most"),
    "a bomb of text": (png_of(9, 9, before=png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**8)))), "cannot be"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.filterwarnings("error")
def test_a_bad_picture_gives_one_short_reason_and_takes_little_memory(tmp_path, monkeypatch, what, name):
    content, reason = BAD[what]
    (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    tracemalloc.start()
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 150
    assert str(tmp_path) not in str(caught.value)
    assert peak < 100e6  # bytes: a picture of the claimed size would take thousands of millions
    assert [path.name for path in tmp_path.iterdir()] == [name]


ALPHA = PICTURE.copy()
ALPHA.putalpha(0)
GRAY = SMOOTH[..., 0]
GRAY_RGB = GRAY[..., None].repeat(3, axis=2)
HALF = np.dstack([SMOOTH, np.where(np.arange(60) < 30, 255, 0) * np.ones((40, 1))]).astype(np.uint8)
LA = Image.merge("LA", [Image.fromarray(GRAY), Image.new("L", (60, 40), 255)])
DEEP = np.repeat(np.arange(0, 60 * 1000, 1000, dtype=np.uint16)[None], 40, axis=0)
ODD = {  # what a user may have: bytes, the RGB they show, and how far from it one may be
    "CMYK, JPEG": (saved(PICTURE.convert("CMYK"), "JPEG", quality=100), SMOOTH, 8),  # JPEG loses a little
    "CMYK, TIFF": (saved(PICTURE.convert("CMYK"), "TIFF"), SMOOTH, 1),
    "YCbCr": (saved(PICTURE.convert("YCbCr"), "TIFF"), SMOOTH, 3),  # its own rounding
    "16 bits": (saved(Image.fromarray(DEEP), "PNG"), np.rint(DEEP / 257)[..., None].repeat(3, axis=2), 0),
    "16 bits, TIFF": (saved(Image.fromarray(DEEP), "TIFF"), np.rint(DEEP / 257)[..., None].repeat(3, axis=2), 0),
    "all transparent": (saved(ALPHA, "PNG"), np.full_like(SMOOTH, 255), 0),
    "transparent, WebP": (saved(ALPHA, "WEBP"), np.full_like(SMOOTH, 255), 0),
    "half transparent": (saved(Image.fromarray(HALF), "PNG"), np.where(HALF[..., 3:] == 255, SMOOTH, 255), 0),
    "gray": (saved(Image.fromarray(GRAY), "PNG"), GRAY_RGB, 0),
    "gray with alpha": (saved(LA, "PNG"), GRAY_RGB, 0),
    "palette": (saved(Image.fromarray(GRAY_RGB).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), GRAY_RGB, 0),
    "black and white": (saved(Image.fromarray(GRAY > 127), "PNG"), np.where(GRAY_RGB > 127, 255, 0), 0),
    "BMP": (saved(PICTURE, "BMP"), SMOOTH, 0),
    "1x1": (saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), np.array([[[9, 8, 7]]]), 0),
    "1x1 of one bit": (saved(Image.new("1", (1, 1), 1), "PNG"), np.array([[[255, 255, 255]]]), 0),
    "one line": (saved(Image.new("L", (5000, 1), 7), "PNG"), np.full((1, 5000, 3), 7), 0),
    "more data than pixels": (png_of(9, 9, zlib.compress(bytes(10**7))), np.zeros((9, 9, 3)), 0),
    "animated": (saved(PICTURE, "WEBP", save_all=True, append_images=[ALPHA], lossless=True), SMOOTH, 0),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_an_odd_picture_is_read_as_what_it_shows_whatever_its_extension(tmp_path, what, name):
    content, expected, tolerance = ODD[what]
    (tmp_path / name).write_bytes(content)
    image = read_image(tmp_path / name)
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


def test_no_format_that_starts_another_program_is_read():
    assert set(FORMATS) == {"PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"}


def test_the_largest_picture_that_is_read_is_far_larger_than_any_spectrogram():
    assert 4000 * 4000 < MAX_PIXELS <= 50_000_000  # with four bytes a pixel, and copies, 50 million take 1 GB


def test_a_study_of_pictures_sets_the_bad_ones_aside_each_with_its_reason(tmp_path):
    for label in ("bad", "good"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(8):
            PICTURE.save(tmp_path / "data" / label / f"{number}.png")
    for what, (content, _) in BAD.items():
        (tmp_path / "data" / "bad" / f"{what}.png").write_bytes(content)
    for what, (content, *_) in ODD.items():
        (tmp_path / "data" / "good" / f"{what}.png").write_bytes(content)
    study = study_of(tmp_path / "data", tmp_path)
    clips, rejected = prepare.draw(study, *prepare.find(study), say=lambda text: None)
    assert len(clips) == 16 + len(ODD)
    told = {path.rpartition("/")[2].removesuffix(".png") for path in rejected["path"]}
    assert told == set(BAD)
    assert (rejected["reason"].str.len() > 10).all()
