"""Copies of pictures: found though saved anew; what most pictures share, such as axes, makes no two of them copies."""

import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from benchmark.data.leakage import find_copies
from benchmark.data.thumbnails import near_duplicate_pictures, thumbnail
from spectrograms.params import ClipParams
from tests.support.clip_tables import couples, table
from tests.support.spectrogram_pictures import bare, events, noise, with_axes

CLIP = ClipParams(duration=2)
N = 24  # sounds


def picture(seed, size=(224, 224)):
    """Return a picture as spectrograms are: patches that differ along both axes."""
    patches = np.random.default_rng(seed).integers(0, 256, (12, 24, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


PICTURE_COPIES = {
    "jpeg": lambda path, image: image.save(path, "JPEG", quality=60),
    "smaller": lambda path, image: image.resize((96, 80)).save(path, "PNG"),
    "larger": lambda path, image: image.resize((400, 299)).save(path, "PNG"),
    "gray": lambda path, image: image.convert("L").save(path, "PNG"),
    "dark": lambda path, image: ImageEnhance.Brightness(image).enhance(0.8).save(path, "PNG"),
    "webp": lambda path, image: image.save(path, "WEBP", quality=50),
}


@pytest.mark.parametrize("name", PICTURE_COPIES)
def test_a_picture_that_is_saved_anew_is_found_and_others_are_not(name, tmp_path):
    for seed in range(12):
        picture(seed).save(tmp_path / f"{seed:02d}.png")
    PICTURE_COPIES[name](tmp_path / "z.img", picture(3))
    clips = table([*sorted(tmp_path.glob("*.png")), tmp_path / "z.img"])
    pairs = find_copies(clips, CLIP, tmp_path / "cache", dataset_kind="images", n_jobs=1)
    assert couples(pairs) == {("03.png", "z.img")}
    assert set(pairs["relation"]) == {"same picture"}


def test_pictures_of_one_colour_are_like_no_other(tmp_path):
    for value in (10, 200):
        Image.new("RGB", (64, 64), (value, value, value)).save(tmp_path / f"{value}.png")
    assert find_copies(table(sorted(tmp_path.glob("*.png"))), CLIP, tmp_path, dataset_kind="images", n_jobs=1).empty


def saved_anew(image):
    """Yield a picture as JPEG, and at 60 % of its size."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    yield Image.open(buffer)
    yield image.resize((image.width * 6 // 10, image.height * 6 // 10), Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def sounds():
    return [events(seed) for seed in range(N)]


def thumbnails(images, folder):
    for number, image in enumerate(images):
        image.save(folder / f"{number}.bmp")
    return [thumbnail(folder / f"{number}.bmp") for number in range(len(images))]


LAYOUTS = {  # how the picture of sound number n is drawn
    "axes": lambda levels, number: with_axes(levels),
    "titles of their own": lambda levels, number: with_axes(levels, f"take {number}"),
    "bare": lambda levels, number: bare(levels),
    "half with axes": lambda levels, number: with_axes(levels) if number % 2 else bare(levels),
}


def found_and_true(images, every, folder):
    """Return the couples that are found among pictures and copies of every so manieth, and those that are true."""
    copies = [(number, image) for number in range(0, len(images), every) for image in saved_anew(images[number])]
    found = near_duplicate_pictures(thumbnails([*images, *(image for _, image in copies)], folder))
    of = [*range(len(images)), *(number for number, _ in copies)]
    assert all(0.7 <= share <= 1 for _, _, share in found)
    return {(i, j) for i, j, _ in found}, {(i, j) for i, j in combinations(range(len(of)), 2) if of[i] == of[j]}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pictures_of_other_sounds_are_no_copies_and_true_copies_are_found(sounds, tmp_path, layout):
    found, true = found_and_true([LAYOUTS[layout](levels, n) for n, levels in enumerate(sounds)], 6, tmp_path)
    assert found == true


def test_two_copies_are_found_where_there_is_nothing_else(sounds, tmp_path):
    image = with_axes(sounds[0])
    assert len(near_duplicate_pictures(thumbnails([image, next(saved_anew(image))], tmp_path))) == 1
    assert near_duplicate_pictures([]) == near_duplicate_pictures(thumbnails([image], tmp_path)) == []


def test_the_order_of_the_pictures_changes_nothing(sounds, tmp_path):
    images = [with_axes(levels) for levels in sounds]
    images += [copy for image in images[:3] for copy in saved_anew(image)]
    made = thumbnails(images, tmp_path)
    order = np.random.default_rng(0).permutation(len(made))
    shuffled = near_duplicate_pictures([made[number] for number in order])
    assert {frozenset((order[i], order[j])) for i, j, _ in shuffled} == {
        frozenset(pair[:2]) for pair in near_duplicate_pictures(made)
    }


def test_noise_of_one_colour_is_no_copy_of_other_noise(tmp_path):
    """Rain is like rain to the eye once it is scaled down; grain by grain it is not."""
    assert near_duplicate_pictures(thumbnails([bare(noise(seed)) for seed in range(12)], tmp_path)) == []


def test_real_posters_and_their_copies(shared, tmp_path):
    """Of 60 posters all are different but for what their bytes tell; every fifth is saved anew in two ways."""
    files = sorted((shared / "data" / "posters" / "images").glob("*.jpg"))[:60]
    if not files:
        pytest.skip("no posters")
    different = {file.read_bytes(): file for file in files}.values()
    found, true = found_and_true([Image.open(file).convert("RGB") for file in different], 5, tmp_path)
    assert found == true
