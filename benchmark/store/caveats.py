"""What a reader of results must know of the clips, in sentences: for the terminal and for the data card."""

import pandas as pd

MOSTLY = 0.5  # share of a clip below which its own sound is the smaller part
REST = {"pad": "padding", "loop": "repetition"}  # what fills the rest, by clip.short
MOST = 5  # kinds of caveats that are told


def on_padding(clips, clip):
    """Return a sentence on clips that are mostly padding, '' where there are none; films are as long as they are.

    ``clips`` has a column ``seconds``, of sound in each clip; ``clip`` is a mapping with duration and short."""
    is_sound = "seconds" in clips and "n_frames" not in clips
    seconds = pd.to_numeric(clips["seconds"], errors="coerce") if is_sound else pd.Series(dtype=float)
    short = seconds[seconds < MOSTLY * clip["duration"]]
    if short.empty or clip["short"] == "keep":
        return ""
    return (
        f"{len(short)} of {len(clips)} clips are mostly {REST.get(clip['short'], 'padding')}: {short.median():.1f} s "
        f"of sound in clips of {clip['duration']:g} s (median); set clip.duration"
    )


def on_frames(clips):
    """Return a sentence on how many frames are read of each film, '' where clips are none.

    ``clips`` has a column ``n_frames`` where they are."""
    if "n_frames" not in clips or clips.empty:
        return ""
    counts = pd.to_numeric(clips["n_frames"])
    return f"frames per clip: at least {counts.min()}, in the median {counts.median():g}, at most {counts.max()}"


def on_clips(clips):
    """Return a sentence per kind of caveat in the column ``caveat``, the most frequent first."""
    counts = clips["caveat"][clips["caveat"] != ""].value_counts() if "caveat" in clips else pd.Series(dtype=int)
    told = [f"{n} of {len(clips)} clips: {caveat}" for caveat, n in counts.head(MOST).items()]
    return told + ([f"{counts[MOST:].sum()} clips with other caveats, see clips.csv"] if len(counts) > MOST else [])
