"""Speech by Whisper (Radford et al. 2022), run by faster-whisper on a model that lies in a folder."""

import math
from pathlib import Path

import numpy as np

from benchmark.config.texts import ANY
from benchmark.errors import StudyError
from benchmark.texts.languages import LANGUAGES
from benchmark.texts.loudness import RATE, is_loud
from benchmark.texts.packages import n_cores
from benchmark.texts.transcript import Transcript, Utterance

LISTENED = 4  # pieces of which the language is told


class WhisperListener:
    """Writes down the speech of a waveform, or names the language that it is in."""

    longest, gap = 30.0, 10.0  # seconds of a piece, and between pieces that are put together: Whisper reads 30 at once

    def __init__(self, params):
        """``params`` are TextParams. Raises StudyError where the folder holds no model that can be loaded."""
        from faster_whisper import WhisperModel  # imported late: an extra

        self.params = params
        try:
            self.model = WhisperModel(str(Path(params.model).absolute()), cpu_threads=n_cores(), local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise StudyError(f"text.model: {params.model} cannot be loaded: {' '.join(str(error).split())}") from None

    def transcribe(self, waveform, pieces):
        """Return the :class:`Transcript` of pieces [(start, end)] in samples of a waveform (n_samples,) at 16 kHz.

        Where another language than ``params.language`` is spoken the transcript is its name, as in sulun2024."""
        if not pieces:
            return Transcript((), "", "")
        heard = np.concatenate([waveform[start:end] for start, end in pieces[:LISTENED]])
        language, sure, _ = self.model.detect_language(heard, language_detection_segments=LISTENED)
        if self.params.language not in (ANY, language):
            name = f"{LANGUAGES.get(language, language)} language"
            whole = Utterance(pieces[0][0] / RATE, pieces[-1][1] / RATE, name, float(sure))
            return Transcript((whole,), language, "")
        found = [u for start, end in pieces for u in self._utterances(waveform[start:end], start / RATE, language)]
        kept = [u for u in found if is_loud(waveform, u.start, u.end, self.params.loudness)]
        return Transcript(tuple(kept), language, "")

    def _utterances(self, piece, offset, language):
        """Return the :class:`Utterance`s of a piece, those that are sure; ``offset`` is its beginning in seconds."""
        # One temperature: at higher ones, Whisper's way out of doubt, words are drawn at random.
        segments, _ = self.model.transcribe(piece, language=language, temperature=0.0, condition_on_previous_text=False)
        last, found = len(piece) / RATE, []
        for segment in segments:
            text, sure = " ".join(segment.text.split()), math.exp(segment.avg_logprob)
            if text and sure >= self.params.confidence:
                start, end = min(segment.start, last), min(segment.end, last)
                found.append(Utterance(offset + start, offset + end, text, sure))
        return found
