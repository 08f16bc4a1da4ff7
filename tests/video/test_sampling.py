"""Facts about the frames that are chosen: those that decoding all, and looking them up by their times, gives."""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate, pairwise

import av
import numpy as np
import pytest

from benchmark.config.frames import SAMPLES, FrameParams
from benchmark.video import film, sampling
from benchmark.video.decode import open_film
from benchmark.video.film import see_film
from benchmark.video.frames import read_frames
from spectrograms.errors import FilmError
from tests.support.films import noise, plain, write_film

SHA = "5d" * 32
LENGTHS = [7, 2, 30, 4, 52, 2, 19]  # frames of the shots; of two cuts in a row ffmpeg tells the first alone
VARIED = list(accumulate([0] + [40, 10, 33, 200, 5] * 23))[: sum(LENGTHS)]  # ms


@pytest.fixture(scope="module")
def lossless(tmp_path_factory):
    """A film whose decoded frames are those that were written, at times that are not even; and these."""
    frames = noise(len(LENGTHS), LENGTHS)
    path = tmp_path_factory.mktemp("films") / "lossless.mkv"
    return write_film(path, frames, codec="ffv1", pixels="bgr0", times=VARIED), frames


@pytest.fixture(scope="module")
def reference(lossless):
    """Return (times in s, frames) of the film, decoded by PyAV alone."""
    with av.open(str(lossless[0])) as container:
        decoded = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    times, frames = zip(*decoded, strict=True)
    assert np.array_equal(frames, lossless[1])
    return list(times), frames


def shown_at(times, targets):
    """Return the numbers of the frames shown at some seconds, each once, by times that may be rounded."""
    return sorted({bisect_right(times, target + sampling.NEAR) - 1 for target in targets})


def middles(times, end, start=0.0, stop=np.inf):
    """Return the numbers of the frames in the middle of the shots of LENGTHS, from ``start`` to ``stop``."""
    bounds = [*(times[first] for first in accumulate([0, *LENGTHS[:-1]])), end]
    shots = [(max(a, start), min(b, stop)) for a, b in pairwise(bounds)]
    return [shown_at(times, [(a + b) / 2])[0] for a, b in shots if a < b]


def expected(params, times, end):
    """Return the numbers of the frames that ``params`` asks for, found with all times at hand."""
    start, stop = params.start, min(end, params.end or np.inf)
    if params.sample == "uniform":
        return shown_at(times, [start + (part + 0.5) * (stop - start) / params.n for part in range(params.n)])
    if params.sample == "every":
        return shown_at(times, np.arange(start, stop, params.every))
    return middles(times, end, start, stop)


PARAMS = [
    FrameParams(n=1), FrameParams(n=16), FrameParams(n=200), FrameParams(n=9, start=1.0, end=3.5),
    FrameParams(sample="every", every=0.25), FrameParams(sample="every", every=0.0301),
    FrameParams(sample="every", every=0.7, start=0.31, end=5.0), FrameParams(sample="scene"),
    FrameParams(sample="scene", start=0.5, end=4.2),
]  # fmt: skip


@pytest.mark.parametrize("rate", [24, Fraction(24000, 1001), 25, 30, Fraction(30000, 1001)], ids=float)
def test_a_container_that_rounds_times_gives_the_same_frames(tmp_path, rate):
    frames = noise(1, [96])  # in each a bar is elsewhere; the middle of each of 16 parts is where a frame begins
    exact, rounded = (
        read_frames(write_film(tmp_path / name, frames, rate=rate, codec="libx264"), FrameParams(n=16), SHA)
        for name in ("exact.mp4", "rounded.mkv")
    )
    assert np.array_equal(exact.images, rounded.images)


@pytest.mark.parametrize("params", PARAMS, ids=lambda params: str(params.model_dump(exclude_defaults=True)))
def test_frames_are_those_shown_at_the_times_asked_for(lossless, reference, params):
    times, frames = reference
    found = read_frames(lossless[0], params, SHA)
    end = see_film(lossless[0], [FrameParams(sample="every")], SHA).seconds
    numbers = expected(params, times, end)
    assert found.times.tolist() == pytest.approx([times[number] for number in numbers], abs=1e-6)
    assert np.array_equal(found.images, [frames[number] for number in numbers])


@pytest.mark.parametrize("held", [0, 200_000, 1 << 30])
@pytest.mark.parametrize("kept", [0, 1 << 30])
def test_memory_changes_nothing_in_what_is_found(lossless, reference, monkeypatch, held, kept):
    monkeypatch.setattr(sampling, "HELD", held)
    monkeypatch.setattr(sampling, "KEPT", kept)
    for params in (FrameParams(sample="scene", most=5), FrameParams(sample="every", every=0.2, middle=7)):
        found = read_frames(lossless[0], params, SHA)
        times = [round(time, 6) for time in reference[0]]
        numbers = [times.index(round(time, 6)) for time in found.times]
        assert np.array_equal(found.images, [reference[1][number] for number in numbers])
        assert len(numbers) == (params.middle or params.most)


