"""Where a clip lies: in a file of its own, or as one of many in an HDF5 file, at the address FILE.h5#ID.

ID is the name of the clip's group in the file. Any text may be one: what HDF5 or a line of text does not bear is
escaped in the name as in a URL, so that ``a/b`` is ``a%2Fb``."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

ADDRESS = re.compile(r"(?P<file>.+?\.(?:h5|hdf5))#(?P<id>.+)", re.DOTALL | re.IGNORECASE)
# What means something in the name of a group or in an escape, and what would break a line or is no UTF-8
ESCAPED = re.compile(r"[%/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\.(?=\.?$)")


def split_address(path):
    """Return (the file of a clip, the name of its group in it, '' where the file is the clip)."""
    match = ADDRESS.fullmatch(str(path))
    return (match["file"], match["id"]) if match else (str(path), "")


def file_of(path):
    """Return the file that a clip lies in."""
    return split_address(path)[0]


def name_of(path):
    """Return the name of a clip: its id, or that of its file without the extension."""
    file, name = split_address(path)
    return unquote(name) if name else Path(file).stem


def group_name(clip_id):
    """Return the name of the group of a clip in an HDF5 file, from any text that is not empty."""
    return ESCAPED.sub(lambda match: quote(match[0], safe="", errors="surrogatepass").replace(".", "%2E"), clip_id)
