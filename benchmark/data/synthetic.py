"""Made-up trailers of five genres, from seeded synthesis: a data set for trying the suite where there is none.

A genre is a row of a table: how fast its notes follow each other, how high, how long they ring, in which chord, and how
much noise goes with them. But a clip borrows from another genre, stands in noise, and passes through a room and an
equaliser drawn at random, so that the genres overlap and no classifier gets them all for free."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from joblib import Parallel, cpu_count, delayed
from scipy import fft

from benchmark.errors import StudyError
from spectrograms.files import draft

SAMPLE_RATE = 44100  # Hz
BIT_RATE = 128_000  # bit/s of the MP3 files
BORROWED = (0.1, 0.4)  # share of another genre in a clip
NOISE_DB = (-38.0, -16.0)  # of the background, below the clip
EQUALISER_DB = 4.5  # standard deviation of each of the equaliser's bands
PEAK_DB = (-12.0, -1.0)  # below full scale
MANIFEST = "synthetic.json"  # what a finished root was made with

MAJOR, MINOR, DISSONANT = (0, 4, 7, 12), (0, 3, 7, 12), (0, 1, 6, 11)  # semitones


class Genre(NamedTuple):
    """What a genre sounds like; ranges are drawn from for each clip."""

    interval: tuple[float, float]  # seconds from one note to the next
    root: tuple[float, float]  # Hz, of the lowest note
    chord: tuple[int, ...]  # semitones above it, note by note
    attack: float  # seconds in which a note swells
    decay: float  # seconds in which it dies away
    partials: int  # of a note's spectrum
    noise: float  # level of the noise that swells and dies with the notes, over theirs
    corner: float  # Hz above which that noise falls off


GENRES = {
    "action": Genre((0.1, 0.2), (45, 90), MINOR, 0.005, 0.07, 6, 1.5, 2000.0),  # drums and a low pulse
    "comedy": Genre((0.13, 0.26), (220, 600), MAJOR, 0.005, 0.12, 4, 0.3, 6000.0),  # plucked arpeggios
    "drama": Genre((0.5, 1.2), (130, 350), MINOR, 0.005, 0.9, 6, 0.8, 1500.0),  # single notes over a murmur
    "romance": Genre((0.8, 1.6), (110, 280), MAJOR, 0.4, 2.5, 4, 0.1, 800.0),  # sustained strings
    "thriller": Genre((2.0, 4.0), (40, 95), DISSONANT, 1.0, 4.0, 5, 0.7, 90.0),  # a dark drone and rumble
}


def synthesise(root, clips_per_genre, seed=0, duration=15.0):
    """Write stereo MP3 files of ``duration`` seconds into ``root``: action/action_000.mp3 and so on; return ``root``.

    The samples depend on the seed alone. The folder appears whole or not at all, for it is filled under another name;
    one that is there already with the same clips is left as it is. Raises :class:`StudyError` where ``root`` holds
    anything else, which is never touched."""
    root = Path(root)
    made_with = {"clips_per_genre": clips_per_genre, "seed": seed, "duration": float(duration)}
    if _holds(root, made_with):
        return root
    with draft(root) as made:
        jobs = [(genre, index) for genre in GENRES for index in range(clips_per_genre)]
        for genre in GENRES:
            (made / genre).mkdir(parents=True)
        write = delayed(_write_clip)
        # Threads: NumPy, the FFT and the encoder give up the interpreter lock, and no process has to start.
        Parallel(n_jobs=min(cpu_count(), len(jobs)), prefer="threads")(
            write(made / genre / f"{genre}_{index:03d}.mp3", genre, seed, index, duration) for genre, index in jobs
        )
        (made / MANIFEST).write_text(json.dumps(made_with))
        _put_in_place(made, root, made_with)
    return root


def waveform(genre, seed, index, duration=15.0, sample_rate=SAMPLE_RATE):
    """Return clip number ``index`` of a genre, shape (2, n_samples) float32 within [-1, 1]; the same for the same seed.

    Raises :class:`StudyError` where the genre is not one of GENRES."""
    if genre not in GENRES:
        raise StudyError(f"genre must be one of {', '.join(GENRES)}; got '{genre}'")
    names, n = list(GENRES), round(duration * sample_rate)
    rng = np.random.default_rng([seed, names.index(genre), index])
    lender, share = rng.choice([name for name in names if name != genre]), rng.uniform(*BORROWED)
    dry = (1 - share) * _unit(_music(rng, GENRES[genre], n, sample_rate))
    dry += share * _unit(_music(rng, GENRES[lender], n, sample_rate))
    dry += _level(rng, NOISE_DB) * _unit(_noise(rng, n, sample_rate, lambda hz: 1 / np.sqrt(hz)))
    wet = _room(rng, dry, sample_rate)
    return (wet * (_level(rng, PEAK_DB) / np.abs(wet).max())).astype(np.float32)


def _music(rng, genre, n, sample_rate):
    """Return ``n`` samples of a genre's notes, up and down its chord with rests, and of the noise with them."""
    interval, root = rng.uniform(*genre.interval), rng.uniform(*genre.root)
    time = _seconds(4 * genre.decay, sample_rate)
    swell = np.minimum(time / genre.attack, 1) * np.exp(-time / genre.decay)
    steps, tones, level = [*genre.chord, *genre.chord[-2:0:-1]], np.zeros(n), np.zeros(n)
    for number, start in enumerate(np.arange(0, n, interval * sample_rate).astype(int)):
        if rng.random() < 0.15:  # a rest
            continue
        hz, swollen = root * 2 ** (steps[number % len(steps)] / 12), (rng.uniform(0.3, 1) * swell)[: n - start]
        note = sum(np.sin(2 * np.pi * hz * order * time) / order for order in range(1, genre.partials + 1))
        tones[start : start + len(time)] += swollen * note[: n - start]
        level[start : start + len(time)] += swollen
    dark = _noise(rng, n, sample_rate, lambda hz: 1 / (1 + (hz / genre.corner) ** 2))
    return _unit(tones) + genre.noise * _unit(level * dark)


