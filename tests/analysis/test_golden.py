"""Tables of a small committed results folder, number by number, as they were: structure may change, these may not.

``golden/expected`` was written by the suite of commit 38d4424 from ``golden/results``. Where a number is meant to
change, the commit that changes it says why."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.report.report import report

GOLDEN = Path(__file__).resolve().parent / "golden"
EXPECTED = sorted((GOLDEN / "expected").glob("*.csv"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return report_of(shutil.copytree(GOLDEN / "results", tmp_path_factory.mktemp("golden") / "results"))


def report_of(folder):
    report(folder)
    return folder


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_tables_hold_the_numbers_that_they_held(file, written):
    expected, got = (pd.read_csv(path) for path in (file, written / file.name))
    assert len(got) == len(expected)
    for name in expected.columns:  # a table may gain columns
        if pd.api.types.is_numeric_dtype(expected[name]):
            np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=1e-9, err_msg=name)
        else:
            assert got[name].fillna("").astype(str).tolist() == expected[name].fillna("").astype(str).tolist(), name
