"""Changes of pictures: by geometry, by torchvision's definitions, by counting."""

import numpy as np
import pytest

from benchmark.config.augment import AugmentParams
from benchmark.features.batches import Batches
from benchmark.training.augmentation import COLOURS, GREY, _warp, make_mix, make_transform

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (9, 9, 3)).astype("float32")


def test_a_quarter_turn_is_numpys():
    """rot90 turns against the clock as pictures are shown; values are cut to integers."""
    np.testing.assert_allclose(
        _warp(PICTURE, 1, False, np.zeros(2), 90.0), np.rot90(PICTURE), atol=1
    )  # cut to integers


def test_a_mirrored_picture_is_turned_after_it_was_mirrored():
    found = _warp(PICTURE, 1, True, np.zeros(2), 90.0)
    np.testing.assert_allclose(found, np.rot90(PICTURE[:, ::-1]), atol=1)


def test_rotation_stays_in_its_range():
    """A line through the centre, turned by so many degrees, has a direction that is that many degrees off."""
    picture = np.zeros((65, 65, 3), "float32")
    picture[32] = 255
    found = make_transform(AugmentParams(rotation=15.0))(np.repeat(picture[None], 40, 0), np.random.default_rng(0))
    angles = []
    for image in found:
        y, x = np.nonzero(image[..., 0] > 100)
        angles.append(-np.degrees(np.arctan(np.polyfit(x - 32, y - 32, 1)[0])))
    assert 12 < max(angles) < 15.5
    assert -15.5 < min(angles) < -12


def test_colours_change_as_in_torchvision():
    """adjust_brightness, _contrast and _saturation blend with black, with the mean grey, with each pixel's grey."""
    grey = PICTURE @ GREY
    np.testing.assert_allclose(COLOURS["brightness"](PICTURE, 0.2), 1.2 * PICTURE, rtol=1e-6)
    np.testing.assert_allclose(COLOURS["contrast"](PICTURE, -1.0), np.full_like(PICTURE, grey.mean()), rtol=1e-6)
    np.testing.assert_allclose(COLOURS["saturation"](PICTURE, -1.0), np.repeat(grey[..., None], 3, -1), rtol=1e-6)
    red, green = np.array([[[255.0, 0, 0]]]), np.array([[[0, 255.0, 0]]])
    np.testing.assert_allclose(COLOURS["hue"](red, 1 / 3), green, atol=1e-6)
    np.testing.assert_allclose(COLOURS["hue"](PICTURE, 0.0), PICTURE, atol=1e-3)  # there and back


@pytest.mark.parametrize("name", COLOURS)
def test_colours_stay_colours(name):
    found = make_transform(AugmentParams(**{name: 0.5}))(np.repeat(PICTURE[None], 20, 0), np.random.default_rng(0))
    assert found.min() >= 0
    assert found.max() <= 255
    assert len(np.unique(found.reshape(20, -1), axis=0)) == 20


def test_every_other_picture_loses_a_rectangle():
    pictures = np.full((60, 40, 30, 3), -1, "float32")  # no noise is below 0
    found = make_transform(AugmentParams(erasing=0.5))(pictures, np.random.default_rng(0))
    areas = []
    for image in found[(found != -1).any(axis=(1, 2, 3))]:
        erased = (image != -1).all(axis=-1)
        rows, columns = np.flatnonzero(erased.any(axis=1)), np.flatnonzero(erased.any(axis=0))
        assert erased.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        areas.append(erased.mean())
    assert 20 < len(areas) < 40
    assert max(areas) <= 0.33  # of Zhong et al.


def test_mixup_mixes_pictures_and_targets_by_one_share():
    x, y = np.eye(8, dtype="float32")[:, None], np.eye(8, dtype="float32")
    (inputs, targets), *_ = Batches(x.__getitem__, y, 8, mix=make_mix(AugmentParams(mixup=0.4))).for_training(
        np.arange(8), np.random.default_rng(3)
    )
    np.testing.assert_array_equal(inputs[:, 0], targets)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    mixed = targets[(targets > 0).sum(axis=1) == 2]
    assert len(mixed) > 4
    assert len(np.unique(np.round(mixed.max(axis=1), 5))) == 1
    assert make_mix(AugmentParams()) is None
    assert make_transform(AugmentParams(mixup=0.4)) is None
