"""Measure how well copies of recordings are found, and how often other recordings are taken for copies.

    python tests/benchmarks/leakage.py FOLDER [--clips N]

FOLDER holds a folder of recordings per class, of 5 s each, named fold-source-take as in ESC-50. Every recording is
copied in each way of COPIES. Recall is the share of copies that are found to be of their original; where a cut took
away the sound there is nothing to find, and 'with sound' leaves these out. A false alarm is a pair of files of two
sources that is taken for copies; takes of one source may overlap in truth and are listed by themselves.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.data.leakage import find_copies
from spectrograms.audio import load_clip
from spectrograms.errors import AudioError
from spectrograms.params import ClipParams
from tests.support.copies import COPIES

CLIP = ClipParams(duration=5.0)
KEPT = 0.01  # of the original's energy: a copy with less counts as one whose sound was cut away
RECALL = {"coded": 0.95, "volume": 0.95, "cut": 0.90}  # required of each family
FALSE_ALARMS = 1e-4  # most that are allowed, of the pairs of different sources


def make_copies(original, row, folder):
    """Write the copies of a recording; return rows of a clip table, the original first."""
    sound, rate = soundfile.read(original)
    label, source = original.parent.name, re.search(r"\d+-(\d+)", original.stem).group(1)
    rows = [(f"{row:05d}-original", str(original), f"{row:05d}-original", label, source, "original")]
    for number, ((_, name), write) in enumerate(COPIES.items()):
        stem = f"{row:05d}-{number:02d}"
        write(folder / stem, sound, rate)
        rows.append((stem, str(next(folder.glob(f"{stem}.*"))), stem, label, source, name))
    return rows


def energy(path):
    """Return the sum of squares of a clip at 8 kHz, 0 where it is silent."""
    try:
        return float(np.square(load_clip(path, CLIP, 8000), dtype=float).sum())
    except AudioError:
        return 0.0


def recalls(clips, pairs):
    """Return a table by copy: share found, of all, of those that keep KEPT of their original's energy, by class."""
    original = clips["clip_id"].str[:5] + "-original"
    together = set(zip(pairs["clip_a"], pairs["clip_b"], strict=True))
    found = [(b, a) in together or (a, b) in together for a, b in zip(original, clips["clip_id"], strict=True)]
    energies = Parallel(n_jobs=-1)(delayed(energy)(path) for path in clips["path"])
    whole = dict(zip(clips["clip_id"], energies, strict=True))
    kept = np.array(energies) >= KEPT * original.map(whole)
    table = clips.assign(found=found, kept=kept).query("name != 'original'")
    by_class = table.pivot_table(values="found", index="name", columns="label", aggfunc="mean", sort=False)
    by_copy = table.groupby("name", sort=False)["found"].mean()
    with_sound = table[table["kept"]].groupby("name", sort=False)["found"].mean()
    return pd.concat([by_copy.rename("all"), with_sound.rename("with sound"), by_class], axis=1)


def other_sources(clips, pairs):
    """Return the pairs of files of two sources taken for copies, those of two takes of one, and how many could be."""
    source, number = clips.set_index("clip_id")["source"], pairs[["clip_a", "clip_b"]].apply(lambda ids: ids.str[:5])
    one, other = pairs["clip_a"].map(source), pairs["clip_b"].map(source)
    sizes = clips["source"].value_counts()
    n_pairs = (len(clips) ** 2 - int((sizes**2).sum())) // 2
    return pairs[one != other], pairs[(one == other) & (number["clip_a"] != number["clip_b"])], n_pairs


def report(clips, pairs, seconds):
    """Print recall by copy, false alarms and seconds; return whether all is as required."""
    measured = recalls(clips, pairs)
    table = Table("recall", *measured.columns)
    for name, shares in measured.iterrows():
        table.add_row(name, *(f"{share:.3f}" for share in shares))
    Console(width=120).print(table)
    false, takes, n_pairs = other_sources(clips, pairs)
    original = clips.set_index("clip_id")["path"]
    for what, found in (("different sources", false), ("two takes of one source", takes)):
        files = found[["clip_a", "clip_b"]].apply(lambda ids: original.loc[ids.str[:5] + "-original"].to_numpy())
        print(f"{what}: {len(found)} pairs of files taken for copies; they are of")
        for (a, b), count in files.value_counts().items():
            print(f"  {Path(a).name} and {Path(b).name}: {count}")
    share = len(false) / n_pairs
    print(f"false alarms: {share:.1e} of {n_pairs} pairs of files of different sources (at most {FALSE_ALARMS:g})")
    print(f"{1000 * seconds / len(clips):.1f} ms per clip, fingerprints and search")
    least = pd.Series({name: RECALL.get(family, 0) for family, name in COPIES})
    return share <= FALSE_ALARMS and bool((measured["all"] >= least[measured.index]).all())


def main():
    """Make the copies, look for them, report; exit with 1 if less is found than required."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, help="every so manieth recording, so that about this many are used")
    given = parser.parse_args()
    originals = sorted(path for path in given.folder.glob("*/*") if re.match(r"\d+-\d+", path.stem))
    originals = originals[:: max(1, len(originals) // given.clips)] if given.clips else originals
    with tempfile.TemporaryDirectory() as folder:
        copy = delayed(make_copies)
        made = Parallel(n_jobs=-1)(copy(path, row, Path(folder)) for row, path in enumerate(originals))
        columns = ["clip_id", "path", "sha256", "label", "source", "name"]
        clips = pd.DataFrame([row for rows in made for row in rows], columns=columns)
        start = time.perf_counter()
        pairs = find_copies(clips, CLIP, Path(folder) / "cache")
        seconds = time.perf_counter() - start
        sys.exit(not report(clips, pairs, seconds))


if __name__ == "__main__":
    main()
