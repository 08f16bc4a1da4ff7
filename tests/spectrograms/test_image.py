"""Pictures: colours and orientation, what librosa draws, and files of pictures in and out."""

import io

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import Normalize
from PIL import Image

from spectrograms.errors import ImageError
from spectrograms.image import (
    RESIZES,
    caveat,
    centre_crop,
    colour_table,
    draw,
    is_picture,
    read_image,
    read_text,
    resize,
    save_png,
    to_image,
)
from spectrograms.params import ImageParams, MelParams

MEL = MelParams()
RNG = np.random.default_rng(0)
MEL_DB = np.maximum(RNG.uniform(-100, 0, (128, 60)), -80).astype(np.float32)
PICTURE = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
BOTH_STYLES = pytest.mark.parametrize("style", ["pixels", "specshow"])


def luminance(image):
    return image.astype(float).sum(axis=2)


@pytest.mark.parametrize("colormap", ["magma", "viridis", "gray", "twilight", "tab10"])
def test_pixels_are_the_colours_that_matplotlib_gives(colormap):
    expected = matplotlib.colormaps[colormap](Normalize(-80, 0)(MEL_DB[::-1]))[..., :3] * 255
    actual = to_image(MEL_DB, ImageParams(colormap=colormap), MEL).astype(float)
    same = np.abs(actual - expected).max(axis=2) <= 0.5  # rounded to whole numbers
    if matplotlib.colormaps[colormap].N == 256:
        assert same.mean() > 0.999  # a value on the border of two steps may fall to either side
    else:  # maps of more or fewer colours than 256 are sampled
        assert same.mean() > 0.35


def test_top_db_sets_the_lowest_colour():
    mel_db = np.full((3, 4), -40, np.float32)
    image = to_image(mel_db, ImageParams(), MelParams(top_db=40))
    np.testing.assert_array_equal(image, np.broadcast_to(colour_table("magma")[0], (3, 4, 3)))


@BOTH_STYLES
def test_low_frequencies_are_at_the_bottom_and_time_runs_to_the_right(style):
    mel_db = np.full((128, 100), -80, np.float32)
    mel_db[:20, 60:] = 0  # low and late
    light = luminance(to_image(mel_db, ImageParams(style=style, size=(100, 100)), MEL))
    assert light[-8:, -30:].min() > 600
    assert light[:70].max() < 20
    assert light[:, :50].max() < 20


@pytest.mark.parametrize(
    ("style", "size", "shape"),
    [
        ("pixels", None, (128, 60, 3)),
        ("pixels", (224, 200), (224, 200, 3)),
        ("specshow", None, (224, 224, 3)),
        ("specshow", (331, 299), (331, 299, 3)),
        ("specshow", (37, 701), (37, 701, 3)),
    ],
)
def test_the_size_is_exact(style, size, shape):
    image = to_image(MEL_DB, ImageParams(style=style, size=size), MEL)
    assert image.shape == shape
    assert image.dtype == np.uint8


@pytest.mark.parametrize(
    "mel_db", [np.zeros((128, 40)), np.full((128, 40), -80.0), MEL_DB], ids=["peak", "floor", "all"]
)
@pytest.mark.parametrize("colormap", ["magma", "cividis"])
def test_specshow_keeps_colour_map_and_range_whatever_the_data(mel_db, colormap):
    """librosa chooses another colour map for data of other signs, and matplotlib a range for each picture."""
    image = to_image(mel_db.astype(np.float32), ImageParams(style="specshow", colormap=colormap), MEL)
    allowed = {tuple(colour) for colour in colour_table(colormap).tolist()}
    colours = {tuple(colour) for colour in image.reshape(-1, 3).tolist()}
    known = sum(colour in allowed for colour in colours) / len(colours)
    assert known > 0.9 if len(colours) > 1 else known == 1  # drawing rounds a few colours the other way
    if mel_db.min() == mel_db.max():
        assert colours == {tuple(colour_table(colormap)[-1 if mel_db.max() == 0 else 0].tolist())}


