"""The audio track of any container, decoded by ffmpeg's libraries through PyAV: all seconds, in the order of time."""

import math
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate, chain, groupby
from threading import Lock
from typing import NamedTuple

import av
import numpy as np
import soxr

from spectrograms.errors import AudioError

SAMPLE_RATES = (1_000, 768_000)  # Hz; a header that says anything else is damaged
PREROLL = 0.25  # seconds decoded after a jump before the sound counts: Opus needs 80 ms (RFC 7845), others less
FRAME_SIZE = 8192  # samples per channel taken from PyAV at once

# Demuxers that may read a file. Left out: playlists, which would open other files or the network, and pictures.
CONTAINERS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,dts,amr,ape,tta,wv,mpc,mpc8,tak,voc,"
    "mov,matroska,webm,avi,asf,flv,mpeg,mpegvideo,mpegts,mxf,nut,rm,ivf"
)
OPTIONS = {"options": {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}, "metadata_errors": "ignore"}
INDEXED = {"mov", "mp4"}  # whose one index of all times holds for the whole file
RAW = {"mp3", "aac", "ac3", "eac3", "dts", "amr", "ogg"}  # whose packets do not tell of a change of rate
LANDS = 0.02  # seconds by which a time stamp may be wrong: those of Vorbis in Matroska are by 0.01
AHEAD = 2.0  # seconds that a container may be late in telling that its time begins anew: a page of Ogg


class Sound(NamedTuple):
    """Decoded seconds of a file."""

    mono: np.ndarray  # (n_samples,) float32, the mean over channels
    rate: int  # Hz
    power: float  # mean square over samples and channels; that of ``mono`` where all channels are alike
    peak: float = 0.0  # of the first SURVEYED seconds of a file of floats
    sure: bool = False  # that it ends where the file's sound does, if it is shorter than was asked for
    note: str = ""  # what is in the file and was not read


def check_rate(rate):
    """Return a sample rate in Hz, or raise AudioError if no recording has it."""
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise AudioError(f"sample rate must be in {low}..{high} Hz; its header says {rate}")
    return rate


def lasts_beyond(path, seconds):
    """Return whether ffmpeg counts more than ``seconds`` in a file, or cannot count it; nothing is decoded."""
    try:
        with av.open(str(path.absolute()), **OPTIONS) as container:
            counted = accumulate(map(_seconds, container.demux(container.streams.best("audio"))))
            return any(so_far > seconds for so_far in counted)
    except (av.FFmpegError, TypeError, IndexError):  # TypeError: no audio track
        return True


def _seconds(packet):
    """Return how long a packet lasts by its header; the last one, which is empty, has no time."""
    return float(packet.duration * packet.time_base) if packet.duration else 0.0


def decode_av(path, start, duration):
    """Return the Sound that PyAV finds. Raises AudioError where it finds none."""
    try:
        status = path.stat()
        clock = _Clock(path.absolute(), status.st_size, status.st_mtime_ns)
        # Second try, from the beginning: in some files a jump lands after the place that was asked for.
        for target in (start - PREROLL, 0):
            if target > 0 and not clock.keeps(target):
                continue
            # The absolute path: ffmpeg takes "name:rest" for a protocol.
            with av.open(str(path.absolute()), **OPTIONS) as container:
                decoded = _read_track(container, target, start, duration)
            if decoded:
                break
        return decoded
    except av.FFmpegError as error:
        raise AudioError(f"cannot be decoded as audio: {error.strerror}") from error


@lru_cache(maxsize=8)  # one would do for the windows of a recording
class _Clock:
    """Compares a file's time stamps with the samples counted, once and as far as it was asked: in joined recordings
    they begin anew, and a jump by them would land elsewhere. ``size`` and ``changed`` tell what was written over."""

    def __init__(self, path, size, changed):
        self.marks, self.counted, self.right, self.lock = _marks(path), 0.0, True, Lock()

    def keeps(self, target):
        """Return whether the time stamps up to ``target`` seconds are those of counted samples."""
        with self.lock:
            while self.right and self.counted <= target + AHEAD:
                time, lasts = next(self.marks, (None, 0.0))
                if time is None:
                    break
                self.right = abs(time - self.counted) <= LANDS
                self.counted += lasts
            return self.right or self.counted > target + AHEAD


def _marks(path):
    """Yield (time, duration) in seconds of a file's frames or, where these tell enough, its packets."""
    origin = None
    with suppress(av.FFmpegError, TypeError, IndexError), av.open(str(path), **OPTIONS) as container:
        names, stream = set(container.format.name.split(",")), container.streams.best("audio")
        raw = bool(names & RAW)
        packets = container.demux(stream)
        pieces = () if names & INDEXED else _frames(packets, []) if raw else packets
        for piece in pieces:
            if piece.pts is None:
                continue
            origin = piece.pts if origin is None else origin
            lasts = piece.samples / piece.sample_rate if raw else _seconds(piece)
            yield float((piece.pts - origin) * piece.time_base), lasts


