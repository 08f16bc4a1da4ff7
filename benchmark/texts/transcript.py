"""What is written or said in a clip, and when."""

import json
from typing import NamedTuple


class Utterance(NamedTuple):
    """Words that belong together: a line on the screen, a phrase that is spoken."""

    start: float  # seconds from the beginning of the clip
    end: float  # seconds
    text: str  # not empty, on one line
    confidence: float  # 0 to 1: how sure the recogniser is


class Transcript(NamedTuple):
    """All that was found in a clip."""

    utterances: tuple  # of Utterance, in the order of their beginnings; empty where nothing is written or said
    language: str  # its ISO code, such as en; '' where the recogniser does not know
    caveat: str  # what a reader of results must know, '' if nothing

    @property
    def text(self):
        """All words on one line."""
        return " ".join(utterance.text for utterance in self.utterances)

    def to_json(self):
        """Return the transcript as JSON, times in milliseconds' precision."""
        rows = [(round(u.start, 3), round(u.end, 3), u.text, round(u.confidence, 4)) for u in self.utterances]
        found = [dict(zip(Utterance._fields, row, strict=True)) for row in rows]
        content = {"language": self.language, "caveat": self.caveat, "utterances": found}
        return json.dumps(content, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text):
        """Return the transcript that :meth:`to_json` wrote. Raises ValueError where the text is none."""
        try:
            content = json.loads(text)
            found = tuple(Utterance(**row) for row in content["utterances"])
            return cls(found, content["language"], content["caveat"])
        except (TypeError, KeyError) as error:
            raise ValueError(f"no transcript: {error}") from None
