"""Frames of films, kept on disk while a run goes on: a film is decoded once, however many models read it."""

import shutil
import zipfile
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path

import av
import numpy as np

from benchmark.config.frames import PYSCENEDETECT
from benchmark.video.film import Frames, see_film
from spectrograms import version
from spectrograms.files import replacing
from spectrograms.params import content_hash

MOST = 8 << 30  # bytes of frames of one kind that are kept; of more films each model decodes them for itself
OUTSIDE = {"config/frames.py", "spectrograms/tracks.py"}  # what shapes frames beside this room


def read_frames(path, params, sha256):
    """Return the :class:`Frames` of a film that ``params`` (FrameParams) asks for, decoded anew.

    ``sha256`` (hex digits) is that of the file. Raises FilmError where there are none."""
    return see_film(path, [params], sha256).frames[params]


def frame_folder(cache, params):
    """Return where the frames of films under ``params`` (FrameParams) lie while a run goes on."""
    return Path(cache) / "frames" / content_hash(params, frames_code(params))


def load_frames(path, sha256, folder, params):
    """Return the :class:`Frames` of a film, decoded where ``folder`` lacks them, and then kept.

    Raises FilmError where there are none."""
    frames = _kept(Path(folder) / f"{sha256}.npz")
    if frames is None:
        frames = read_frames(path, params, sha256)
        keep_frames(frames, sha256, folder)
    return frames


def keep_frames(frames, sha256, folder):
    """Keep the Frames of a film with the digest ``sha256``, unless those of the folder take MOST bytes already.

    Nor are they where a run beside this one ends, and removes the folder, at this very moment."""
    folder = Path(folder)
    with suppress(FileNotFoundError):
        taken = sum(file.stat().st_size for file in folder.glob("*.npz")) if folder.is_dir() else 0
        if taken + frames.images.nbytes <= MOST:
            with replacing(folder / f"{sha256}.npz", scratch=folder.parent) as temporary:
                np.savez(temporary, times=frames.times, images=frames.images)


def forget_frames(cache, params):
    """Remove what was kept, at the end of a run; a run beside this one decodes what it misses."""
    shutil.rmtree(frame_folder(cache, params), ignore_errors=True)


def _kept(path):
    """Return the Frames in a file, None where there are none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Frames(kept["times"], kept["images"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def frames_code(params):
    """Return 16 hex digits of the code that turns a film into frames: this suite's, and the libraries'."""
    extra = ["scenedetect", "opencv-python-headless"] if params.detector in PYSCENEDETECT else []
    return content_hash(film_code(), [_installed(name) for name in extra])


@lru_cache
def film_code():
    """Return 16 hex digits of the code that decodes films, without that of PySceneDetect."""
    room = Path(__file__).resolve().parent

    def counts(file):
        return file.is_relative_to(room) or any(file.as_posix().endswith(name) for name in OUTSIDE)

    return content_hash(
        version.sources("benchmark.video.film", counts), av.__version__, av.library_versions, installed("numpy")
    )


def _installed(package):
    try:
        return installed(package)
    except ModuleNotFoundError:  # PackageNotFoundError is one: OpenCV has several packages
        return ""
