"""Read 200 damaged films, each in a process that it may take down, and count what becomes of them.

    python tests/benchmarks/damaged_videos.py [--films N] [--seed N]

Copies of real films, where ../shared has some, and of made ones are cut short, have bits flipped, bytes of their
headers changed, blocks lost or doubled. Each has to give frames or a reason; exit code 1 if one crashes its decoder,
takes too long or is lost.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.config.frames import FrameParams
from benchmark.data.film_records import Asked, look
from benchmark.data.video_clips import time_limit
from spectrograms.params import ClipParams
from spectrograms.processes import in_processes
from tests.support.films import noise, tone, write_film

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PART = 3_000_000  # bytes of a real film that are copied: damage is as likely to be met
KEYFRAMES, FRAMES = FrameParams(sample="scene"), "frames"
HEADER = 2000  # bytes at the beginning of a file
MADE = {
    "a.mp4": ("libx264", "aac"), "b.mkv": ("mpeg4", "flac"), "c.webm": ("libvpx", "libopus"),
    "d.avi": ("mpeg4", "mp2"), "e.ts": ("mpeg2video", "mp2"), "f.flv": ("flv1", "aac"),
    "g.mpg": ("mpeg1video", "mp2"), "h.mov": ("libx264", "aac"),
}  # fmt: skip


def cut(content, rng):
    """Return the beginning of a file."""
    return content[: rng.integers(1, len(content))]


def flip(content, rng):
    """Return a file of which some bits are flipped."""
    places = rng.integers(0, len(content), max(1, round(len(content) * 10.0 ** rng.uniform(-6, -2))))
    content[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return content


def header(content, rng):
    """Return a file whose header has other bytes."""
    places = rng.integers(0, min(HEADER, len(content)), rng.integers(1, 30))
    content[places] = rng.integers(0, 256, len(places))
    return content


def trailer(content, rng):
    """Return a file whose end, where some keep their index, has other bytes."""
    places = len(content) - 1 - rng.integers(0, min(HEADER, len(content)), rng.integers(1, 30))
    content[places] = rng.integers(0, 256, len(places))
    return content


def lose(content, rng):
    """Return a file that lacks a block."""
    first, last = np.sort(rng.integers(0, len(content), 2))
    return np.delete(content, slice(first, min(last, first + len(content) // 4)))


def double(content, rng):
    """Return a file of which a block stands twice."""
    first, last = np.sort(rng.integers(0, len(content), 2))
    return np.concatenate([content[:last], content[first:]])


DAMAGES = (cut, flip, header, trailer, lose, double)


def sources(folder):
    """Return films to be damaged: real ones, and one made of each kind of container."""
    frames, sound = noise(4, [20, 11, 30, 14]), tone(3.0)
    made = [write_film(folder / name, frames, codec=codec, sound=sound, sound_codec=audio)
            for name, (codec, audio) in MADE.items()]  # fmt: skip
    return [*made, *sorted(p for p in SHARED.glob("*/*") if p.suffix in (".mp4", ".webm"))]


def asked(record, folder):
    """Return what is asked of a film: its keyframes, its sound, its fingerprint and its measures."""
    return Asked(
        sets=((KEYFRAMES, record, None),),
        clip=ClipParams(duration=2.0),
        heard=record.with_name(f"sound-{record.name}"),
        measures=((KEYFRAMES, folder / "measures" / "x"),),
        fingerprint=folder / "fingerprints" / "x",
    )


def main():
    """Damage films, read them, and print how often what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given, begun = parser.parse_args(), perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder, tasks = Path(name), []
        films = sources(folder)
        for number in range(given.films):
            rng, source = np.random.default_rng([given.seed, number]), films[number % len(films)]
            damage = DAMAGES[number // len(films) % len(DAMAGES)]
            path = folder / f"{damage.__name__}{number}{source.suffix}"
            content = np.frombuffer(source.read_bytes()[:PART], np.uint8).copy()
            path.write_bytes(damage(content, rng).tobytes())
            record = folder / "films" / "x" / "00" / f"{number}.json"
            tasks.append((f"{number:064x}", str(path), asked(record, folder)))
        found = dict(in_processes(look, tasks, 2, lambda task, reason: (task[0], f"LOST: {reason}"), time_limit))
    said = {digest: what if isinstance(what, str) else FRAMES for digest, what in found.items()}
    tell(said, {digest: Path(path).stem.rstrip("0123456789") for digest, path, _ in tasks})
    lost = sum(what.startswith("LOST") for what in said.values()) + len(tasks) - len(said)
    print(f"{len(said)} of {len(tasks)} told in {perf_counter() - begun:.0f} s; {lost} crashed, stalled or were lost")
    sys.exit(bool(lost))


def tell(said, damage_of):
    """Print how many films of each damage gave frames, and the reasons of the others."""
    counts = Counter((damage_of[digest], what == FRAMES) for digest, what in said.items())
    for damage in DAMAGES:
        name = damage.__name__
        print(f"{name}: {counts[name, True]} give frames, {counts[name, False]} a reason")
    for reason, n in Counter(what for what in said.values() if what != FRAMES).most_common():
        print(f"{n:4} {reason}")


if __name__ == "__main__":
    main()
