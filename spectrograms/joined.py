"""What a file holds behind the sound that decoders read: recordings joined to the first, samples its header leaves out.

Only formats matter here whose decoders stop where the first header says."""

import mmap
import re

CHUNKS = {b"RIFF": "little", b"RIFX": "big", b"FORM": "big"}  # of WAV and AIFF: order of the bytes of a size
HARMLESS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")  # what programs put behind a file, so that old ones pass over it
LEAST = 8192  # bytes of unknown content that are worth a word: 0.2 s of the poorest sound
SIGNATURE = re.compile(  # what begins a file, and is found in the middle of it where another file was joined to it
    rb"(RIFF|RIFX|RF64).{4}WAVE|FORM.{4}AIF[FC]|caff\x00\x01\x00\x00desc|TTA1[\x01-\x03]\x00"
    rb"|FLV\x01.\x00\x00\x00\x09|\x00\x00\x00.ftyp",
    re.DOTALL,
)
PADDING = 2**20  # bytes of zeros that tell that all that follows is padding
SEARCHED = 2**30  # bytes at most that are looked through


def what_follows(path):
    """Return in words what a file holds that no decoder reads, '' if nothing."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if SIGNATURE.match(content) and _is_joined(content):
            return "several files joined in one, of which only the first is read"
        left = _unclaimed(content)
    return "more samples than its header gives, which are not read" if left >= LEAST else ""


def _is_joined(content):
    """Return whether a file begins anew somewhere behind its beginning."""
    skipped = 4 if content[4:8] == b"ftyp" else 0
    # One word looked for by itself, for the whole expression takes twenty times as long.
    word = re.compile(re.escape(content[skipped : skipped + 4]))
    return any(SIGNATURE.match(content, at.start() - skipped) for at in word.finditer(content, LEAST, SEARCHED))


def _unclaimed(content):
    """Return how many bytes at the end of a WAV or AIFF are in none of its chunks."""
    order, place, name, size = CHUNKS.get(content[:4]), 12, b"", 0
    while order and place + 8 <= len(content):
        before = name, size
        name, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], order)
        if name.startswith(HARMLESS) or before == (b"data", 0):  # a stream's header: all up to the end is read
            return 0
        if not (name.isascii() and name.decode().isprintable()):
            return len(content) - place if any(content[place : place + PADDING]) else 0
        place += 8 + size + size % 2
    return 0