def test_both_styles_show_the_same_times():
    """Not the same rows: librosa's mel axis stretches the lower bands."""
    mel_db = np.full((128, 100), -80, np.float32)
    mel_db[30:50, 20:40] = mel_db[90:120, 60:90] = 0
    images = [to_image(mel_db, ImageParams(style=style, size=(224, 224)), MEL) for style in ("pixels", "specshow")]
    lit = [luminance(image).max(axis=0) > 300 for image in images]
    assert np.mean(lit[0] == lit[1]) > 0.97  # but for the edges of the three transitions


@BOTH_STYLES
@pytest.mark.parametrize("size", [None, (50, 70)])
def test_a_png_gives_back_the_same_pixels(tmp_path, style, size):
    params = ImageParams(style=style, size=size)
    expected = to_image(MEL_DB, params, MEL)
    save_png(draw(MEL_DB, params, MEL), tmp_path / "drawn.png")
    save_png(expected, tmp_path / "array.png")
    np.testing.assert_array_equal(read_image(tmp_path / "drawn.png"), expected)
    np.testing.assert_array_equal(read_image(tmp_path / "array.png"), expected)


def test_text_chunks_come_back(tmp_path):
    text = {"source_sha256": "ab" * 32, "params": '{"duration": 15.0}', "title": "naïve ♪"}
    save_png(PICTURE, tmp_path / "new" / "folders" / "a.png", text)
    assert read_text(tmp_path / "new" / "folders" / "a.png") == text


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_turned_as_its_camera_noted(tmp_path, file_format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if file_format == "JPEG" else {"lossless": True}
    smooth = np.linspace(0, 255, 20 * 30 * 3).reshape(20, 30, 3).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a", file_format, exif=exif, **options)
    turns = {  # how the first row and the first column lie, TIFF 6.0, page 36
        1: smooth, 2: smooth[:, ::-1], 3: smooth[::-1, ::-1], 4: smooth[::-1],
        5: smooth.swapaxes(0, 1), 6: smooth[::-1].swapaxes(0, 1),
        7: smooth[::-1, ::-1].swapaxes(0, 1), 8: smooth[:, ::-1].swapaxes(0, 1),
    }  # fmt: skip
    image = read_image(tmp_path / "a")
    assert image.shape == turns[orientation].shape
    assert np.abs(image.astype(int) - turns[orientation]).max() <= 4  # JPEG loses a little


def test_damaged_notes_of_a_camera_turn_nothing(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(20))
    assert read_image(tmp_path / "a.jpg").shape == PICTURE.shape


def test_white_is_what_the_file_says_else_all_of_16_bits(tmp_path):
    """12 bits in a file of 16: PGM has its maximum in the header, TIFF may have it in a tag; else it is told."""
    twelve = np.linspace(0, 4095, 105).astype(np.uint16).reshape(5, 21)
    expected = np.rint(twelve.astype(float) * 255 / 4095)
    header = f"P5 {twelve.shape[1]} {twelve.shape[0]} 4095\n".encode()
    (tmp_path / "a.pgm").write_bytes(header + twelve.astype(">u2").tobytes())
    (tmp_path / "b.tiff").write_bytes(tiff(twelve, tiffinfo={281: 4095}))
    for name in ("a.pgm", "b.tiff"):
        image = read_image(tmp_path / name)
        assert np.abs(image[..., 0] - expected).max() <= 1  # PGM is scaled to 16 bits on the way
        assert caveat(image) == ""
    (tmp_path / "c.tiff").write_bytes(tiff(twelve))
    assert read_image(tmp_path / "c.tiff").max() == 16
    assert caveat(read_image(tmp_path / "c.tiff")) == "almost black: no value above 16 of 255"


def test_a_picture_is_known_by_its_content_whatever_it_is_called(tmp_path):
    for file_format in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"):
        Image.fromarray(PICTURE).save(tmp_path / "a.wav", file_format)
        assert is_picture(tmp_path / "a.wav")
    for content in (b"RIFF\0\0\0\0WAVEfmt ", b"ID3\x04" + bytes(100), b"no picture", b""):
        (tmp_path / "a.png").write_bytes(content)
        assert not is_picture(tmp_path / "a.png")
    assert not is_picture(tmp_path / "missing.png")


def tiff(gray, **tags):
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "TIFF", **tags)
    return buffer.getvalue()


