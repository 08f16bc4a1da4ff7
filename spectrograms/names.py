"""Names that users chose, made safe as names of files and folders."""

import re
import unicodedata

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for devices
# What would break a line, steer a terminal or turn the text around (UAX 9), and bytes that are not UTF-8 (PEP 383)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NAME_BYTES = 120  # of a safe name; file systems take 255, and a suffix is added


def safe_name(text):
    """Return ``text`` as a name for a file or folder on any system: letters, digits, '-', '.', and '_' for the rest."""
    name = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text)).strip("_").lstrip(".-")
    name = name.encode()[:NAME_BYTES].decode(errors="ignore").rstrip(".") or "_"
    return f"_{name}" if RESERVED.fullmatch(name) else name


def printable(text):
    r"""Return ``text`` as one line that any terminal and file takes; what cannot be printed is escaped, as \n, \xff."""
    return UNPRINTABLE.sub(_escaped, str(text))


def _escaped(match):
    byte = ord(match[0]) - 0xDC00  # a byte that is not UTF-8 stands as a surrogate
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else match[0].encode("unicode_escape").decode()
