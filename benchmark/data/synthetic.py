"""Made-up trailers of five genres, from seeded synthesis: a data set for trying the suite where there is none.

Each genre has a recipe of its own, but a clip borrows from another genre, stands in noise, and passes through a room
and an equaliser drawn at random, so that the genres overlap and no classifier gets them all for free."""

import json
import os
from pathlib import Path

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
    lender = rng.choice([name for name in names if name != genre])
    share = rng.uniform(*BORROWED)
    dry = (1 - share) * _unit(GENRES[genre](rng, n, sample_rate))
    dry += share * _unit(GENRES[lender](rng, n, sample_rate))
    dry += _level(rng, NOISE_DB) * _unit(noise(rng, n, sample_rate, lambda hz: 1 / np.sqrt(hz)))
    wet = _room(rng, dry, sample_rate)
    return (wet * (_level(rng, PEAK_DB) / np.abs(wet).max())).astype(np.float32)


def action(rng, n, sample_rate):
    """Fast drums, explosions, and a low pulse."""
    drums = percussion(rng, n, sample_rate, rng.uniform(0.1, 0.2))
    low = notes(rng, n, sample_rate, rng.uniform(0.2, 0.4), rng.uniform(45, 90), MINOR, decay=0.2, partials=6)
    return _unit(drums) + 0.8 * _unit(explosions(rng, n, sample_rate)) + 0.5 * _unit(low)


def comedy(rng, n, sample_rate):
    """Bouncing arpeggios, plucked, over light off-beat drums."""
    beat = rng.uniform(0.13, 0.26)
    plucked = notes(rng, n, sample_rate, beat, rng.uniform(220, 600), MAJOR, decay=0.12, partials=4)
    return _unit(plucked) + 0.3 * _unit(percussion(rng, n, sample_rate, 2 * beat))


def drama(rng, n, sample_rate):
    """Single notes that die away, over a murmur of voices."""
    piano = notes(rng, n, sample_rate, rng.uniform(0.5, 1.2), rng.uniform(130, 350), MINOR, decay=0.9, partials=6)
    return _unit(piano) + rng.uniform(0.4, 1.2) * _unit(murmur(rng, n, sample_rate))


def romance(rng, n, sample_rate):
    """Slow sustained chords, with a few soft notes above."""
    root = rng.uniform(110, 280)
    strings = chords(rng, n, sample_rate, root, MAJOR, rng.uniform(2.0, 4.0))
    piano = notes(rng, n, sample_rate, rng.uniform(0.8, 1.6), 2 * root, MAJOR, decay=0.7, partials=3)
    return _unit(strings) + rng.uniform(0.1, 0.5) * _unit(piano)


def thriller(rng, n, sample_rate):
    """A dark drone, a rising sweep, and rumble."""
    dark = chords(rng, n, sample_rate, rng.uniform(40, 95), DISSONANT, n / sample_rate)
    rumble = noise(rng, n, sample_rate, lambda hz: 1 / (1 + (hz / 90) ** 2))
    return _unit(dark) + rng.uniform(0.2, 0.6) * _unit(riser(rng, n, sample_rate)) + 0.5 * _unit(rumble)


GENRES = {"action": action, "comedy": comedy, "drama": drama, "romance": romance, "thriller": thriller}


def noise(rng, n, sample_rate, gain):
    """Return noise of ``n`` samples whose spectrum follows ``gain``, a function of the frequency in Hz."""
    size = fft.next_fast_len(n, real=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / sample_rate), 20.0).astype(np.float32)
    spectrum = rng.standard_normal((2, len(hz)), dtype=np.float32) * gain(hz)
    return fft.irfft(spectrum[0] + 1j * spectrum[1], size)[:n]


