"""Sounds of three classes, and what runs on them left."""

import numpy as np
import soundfile


def write_sound(root):
    """Write three classes of eight tones of a second, with noise."""
    rng, t = np.random.default_rng(0), np.arange(16000) / 16000
    for label, pitch in {"low": 300, "middle": 1200, "high": 4000}.items():
        (root / label).mkdir(parents=True)
        for number in range(8):
            tone = np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.25) * t) + rng.normal(size=16000)
            soundfile.write(root / label / f"{number:02}.wav", 0.1 * tone, 16000)


def contents(folder, pattern):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern)}


def log(runner):
    return (runner.folder / "log.txt").read_text()[-3000:]
