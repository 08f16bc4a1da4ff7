"""Where the sources lie, what runs them, and the real recordings and weights that may stand beside them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PACKAGES = ("spectrograms", "benchmark")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def python(*arguments, **options):
    """Run Python in a process of its own, in the folder of the sources unless told; return what it said."""
    options = {"cwd": ROOT, "capture_output": True, "text": True, "check": False} | options
    return subprocess.run([sys.executable, *arguments], **options)
