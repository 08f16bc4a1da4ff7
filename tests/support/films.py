"""Small films made by PyAV, whose frames are known: plain colours, moving bars, with or without sound."""

from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH, RATE = 64, 96, 25
SOUND_RATE = 48000  # Hz
MILLI = Fraction(1, 1000)  # seconds


def plain(*colours, n=1, height=HEIGHT, width=WIDTH):
    """Return ``n`` frames (height, width, 3) uint8 of each colour, one after the other."""
    return [np.full((height, width, 3), colour, np.uint8) for colour in colours for _ in range(n)]


def noise(n_shots, lengths, seed=0, height=HEIGHT, width=WIDTH):
    """Return frames of shots of such ``lengths``: each a random mosaic of its own, over which a bar moves."""
    rng, frames = np.random.default_rng(seed), []
    for _, length in zip(range(n_shots), lengths, strict=True):
        blocks = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        shot = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
        for number in range(length):
            frame = shot.copy()
            frame[:, number % width] = 255
            frames.append(frame)
    return frames


def tone(seconds, rate=SOUND_RATE, channels=2):
    """Return a tone that rises, with noise, (channels, n) float32."""
    time = np.arange(round(seconds * rate)) / rate
    rising = 0.3 * np.sin(2 * np.pi * (300 + 40 * time) * time)
    return np.stack(
        [rising + 0.01 * np.random.default_rng(c).standard_normal(len(time)) for c in range(channels)]
    ).astype(np.float32)


def write_film(path, frames, rate=RATE, codec="mpeg4", times=None, sound=None, sound_codec="aac", **options):
    """Write frames, and a sound (channels, n) at 48 kHz, as a film; return the path.

    ``times`` are the frames' in ms; unless given they are equally spaced. ``options``: gop (frames from one key frame
    to the next), pixels, rotation in degrees, colours (colorspace, color_range), encoder and container (options)."""
    with av.open(str(path), "w", options=options.get("container", {})) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = options.get("pixels", "yuv420p")
        stream.codec_context.gop_size = options.get("gop", 12)
        stream.codec_context.bit_rate = 4_000_000
        if codec == "libx264":
            stream.options = {"crf": "1", "preset": "ultrafast"} | options.get("encoder", {})
        if times is not None:
            stream.codec_context.time_base = MILLI
        for name, value in options.get("colours", {}).items():
            setattr(stream.codec_context, name, value)
        if "rotation" in options:
            stream.set_display_rotation(options["rotation"])
        track = out.add_stream(sound_codec, rate=SOUND_RATE, layout="stereo") if sound is not None else None
        if track is not None:
            _mux_sound(out, track, sound)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], MILLI
            for packet in stream.encode(_coloured(frame, options)):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def _coloured(frame, options):
    """Return a frame in the colours of YUV that the film says it has."""
    colours = options.get("colours")
    if not colours:
        return frame
    return frame.reformat(
        format=options.get("pixels", "yuv420p"),
        dst_colorspace=colours["colorspace"],
        dst_color_range=colours["color_range"],
    )


def _mux_sound(out, track, sound):
    size = 1024
    for start in range(0, sound.shape[1], size):
        piece = np.ascontiguousarray(sound[:, start : start + size])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
        for packet in track.encode(frame):
            out.mux(packet)
    for packet in track.encode(None):
        out.mux(packet)
