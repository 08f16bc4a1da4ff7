"""What several test files share."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared():
    """Return the folder of real recordings and weights that may stand beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"no real recordings and weights at {SHARED}")
    return SHARED
