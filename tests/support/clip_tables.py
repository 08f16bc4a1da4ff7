"""Tables of clips, and the couples that were found in them."""

import hashlib

import pandas as pd


def table(paths, labels=None, groups=None):
    """Return a clip table of files; the clip_id is the file's name."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    columns = {"clip_id": [path.name for path in paths], "path": [str(path) for path in paths], "sha256": digests}
    groups = groups or [f"clip:{path.name}" for path in paths]
    return pd.DataFrame(columns | {"label": labels or "x", "group": groups, "split": "", "image": ""})


def couples(pairs):
    return set(zip(pairs["clip_a"], pairs["clip_b"], strict=True))