def test_a_missing_picture_and_a_folder_are_named_as_such(tmp_path):
    with pytest.raises(ImageError, match="does not exist"):
        read_image(tmp_path / "missing.png")
    with pytest.raises(ImageError, match="directory"):
        read_image(tmp_path)


def test_resize_is_pillows_bilinear_and_averages_when_it_shrinks():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 200  # finer than the result can show
    small = resize(image, (8, 16))
    assert small.shape == (8, 16, 3)
    assert small.dtype == np.uint8
    assert np.abs(small[:, 2:-2].astype(int) - 100).max() <= 5  # the mean; without antialiasing 0 or 200
    np.testing.assert_array_equal(resize(PICTURE, (20, 30)), PICTURE)
    expected = np.asarray(Image.fromarray(PICTURE).resize((50, 40), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(resize(PICTURE, (40, 50)), expected)


# Height and width before and after, and the crop's corner: of a surplus of 1, 3, 5 and 7 rows or columns half, to even.
SQUARES = [
    ((480, 640), (224, 298), (0, 37)), ((640, 480), (298, 224), (37, 0)), ((360, 361), (224, 224), (0, 0)),
    ((101, 103), (224, 228), (0, 2)), ((225, 229), (224, 227), (0, 2)), ((229, 225), (227, 224), (2, 0)),
    ((231, 237), (224, 229), (0, 2)), ((240, 248), (224, 231), (0, 4)), ((30, 20), (336, 224), (56, 0)),
    ((224, 225), (224, 225), (0, 0)), ((4, 3), (298, 224), (37, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "corner"), SQUARES, ids=str)
def test_the_centre_crop_is_the_middle_of_pillows_bicubic_as_torchvision_rounds(before, after, corner):
    image = np.random.default_rng(0).integers(0, 256, (*before, 3), "uint8")
    scaled = np.asarray(Image.fromarray(image).resize(after[::-1], Image.Resampling.BICUBIC))
    top, left = corner
    np.testing.assert_array_equal(centre_crop(image, 224), scaled[top : top + 224, left : left + 224])


@pytest.mark.parametrize(("before", "after", "corner"), SQUARES, ids=str)
def test_the_centre_crop_is_that_of_transformers_but_for_half_a_pixel(before, after, corner):
    """Which rounds the corner down: another column where a surplus of 3, 7 ... is halved."""
    transformers = pytest.importorskip("transformers", reason="pip install -r requirements/test.txt")
    pytest.importorskip("torch", reason="transformers reads pictures with torch installed alone")
    image = np.random.default_rng(0).integers(0, 256, (*before, 3), "uint8")
    as_it_is = transformers.CLIPImageProcessor(do_rescale=False, do_normalize=False)
    theirs = as_it_is(Image.fromarray(image), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    down, right = (there - (length - 224) // 2 for there, length in zip(corner, after, strict=True))
    ours = centre_crop(image, 224)
    np.testing.assert_array_equal(ours[: 224 - down, : 224 - right], theirs[down:, right:])
    assert (down, right) == (0, 0) or max(after) - 224 in (3, 7)


@pytest.mark.parametrize("name", RESIZES)
@pytest.mark.parametrize("shape", [(7, 9), (300, 20), (16, 16), (1, 1)], ids=str)
def test_every_resize_gives_a_square_and_keeps_a_plain_colour(name, shape):
    square = RESIZES[name](np.full((*shape, 3), 90, "uint8"), 16)
    assert square.dtype == np.uint8
    np.testing.assert_array_equal(square, np.full((16, 16, 3), 90))
