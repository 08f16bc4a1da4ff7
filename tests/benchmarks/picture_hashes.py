"""Compare how copies of pictures are found with the perceptual hashes of the package ImageHash.

    pip install ImageHash
    python tests/benchmarks/picture_hashes.py [FOLDER of pictures]

Every sixth picture of each set is saved anew in eight ways (JPEG, WebP, smaller, larger, gray, darker). Pairs of one
original should be found, and no others. A hash takes for copies what differs in few bits; the table gives the errors
(copies missed + others taken for copies) with the number of bits that suits each set best, and with the one number
that suits all sets best: a program must settle for one before it sees the data.
"""

import io
import sys
import tempfile
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageEnhance
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.data.thumbnails import near_duplicate_pictures, thumbnail
from tests.support.spectrogram_pictures import bare, events, noise, with_axes

N, EACH, MOST = 24, 6, 300
HASHES = {
    "phash, 64 bits": imagehash.phash,
    "phash, 256 bits": lambda image: imagehash.phash(image, 16),
    "dhash, 64 bits": imagehash.dhash,
    "dhash, 256 bits": lambda image: imagehash.dhash(image, 16),
    "average_hash": imagehash.average_hash,
}
ANEW = [
    lambda image: _through(image, "JPEG", quality=60),
    lambda image: _through(image, "WEBP", quality=50),
    lambda image: image.resize((image.width * 6 // 10, image.height * 6 // 10), Image.Resampling.LANCZOS),
    lambda image: image.resize((96, 80)),
    lambda image: image.resize((400, 299)),
    lambda image: image.convert("L").convert("RGB"),
    lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    lambda image: _through(ImageEnhance.Contrast(image).enhance(0.9), "JPEG", quality=80),
]


def _through(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return Image.open(buffer).convert("RGB")


def sets(folder):
    """Yield (name, pictures of which no two are copies)."""
    sounds = [events(seed) for seed in range(N)]
    yield "spectrograms with axes", [with_axes(levels, "Mel spectrogram") for levels in sounds]
    yield "with axes and titles", [with_axes(levels, f"take {number}") for number, levels in enumerate(sounds)]
    yield "bare spectrograms", [bare(levels) for levels in sounds]
    yield "bare, of noise", [bare(noise(seed)) for seed in range(N)]
    if folder:
        files = {file.read_bytes(): file for file in sorted(Path(folder).iterdir())[:MOST]}
        yield Path(folder).parent.name, [Image.open(file).convert("RGB") for file in files.values()]


def with_copies(images):
    """Return (pictures and copies, the number of the original of each)."""
    copies = [(number, save(images[number])) for number in range(0, len(images), EACH) for save in ANEW]
    return [*images, *(copy for _, copy in copies)], [*range(len(images)), *(number for number, _ in copies)]


def own_errors(images, are_copies):
    """Return how many pairs the suite gets wrong."""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for image in images:
            image.save(Path(folder) / "picture.bmp")
            made.append(thumbnail(Path(folder) / "picture.bmp"))
    found = np.zeros_like(are_copies)
    for i, j, _ in near_duplicate_pictures(made):
        found[i, j] = True
    return int((found != are_copies).sum())


def hash_errors(images, are_copies, make):
    """Return how many pairs a hash gets wrong for each number of bits that copies may differ in, as shares of 64."""
    bits = np.array([make(image).hash.ravel() for image in images])
    apart = (bits[:, None] != bits[None]).sum(axis=2)
    upper = np.triu(np.ones_like(are_copies), 1)
    return np.array([int(((apart <= most) & upper != are_copies).sum()) for most in range(bits.shape[1] // 2)])


def main():
    """Print a row per set of pictures."""
    rows, of_hash = [], {name: [] for name in HASHES}
    for name, images in sets(sys.argv[1] if len(sys.argv) > 1 else None):
        images, original = with_copies(images)
        are_copies = np.zeros((len(images), len(images)), bool)
        for i, j in combinations(range(len(images)), 2):
            are_copies[i, j] = original[i] == original[j]
        for of, make in HASHES.items():
            of_hash[of].append(hash_errors(images, are_copies, make))
        rows.append((name, len(images), int(are_copies.sum()), own_errors(images, are_copies)))
    best = {of: np.argmin(np.sum(errors, axis=0)) for of, errors in of_hash.items()}
    table = Table("pictures", "n", "copies", "own", *(f"{of}\nat {best[of]}: best" for of in HASHES))
    for place, row in enumerate(rows):
        cells = [f"{errors[place][best[of]]}: {errors[place].min()}" for of, errors in of_hash.items()]
        table.add_row(*map(str, row), *cells)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
