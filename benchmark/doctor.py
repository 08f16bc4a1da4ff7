"""Say in plain words what this machine lacks. Standard library only, and readable by any Python, however old."""

from __future__ import print_function

import os
import shutil
import struct
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
DISK_GB = 4.0  # the packages take 2.6 GB, the demo's models 1.4 GB


def problems(version=None, free_gb=None, bits=None, has_venv=None):
    """Return a sentence for each thing that is missing; the arguments stand in for this machine in tests."""
    version = tuple(sys.version_info[:2]) if version is None else version
    if not OLDEST <= version <= NEWEST:  # at once: what follows would fail on the oldest
        word = "old" if version < OLDEST else "new"
        sentence = "Python {0}.{1} is too {2}: 3.11, 3.12 or 3.13 is needed. Name one: make demo PYTHON=python3.12"
        return [sentence.format(version[0], version[1], word)]
    free_gb = shutil.disk_usage(os.getcwd()).free / 1e9 if free_gb is None else free_gb
    bits = 8 * struct.calcsize("P") if bits is None else bits
    has_venv = _has_venv() if has_venv is None else has_venv
    found = []
    if bits != 64:
        found.append("this Python is a {0}-bit program; TensorFlow needs a 64-bit one".format(bits))
    if not has_venv:
        found.append("Python's module venv is missing; on Debian and Ubuntu: apt-get install python3-venv")
    if free_gb < DISK_GB:
        found.append("only {0:.1f} GB of disk are free here; {1:.0f} GB are needed".format(free_gb, DISK_GB))
    return found


def _has_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    missing = problems()
    for problem in missing:
        print("cannot start: " + problem, file=sys.stderr)
    sys.exit(1 if missing else 0)
