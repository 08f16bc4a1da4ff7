"""The split of a data set that a file of its own gives by the names of clips: MovieNet's splits.json."""

from benchmark.data.conversion.label_files import read_split
from benchmark.data.label_columns import listed
from benchmark.errors import StudyError


def split_by_name(path, found):
    """Return (the Found clips with their part in a JSON of :func:`read_split`, [(path, reason)] of others, notes).

    A clip that is in no part is set aside. Raises :class:`StudyError` where the file names none of the clips."""
    parts = read_split(path)
    kept = [clip._replace(split=parts[clip.name]) for clip in found if clip.name in parts]
    if found and not kept:
        raise StudyError(
            f"{path} names none of the clips: it has names such as {listed(list(parts)[:3])}, and clips are called "
            f"{listed([clip.name for clip in found[:3]])}, their files without the extension"
        )
    rejected = [(clip.path, f"is in no part of {path}") for clip in found if clip.name not in parts]
    absent = sorted(parts.keys() - {clip.name for clip in kept})
    notes = [f"{len(absent)} names of {path} have no clip: {listed(absent)}"] if absent else []
    return kept, rejected, notes
