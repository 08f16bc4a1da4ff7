"""Files that hold no sound, by what is wrong with them: how each is written, and the reason that is given."""

import struct

import av
import numpy as np
import soundfile

from tests.support.sounds import tone


def wav_header(rate=22050, data_bytes=0xFFFFFF00, riff_bytes=0xFFFFFFF0):
    """Return the header of a WAV, mono with 16 bits, that claims so many bytes of the chunk of data and of the file."""
    form = 16, 1, 1, rate, min(2 * rate, 2**32 - 1), 2, 16
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", riff_bytes, b"WAVEfmt ", *form, b"data", data_bytes)


def as_bytes(signal):
    return (signal * 32767).astype("<i2").tobytes()


def write_sound(signal, **options):
    return lambda path: soundfile.write(path, signal, 22050, format="WAV", **options)


def write_silent_video(path):
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode(None))


NOISE = np.random.default_rng(1).bytes(100_000)


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n"


BAD = {
    "missing": (lambda path: None, "does not exist"),
    "directory": (lambda path: path.mkdir(), "is a directory"),
    "zero bytes": (lambda path: path.touch(), r"is empty \(0 bytes\)"),
    "text": (lambda path: path.write_text("not a sound\n" * 500), "cannot be decoded as audio: Invalid data"),
    # ffmpeg may take a stretch of noise for a frame of MP3
    "noise": (lambda path: path.write_bytes(NOISE), "cannot be decoded|only"),
    "web page": (lambda path: path.write_text("<!doctype html><html>404</html>" * 50), "cannot be decoded as audio"),
    "playlist": (lambda path: path.write_bytes(PLAYLIST), "cannot be decoded as audio"),
    "header alone": (lambda path: path.write_bytes(wav_header()), "has no sound|cannot be decoded"),
    "low rate": (lambda path: path.write_bytes(wav_header(3) + as_bytes(tone(1))), "sample rate must be in 1000"),
    "high rate": (lambda path: path.write_bytes(wav_header(2**31 - 1) + as_bytes(tone(1))), "sample rate must be in"),
    "video without sound": (write_silent_video, "has no audio track"),
    "too short": (write_sound(tone(0.3)), r"only 0\.300 s of sound; at least 0\.5 s"),
    "silent": (write_sound(np.zeros(22050)), "is silent throughout"),
    "NaN": (write_sound(np.where(np.arange(22050) == 9000, np.nan, tone(1)), subtype="FLOAT"), "NaN, infinite"),
    "infinite": (write_sound(np.where(np.arange(22050) == 9000, np.inf, tone(1)), subtype="DOUBLE"), "NaN, infinite"),
    "absurd": (write_sound(tone(1, peak=1e30), subtype="FLOAT"), "NaN, infinite or above"),
}
