"""Names that users chose, made safe as names of files and folders."""

import re
import unicodedata

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for devices
NAME_BYTES = 120  # of a safe name; file systems take 255, and a suffix is added


def safe_name(text):
    """Return ``text`` as a name for a file or folder on any system: letters, digits, '-', '.', and '_' for the rest."""
    name = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text)).strip("_").lstrip(".-")
    name = name.encode()[:NAME_BYTES].decode(errors="ignore").rstrip(".") or "_"
    return f"_{name}" if RESERVED.fullmatch(name) else name
