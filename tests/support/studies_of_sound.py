"""Sounds of three classes, and what runs on them left."""

import numpy as np
import soundfile
import yaml

from tests.support.studies import NETWORK


def write_sound(root, pitches=(("low", 300), ("middle", 1200), ("high", 4000)), n=8):
    """Write classes of ``n`` tones of a second about each of these pitches (Hz), with noise."""
    rng, t = np.random.default_rng(0), np.arange(16000) / 16000
    for label, pitch in pitches:
        (root / label).mkdir(parents=True)
        for number in range(n):
            tone = np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.25) * t) + rng.normal(size=16000)
            soundfile.write(root / label / f"{number:02}.wav", 0.1 * tone, 16000)


def write_study(folder, sound, **changes):
    """Write study.yaml, about the small network on few mel bands, so that a run takes seconds."""
    study = {
        "dataset": {"root": str(sound)},
        "clip": {"duration": 1.0},
        "mel": {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 32},
        "split": {"fractions": [0.5, 0.25, 0.25], "seeds": [0]},
        "training": {"epochs": 4, "batch_size": 6, "learning_rate": 0.01, "save": "none"},
        "latency": {"calls": 2, "seconds": 0, "warmup": 1, "batch": None},
        "engine": {"num_cpus": 1},
        "models": [NETWORK],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study | changes))


def contents(folder, pattern):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern)}


def log(runner):
    return (runner.folder / "log.txt").read_text()[-3000:]
