"""Frames or sound of a clip -> its transcript, by the recogniser that is asked for.

A recogniser is loaded once in a process. Each clip is judged for itself: what came before it changes nothing."""

from functools import lru_cache

from benchmark.texts.lines import joined
from benchmark.texts.loudness import loud_pieces
from benchmark.texts.packages import check_recogniser
from benchmark.texts.screen import ScreenReader
from benchmark.texts.sphinx import SphinxListener
from benchmark.texts.transcript import Transcript
from benchmark.texts.whisper import WhisperListener

RECOGNISERS = {"rapidocr": ScreenReader, "pocketsphinx": SphinxListener, "faster_whisper": WhisperListener}


def recognise_frames(frames, params):
    """Return the :class:`Transcript` of the words that frames (benchmark.video.film.Frames) show.

    An utterance is a line, from the first to the last frame in which it was seen. ``params`` are TextParams; raises
    StudyError where its package is missing."""
    reader = _loaded(params)
    return Transcript(joined(frames.times, [reader.read(image) for image in frames.images], params), "", "")


def recognise_speech(waveform, params):
    """Return the :class:`Transcript` of what is said in a waveform (n_samples,) float32 at 16 kHz, full scale 1.

    Sound softer than ``params.loudness`` is never listened to, so that nothing is invented there. ``params`` are
    TextParams; raises StudyError where its package or its model is missing."""
    listener = _loaded(params)
    pieces = loud_pieces(waveform, params.loudness, listener.longest, listener.gap)
    return listener.transcribe(waveform, pieces)


def _loaded(params):
    """Return the recogniser that ``params`` asks for, loaded anew where its packages or its model have gone."""
    check_recogniser(params)
    return _load(params.model_copy(update={"per": "utterance"}))


@lru_cache(4)
def _load(params):
    return RECOGNISERS[params.recogniser](params)
