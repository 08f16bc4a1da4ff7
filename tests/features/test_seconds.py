"""Seconds that features took: kept beside them, shared by the clips of a batch, and found again by later trials."""

import time

import numpy as np
import pandas as pd
import pytest

from benchmark.features.cache import cached_features
from benchmark.features.seconds import PATTERN, keep_seconds, mean_seconds

DIGESTS = ["a" * 64, "b" * 64, "c" * 64, "d" * 64]


def test_clips_of_a_batch_share_its_seconds(tmp_path):
    keep_seconds(tmp_path, DIGESTS[:2], 3.0, is_first=False)
    keep_seconds(tmp_path, DIGESTS[2:3], 6.0, is_first=False)
    assert mean_seconds(tmp_path, DIGESTS) == pytest.approx((1.5 + 1.5 + 6) / 3)
    assert mean_seconds(tmp_path, DIGESTS[2:]) == 6.0


def test_a_first_batch_counts_where_there_is_no_other(tmp_path):
    keep_seconds(tmp_path, DIGESTS[:2], 100.0, is_first=True)
    assert mean_seconds(tmp_path, DIGESTS) == 50.0
    keep_seconds(tmp_path, DIGESTS[2:], 4.0, is_first=False)
    assert mean_seconds(tmp_path, DIGESTS) == 2.0
    assert mean_seconds(tmp_path, DIGESTS[:1]) == 50.0


def test_what_is_unknown_is_none(tmp_path):
    assert mean_seconds(tmp_path / "absent", DIGESTS) is None
    keep_seconds(tmp_path, DIGESTS[:1], 1.0, is_first=False)
    assert mean_seconds(tmp_path, DIGESTS[1:]) is None


@pytest.mark.parametrize("end", ["x" * 20, "d" * 64, "d" * 64 + ",", "d" * 64 + ",0.5", "d" * 64 + ",0.5,"])
def test_a_line_that_was_cut_is_passed_over_and_files_of_all_processes_are_read(tmp_path, end):
    keep_seconds(tmp_path, DIGESTS[:1], 2.0, is_first=False)
    (tmp_path / PATTERN.replace("*", "node-7")).write_text(f"{DIGESTS[1]},4,0\n{end}")
    assert mean_seconds(tmp_path, DIGESTS) == 3.0


def test_what_is_computed_is_timed_and_what_is_in_the_cache_is_not_timed_anew(tmp_path):
    clips = pd.DataFrame({"sha256": DIGESTS})
    spent = iter([0.2, 0.04])

    def compute(rows):
        time.sleep(next(spent))
        return [np.ones((2, 3), "float32")] * len(rows)

    cached_features(clips, tmp_path, compute, batch_size=2)
    cached_features(clips, tmp_path, compute, batch_size=2)  # would raise StopIteration
    assert 0.02 <= mean_seconds(tmp_path, DIGESTS) < 0.1  # of the second batch alone: 0.04 s over two clips, and noise
    assert 0.1 <= mean_seconds(tmp_path, DIGESTS[:2]) < 0.2
