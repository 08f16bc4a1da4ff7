"""Where the sources lie, and the real recordings and weights that may stand beside them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PACKAGES = ("spectrograms", "benchmark")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
