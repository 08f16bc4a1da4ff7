"""Time sound -> picture against the plain librosa script, clip by clip in turn, on one core.

    python tests/benchmarks/rendering.py [--clips N]

The clips are synthetic: 15 s, stereo, 44.1 kHz, MP3. Noise of the machine hits both ways alike, so read the ratios.
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter

import librosa
import matplotlib.pyplot as plt
import numpy as np
import soundfile
import soxr
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from spectrograms.audio import MARGIN, load_clip
from spectrograms.decoders import decode
from spectrograms.image import draw, save_png
from spectrograms.mel import log_mel
from spectrograms.params import ClipParams, ImageParams, MelParams

SECONDS, FILE_RATE = 15, 44_100
REQUIRED, AIM = 6, 10  # times faster than the plain script
CLIP, MEL, IMAGE = ClipParams(duration=SECONDS), MelParams(), ImageParams()


class Stopwatch:
    """Collects the seconds of each stage, over all clips."""

    def __init__(self):
        self.seconds = defaultdict(list)

    def time(self, stage, function, *args, **kwargs):
        """Return what the function returns, noting how long it took."""
        start = perf_counter()
        result = function(*args, **kwargs)
        self.seconds[stage].append(perf_counter() - start)
        return result

    def ms(self, stage):
        """Return the median milliseconds of a stage."""
        return 1000 * float(np.median(self.seconds[stage]))


def make_clips(folder, n_clips):
    """Write ``n_clips`` MP3 files of chords in noise; return their paths."""
    rng = np.random.default_rng(0)
    seconds = np.arange(SECONDS * FILE_RATE) / FILE_RATE
    paths = []
    for i in range(n_clips):
        chord = sum(np.sin(2 * np.pi * f * seconds) for f in rng.uniform(80, 4000, 6)) / 12
        beat = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 2 * seconds))
        noise = 0.05 * rng.standard_normal((len(seconds), 2))
        paths.append(folder / f"{i}.mp3")
        soundfile.write(paths[-1], (chord * beat)[:, None] + noise, FILE_RATE)
    return paths


def plain(path, out, watch):
    """Make a picture as the usual script does."""
    y, sr = watch.time("decode", librosa.load, path, sr=22050, duration=SECONDS)
    power = watch.time("mel", librosa.feature.melspectrogram, y=y, sr=sr)
    mel_db = watch.time("mel_db", librosa.power_to_db, power, ref=np.max)
    watch.time("image", plain_figure, mel_db, sr)
    watch.time("png", plt.savefig, out)
    plt.close()


def plain_figure(mel_db, sr):
    """Draw on a new pyplot figure."""
    plt.figure()
    librosa.display.specshow(mel_db, sr=sr, x_axis="time", y_axis="mel")


def staged(path, out, watch):
    """Make a picture as the suite does, stage by stage."""
    mono, rate, *_ = watch.time("decode", decode, path, 0, SECONDS + MARGIN)
    waveform = watch.time("resample", soxr.resample, mono, rate, MEL.sample_rate, quality="HQ")
    mel_db = watch.time("mel", log_mel, waveform[: SECONDS * MEL.sample_rate], MEL)
    picture = watch.time("image", draw, mel_db, IMAGE, MEL)
    watch.time("png", save_png, picture, out, {"source_sha256": "0" * 64})


def whole(path, out):
    """Make a picture with the suite's own functions alone."""
    save_png(draw(log_mel(load_clip(path, CLIP, MEL.sample_rate), MEL), IMAGE, MEL), out, {"source_sha256": "0" * 64})


def bare_decode(path):
    """Return the 15 seconds as soundfile gives them: below this nothing can go."""
    with soundfile.SoundFile(path) as file:
        return file.read(SECONDS * FILE_RATE, dtype="float32")


def measure(paths, folder):
    """Return the stopwatches (plain, ours) after making every picture both ways."""
    ours, theirs = Stopwatch(), Stopwatch()
    for warm_up in (True, False):
        if not warm_up:
            ours, theirs = Stopwatch(), Stopwatch()
        for path in paths[:1] if warm_up else paths:
            ours.time("floor", bare_decode, path)
            theirs.time("whole", plain, path, folder / "plain.png", theirs)
            ours.time("whole", whole, path, folder / "ours.png")
            staged(path, folder / "ours.png", ours)
    return theirs, ours


def report(theirs, ours):
    """Print the table and the ratios; return how many times faster than the plain script."""
    table = Table("ms per clip (median)", "plain script", "this suite")
    rows = [
        ("decode (plain: with mono and resampling)", ["decode"], ["decode"]),
        ("resample", [], ["resample"]),
        ("mel spectrogram in dB", ["mel", "mel_db"], ["mel"]),
        ("image", ["image"], ["image"]),
        ("PNG", ["png"], ["png"]),
        ("whole", ["whole"], ["whole"]),
        ("floor: decoding alone", [], ["floor"]),
    ]
    for name, *stages in rows:
        cells = [sum(watch.ms(stage) for stage in used) for watch, used in zip((theirs, ours), stages, strict=True)]
        table.add_row(name, *(f"{cell:.1f}" if cell else "" for cell in cells))
    Console().print(table)
    ratio = theirs.ms("whole") / ours.ms("whole")
    print(f"{ratio:.1f} times faster than the plain script (required {REQUIRED}, aim {AIM})")
    print(f"{ours.ms('whole') / ours.ms('floor'):.2f} times the floor, decoding alone")
    return ratio


def main():
    """Run the comparison; exit with 1 if it falls short of what is required."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20)
    n_clips = parser.parse_args().clips
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    plt.switch_backend("Agg")
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        ratio = report(*measure(make_clips(Path(folder), n_clips), Path(folder)))
    sys.exit(ratio < REQUIRED)


if __name__ == "__main__":
    main()
