"""Speech: nothing is invented where no one speaks, long sound goes in pieces, and languages become their names."""

import numpy as np
import pytest

from benchmark.config.texts import TextParams
from benchmark.errors import StudyError
from benchmark.texts import recognise
from benchmark.texts.recognise import recognise_speech, spoken_in
from benchmark.texts.sphinx import CAVEAT, LONGEST, SphinxListener, utterances
from benchmark.texts.transcript import Transcript, Utterance
from tests.support.voices import RATE, babble

pytest.importorskip("pocketsphinx", reason="pip install -r requirements/asr.txt")
pytest.importorskip("faster_whisper", reason="pip install -r requirements/asr.txt")
SPHINX = TextParams(recogniser="pocketsphinx", confidence=0.0)
RNG = np.random.default_rng(0)


def silence(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


def music(seconds):
    """Return chords of plucked strings, loud."""
    time = np.arange(round(seconds * RATE)) / RATE
    chords = [110 * 2 ** (np.array([0, 4, 7, 12]) / 12), 98 * 2 ** (np.array([0, 3, 7, 12]) / 12)]
    sound = sum(np.sin(2 * np.pi * chords[0][:, None] * k * time).sum(0) / k for k in (1, 2, 3))
    other = sum(np.sin(2 * np.pi * chords[1][:, None] * k * time).sum(0) / k for k in (1, 2, 3))
    return (0.05 * np.where(time % 2 < 1, sound, other) * np.exp(-3 * (time % 0.5))).astype(np.float32)


SOUNDS = {
    "silence": lambda: silence(5),
    "noise": lambda: (0.1 * RNG.standard_normal(5 * RATE)).astype(np.float32),
    "music": lambda: music(5),
    "three seconds of nothing": lambda: silence(3),
    "no sound": lambda: silence(0),
    "one sample": lambda: np.ones(1, np.float32),
    "a voice far away": lambda: babble(3, RNG, level=0.001),  # -60 dB
}


@pytest.mark.parametrize("name", SOUNDS)
def test_what_is_no_speech_or_too_soft_has_no_words(name, no_network):
    assert recognise_speech(SOUNDS[name](), SPHINX) == Transcript((), "", "")


def test_a_voice_is_heard_where_it_is():
    waveform = np.concatenate([silence(2), babble(3, RNG), silence(2)])
    ((start, end),) = spoken_in(waveform, 30)
    assert (start / RATE, end / RATE) == pytest.approx((2, 5), abs=0.6)  # Silero's detector adds .4 s on either side


def test_a_loud_voice_is_listened_to_piece_by_piece_in_its_place(monkeypatch):
    """Two hours, of which a stub hears the voice: no piece is long, and times are those of the film."""
    voice = babble(4, RNG)
    waveform = silence(7200)
    for start in (10, 3600, 7190):
        waveform[start * RATE : start * RATE + len(voice)] = voice
    heard = []
    monkeypatch.setattr(
        SphinxListener,
        "_words",
        lambda self, piece, offset: heard.append(len(piece)) or [Utterance(offset + 1, offset + 2, "so", 0.9)],
    )
    found = recognise_speech(waveform, SPHINX)
    assert [u.start for u in found.utterances] == pytest.approx([11, 3601, 7191], abs=0.6)
    assert max(heard) <= SphinxListener.longest * RATE
    assert (found.language, found.caveat) == ("en", CAVEAT)


def test_long_speech_is_cut_into_pieces_that_the_recogniser_can_take():
    pieces = spoken_in(babble(25, RNG), 10)
    assert len(pieces) > 2
    assert max(end - start for start, end in pieces) <= 10.5 * RATE  # padded by the detector


def test_words_between_pauses_are_an_utterance():
    words = [Utterance(0, 0.4, "go", 0.8), Utterance(0.5, 1, "forward", 0.6), Utterance(2, 2.5, "ten", 1.0)]
    said = [(0, 1, "go forward"), (2, 2.5, "ten")]
    assert [u[:3] for u in utterances(words)] == said
    assert next(utterances(words)).confidence == pytest.approx(0.7)
    assert list(utterances([])) == []


def test_what_is_heard_does_not_depend_on_what_came_before():
    one, other = babble(3, RNG), babble(3, np.random.default_rng(7))
    first = recognise_speech(one, SPHINX)
    recognise_speech(other, SPHINX)
    assert recognise_speech(one, SPHINX) == first


def test_words_that_are_unsure_or_endless_are_left_out():
    voice, listener = babble(3, RNG), SphinxListener(SPHINX)
    every = listener._words(voice, 0.0)
    listener.confidence = 0.9
    sure = listener._words(voice, 0.0)
    assert sure == [word for word in every if word.confidence >= 0.9]
    assert len(sure) < len(every)
    assert all(0 < word.end - word.start <= LONGEST for word in every)


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """A Whisper model, of random weights but for its outputs, that hears German: one letter again and again."""
    for package in ("torch", "transformers", "ctranslate2"):
        pytest.importorskip(package, reason="pip install -r requirements/test.txt")
    from tests.support.tiny_whisper import write_whisper

    return write_whisper(tmp_path_factory.mktemp("german"), "de", "h")


def whisper(folder, **settings):
    return TextParams(recogniser="faster_whisper", model=str(folder), **settings)


def test_another_language_becomes_its_name(german, no_network):
    found = recognise_speech(np.concatenate([silence(2), babble(3, RNG)]), whisper(german))
    (name,) = found.utterances
    assert (name.text, found.language) == ("German language", "de")
    assert (name.start, name.end) == pytest.approx((2, 5), abs=0.6)
    assert name.confidence > 0.9


@pytest.mark.parametrize("language", ["de", "any"])
def test_the_language_that_is_asked_for_is_written_down(german, language, no_network):
    found = recognise_speech(np.concatenate([silence(2), babble(3, RNG)]), whisper(german, language=language))
    (said,) = found.utterances
    assert (set(said.text), found.language) == ({"h"}, "de")
    assert (said.start, said.end) == pytest.approx((2, 3), abs=0.6)  # its model says that it ends after a second
    assert said.confidence > 0.9


def test_where_no_one_speaks_whisper_is_not_asked(german, monkeypatch):
    listener = recognise._loaded(whisper(german))
    monkeypatch.setattr(listener, "model", None)
    assert recognise_speech(music(5), whisper(german)) == Transcript((), "", "")


def test_a_model_of_english_alone_takes_all_for_english(tmp_path, german, no_network):
    from tests.support.tiny_whisper import write_whisper

    found = recognise_speech(babble(3, RNG), whisper(write_whisper(tmp_path, "de", "h", many=False)))
    assert found.language == "en"
    assert set(found.text) == {"h"}


def test_a_model_that_is_broken_is_told_in_one_sentence(tmp_path, no_network):
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(StudyError, match=r"text\.model: .* cannot be loaded: ") as told:
        recognise_speech(babble(1, RNG), whisper(tmp_path))
    assert "\n" not in str(told.value)
