"""The frames of a film in the order in which they are shown, decoded once from whatever container, through PyAV.

A frame's time is that of its presentation, in seconds from the first frame: frames are never counted to find one."""

from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
from av.stream import Disposition

from spectrograms.errors import FilmError
from spectrograms.image import is_picture
from spectrograms.tracks import OPTIONS

MAX_PIXELS = 50_000_000  # of a frame; a header that claims more is damaged
RATE = 25.0  # frames a second where nothing tells: of the last frame's length alone
SHORTER = 0.95, 1.0  # a film that has less than this share of what its header gives, and so many seconds less, is cut
NEAR = 1e-6  # seconds within which two times are the same
HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273


class Shown(NamedTuple):
    """A frame as it is shown."""

    number: int  # from 0 on
    time: float  # seconds from the first frame
    frame: av.VideoFrame


@contextmanager
def open_film(path):
    """Yield the open :class:`Film` of a file. Raises :class:`FilmError` where it is none or cannot be read."""
    path = Path(path)
    try:
        if not path.is_file():
            raise FilmError("is not a regular file" if path.exists() else "does not exist")
        if not path.stat().st_size:
            raise FilmError("is empty (0 bytes)")
        # The absolute path: ffmpeg takes "name:rest" for a protocol.
        with av.open(str(path.absolute()), **OPTIONS) as container:
            yield Film(container)
    except (av.FFmpegError, IndexError) as error:
        if is_picture(path):
            raise FilmError("is a picture, and no film") from error
        raise FilmError(f"cannot be decoded as video: {said_of(error)}") from error
    except OSError as error:
        raise FilmError(f"cannot be read: {error.strerror or error}") from error


def said_of(error):
    """Return what an error of PyAV says, without the file's name."""
    return getattr(error, "strerror", None) or str(error)


def video_stream(container):
    """Return the stream of a container that is a film, the first of the largest; cover art is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic and s.codec_context]
    if not streams:
        has = "sound alone" if container.streams.audio else "no film in it"
        cover = " and a picture" if container.streams.video else ""
        raise FilmError(f"has {has}{cover}; a film is wanted")
    stream = max(streams, key=lambda s: s.width * s.height)
    if stream.width * stream.height > MAX_PIXELS:
        raise FilmError(f"claims frames of {stream.width} x {stream.height} pixels; at most {MAX_PIXELS} are read")
    return stream


class Film:
    """An open file: its frames, once, and what was found wrong on the way."""

    def __init__(self, container):
        self.container, self.stream = container, video_stream(container)
        # One thread: films are spread over processes, and what a damaged one gives must not depend on the machine.
        self.stream.codec_context.thread_count = 1
        self.rate = float(self.stream.average_rate or self.stream.guessed_rate or RATE)
        self.n_frames, self.end = 0, 0.0  # frames so far, and when the last of them ends
        self.broken, self.damaged, self.interlaced, self.transfer = None, 0, 0, ""  # broken: the error at its end
        self.complete = False  # that the last frame was reached

    def frames(self, sound=None, wanted=lambda: True):
        """Yield each frame as :class:`Shown`; ``sound`` (:class:`benchmark.video.sound.Packets`) takes its packets.

        Decoding ends where ``wanted()`` is false; packets of sound are taken as long as ``sound`` wants them."""
        clock = Clock(1 / self.rate)
        tracks = [self.stream, *([sound.stream] if sound and sound.stream else [])]
        for packet in self.packets(*tracks):
            if packet.stream.index != self.stream.index:
                sound.take(packet)
            elif wanted():
                for frame in self._decoded(packet):
                    yield self._shown(frame, clock)
            if not wanted() and not (sound and sound.wanting):
                return
        self.complete = wanted()

    def packets(self, *tracks):
        """Yield the packets of some streams, of the film's own unless told; where the file breaks off they end."""
        try:
            yield from self.container.demux(*(tracks or (self.stream,)))
        except (av.FFmpegError, IndexError) as error:  # IndexError: a damaged FLV announces new streams on the way
            self.broken = error

    def _decoded(self, packet):
        """Return the frames of a packet, none where it is damaged."""
        try:
            frames = packet.decode()
        except (av.FFmpegError, IndexError):
            self.damaged += 1
            return []
        return [frame for frame in frames if 0 < frame.width * frame.height <= MAX_PIXELS]

    def _shown(self, frame, clock):
        time, lasts = clock.place(frame)
        shown = Shown(self.n_frames, time, frame)
        self.n_frames, self.end = self.n_frames + 1, time + lasts
        self.interlaced += frame.interlaced_frame
        self.damaged += frame.is_corrupt
        self.transfer = self.transfer or HDR.get(int(frame.color_trc), "")
        return shown

    def caveat(self, survey):
        """Return what a reader of results must know of what was decoded, '' if nothing.

        ``survey`` is that of the file: decoding may have stopped before its end."""
        end, broken = self.end if self.complete else survey.seconds, self.broken or survey.broken
        said = [f"cannot be read to its end: {said_of(broken)}"] if broken else []
        share, seconds = SHORTER
        if not broken and end < share * (claimed := self._claimed()) - seconds:
            said.append(f"ends after {end:.1f} of the {claimed:.1f} s that its header gives")
        if self.damaged:
            said.append("some frames are damaged")
        if self.interlaced:
            said.append("interlaced: a frame shows two half pictures of different times")
        if self.transfer:
            said.append(f"high dynamic range ({self.transfer}): colours as they are stored, which look pale")
        return "; ".join(said)

    def _claimed(self):
        """Return the seconds of the film by its header, 0 where that says nothing."""
        if self.stream.duration:
            return float(self.stream.duration * self.stream.time_base)
        return (self.container.duration or 0) / av.time_base


class Clock:
    """Times of frames that never go back: where a file's begin anew, as in joined recordings, they are carried on."""

    def __init__(self, step):
        self.step, self.origin, self.last = step, None, None  # seconds

    def place(self, frame):
        """Return (seconds from the first frame, seconds that it lasts) of the next frame."""
        lasts = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else self.step
        expected = 0.0 if self.last is None else self.last + self.step
        time = expected
        if frame.pts is not None and frame.time_base:
            stamp = float(frame.pts * frame.time_base)
            self.origin = stamp - expected if self.origin is None else self.origin
            time = stamp - self.origin
            if self.last is not None and time <= self.last + NEAR:
                time, self.origin = expected, stamp - expected
        self.last = time
        return time, lasts


class Survey(NamedTuple):
    """What the packets of a film tell."""

    seconds: float  # how long it lasts; 0.0 where it has none
    broken: Exception | None  # the error at its end, if there is one


def survey(path):
    """Return the :class:`Survey` of a film, of which no packet is decoded. Raises FilmError.

    Headers do not tell how long it is: some give no duration, and that of a file that was cut is too long."""
    with open_film(path) as film:
        step, before, span, last = 1 / film.rate, 0.0, None, None
        for packet in film.packets():
            stamp, base = packet.pts if packet.dts is None else packet.dts, float(packet.time_base or 0)
            if not packet.size or packet.is_discard:
                continue
            if stamp is None:
                before += step
                continue
            if last is not None and stamp < last:  # the times begin anew
                before, span = before + span[1] - span[0], None
            # Matroska leaves out the first dts where frames are reordered, and a pts may well be above the next dts.
            last = last if packet.dts is None else stamp
            begin = base * (stamp if packet.pts is None else packet.pts)
            end = begin + (base * (packet.duration or 0) or step)
            span = (min(span[0], begin), max(span[1], end)) if span else (begin, end)
    return Survey(before + (span[1] - span[0] if span else 0.0), film.broken)
