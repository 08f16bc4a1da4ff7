"""Lines of frame after frame -> utterances: a line that stays is one, however often it was read."""

from collections import defaultdict
from difflib import SequenceMatcher

from benchmark.texts.transcript import Utterance


def joined(times, frames, params):
    """Return a tuple of :class:`Utterance`: lines of neighbouring frames that say the same are one.

    ``times`` are those of the frames in seconds, ``frames`` the lines (:class:`benchmark.texts.screen.Line`) of each in
    reading order. The same are lines with ``params.similarity`` of their letters in common, and one that grows or is
    uncovered in its place. It may be overlooked in ``params.missed`` frames."""
    shown = []
    for number, lines in enumerate(frames):
        open_ = [each for each in shown if number - each.last <= params.missed + 1]
        pairs = [(alike(each, line), each, place) for each in open_ for place, line in enumerate(lines)]
        taken = {}
        for share, each, place in sorted(pairs, key=lambda pair: -pair[0]):
            if share >= params.similarity and place not in taken and each.last < number:
                taken[place] = each
                each.see(number, lines[place])
        shown += [_Shown(number, line) for place, line in enumerate(lines) if place not in taken]
    return tuple(Utterance(float(times[each.first]), float(times[each.last]), *each.reading()) for each in shown)


class _Shown:
    """A line that stays for some frames."""

    def __init__(self, number, line):
        self.first, self.readings = number, defaultdict(list)
        self.see(number, line)

    def see(self, number, line):
        """Take a reading of the line in the frame of that number."""
        self.last, self.line = number, line
        self.readings[line.text].append(line.confidence)

    def reading(self):
        """Return (text, confidence): of the readings that are part of no longer one, that which is surest in all."""
        keys = {text: letters(text) for text in self.readings}
        whole = [text for text, key in keys.items()
                 if not any(key in other and len(key) < len(other) for other in keys.values())]  # fmt: skip
        text = max(whole, key=lambda text: sum(self.readings[text]))
        return text, sum(self.readings[text]) / len(self.readings[text])


def alike(shown, line):
    """Return 0 to 1: how much a line says the same as one that was shown before; 1 where it goes on in its place."""
    before, now = letters(shown.line.text), letters(line.text)
    grows = before and now and (now.startswith(before) or before.startswith(now))
    if grows and _overlap(shown.line.box, line.box):
        return 1.0
    return SequenceMatcher(None, before, now, autojunk=False).ratio()


def letters(text):
    """Return the letters and digits of a text, small: what a line says, without how it is set."""
    return "".join(filter(str.isalnum, text.casefold()))


def _overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
