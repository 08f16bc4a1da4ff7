"""Copies of a clip: on two sides of a split they would flatter every network, under two labels one label is wrong."""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.data.fingerprints import fingerprint_of
from spectrograms.files import read_array, write_array
from spectrograms.params import content_hash

PAIR = ["clip_a", "clip_b", "path_a", "path_b", "relation", "likeness"]
ACROSS = [*PAIR, "split_a", "split_b", "seed", "fold", "n_folds", "label_a", "label_b"]
FEW_CLIPS = 64  # fewer are done sooner than worker processes start


class Copies(NamedTuple):
    """How copies among the clips of a kind of data set are found."""

    name: str  # of a pair, such as 'same sound'
    fingerprint: Callable  # (path, ClipParams) -> array
    compare: Callable  # the fingerprints of all files -> [(i, j, share in common), ...]
    depends: Callable  # () -> what fingerprints depend on but the file and the clip, plain JSON


def find_copies(clips, clip_params, cache, dataset_kind="audio", n_jobs=-1):
    """Return the pairs of clips that are copies, whatever their splits: a table with the columns :data:`PAIR`.

    ``clips`` has clip_id, path and sha256; ``clip_params`` says which seconds count, ``dataset_kind`` is dataset.kind.
    The relation of a pair is 'same bytes', 'same sound' (also re-encoded, resampled, cut, padded, louder or softer, but
    not faster or slower) or 'same picture' (also re-encoded or resized). ``likeness`` is the share of strong bits in
    common, 1 for the same bytes. clip_a comes before clip_b in ``clips``, and so the pairs are sorted. Fingerprints are
    kept in ``cache``. A clip with hardly any change in it, such as a steady tone, is like no other. Of a kind whose
    COPIES are None the same bytes alone count."""
    # In an order of its own, so that neither the order of the rows nor the names change what is found.
    files = clips.sort_values(["sha256", "clip_id"]).drop_duplicates("sha256")
    copies = DATASET_KINDS[dataset_kind].functions().COPIES
    if copies is None:
        return find_same_bytes(clips)
    digests = files["sha256"].to_numpy()
    prints = _fingerprints(files, copies, clip_params, cache, n_jobs)
    of_files = [(digests[i], digests[j], copies.name, share) for i, j, share in copies.compare(prints)]
    positions = clips.groupby("sha256", sort=False).indices
    rows = _same_bytes(positions)
    for one, other, what, share in of_files:
        rows += [(min(a, b), max(a, b), what, share) for a in positions[one] for b in positions[other]]
    return _pairs(clips, sorted(rows))


def find_same_bytes(clips):
    """Return the pairs of clips whose bytes are the same, as :func:`find_copies` does; no file is read."""
    return _pairs(clips, sorted(_same_bytes(clips.groupby("sha256", sort=False).indices)))


def _same_bytes(positions):
    return [(a, b, "same bytes", 1.0) for same in positions.values() for a, b in combinations(same, 2)]


def across(pairs, clips, folds):
    """Return the pairs in different splits in some fold, or under two labels, as ``pairs`` with seven columns more.

    split_a, split_b, seed and fold (counted from 0) tell of the first fold where the clips are apart, else of the
    first; n_folds of how many folds that is; label_a and label_b are the labels. ``folds`` is {seed: [split of each
    clip, shape (n_clips,), ...]}, aligned with the rows of ``clips``. Added are pairs of the relation 'same group',
    likeness 1: a group's first clip with each other that a split parts it from, unless ``pairs`` has them already."""
    pairs = pd.concat([pairs, _of_groups(clips)], ignore_index=True) if len(pairs) else _of_groups(clips)
    pairs = pairs.drop_duplicates(["clip_a", "clip_b"])
    places = [(seed, number, np.asarray(fold)) for seed, parts in folds.items() for number, fold in enumerate(parts)]
    if pairs.empty or not places:
        return pd.DataFrame(columns=ACROSS)
    ids, labels = pd.Index(clips["clip_id"]), clips["label"].to_numpy()
    a, b = ids.get_indexer(pairs["clip_a"]), ids.get_indexer(pairs["clip_b"])
    apart = np.array([fold[a] != fold[b] for _, _, fold in places])  # (n_folds, n_pairs)
    first = apart.argmax(axis=0)
    found = pairs.assign(
        split_a=[places[f][2][row] for f, row in zip(first, a, strict=True)],
        split_b=[places[f][2][row] for f, row in zip(first, b, strict=True)],
        seed=[places[f][0] for f in first],
        fold=[places[f][1] for f in first],
        n_folds=apart.sum(axis=0),
        label_a=labels[a],
        label_b=labels[b],
    )
    contradict = (found["relation"] != "same group") & (found["label_a"] != found["label_b"])
    return found[apart.any(axis=0) | contradict].reset_index(drop=True)


