"""English speech by pocketsphinx, which ships its model: a recogniser of before deep learning, and no download."""

import numpy as np

from benchmark.texts.loudness import RATE, is_loud
from benchmark.texts.transcript import Transcript, Utterance

PAUSE = 0.7  # seconds between words that part utterances
LONGEST = 1.5  # seconds of a word; what is stretched over more was found in noise
# What is searched a frame: speech that is clear gives the same words, and noise costs no minutes.
BOUNDS = {"maxhmmpf": 10000, "maxwpf": 20}
CAVEAT = "pocketsphinx takes all speech for English"


class SphinxListener:
    """Writes down the words of a waveform."""

    longest, gap = 10.0, 0.0  # seconds of a piece, and between pieces that are put together

    def __init__(self, params):
        """``params`` are TextParams."""
        from pocketsphinx import Decoder  # imported late: an extra

        self.confidence, self.loudness = params.confidence, params.loudness
        # cmn: batch, so that a piece is normalised by itself and not by what was heard before it.
        self.decoder = Decoder(samprate=RATE, loglevel="FATAL", cmn="batch", **BOUNDS)

    def transcribe(self, waveform, pieces):
        """Return the :class:`Transcript` of pieces [(start, end)] in samples of a waveform (n_samples,) at 16 kHz."""
        words = [word for start, end in pieces for word in self._words(waveform[start:end], start / RATE)]
        words = [word for word in words if is_loud(waveform, word.start, word.end, self.loudness)]
        found = tuple(utterances(words))
        return Transcript(found, "en" if found else "", CAVEAT if found else "")

    def _words(self, piece, offset):
        """Return the words of a piece as :class:`Utterance`s, those that are sure; ``offset`` is its beginning in s."""
        samples = (np.clip(piece, -1, 1) * 32767).astype("<i2")
        self.decoder.reinit_feat()  # else it goes on from the noise of the piece before
        self.decoder.start_utt()
        self.decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        self.decoder.end_utt()
        if self.decoder.hyp() is None:
            return []
        step = 1 / self.decoder.config["frate"]  # seconds of a frame
        found = [
            Utterance(
                offset + s.start_frame * step, offset + (s.end_frame + 1) * step, _spelt(s.word), min(1.0, s.prob)
            )
            for s in self.decoder.seg()
            if s.word[0] not in "<["  # silence, breath, noise
        ]
        return [word for word in found if word.confidence >= self.confidence and word.end - word.start <= LONGEST]


def utterances(words):
    """Yield words as :class:`Utterance`s that pauses part; each is as sure as its words are in the mean."""
    phrase = []
    for word in [*words, None]:
        if phrase and (word is None or word.start - phrase[-1].end > PAUSE):
            sure = sum(each.confidence for each in phrase) / len(phrase)
            yield Utterance(phrase[0].start, phrase[-1].end, " ".join(each.text for each in phrase), sure)
            phrase = []
        phrase.append(word)


def _spelt(word):
    """Return a word of the dictionary without the number of its pronunciation.

    >>> _spelt("the(2)")
    'the'
    """
    return word.partition("(")[0]
