"""Facts about low-level measures: films made so that the answer is known, and the same by OpenCV and NumPy."""

import numpy as np
import pytest

from benchmark.config.frames import FrameParams
from benchmark.video import measures
from benchmark.video.film import see_film
from benchmark.video.measures import MEASURES, colour_variance, lighting_key, load_measures, measure_folder, to_luv
from benchmark.video.motion import BINS, SIGMA, Motion, orientations
from tests.support.films import noise, plain, write_film

SHA = "33" * 32


def checker(size=64, cell=8):
    """Return a black and white checker as one frame, half of it white."""
    rows, columns = np.indices((size, size)) // cell
    return np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def measured(path, tmp_path, **settings):
    params = FrameParams(**settings)
    found = load_measures(path, SHA, measure_folder(tmp_path / "cache", params), params)
    assert found.dtype == np.float32
    return dict(zip(MEASURES, found.tolist(), strict=True))


def lossless(path, frames):
    return write_film(path, frames, codec="ffv1", pixels="bgr0")


def test_a_still_checker(tmp_path):
    found = measured(lossless(tmp_path / "a.mkv", [checker()] * 50), tmp_path)
    assert found["average_shot_length"] == pytest.approx(2)
    assert found["lighting_key"] == pytest.approx(0.25)  # mean 0.5, standard deviation 0.5
    assert found["colour_variance"] == pytest.approx(0, abs=1e-6)  # grey alone
    assert found["motion_content"] == 0


def test_a_plain_colour(tmp_path):
    found = measured(lossless(tmp_path / "a.mkv", plain((0, 102, 51), n=25)), tmp_path)
    assert list(found.values()) == pytest.approx([1, 0, 0, 0], abs=1e-6)


def test_shots_are_counted_within_the_seconds_that_count(tmp_path):
    path = lossless(tmp_path / "a.mkv", noise(4, [25, 50, 25, 100]))
    assert measured(path, tmp_path)["average_shot_length"] == pytest.approx(8 / 4)
    assert measured(path, tmp_path, start=2.0, end=5.0)["average_shot_length"] == pytest.approx(3 / 3)


def wave(pixels_per_frame, n=80, size=64, rows=slice(None)):
    """Return frames of a grating of 16 pixels that moves to the right; where it is not it is grey."""
    frames = np.full((n, size, size, 3), 128, np.uint8)
    for number in range(n):
        levels = 128 + 100 * np.sin(2 * np.pi * (np.arange(size) - pixels_per_frame * number) / 16)
        frames[number, rows] = levels[:, None]
    return list(frames)


@pytest.mark.parametrize(("speed", "active"), [(0, 0), (0.1, 0), (1, 1), (3, 1)])
def test_a_row_of_a_grating_is_active_above_a_speed(speed, active):
    # atan(0.1) is 6 degrees, within the first seventh of 90.
    histogram = orientations(np.array([frame[32, :, 0] for frame in wave(speed)], np.float32))
    assert 1 - histogram[0] / histogram.sum() == pytest.approx(active, abs=0.02)


@pytest.mark.parametrize(("rows", "active"), [(slice(0, 0), 0), (slice(None), 1), (slice(0, 32), 0.25)])
def test_motion_is_the_share_of_what_moves(tmp_path, rows, active):
    # Of the upper half alone the middle row sees nothing, and the middle column half.
    found = measured(lossless(tmp_path / "a.mkv", wave(2, rows=rows)), tmp_path)["motion_content"]
    assert found == pytest.approx(active, abs=0.03)


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_the_orientation_of_a_slice_is_the_speed(speed):
    row = np.array([frame[0, :, 0] for frame in wave(speed)], np.float32)
    assert orientations(row).argmax() == int(np.degrees(np.arctan(speed)) * BINS / 90)


def test_a_bar_that_moves_over_a_still_picture_is_active_where_it_is(tmp_path):
    frames = [checker() for _ in range(64)]
    for number, frame in enumerate(frames):
        frame[:, number : number + 6] = 128
    found = measured(lossless(tmp_path / "a.mkv", frames), tmp_path)["motion_content"]
    # The bar and what smoothing sees of it: of 64 pixels of the row, and as many frames of the column.
    assert 0.02 < found < (6 + 8 * SIGMA) / 64


def test_motion_does_not_count_a_cut_and_forgets_what_it_has_judged(tmp_path):
    stills = [frame for n in range(8) for frame in [noise(1, [1], seed=n)[0]] * 80]
    motion = Motion(("ffmpeg", 0.27))
    held = []
    original = motion._judge
    motion._judge = lambda n: (original(n), held.append(len(motion.rows)))
    see_film(lossless(tmp_path / "a.mkv", stills), [FrameParams(n=1)], SHA, watchers=[motion])
    assert motion.share() == 0
    assert motion.histogram.sum() == 640 * (64 + 96)
    assert max(held) <= 320


def test_luv_is_that_of_opencv():
    cv2 = pytest.importorskip("cv2", reason="pip install -r requirements/films.txt")
    colours = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    colours[0, :4] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [1, 1, 1]]
    theirs = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2Luv)
    assert to_luv(colours) == pytest.approx(theirs, abs=0.5)  # of 100 and more: OpenCV looks its cube roots up
    assert to_luv(colours[0, :2]) == pytest.approx(np.array([[0, 0, 0], [100, 0, 0]]), abs=0.01)


def test_colour_variance_is_the_determinant_of_the_covariance():
    images = np.random.default_rng(1).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    pixels = np.concatenate([to_luv(image).reshape(-1, 3) for image in images])
    assert colour_variance(images) == pytest.approx(np.linalg.det(np.cov(pixels.T, bias=True)))


def test_lighting_key_is_the_mean_over_frames():
    half = checker()
    images = np.stack([half, np.zeros_like(half), half // 2])
    assert lighting_key(images) == pytest.approx((0.25 + 0 + (127 / 255) ** 2 / 4) / 3)


def test_measures_are_kept(tmp_path, monkeypatch):
    path = lossless(tmp_path / "a.mkv", noise(2, [20, 20]))
    first = measured(path, tmp_path)
    monkeypatch.setattr(measures, "see_film", lambda *arguments, **named: pytest.fail("decoded again"))
    assert measured(path, tmp_path) == first
