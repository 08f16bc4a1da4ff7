"""Transcripts kept on disk, one JSON file per clip: words are looked for once, whatever reads them."""

from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path

from benchmark.config.texts import RECOGNISERS
from benchmark.texts.transcript import Transcript
from spectrograms import version
from spectrograms.files import replacing
from spectrograms.params import content_hash

OUTSIDE = ("kept.py", "__init__.py")  # of this room, what changes no transcript


def transcript_folder(cache, params, source, model_sha256=""):
    """Return where the transcripts of clips under ``params`` (TextParams) lie; a clip's is ``<sha256>.json`` in it.

    ``source`` stands for what is read: settings of the frames or of the clip, with the code that decodes them (plain
    JSON, or sections of a study). ``model_sha256`` is the digest of the folder ``params.model``, if there is one."""
    return Path(cache) / "texts" / content_hash(params.of_transcript, source, model_sha256, texts_code(params))


def texts_code(params):
    """Return 16 hex digits of the code that finds words: this suite's, and the packages' versions."""
    packages = {name: _installed(name) for name in (*RECOGNISERS[params.recogniser].packages, "numpy")}
    return content_hash(_room_code(), packages)


def read_transcript(path):
    """Return the :class:`Transcript` in a file, None where there is none that can be read."""
    try:
        return Transcript.from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_transcript(transcript, path):
    """Write a transcript, whole or not at all."""
    path = Path(path)
    with replacing(path, scratch=path.parents[1]) as temporary:
        temporary.write_text(transcript.to_json(), encoding="utf-8")


@lru_cache
def _room_code():
    room = Path(__file__).resolve().parent
    return version.sources(
        "benchmark.texts.recognise", lambda file: file.is_relative_to(room) and file.name not in OUTSIDE
    )


def _installed(package):
    try:
        return installed(package.replace("_", "-"))
    except ModuleNotFoundError:  # PackageNotFoundError is one
        return ""
