"""Time one pass over films, for frames and sound, against a pass for each, and against decoding alone.

    python tests/benchmarks/film_pass.py [FILM ...]

Without films those of ../shared are taken. All on one core and film by film in turn; noise of the machine hits all ways
alike, so read the ratios. ``decode`` is the floor: PyAV decodes frames and sound, and nothing is made of them.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path
from time import perf_counter

import av
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.config.frames import FrameParams
from benchmark.video.film import see_film
from spectrograms.audio import decode_clip
from spectrograms.params import ClipParams

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SHA = "0" * 64
SETS = {
    "uniform": [FrameParams()],
    "scene": [FrameParams(sample="scene")],
    "every second": [FrameParams(sample="every")],
    "all three": [FrameParams(), FrameParams(sample="scene"), FrameParams(sample="every")],
}


def decode(path):
    """Decode all frames of a film with one thread, and the sound of a clip."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for _ in container.decode(stream):
            pass


def ways(path, sets, clip):
    """Return {way: what does it} for one film."""
    return {
        "floor": lambda: (decode(path), decode_clip(path, clip)),
        "one": lambda: see_film(path, sets, SHA, clip),
        "two": lambda: ([see_film(path, [each], SHA) for each in sets], decode_clip(path, clip)),
    }


def main():
    """Print seconds and ratios, by what is asked for; the seconds are sums over films of medians over rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    films = given.films or sorted(p for p in SHARED.glob("*/*") if p.suffix in (".mp4", ".webm"))
    if not films:
        sys.exit(f"no films at {SHARED}; name some")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = Table("frames", "decoding alone, s", "one pass, s", "a pass each, s", "each / one", "one / floor")
    for name, sets in SETS.items():
        sums = dict.fromkeys(("floor", "one", "two"), 0.0)
        for path in films:
            for way, run in ways(path, sets, ClipParams()).items():
                sums[way] += statistics.median(timed(run) for _ in range(given.rounds))
        ratios = sums["two"] / sums["one"], sums["one"] / sums["floor"]
        table.add_row(name, *(f"{sums[way]:.2f}" for way in sums), *(f"{ratio:.2f}" for ratio in ratios))
    Console().print(table)


def timed(run):
    """Return the seconds that a function takes."""
    begun = perf_counter()
    run()
    return perf_counter() - begun


if __name__ == "__main__":
    main()
