"""The sound of a film from the packets that pass by while its frames are decoded."""

import math
from functools import partial

from spectrograms.audio import MARGIN, decode_clip
from spectrograms.decoders import decode
from spectrograms.errors import AudioError
from spectrograms.tracks import decode_av, decode_packets

SLACK = 2.0  # seconds of packets beyond a clip: decoders begin late, and time stamps are not exact


class Packets:
    """Compressed sound of a container, as much as a clip needs; nothing of it is decoded until all has passed."""

    def __init__(self, container, clip):
        self.clip, self.container = clip, container
        # A clip from later on needs a jump, which the film does not make.
        self.stream = container.streams.best("audio") if not clip.offset else None
        self.packets, self.seconds = [], 0.0
        self.wanting = self.stream is not None

    def take(self, packet):
        """Keep a packet, as long as the clip may need it."""
        if self.wanting:
            self.packets.append(packet)
            self.seconds += float(packet.duration * packet.time_base) if packet.duration else 0.0
            self.wanting = self.seconds < self.clip.duration + MARGIN + SLACK

    def decode(self, path, broken=None):
        """Return the Sound that :func:`spectrograms.audio.decode_clip` gives, or the AudioError that it raises.

        ``broken`` is the error with which the file's packets ended, if they did."""
        try:
            if self.stream is None:
                return decode_clip(path, self.clip)
            return decode(path, 0.0, self.clip.duration + MARGIN, partial(self._decode, broken=broken))
        except AudioError as error:
            return error

    def _decode(self, path, start, duration, broken):
        sound = decode_packets(self._replayed(broken), duration)
        whole = self.wanting or len(sound.mono) >= math.ceil(duration * sound.rate)
        return sound if whole else decode_av(path, start, duration)

    def _replayed(self, broken):
        yield from self.packets
        if broken is not None and self.wanting:
            raise broken
