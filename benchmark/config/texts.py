"""How the words of a film are found, on its screen or in its speech: the section ``text`` of a feature."""

import os
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, NonNegativeInt, model_validator

from spectrograms.params import Params

ANY = "any"  # language: speech is written down whatever it is


class Recogniser(NamedTuple):
    """A program that finds words."""

    reads: str  # what of a clip: screen_text or speech
    packages: tuple  # that have to be installed, as they are imported
    requirements: str  # the file that names them
    settings: dict  # what it reads, with its defaults
    needs_model: bool = False  # whether its network lies in a folder of the user's; others ship theirs


_SPEECH = {"loudness": -45.0}
RECOGNISERS = {
    "rapidocr": Recogniser(
        "screen_text",
        ("rapidocr", "onnxruntime"),
        "requirements/ocr.txt",
        {"confidence": 0.75, "similarity": 0.8, "letters": 2, "missed": 1},
    ),
    "pocketsphinx": Recogniser(
        "speech",
        ("pocketsphinx", "faster_whisper", "onnxruntime"),
        "requirements/asr.txt",
        {"confidence": 0.3} | _SPEECH,
    ),
    "faster_whisper": Recogniser(
        "speech",
        ("faster_whisper", "onnxruntime"),
        "requirements/asr.txt",
        {"confidence": 0.3, "model": None, "language": "en"} | _SPEECH,
        needs_model=True,
    ),
}
Share = Annotated[float, Field(ge=0, le=1)]


class TextParams(Params):
    """How the words of a clip are found, and what of them becomes a step of its features."""

    recogniser: Literal[tuple(RECOGNISERS)] = Field(
        description="rapidocr: PaddleOCR's networks, for words on the screen; pocketsphinx: English speech, without a "
        "download; faster_whisper: speech of a hundred languages, with a model that you have"
    )
    model: Annotated[str, AfterValidator(os.path.expanduser)] | None = Field(
        None, description="faster_whisper: folder of a Whisper model that was converted for CTranslate2"
    )
    confidence: Share | None = Field(
        None,
        description="words that the recogniser is less sure of are left out; rapidocr .75 as in sulun2024, "
        "pocketsphinx .5, faster_whisper .3 unless given",
    )
    similarity: Share | None = Field(
        None,
        description="rapidocr: share of letters in common from which lines of neighbouring frames are one line that "
        "stays (difflib's ratio); .8 unless given",
    )
    letters: NonNegativeInt | None = Field(
        None, description="rapidocr: lines with fewer letters and digits are left out; 2 unless given"
    )
    missed: NonNegativeInt | None = Field(
        None, description="rapidocr: frames in between in which a line that stays may be overlooked; 1 unless given"
    )
    loudness: Annotated[float, Field(ge=-120, le=0)] | None = Field(
        None,
        description="speech: dB below full scale (RMS of 50 ms); no words are looked for in softer sound; -45 unless "
        "given",
    )
    language: str | None = Field(
        None,
        description="faster_whisper: speech in this language is written down, of another its name alone ('German "
        "language'), as in sulun2024; a code such as en, or any; en unless given",
    )
    per: Literal["utterance", "token", "clip"] = Field(
        "utterance", description="what is a step: the mean over the tokens of an utterance, each token, or one for all"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given):
        row = RECOGNISERS.get(given.get("recogniser")) if isinstance(given, dict) else None
        if row is None:
            return given
        said = {key: value for key, value in given.items() if value is not None}
        return {key: value for key, value in row.settings.items() if value is not None} | said

    @model_validator(mode="after")
    def _consistent(self):
        row = RECOGNISERS[self.recogniser]
        for name in dict.fromkeys(name for other in RECOGNISERS.values() for name in other.settings):
            if getattr(self, name) is not None and name not in row.settings:
                by = " or ".join(other for other, its in RECOGNISERS.items() if name in its.settings)
                raise ValueError(f"{name} has no effect on recogniser: {self.recogniser}, only on {by}; leave it out")
        if row.needs_model and self.model is None:
            raise ValueError(
                f"recogniser: {self.recogniser} needs a model: the folder of one that was converted for CTranslate2 "
                "(docs/features.md says where to get one)"
            )
        return self

    @property
    def reads(self):
        """What of a clip is read: screen_text or speech."""
        return RECOGNISERS[self.recogniser].reads

    @property
    def of_transcript(self):
        """The settings that shape a transcript, as a dict; the rest shapes what is made of it. Where a model lies is
        none of them, its bytes are."""
        return {name: getattr(self, name) for name in ("recogniser", *RECOGNISERS[self.recogniser].settings)
                if name != "model"}  # fmt: skip
