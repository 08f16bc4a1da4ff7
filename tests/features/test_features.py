import contextlib

import numpy as np
import pandas as pd

from benchmark.features.cache import cached_features


def table(*digests):
    return pd.DataFrame({"clip_id": [f"c{i}" for i in range(len(digests))], "sha256": digests})


class Counter:
    """Compute a feature that tells the clip apart, and count how often."""

    def __init__(self):
        self.seen = []

    def __call__(self, rows):
        self.seen += list(rows["sha256"])
        return [np.full((2, 3), float(ord(digest))) for digest in rows["sha256"]]


def test_each_clip_is_computed_once_and_comes_back_in_order(tmp_path):
    compute = Counter()
    first = cached_features(table("a", "b", "c"), tmp_path, compute, batch_size=2)
    second = cached_features(table("c", "a"), tmp_path, compute, batch_size=2)
    assert compute.seen == ["a", "b", "c"]
    assert [array[0, 0] for array in first] == [97, 98, 99]
    assert [array[0, 0] for array in second] == [99, 97]


def test_only_what_is_missing_is_computed(tmp_path):
    cached_features(table("a"), tmp_path, Counter(), batch_size=8)
    compute = Counter()
    cached_features(table("a", "b"), tmp_path, compute, batch_size=8)
    assert compute.seen == ["b"]


def test_the_same_bytes_under_two_names_are_computed_once(tmp_path):
    compute = Counter()
    features = cached_features(table("a", "a", "b"), tmp_path, compute, batch_size=8)
    assert compute.seen == ["a", "b"]
    assert len(features) == 3


def test_what_was_computed_before_a_crash_is_kept(tmp_path):
    compute = Counter()

    def crash(rows):
        if "c" in list(rows["sha256"]):
            raise RuntimeError("power cut")
        return compute(rows)

    with contextlib.suppress(RuntimeError):
        cached_features(table("a", "b", "c"), tmp_path, crash, batch_size=2)
    cached_features(table("a", "b", "c"), tmp_path, compute, batch_size=2)
    assert compute.seen == ["a", "b", "c"]


def test_a_damaged_file_is_computed_again(tmp_path):
    cached_features(table("a"), tmp_path, Counter(), batch_size=1)
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY cut short")
    compute = Counter()
    assert cached_features(table("a"), tmp_path, compute, batch_size=1)[0][0, 0] == 97
    assert compute.seen == ["a"]
