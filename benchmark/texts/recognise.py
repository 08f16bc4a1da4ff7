"""Frames or sound of a clip -> its transcript, by the recogniser that is asked for.

A recogniser is loaded once in a process. Each clip is judged for itself: what came before it changes nothing."""

from functools import lru_cache

from benchmark.texts.lines import joined
from benchmark.texts.loudness import RATE, loud_pieces, packed
from benchmark.texts.packages import check_recogniser
from benchmark.texts.screen import ScreenReader
from benchmark.texts.sphinx import SphinxListener
from benchmark.texts.transcript import Transcript
from benchmark.texts.whisper import WhisperListener

HEARD = 30.0  # seconds of sound in which speech is looked for at once
PAUSE = 500  # ms without speech that end a stretch of it
RECOGNISERS = {"rapidocr": ScreenReader, "pocketsphinx": SphinxListener, "faster_whisper": WhisperListener}


def recognise_frames(frames, params):
    """Return the :class:`Transcript` of the words that frames (benchmark.video.film.Frames) show.

    An utterance is a line, from the first to the last frame in which it was seen. ``params`` are TextParams; raises
    StudyError where its package is missing."""
    reader = _loaded(params)
    return Transcript(joined(frames.times, [reader.read(image) for image in frames.images], params), "", "")


def recognise_speech(waveform, params):
    """Return the :class:`Transcript` of what is said in a waveform (n_samples,) float32 at 16 kHz, full scale 1.

    Nothing is looked for in sound that is softer than ``params.loudness`` or in which no one speaks, so that no words
    are invented there. ``params`` are TextParams; raises StudyError where its package or its model is missing."""
    listener = _loaded(params)
    loud = loud_pieces(waveform, params.loudness, HEARD)
    spoken = [
        (start + a, start + b) for start, end in loud for a, b in spoken_in(waveform[start:end], listener.longest)
    ]
    return listener.transcribe(waveform, packed(spoken, listener.longest, listener.gap))


def spoken_in(piece, longest):
    """Return [(start, end)] in samples where Silero's detector, which faster-whisper ships, hears speech in a piece.

    The piece is a waveform (n_samples,) at 16 kHz; stretches are at most ``longest`` seconds long."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # imported late: an extra

    options = VadOptions(max_speech_duration_s=longest, min_silence_duration_ms=PAUSE)
    return [(found["start"], found["end"]) for found in get_speech_timestamps(piece, options, RATE)]


def _loaded(params):
    """Return the recogniser that ``params`` asks for, loaded anew where its packages or its model have gone."""
    check_recogniser(params)
    return _load(params.model_copy(update={"per": "utterance"}))


@lru_cache(4)
def _load(params):
    return RECOGNISERS[params.recogniser](params)
