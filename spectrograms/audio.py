"""Any audio or video file -> waveform (n_samples,) float32: mono, at one sample rate, of a fixed duration."""

import math
from contextlib import suppress
from itertools import chain
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

MIN_DURATION = 0.5  # seconds of sound below which a file is set aside
SAMPLE_RATES = (1_000, 768_000)  # Hz; a header that says anything else is damaged
LOUDEST = 1e9  # above it samples are no sound, and their power would overflow
SILENCE = 1e-7  # below the last bit of 24-bit audio
MARGIN = 0.04  # seconds decoded on either side of a clip, so that the resampling filter has no edge within it
PREROLL = 0.25  # seconds decoded after a jump before the sound counts: Opus needs 80 ms (RFC 7845), others less
FRAME_SIZE = 8192  # samples per channel taken from PyAV at once
BLOCK = 2**21  # values read at once: 8 MB, whatever length a damaged header claims

# Demuxers that may read a file. Left out: playlists, which would open other files or the network, and pictures.
CONTAINERS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,dts,amr,ape,tta,wv,mpc,mpc8,tak,voc,"
    "mov,matroska,webm,avi,asf,flv,mpeg,mpegvideo,mpegts,mxf,nut,rm,ivf"
)


class AudioError(ValueError):
    """A file that gives no usable waveform; the message is the reason, without the path."""


def load_clip(path, clip, sample_rate):
    """Return the seconds of a file that ``clip`` (ClipParams) asks for as a waveform, shape (n_samples,) float32.

    n_samples is round(duration * sample_rate). Channels are averaged, then resampled to ``sample_rate`` (Hz) as
    ``librosa.load`` does. Samples keep their scale: full scale is 1.0, and peaks above it stay. A damaged or cut file
    gives what can be decoded. Raises AudioError if that is nothing, too short, silent or not finite.
    """
    lead = min(clip.offset, MARGIN)
    mono, rate = decode(path, clip.offset - lead, lead + clip.duration + MARGIN)
    if rate != sample_rate and mono.size:
        mono = soxr.resample(mono, rate, sample_rate, quality="HQ")
    n_samples = round(clip.duration * sample_rate)
    waveform = mono[round(lead * sample_rate) :][:n_samples]
    _check_waveform(waveform, clip, sample_rate)
    # Resampling rounds to whole samples, so a file of exactly the duration may come out one short.
    if len(waveform) < n_samples - 1:
        return LENGTHEN[clip.short](waveform, n_samples, sample_rate)
    return _pad(waveform, n_samples, sample_rate)


def decode(path, start, duration):
    """Return (mono, sample_rate): ``duration`` seconds of a file from ``start`` at its own rate in Hz.

    ``mono`` is the mean over channels, (n_samples,) float32, shorter or empty where the file ends early. Only these
    seconds are decoded. soundfile reads what it can, PyAV all else; names and extensions do not matter.
    Raises AudioError if the file is missing, empty or not decodable.
    """
    path = Path(path)
    _check_file(path)
    return _decode_soundfile(path, start, duration) or _decode_av(path, start, duration)


def _check_file(path):
    """Raise AudioError unless ``path`` is a file with something in it."""
    try:
        if path.is_dir():
            raise AudioError("is a directory")
        if not path.exists():
            raise AudioError("does not exist")
        if not path.is_file():
            raise AudioError("is not a regular file")
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError("is empty (0 bytes)")
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}") from error


def _check_rate(rate):
    """Return a sample rate in Hz, or raise AudioError if no recording has it."""
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise AudioError(f"sample rate must be in {low}..{high} Hz; its header says {rate}")
    return rate


def _check_waveform(waveform, clip, sample_rate):
    """Raise AudioError unless the sound found in a file can be a clip."""
    seconds = len(waveform) / sample_rate
    after = f" after the offset of {clip.offset:g} s" if clip.offset else ""
    if not len(waveform):
        raise AudioError(f"has no sound{after}")
    if seconds < min(MIN_DURATION, clip.duration) - 1 / sample_rate:
        raise AudioError(f"only {seconds:.3f} s of sound{after}; at least {MIN_DURATION} s are needed")
    peak = np.abs(waveform).max()
    if not peak <= LOUDEST:  # written so that NaN fails too
        raise AudioError(f"has samples that are NaN, infinite or above {LOUDEST:g}")
    if peak < SILENCE:
        raise AudioError("is silent throughout")


def _pad(waveform, n_samples, sample_rate):
    """Return the waveform followed by silence."""
    return np.pad(waveform, (0, n_samples - len(waveform)))


def _loop(waveform, n_samples, sample_rate):
    """Return the waveform repeated from its start."""
    return np.resize(waveform, n_samples)


def _reject(waveform, n_samples, sample_rate):
    raise AudioError(f"{len(waveform) / sample_rate:.3f} s of sound; {n_samples / sample_rate:g} s are needed")


LENGTHEN = {"pad": _pad, "loop": _loop, "reject": _reject}  # by ClipParams.short


