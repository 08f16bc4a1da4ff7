"""Made-up sounds and the files that hold them."""

from fractions import Fraction

import av
import numpy as np
import pytest

RATE = 48_000  # Hz; the one rate that every encoder below takes


BEEPS = (0.5, 1.5, 2.5, 3.5, 4.5)  # seconds at which a tone of 0.2 s begins


def beeps(seconds=6, rate=RATE):
    """Return a stereo signal (n_samples, 2) that is silent but for tones of 1 kHz at the times BEEPS."""
    time = np.arange(round(seconds * rate)) / rate
    sounding = np.any([(time >= at) & (time < at + 0.2) for at in BEEPS], axis=0)
    return np.stack([0.6 * np.sin(2 * np.pi * 1000 * time) * sounding] * 2, axis=1).astype(np.float32)


def tone(seconds, rate=22050, frequency=440, peak=0.5):
    return (peak * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encode(path, signal, codec, video=None, container=None, rate=RATE, options=None, muxer=None):
    """Write a signal (n_samples, n_channels) at ``rate`` Hz with PyAV, with a video track if its codec is named;
    ``options`` are the codec's, ``muxer`` those of the container."""
    for name in filter(None, (codec, video)):
        try:
            av.Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            pytest.skip(f"this PyAV has no encoder {name}")
    layout = {1: "mono", 2: "stereo"}[signal.shape[1]]
    with av.open(str(path), "w", format=container, options=muxer or {}) as file:
        picture = file.add_stream(video, rate=10) if video else None
        sound = file.add_stream(codec, rate=rate, layout=layout, options=options or {})
        if picture:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for i in range(len(signal) * 10 // rate):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i % 256, np.uint8), format="rgb24")
                frame.pts, frame.time_base = i, Fraction(1, 10)
                file.mux(picture.encode(frame))
            file.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(signal.T, np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        converter = av.AudioResampler(format=sound.codec_context.format)
        for part in converter.resample(frame):
            file.mux(sound.encode(part))
        file.mux(sound.encode(None))