def notes(rng, n, sample_rate, interval, root, chord, decay, partials):
    """Return struck notes, one each ``interval`` seconds, up and down a chord (semitones) above ``root`` Hz."""
    steps = [*chord, *chord[-2:0:-1]]
    lift = rng.choice([0, 0, 5, 7])  # semitones: every other round is played higher
    track = np.zeros(n, np.float32)
    for number, start in enumerate(np.arange(0, n / sample_rate, interval)):
        if rng.random() < 0.15:  # a rest
            continue
        semitones = steps[number % len(steps)] + lift * (number // len(steps) % 2)
        time = _seconds(min(4 * decay, 3.0), sample_rate)
        sound = _tone(root * 2 ** (semitones / 12), time, partials)
        sound *= np.minimum(time / 0.005, 1) * np.exp(-time / decay) * rng.uniform(0.5, 1)
        _add(track, sound, start + rng.normal(0, 0.01), sample_rate)
    return track


def chords(rng, n, sample_rate, root, chord, length):
    """Return sustained chords of ``length`` seconds each, slowly swelling and trembling."""
    track = np.zeros(n, np.float32)
    for start in np.arange(0, n / sample_rate, length):
        time = _seconds(min(length * 1.2, n / sample_rate), sample_rate)
        step = rng.choice([0, 5, 7, -3])
        tremble = 1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.2, 6) * time)
        swell = np.minimum(1, np.minimum(time, time[-1] - time) / (0.2 * length))
        for semitones in chord:
            detune = rng.normal(0, 0.05)
            _add(
                track,
                _tone(root * 2 ** ((semitones + step + detune) / 12), time, 5) * swell * tremble,
                start,
                sample_rate,
            )
    return track


def percussion(rng, n, sample_rate, interval):
    """Return drum hits on a grid of ``interval`` seconds: bass drum and two noises, with gaps and accents."""
    time = _seconds(0.25, sample_rate)
    bass = np.sin(2 * np.pi * rng.uniform(45, 80) * time * (1 + np.exp(-time / 0.02))) * np.exp(-time / 0.08)
    hiss = rng.standard_normal(len(time), dtype=np.float32)
    kit = [bass, np.diff(hiss, prepend=0) * np.exp(-time / 0.02), hiss * np.exp(-time / 0.06) * 0.6]
    track = np.zeros(n, np.float32)
    for start in np.arange(0, n / sample_rate, interval):
        if rng.random() < 0.85:
            _add(track, kit[rng.integers(3)] * rng.uniform(0.3, 1), start, sample_rate)
    return track


def explosions(rng, n, sample_rate):
    """Return bursts of dark noise, one in about two seconds, that die away in about one."""
    time, envelope = _seconds(2.5, sample_rate), np.zeros(n, np.float32)
    for start in rng.uniform(0, n / sample_rate, 1 + round(n / sample_rate / 2)):
        _add(envelope, np.exp(-time / rng.uniform(0.2, 0.7)), start, sample_rate)
    corner = rng.uniform(300, 3000)
    return envelope * noise(rng, n, sample_rate, lambda hz: 1 / (1 + hz / corner))


def murmur(rng, n, sample_rate):
    """Return noise with the formants of a vowel and the rhythm of syllables, about four a second."""
    formants = rng.uniform([300, 800, 2200], [800, 1800, 3000])  # Hz

    def gain(hz):
        return sum(np.exp(-(((hz - formant) / (0.15 * formant)) ** 2)) for formant in formants)

    beats = rng.uniform(0, 1, max(2, round(4 * n / sample_rate)))
    rhythm = np.interp(np.linspace(0, len(beats) - 1, n), np.arange(len(beats)), beats) ** 2
    return rhythm * noise(rng, n, sample_rate, gain)


def riser(rng, n, sample_rate):
    """Return a tone cluster that rises by up to three octaves and grows louder, once or twice."""
    turns = np.linspace(0, rng.choice([1, 2]), n, endpoint=False) % 1
    hz = rng.uniform(80, 250) * 2 ** (rng.uniform(1, 3) * turns)
    phase = 2 * np.pi * np.cumsum(hz) / sample_rate
    return turns**2 * sum(np.sin(phase * 2 ** (semitones / 12)) for semitones in DISSONANT)


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


def _tone(hz, time, partials):
    """Return a harmonic tone whose partials fall off with their order."""
    return sum(np.sin(np.float32(2 * np.pi * hz * order) * time) / order for order in range(1, partials + 1))


def _add(track, sound, start, sample_rate):
    """Add ``sound`` to ``track`` in place from ``start`` seconds on, cut off at its end."""
    first = max(0, round(start * sample_rate))
    sound = sound[: max(0, len(track) - first)]
    track[first : first + len(sound)] += sound


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
