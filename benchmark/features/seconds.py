"""How long features took to compute, kept beside them: what the tables of costs are made of.

Each process has a file of its own, to which it appends: nodes of a cluster may share the folder, and a line that a
killed process left half written is the last of its file."""

import os
import socket
from contextlib import suppress
from pathlib import Path

import numpy as np

PATTERN = "seconds-*.csv"


def keep_seconds(folder, digests, seconds, is_first):
    """Append to the files of ``folder`` that features of clips, computed together, took some seconds: a line per clip.

    Each has an equal share of them. ``is_first``: a network is compiled in its first batch, which is told apart."""
    share, digests = seconds / len(digests), list(digests)
    lines = "".join(f"{digest},{share:.6g},{int(is_first)}\n" for digest in digests)
    with open(Path(folder) / PATTERN.replace("*", f"{socket.gethostname()}-{os.getpid()}"), "a") as out:
        out.write(lines)


def mean_seconds(folder, digests):
    """Return the mean seconds that the features of one of some clips took; None where that is known of none of them.

    Clips of first batches count where there are no others."""
    first, later = {}, {}
    for file in sorted(Path(folder).glob(PATTERN)):
        for line in file.read_text(errors="replace").splitlines():
            with suppress(ValueError):  # cut, with the process that wrote it
                digest, seconds, is_first = line.split(",")
                (later, first)[int(is_first)][digest] = float(seconds)
    found = [[known[digest] for digest in dict.fromkeys(digests) if digest in known] for known in (later, first)]
    return next((float(np.mean(seconds)) for seconds in found if seconds), None)
