"""Fingerprints of sounds, and which of them are near duplicates though no byte is the same.

The bits are those of Haitsma & Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: in each frame, the
sign of the change over time of the difference between neighbouring bands. Two things are added. A bit counts only where
its change is strong in both clips, so that silence, padding, steady tones and the noise of a codec have no say. And
clips are looked up by few frames, the anchors: those whose weakest bit is stronger than in the frames around them.
A copy has the same anchors, so there is no need to compare every frame, or every clip, with every other.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d

from spectrograms.audio import clip_of, decode_clip
from spectrograms.errors import AudioError
from spectrograms.mel import log_mel
from spectrograms.params import MelParams

# What copies keep whatever was done to them: the band of a telephone, in windows of a quarter of a second.
SOUND = MelParams(sample_rate=8000, n_fft=2048, hop_length=128, n_mels=33, fmin=150.0, fmax=3800.0, top_db=80.0)
FLOOR = -60.0  # dB below the clip's peak: what is softer is taken for silence
LAG = 8  # frames (128 ms) from a level to the one it is compared with
STRONG = 1.0  # dB: a smaller change may have either sign in a copy
WEAKEST = 0.1  # dB: an anchor's weakest bit has at least this change
NEAR = 2  # frames on either side that an anchor's weakest bit outdoes; also how far a copy's anchors may lie off

KEYS = [sum(1 << bit for bit in range(32) if bit % 3 != left_out) for left_out in range(3)]  # bits looked up as one
REACH = 64  # clips with the same key that one clip is paired with: a key that all share tells nothing
VOTES = 2  # anchors that must agree on a shift before two clips are compared
HOPEFUL = 0.65  # share of strong bits in common at the voted shift, below which none around it is tried
MIN_AGREEMENT = 0.8  # share of strong bits that copies have in common; of unrelated sounds it is 0.5
SURE = 17.0  # least (2 * share - 1) * sqrt(n bits): few bits must agree better than many

EMPTY = np.zeros((3, 0), np.uint32)  # of a clip with nothing to go by
HASH = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Knuth, The Art of Computer Programming 3, 6.4
SETTINGS = [SOUND.model_dump(), FLOOR, LAG, STRONG, WEAKEST, NEAR, KEYS]


def sound_fingerprint(path, clip):
    """Return :func:`fingerprint_of` a file; no frames where it cannot be read."""
    try:
        return fingerprint_of(decode_clip(path, clip), clip)
    except AudioError:
        return EMPTY


def fingerprint_of(sound, clip):
    """Return the fingerprint of the seconds of a Sound that ``clip`` (ClipParams) asks for: (3, n_frames) uint32.

    The rows are bits, which of them are strong, and flags of the anchors, as :func:`encode` makes them; 62.5 frames a
    second. Volume is nothing to it. No frames where there is silence."""
    try:
        waveform = clip_of(sound, clip, SOUND.sample_rate).waveform
    except AudioError:  # silent once it is resampled
        return EMPTY
    power = 10 ** (log_mel(waveform, SOUND).astype(float) / 10)
    return encode(10 * np.log10(power + 10 ** (FLOOR / 10)), LAG)


def encode(levels, lag):
    """Return the fingerprint of ``levels``, shape (33, n_frames) in dB, as (3, n_frames) uint32.

    Bit b of row 0 is the sign of the change over ``lag`` frames of level b less level b + 1, and bit b of row 1 whether
    this change is strong. Bit k of row 2 marks the anchors of KEYS[k]."""
    steps = levels[:-1] - levels[1:]
    changes = np.zeros_like(steps)
    changes[:, lag:] = steps[:, lag:] - steps[:, :-lag]
    sizes, anchors = np.abs(changes), []
    for key in KEYS:
        weakest = sizes[[bool(key >> bit & 1) for bit in range(32)]].min(axis=0)
        anchors.append((weakest >= maximum_filter1d(weakest, 2 * NEAR + 1)) & (weakest > WEAKEST))
    return np.stack([_pack(changes > 0), _pack(sizes >= STRONG), _pack(np.array(anchors))])


def _pack(flags):
    """Return flags (n_bits, n_frames) as one number per frame, (n_frames,) uint32."""
    return (flags * (np.uint32(1) << np.arange(len(flags), dtype=np.uint32))[:, None]).sum(axis=0, dtype=np.uint32)


def near_duplicates(prints):
    """Return [(i, j, share of strong bits in common), ...] with i < j of the fingerprints that are of copies, in order.

    A copy may be cut or shifted. At most 2**20 fingerprints of as many frames."""
    best = {}
    for i, j, shift in _candidates(_anchors(prints)):
        if agreement(prints[i], prints[j], shift)[0] < HOPEFUL:
            continue
        for tried in range(shift - NEAR, shift + NEAR + 1):
            share, n_bits = agreement(prints[i], prints[j], tried)
            sureness = (2 * share - 1) * n_bits**0.5
            if share >= MIN_AGREEMENT and sureness >= SURE:
                best[i, j] = max(best.get((i, j), (0, 0)), (sureness, share))
    return [(i, j, share) for (i, j), (_, share) in sorted(best.items())]


def agreement(one, other, shift):
    """Return (share, n): of the n bits strong in both, the share that is the same, 0 for none.

    Frame t of ``one`` is held against frame t + ``shift`` of ``other``; what overhangs is left out."""
    first = max(0, -shift)
    last = max(first, min(one.shape[1], other.shape[1] - shift))
    one, other = one[:, first:last], other[:, first + shift : last + shift]
    strong = one[1] & other[1]
    n_bits = int(np.bitwise_count(strong).sum(dtype=int))
    wrong = int(np.bitwise_count((one[0] ^ other[0]) & strong).sum(dtype=int))
    return 1 - wrong / n_bits if n_bits else 0.0, n_bits


def _anchors(prints):
    """Return all anchors, sorted, (n_anchors,) uint64: 24 bits of what they look like, 20 of the clip, 20 of the frame.

    A key is mixed with its number, for each key leaves out other bits."""
    codes = [np.empty(0, np.uint64)]
    for clip, (bits, _, flags) in enumerate(prints):
        for number, key in enumerate(KEYS):
            frames = np.flatnonzero(flags >> np.uint32(number) & np.uint32(1)).astype(np.uint64)
            seen = (bits[frames] & np.uint32(key)).astype(np.uint64) | np.uint64(number << 32)
            codes.append((seen * HASH) >> np.uint64(40) << np.uint64(40) | np.uint64(clip << 20) | frames)
    return np.sort(np.concatenate(codes))


def _candidates(anchors):
    """Yield (i, j, shift) of the clips that VOTES anchors or more put at one shift, give or take NEAR frames."""
    votes = np.sort(np.concatenate([np.empty(0, np.int64), *_votes(anchors)]))
    starts = np.flatnonzero(np.diff(votes, prepend=-(2**40)) > NEAR)
    counts = np.diff(starts, append=len(votes))
    for vote in votes[(starts + counts // 2)[counts >= VOTES]].tolist():
        yield vote >> 41, vote >> 21 & (2**20 - 1), (vote & (2**21 - 1)) - 2**20


def _votes(anchors):
    """Yield arrays of votes, int64: 20 bits of clip i, 20 of clip j, 21 of the shift plus 2**20, which is above 0."""
    looks, places = anchors >> np.uint64(40), (anchors & np.uint64(2**40 - 1)).astype(np.int64)
    for step in range(1, REACH + 1):
        same = np.flatnonzero(looks[step:] == looks[:-step])
        if not len(same):  # no look is shared by more anchors than this
            return
        one, other = places[same], places[same + step]
        shift = (other & (2**20 - 1)) - (one & (2**20 - 1)) + 2**20
        vote = (one >> 20 << 41) | (other >> 20 << 21) | shift
        yield vote[one >> 20 != other >> 20]