def _read_track(container, target, start, duration):
    """Return the Sound of a container's audio, jumping to ``target`` seconds first; None if that was late.

    Seconds count from the first decoded sample, which need not lie at time 0 of the container. After a jump they are as
    exact as the container's time stamps: to a millisecond in Matroska and WebM, to 10 where these hold Vorbis.
    """
    stream = container.streams.best("audio")
    if stream is None:
        raise AudioError("has no audio track")
    stopped = []
    frames, first = _begun(container.demux(stream), stopped)
    rate = check_rate(first.sample_rate)
    begin, position = round(start * rate), 0
    if target > 0 and first.time is not None:
        origin = first.time
        with suppress(av.FFmpegError):  # not seekable: goes on from here
            container.seek(int((origin + target) / stream.time_base), stream=stream, backward=True)
        frames = _frames(container.demux(stream), stopped)
        first = next(frames, None)
        if first is None or first.time is None:
            return None
        position = round((first.time - origin) * rate)
        if position > begin:
            return None
    return _sound(chain([first], frames), rate, position, begin, duration, stopped)


def decode_packets(packets, duration):
    """Return the Sound of the first ``duration`` seconds of an audio track's packets, as :func:`decode_av` would.

    Raises AudioError where nothing of them can be decoded."""
    stopped = []
    try:
        frames, first = _begun(packets, stopped)
        return _sound(chain([first], frames), check_rate(first.sample_rate), 0, 0, duration, stopped)
    except av.FFmpegError as error:
        raise AudioError(f"cannot be decoded as audio: {error.strerror}") from error


def _begun(packets, stopped):
    """Return (the frames after the first, the first) of packets. Raises AudioError where there is none."""
    frames = _frames(packets, stopped)
    first = next(frames, None)
    if first is None:
        raise AudioError("cannot be decoded: nothing readable in its audio track")
    return frames, first


def _sound(frames, rate, position, begin, duration, stopped):
    """Return the Sound of ``duration`` seconds from sample ``begin`` on, of frames from ``position`` on."""
    mono, power = _cut(frames, rate, position, begin, math.ceil(duration * rate))
    return Sound(mono, rate, power, note=f"cannot be read to its end: {stopped[0]}" if stopped else "")


def _frames(packets, stopped):
    """Yield the decoded frames of packets, passing over damaged ones; into ``stopped`` goes why there are no more."""
    try:
        for packet in packets:
            with suppress(av.FFmpegError, IndexError):
                yield from packet.decode()
    except (av.FFmpegError, IndexError) as error:  # IndexError: a damaged FLV announces new streams on the way
        stopped.append(getattr(error, "strerror", None) or str(error))


def _cut(frames, rate, position, begin, wanted):
    """Return (mono, mean square over channels) of ``wanted`` samples from ``begin`` on, of frames from ``position`` on.

    Samples are counted, not read off the time stamps: Matroska rounds those to milliseconds.
    """
    blocks = [np.empty((0, 2), np.float32)]
    for block in _blocks(frames, rate):
        if position + len(block) > begin:  # a view of nothing would keep the block
            blocks.append(block[max(0, begin - position) :])
        position += len(block)
        if position >= begin + wanted:
            break
    mono, level = np.concatenate(blocks)[:wanted].T
    return np.ascontiguousarray(mono), float(np.square(level, dtype=float).mean()) if len(level) else 0.0


def _blocks(frames, rate):
    """Yield (n_samples, 2) float32 at ``rate`` of decoded frames: mean and root mean square over channels.

    Frames of another rate or layout than those before are a recording of its own, joined to these."""
    for coding, run in groupby(frames, lambda frame: (frame.sample_rate, frame.layout.name, frame.format.name)):
        if not SAMPLE_RATES[0] <= coding[0] <= SAMPLE_RATES[1]:
            continue  # damaged
        if coding[0] == rate:
            yield from _over_channels(run)
            continue
        stream = soxr.ResampleStream(coding[0], rate, 2, dtype="float32", quality="HQ")
        for block in _over_channels(run):
            yield stream.resample_chunk(block)
        yield stream.resample_chunk(np.empty((0, 2), np.float32), last=True)


def _over_channels(frames):
    """Yield (n_samples, 2) float32 of decoded frames of one coding: mean and root mean square over channels."""
    # To interleaved floats in long pieces. Not frame.to_ndarray(): it crashes on eight and more separate channels.
    converter = av.AudioResampler(format="flt", frame_size=FRAME_SIZE)
    n_channels = 1
    for frame in chain(frames, [None]):  # None: give out what is left
        n_channels = n_channels if frame is None else frame.layout.nb_channels
        for piece in converter.resample(frame):
            samples = piece.to_ndarray().reshape(-1, n_channels)
            weights = np.full(n_channels, 1 / n_channels, np.float32)
            yield np.stack([samples @ weights, np.sqrt(np.square(samples) @ weights)], axis=1)