B_FRAMES = {"bf": "3", "preset": "medium"}
CODECS = {
    "mp4 with b-frames": ("a.mp4", "libx264", {"encoder": B_FRAMES, "gop": 20}),
    "mp4 with open groups": ("b.mp4", "libx264", {"encoder": B_FRAMES | {"x264-params": "open-gop=1:keyint=10"}}),
    "webm": ("c.webm", "libvpx", {"gop": 30}),
    "transport stream": ("d.ts", "mpeg2video", {}),
    "avi": ("e.avi", "mpeg4", {}),
    "no index": ("f.flv", "flv1", {}),
}  # fmt: skip


@pytest.mark.parametrize("jumps", [True, False])
@pytest.mark.parametrize("name", CODECS)
def test_the_middle_of_a_long_shot_is_the_same_when_it_is_fetched(tmp_path, monkeypatch, name, jumps):
    file, codec, options = CODECS[name]
    path = write_film(tmp_path / file, noise(3, [40, 31, 44]), codec=codec, **options)
    params = FrameParams(sample="scene")
    held = read_frames(path, params, SHA)
    assert len(held.times) == 3
    monkeypatch.setattr(sampling, "HELD", 0)
    if not jumps:
        monkeypatch.setattr(film, "_by_jumps", lambda *arguments: iter(()))
    fetched = read_frames(path, params, SHA)
    assert np.array_equal(fetched.times, held.times)
    assert np.array_equal(fetched.images, held.images)


def test_most_takes_equal_steps_and_middle_the_middle(lossless, reference):
    every = read_frames(lossless[0], FrameParams(sample="every", every=0.1), SHA).times
    most = read_frames(lossless[0], FrameParams(sample="every", every=0.1, most=5), SHA).times
    steps = np.rint(np.linspace(0, len(every) - 1, 5)).astype(int)
    assert np.array_equal(most, every[steps])
    middle = read_frames(lossless[0], FrameParams(sample="every", every=0.1, most=5, middle=2), SHA).times
    assert np.array_equal(middle, most[1:3])


def test_random_frames_are_different_ones_of_the_seed_and_the_film(lossless):
    ways = {
        "a": (20, 0, SHA), "again": (20, 0, SHA), "seed": (20, 1, SHA), "film": (20, 0, "00" * 32),
        "fewer": (8, 0, SHA), "all": (999, 0, SHA),
    }  # fmt: skip
    drawn = {
        way: read_frames(lossless[0], FrameParams(sample="random", n=n, seed=seed), sha).times.tolist()
        for way, (n, seed, sha) in ways.items()
    }
    assert drawn["a"] == drawn["again"] == sorted(set(drawn["a"]))
    assert len(drawn["a"]) == 20
    assert drawn["a"] != drawn["seed"]
    assert drawn["a"] != drawn["film"]
    assert set(drawn["fewer"]) < set(drawn["a"])
    assert len(drawn["all"]) == sum(LENGTHS)


def test_each_frame_is_as_likely_to_be_drawn(tmp_path):
    path = write_film(tmp_path / "ten.mkv", plain(*[(20 * n, 0, 0) for n in range(10)]), codec="ffv1", pixels="bgr0")
    drawn = [read_frames(path, FrameParams(sample="random", n=3, seed=seed), SHA).times for seed in range(200)]
    counts = np.bincount(np.rint(np.concatenate(drawn) * 25).astype(int), minlength=10)
    assert counts.sum() == 600
    assert np.abs(counts - 60).max() < 4.5 * np.sqrt(60 * 0.7)  # standard deviations of a binomial count


@pytest.mark.parametrize("sample", SAMPLES)
def test_black_frames_are_left_out(tmp_path, sample):
    black, white = (4, 4, 4), (200, 200, 200)
    path = write_film(tmp_path / "black.mkv", plain(black, white, black, n=10), codec="ffv1", pixels="bgr0")
    every = {"every": 0.04} if sample == "every" else {}
    found = read_frames(path, FrameParams(sample=sample, skip_black=True, **every), SHA)
    assert ((found.times > 0.39) & (found.times < 0.79)).all()
    assert (found.images > 190).all()


def test_a_film_without_any_of_the_frames_asked_for_says_why(tmp_path):
    path = write_film(tmp_path / "black.mkv", plain((0, 0, 0), n=10), codec="ffv1", pixels="bgr0")
    with pytest.raises(FilmError, match="all 10 frames found are black"):
        read_frames(path, FrameParams(n=10, skip_black=True), SHA)
    with pytest.raises(FilmError, match=r"lasts 0\.40 s, and no frame is shown from second 3 on"):
        read_frames(path, FrameParams(start=3.0), SHA)


def test_all_sets_of_frames_come_from_one_pass(lossless, monkeypatch):
    alone = {params: read_frames(lossless[0], params, SHA) for params in PARAMS}
    opened = []
    monkeypatch.setattr(film, "open_film", lambda path: opened.append(path) or open_film(path))
    together = see_film(lossless[0], PARAMS, SHA).frames
    assert len(opened) == 1
    for params in PARAMS:
        assert np.array_equal(together[params].times, alone[params].times)
        assert np.array_equal(together[params].images, alone[params].images)
