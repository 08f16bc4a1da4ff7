"""A folder per class with one file in several of them: one clip with several labels."""

from collections import defaultdict


def join_folders(root, clips, digest_of):
    """Return (clips, (path, reason) of the files that were joined to another, sentences on them).

    Files of the same bytes in several class folders are one clip with the labels of all. So are files of one name whose
    bytes differ, where at least half of the names that several folders share stand for the same bytes: there the name
    is an id; elsewhere, as with 001.wav in every folder, it is none. Files on two sides of a split stay apart."""
    by_bytes = _in_several(clips, lambda clip: (clip.split, digest_of[clip.path]))
    by_name = _in_several(clips, lambda clip: (clip.split, clip.name))
    differing = [same for same in by_name if len({digest_of[clip.path] for clip in same}) > 1]
    is_id = 2 * len(differing) <= len(by_name)
    kept, rejected = _joined(clips, by_bytes + (differing if is_id else []))
    notes = []
    if rejected:
        n = sum(len(clip.labels) > 1 for clip in kept)
        notes.append(f"{len(clips)} files in the class folders of {root} are {len(kept)} clips, {n} of several classes")
    if differing:
        taken = "one clip, as most names stand for the same bytes" if is_id else "different clips"
        first = " and ".join(clip.key for clip in differing[0][:2])
        notes.append(
            f"WARNING: {len(differing)} names are in several class folders of {root} with other bytes, as {first}: "
            f"they are taken for {taken}"
        )
    return kept, rejected, notes


def _in_several(clips, key_of):
    """Return lists of the clips of one key that have different labels."""
    sharing = defaultdict(list)
    for clip in clips:
        sharing[key_of(clip)].append(clip)
    return [same for same in sharing.values() if len({clip.labels for clip in same}) > 1]


def _joined(clips, joint):
    """Return (the first clip of each set that ``joint``, lists of clips, ties together; the others as rejected)."""
    head = {clip.path: clip.path for clip in clips}

    def head_of(path):
        while head[path] != path:
            path = head[path]
        return path

    for first, *others in joint:
        for other in others:
            head[head_of(other.path)] = head_of(first.path)
    together = defaultdict(list)
    for clip in clips:
        together[head_of(clip.path)].append(clip)
    kept = [
        same[0]._replace(labels=tuple(sorted({name for c in same for name in c.labels}))) for same in together.values()
    ]
    rejected = [
        (clip.path, f"is the clip {same[0].key}, which has the label {' and '.join(clip.labels)} too")
        for same in together.values()
        for clip in same[1:]
    ]
    return kept, rejected