def join_copies(clips, pairs):
    """Return ``clips`` in whose column group copies are one: all groups that ``pairs`` tie together become one of them.

    The joined group takes the name of one of its own: that which the data set gives, the first in alphabetical order,
    else that of a clip."""
    if pairs.empty:
        return clips
    names = sorted(set(clips["group"]), key=lambda name: (name.startswith("clip:"), name))
    number = {name: place for place, name in enumerate(names)}
    of_clip = dict(zip(clips["clip_id"], clips["group"].map(number), strict=True))
    one, other = ([of_clip[clip] for clip in pairs[side]] for side in ("clip_a", "clip_b"))
    ties = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(names), len(names)))
    _, joined = connected_components(ties, directed=False)
    first = pd.Series(names).groupby(joined).first()  # names are in the order of preference
    return clips.assign(group=[first[joined[number[group]]] for group in clips["group"]])


def _of_groups(clips):
    """Return the pairs of each group's first clip with its others: on one side each means all are on one side."""
    groups = clips.groupby("group", sort=False).indices.values()
    return _pairs(clips, sorted((same[0], other, "same group", 1.0) for same in groups for other in same[1:]))


def _pairs(clips, rows):
    """Return a table of (row a, row b, relation, likeness) with the clips' names and paths."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    ids, paths = clips["clip_id"].to_numpy(), clips["path"].to_numpy()
    columns = [ids[a], ids[b], paths[a], paths[b], [row[2] for row in rows], [row[3] for row in rows]]
    return pd.DataFrame(dict(zip(PAIR, columns, strict=True))) if rows else pd.DataFrame(columns=PAIR)


def _fingerprints(files, copies, clip_params, cache, n_jobs):
    """Return the fingerprint of each file, in order, computing those that ``cache`` lacks."""
    clip, folder = fingerprint_place(copies, clip_params, cache)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(path, folder / f"{digest}.npy") for path, digest in zip(files["path"], files["sha256"], strict=True)]
    known = [read_array(target) for _, target in tasks]
    missing = [row for row, bits in enumerate(known) if bits is None]
    jobs = 1 if len(missing) < FEW_CLIPS else effective_n_jobs(n_jobs)
    # One thread each: workers that all start threads of their own wait for each other.
    with parallel_config(backend="loky", inner_max_num_threads=1) if jobs > 1 else parallel_config():
        made = Parallel(n_jobs=jobs)(delayed(_make)(*tasks[row], copies.fingerprint, clip) for row in missing)
    for row, bits in zip(missing, made, strict=True):
        known[row] = bits
    return known


def keeper(copies, clip_params, cache):
    """Return a function of (Sound, sha256) that keeps the fingerprint of a file of sound that is decoded anyway.

    It can be sent to another process; :func:`find_copies` takes what it kept."""
    clip, folder = fingerprint_place(copies, clip_params, cache)
    return partial(_keep, clip=clip, folder=folder)


def _keep(sound, sha256, clip, folder):
    write_array(fingerprint_of(sound, clip), folder / f"{sha256}.npy", scratch=folder.parent)


def fingerprint_place(copies, clip_params, cache):
    """Return the settings of the clips that fingerprints are made of, and the folder with DIGEST.npy of each file."""
    clip = clip_params.model_copy(update={"short": "pad"})  # a repeated clip has nothing that it did not have once
    return clip, Path(cache) / "fingerprints" / content_hash(clip, copies.fingerprint.__name__, copies.depends())


def _make(path, target, make, clip):
    bits = make(path, clip)
    write_array(bits, target, scratch=target.parents[1])
    return bits
