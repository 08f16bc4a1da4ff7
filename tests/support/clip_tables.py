"""Files and tables of clips, and the couples that were found in them."""

import hashlib

import pandas as pd


def table(paths):
    """Return a clip table of files; the clip_id is the file's name."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    columns = {"clip_id": [path.name for path in paths], "path": [str(path) for path in paths], "sha256": digests}
    return pd.DataFrame(columns | {"label": "x", "group": [f"clip:{path.name}" for path in paths], "split": ""})


def hash_of(text):
    """Return the SHA-256 of a text, as a clip table has it of a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def put(path, content=b"sound"):
    """Write a file, and the folders that it lies in; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def couples(pairs):
    return set(zip(pairs["clip_a"], pairs["clip_b"], strict=True))