def _noise(rng, n, sample_rate, gain):
    """Return noise of ``n`` samples whose spectrum follows ``gain``, a function of the frequency in Hz."""
    size = fft.next_fast_len(n, real=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / sample_rate), 20.0)
    return fft.irfft(gain(hz) * (rng.standard_normal(len(hz)) + 1j * rng.standard_normal(len(hz))), size)[:n]


def _room(rng, dry, sample_rate):
    """Return ``dry`` through a random equaliser and, left and right apart, a random room; shape (2, n_samples)."""
    time = _seconds(rng.uniform(0.2, 1.2), sample_rate)
    tail = rng.standard_normal((2, len(time)), dtype=np.float32) * np.exp(-5 * time / time[-1])
    tail *= rng.uniform(0.1, 0.7) / np.linalg.norm(tail, axis=1, keepdims=True)
    tail[:, 0] += 1 + np.array([0.3, -0.3]) * rng.uniform(-1, 1)  # the direct sound, off the middle
    size = fft.next_fast_len(len(dry) + len(time), real=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / sample_rate), 20.0)
    bands = np.geomspace(20, sample_rate / 2, 8)
    gain = 10 ** (np.interp(np.log(hz), np.log(bands), rng.normal(0, EQUALISER_DB, len(bands))) / 20)
    spectrum = fft.rfft(dry.astype(np.float32), size) * gain.astype(np.float32)
    return fft.irfft(spectrum * fft.rfft(tail, size), size)[:, : len(dry)]


def _seconds(length, sample_rate):
    """Return the times, in seconds, of the samples of a sound of ``length`` seconds; two at least."""
    return np.arange(max(2, round(length * sample_rate)), dtype=np.float32) / np.float32(sample_rate)


def _unit(sound):
    """Return ``sound`` at a root mean square of 1."""
    return sound / max(np.sqrt(np.mean(np.square(sound))), 1e-9)  # an all-silent track stays so


def _level(rng, decibels):
    return 10 ** (rng.uniform(*decibels) / 20)


def _write_clip(path, genre, seed, index, duration):
    sound = np.ascontiguousarray(waveform(genre, seed, index, duration))
    with av.open(path, "w", format="mp3") as file:
        # Level 7 of LAME is a third faster than the 3 that libsndfile fixes, and encoding is most of the work.
        stream = file.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="stereo", options={"compression_level": "7"})
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        for packets in (stream.encode(frame), stream.encode(None)):
            file.mux(packets)


def _holds(root, made_with):
    """Return whether ``root`` is a finished set of these clips; raise where it holds anything else."""
    if not os.path.lexists(root) or (root.is_dir() and not any(root.iterdir())):
        return False
    manifest = root / MANIFEST
    found = manifest.read_text() if manifest.is_file() else "files of another origin"
    counts = {len(list((root / genre).glob("*.mp3"))) for genre in GENRES}
    if found == json.dumps(made_with) and counts == {made_with["clips_per_genre"]}:
        return True
    raise StudyError(
        f"{root} should hold synthetic clips of {made_with}, not {found}, with {sorted(counts)} MP3 files a genre; "
        f"remove it to have it made again, choose another root, or leave dataset.synthetic out to use it as it is"
    )


def _put_in_place(made, root, made_with):
    """Rename ``made`` to ``root``; another run that got there first with the same clips is as good."""
    if root.is_dir() and not any(root.iterdir()):
        root.rmdir()  # Windows renames nothing onto a folder, not even an empty one
    try:
        os.replace(made, root)
    except OSError:
        if not _holds(root, made_with):
            raise