def _decode_soundfile(path, start, duration):
    """Return (mono, sample_rate), or None where soundfile has no or no certain answer."""
    # TypeError: a name ending in .raw makes soundfile ask for a sample rate.
    with suppress(soundfile.SoundFileError, TypeError), soundfile.SoundFile(path) as file:
        rate = _check_rate(file.samplerate)
        wanted = math.ceil(duration * rate)
        begin = min(round(start * rate), file.frames)
        if begin and file.seek(begin) != begin:  # a damaged MP3 may land behind its own end
            return None
        mono = _read_mono(file, wanted)
        if len(mono) == wanted or (mono.size and (file.format != "MP3" or _says_length(path))):
            return mono, rate
    return None


def _says_length(path):
    """Return whether an MP3 has a Xing header; without, soundfile guesses the length and may stop too early."""
    with path.open("rb") as file:
        head = file.read(10)
        # An ID3 tag, which may hold a picture, comes first; its size has 7 bits a byte (id3.org/id3v2.4.0-structure).
        tag = 10 + sum(byte << 7 * (3 - i) for i, byte in enumerate(head[6:])) if head.startswith(b"ID3") else 0
        file.seek(tag)
        first_frame = file.read(2048)
    return b"Xing" in first_frame or b"Info" in first_frame


def _read_mono(file, wanted):
    """Return the mean over channels of the next ``wanted`` samples of a SoundFile, fewer where it ends."""
    weights = np.full(file.channels, 1 / file.channels, np.float32)
    blocks = [np.empty(0, np.float32)]
    while wanted:
        block = file.read(min(wanted, BLOCK // file.channels), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block @ weights)  # the mean over channels, 100 times faster than block.mean(axis=1)
        wanted -= len(block)
    return np.concatenate(blocks)


def _decode_av(path, start, duration):
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        # Second try, from the beginning: in some files a jump lands after the place that was asked for.
        for target in (start - PREROLL, 0):
            # The absolute path: ffmpeg takes "name:rest" for a protocol.
            with av.open(str(path.absolute()), options=options, metadata_errors="ignore") as container:
                decoded = _read_track(container, target, start, duration)
            if decoded:
                break
        return decoded
    except av.FFmpegError as error:
        raise AudioError(f"cannot be decoded as audio: {error.strerror}") from error


def _read_track(container, target, start, duration):
    """Return (mono, sample_rate) of a container's audio, jumping to ``target`` seconds first; None if that was late.

    Seconds count from the first decoded sample, which need not lie at time 0 of the container. After a jump they are as
    exact as the container's time stamps: to a millisecond in Matroska and WebM, to 10 where these hold Vorbis.
    """
    stream = container.streams.best("audio")
    if stream is None:
        raise AudioError("has no audio track")
    frames = _frames(container, stream)
    first = next(frames, None)
    if first is None:
        raise AudioError("cannot be decoded: nothing readable in its audio track")
    rate = _check_rate(first.sample_rate)
    begin, position = round(start * rate), 0
    if target > 0 and first.time is not None:
        origin = first.time
        with suppress(av.FFmpegError):  # not seekable: goes on from here
            container.seek(int((origin + target) / stream.time_base), stream=stream, backward=True)
        frames = _frames(container, stream)
        first = next(frames, None)
        if first is None or first.time is None:
            return None
        position = round((first.time - origin) * rate)
        if position > begin:
            return None
    return _cut(chain([first], frames), position, begin, math.ceil(duration * rate)), rate


def _frames(container, stream):
    """Yield a stream's decoded frames, passing over damaged packets."""
    packets = container.demux(stream)
    while True:
        try:
            decoded = next(packets).decode()
        except StopIteration:
            return
        except (av.FFmpegError, IndexError):  # IndexError: a damaged FLV announces new streams on the way
            continue
        yield from decoded


def _cut(frames, position, begin, wanted):
    """Return ``wanted`` samples from sample ``begin`` on, of frames whose first starts at sample ``position``.

    Samples are counted, not read off the time stamps: Matroska rounds those to milliseconds.
    """
    blocks = [np.empty(0, np.float32)]
    for block in _mono_blocks(frames):
        blocks.append(block[max(0, begin - position) :])
        position += len(block)
        if position >= begin + wanted:
            break
    return np.concatenate(blocks)[:wanted]


def _mono_blocks(frames):
    """Yield the mean over channels of decoded frames, (n_samples,) float32, full scale 1.0."""
    # To interleaved floats in long pieces. Not frame.to_ndarray(): it crashes on eight and more separate channels.
    converter = av.AudioResampler(format="flt", frame_size=FRAME_SIZE)
    first = next(frames)
    n_channels = first.layout.nb_channels
    weights = np.full(n_channels, 1 / n_channels, np.float32)
    # A frame of another kind than the first is damaged: it is left out.
    alike = (frame for frame in chain([first], frames) if _kind(frame) == _kind(first))
    for frame in chain(alike, [None]):  # None: give out what is left
        for piece in converter.resample(frame):
            yield piece.to_ndarray().reshape(-1, n_channels) @ weights


def _kind(frame):
    return frame.sample_rate, frame.layout.name, frame.format.name
