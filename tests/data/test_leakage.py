"""Facts about leakage: copies are found whatever was done to them, others are not; only what a split parts counts."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmark.data import fingerprints
from benchmark.data.fingerprints import near_duplicates, sound_fingerprint
from benchmark.data.leakage import ACROSS, PAIR, across, find_copies, find_same_bytes, join_copies
from benchmark.data.synthetic import GENRES, waveform
from spectrograms.params import ClipParams
from tests.support.clip_tables import couples, table
from tests.support.copies import COPIES, gain

RATE, SECONDS = 22050, 5.0
CLIP = ClipParams(duration=SECONDS)


def save(path, sound):
    soundfile.write(path, np.clip(sound, -1, 1), RATE)


def sound_of(genre, number):
    """Return a made-up mono clip of SECONDS with a peak at or above half of full scale."""
    sound = waveform(genre, 1, number, SECONDS, RATE).mean(axis=0)
    return 0.5 * sound / np.abs(sound).max()


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Four WAV files of each genre."""
    folder = tmp_path_factory.mktemp("originals")
    for genre in GENRES:
        for number in range(4):
            save(folder / f"{genre}_{number}.wav", sound_of(genre, number))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("way", [way for way in COPIES if way[0] != "beyond"], ids=lambda way: way[1])
def test_a_copy_is_found_among_other_clips_and_nothing_else_is(way, originals, cache, tmp_path):
    for genre in GENRES:
        COPIES[way](tmp_path / f"z_{genre}", sound_of(genre, 0), RATE)
    copies = sorted(tmp_path.iterdir())
    pairs = find_copies(table([*originals, *copies]), CLIP, cache, n_jobs=1)
    assert couples(pairs) == {(f"{copy.stem[2:]}_0.wav", copy.name) for copy in copies}
    assert set(pairs["relation"]) == {"same sound"}
    assert pairs["likeness"].between(fingerprints.MIN_AGREEMENT, 1).all()


def noise(seed, seconds=SECONDS):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def tone(hz):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(SECONDS * RATE)) / RATE)


def ticks(seed, interval):
    """Return the ticks of one clock, every ``interval`` seconds, in soft noise."""
    sound = noise(seed) / 30
    tick = np.random.default_rng([seed, 1]).standard_normal(400) * np.exp(-np.arange(400) / 80)
    for start in np.arange(0, SECONDS - 0.1, interval):
        sound[round(start * RATE) :][:400] += 0.5 * tick
    return sound


def in_silence(sound):
    """Return the first half second of a sound, and silence."""
    return np.where(np.arange(len(sound)) < RATE / 2, sound, 0)


LIKE_BUT_OTHER = {  # sounds of one kind that are no copies
    "steady noise": [noise(seed) for seed in range(6)],
    "steady tones": [tone(440), tone(440) * 0.9, tone(441)],
    "ticks of other clocks": [ticks(seed, 0.5) for seed in range(4)],
    "short sounds in much silence": [in_silence(noise(seed)) for seed in range(6)],
    "padded noise": [np.pad(noise(seed, 2.0), (0, 3 * RATE)) for seed in range(4)],
}


@pytest.mark.parametrize("kind", LIKE_BUT_OTHER)
def test_sounds_of_one_kind_are_no_copies(kind, tmp_path):
    for number, sound in enumerate(LIKE_BUT_OTHER[kind]):
        save(tmp_path / f"{number}.wav", sound)
    clips = table(sorted(tmp_path.glob("*.wav")))
    assert clips["sha256"].is_unique
    assert find_copies(clips, CLIP, tmp_path, n_jobs=1).empty


def test_the_same_noise_is_found_again_in_a_cut_copy(tmp_path):
    save(tmp_path / "a.wav", noise(0))
    save(tmp_path / "b.wav", noise(0)[2 * RATE :])
    assert couples(find_copies(table(sorted(tmp_path.glob("*.wav"))), CLIP, tmp_path, n_jobs=1)) == {("a.wav", "b.wav")}


def test_only_the_seconds_that_the_study_takes_count(tmp_path):
    save(tmp_path / "a.wav", np.concatenate([noise(0), noise(1)]))
    save(tmp_path / "b.wav", np.concatenate([noise(2), noise(1)]))
    clips = table(sorted(tmp_path.glob("*.wav")))
    assert find_copies(clips, CLIP, tmp_path, n_jobs=1).empty
    assert len(find_copies(clips, ClipParams(duration=5.0, offset=5.0), tmp_path, n_jobs=1)) == 1


def test_the_same_bytes_are_called_so_and_each_of_them_is_paired_with_their_copies(tmp_path):
    for name in ("a.wav", "c.wav"):
        save(tmp_path / name, sound_of("comedy", 0))
    save(tmp_path / "b.ogg", sound_of("comedy", 0))
    clips = table([tmp_path / "a.wav", tmp_path / "b.ogg", tmp_path / "c.wav"])
    pairs = find_copies(clips, CLIP, tmp_path, n_jobs=1)
    assert list(pairs.columns) == PAIR
    assert list(zip(pairs["clip_a"], pairs["clip_b"], pairs["relation"], strict=True)) == [
        ("a.wav", "b.ogg", "same sound"),
        ("a.wav", "c.wav", "same bytes"),
        ("b.ogg", "c.wav", "same sound"),
    ]
    assert pairs["likeness"][1] == 1
    assert list(pairs["path_a"]) == [str(tmp_path / name) for name in pairs["clip_a"]]


def test_the_order_of_the_rows_changes_nothing_but_the_order_of_the_pairs(originals, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "REACH", 1)  # so that not all pairs of many copies can be seen
    for decibels in range(-12, 12, 2):
        save(tmp_path / f"{decibels}.wav", gain(decibels)(sound_of("comedy", 1), RATE))
    clips = table([*originals, *sorted(tmp_path.iterdir())])
    shuffled = clips.sample(frac=1, random_state=0)
    pairs, others = (find_copies(rows, CLIP, cache, n_jobs=1) for rows in (clips, shuffled))
    likeness = {frozenset(pair[:2]): pair[2] for pair in pairs[["clip_a", "clip_b", "likeness"]].to_numpy()}
    assert likeness == {frozenset(pair[:2]): pair[2] for pair in others[["clip_a", "clip_b", "likeness"]].to_numpy()}
    place = {name: row for row, name in enumerate(shuffled["clip_id"])}
    rows = [(place[a], place[b]) for a, b in zip(others["clip_a"], others["clip_b"], strict=True)]
    assert all(a < b for a, b in rows)
    assert rows == sorted(rows)


@pytest.mark.parametrize("n_clips", [0, 1])
def test_none_and_one_clip_make_no_pair(n_clips, originals, cache):
    clips = table(originals[:1]).iloc[:n_clips]
    pairs = find_copies(clips, CLIP, cache, n_jobs=1)
    assert list(pairs.columns) == PAIR
    found = across(pairs, clips, {0: [np.array(["train"] * n_clips)]})
    assert list(found.columns) == ACROSS
    assert len(pairs) == len(found) == 0


def test_fingerprints_are_kept_and_a_broken_one_is_made_again(originals, tmp_path, monkeypatch):
    save(tmp_path / "z.ogg", sound_of("action", 0))
    clips = table([originals[0], tmp_path / "z.ogg"])
    first = find_copies(clips, CLIP, tmp_path / "cache", n_jobs=1)
    kept = sorted((tmp_path / "cache").rglob("*.npy"))
    assert [path.stem for path in kept] == sorted(clips["sha256"])
    kept[0].write_bytes(b"cut short")
    read = []
    decode = fingerprints.decode_clip
    monkeypatch.setattr(fingerprints, "decode_clip", lambda path, *rest: read.append(path) or decode(path, *rest))
    pd.testing.assert_frame_equal(find_copies(clips, CLIP, tmp_path / "cache", n_jobs=1), first)
    assert read == [clips.set_index("sha256")["path"][kept[0].stem]]


def test_silence_has_no_fingerprint_and_is_like_no_other(tmp_path):
    for seconds in (4, 5):
        save(tmp_path / f"{seconds}.wav", np.zeros(seconds * RATE))
    assert sound_fingerprint(tmp_path / "4.wav", CLIP).shape == (3, 0)
    assert find_copies(table(sorted(tmp_path.glob("*.wav"))), CLIP, tmp_path, n_jobs=1).empty


def test_among_random_fingerprints_exactly_the_planted_copies_are_found():
    rng = np.random.default_rng(0)
    prints = [fingerprints.encode(np.cumsum(rng.normal(0, 3, (33, 300)), axis=1), 8) for _ in range(300)]
    planted = [(number, 300 + number) for number in range(20)]
    prints += [prints[number][:, 5 * number :] for number, _ in planted]
    found = near_duplicates(prints)
    assert [(i, j) for i, j, _ in found] == planted
    assert all(share == 1 for _, _, share in found)


def clips_of(groups):
    """Return clips a, b, c ... of these groups, as a table that needs no files."""
    names = list("abcdefgh")[: len(groups)]
    paths = [f"/{name}" for name in names]
    return pd.DataFrame({"clip_id": names, "path": paths, "label": "x", "group": groups})


def pairs_of(*couples):
    return pd.DataFrame([(a, b, f"/{a}", f"/{b}", "same sound", 0.9) for a, b in couples], columns=PAIR)


def parts(letters):
    """Return one fold: t, v and e are train, val and test."""
    return np.array([{"t": "train", "v": "val", "e": "test"}[letter] for letter in letters])


FOLDS = {3: [parts("ttttve"), parts("ttvtve")], 5: [parts("tevtve")]}
ASIDE = {0: [parts("tttvev")]}


@pytest.mark.parametrize(
    ("couple", "expected"),
    [
        (("a", "d"), None),  # in train together, always
        (("e", "f"), ("val", "test", 3, 0, 3)),
        (("a", "c"), ("train", "val", 3, 1, 2)),
        (("a", "b"), ("train", "test", 5, 0, 1)),
    ],
)
def test_a_pair_counts_where_its_clips_are_in_different_splits(couple, expected):
    found = across(pairs_of(couple), clips_of(list("ABCDEF")), FOLDS)
    assert [tuple(row) for row in found[ACROSS[6:11]].to_numpy()] == ([expected] if expected else [])
    assert list(found.columns) == ACROSS
    assert not found.isna().any().any()


GROUPED = {  # couples, groups, labels, split: what is told
    "a group on two sides, once for each clip parted from its first": (
        [], "GHGGHI", "xxxxxx", FOLDS, [("a", "c", "same group", 2, "x", "x"), ("b", "e", "same group", 3, "x", "x")],
    ),
    "a copy within a group, as such": (["ef"], "ABCDGG", "xxxxxx", FOLDS, [("e", "f", "same sound", 3, "x", "x")]),
    "copies under two labels, though no split parts them": (
        ["ab", "ac", "ef"], "ABCDEF", "xyxxxy", ASIDE,
        [("a", "b", "same sound", 0, "x", "y"), ("e", "f", "same sound", 1, "x", "y")],
    ),
    "no group of two labels": ([], "GGCDEF", "xyxxxy", ASIDE, []),
}  # fmt: skip


@pytest.mark.parametrize("what", GROUPED)
def test_of_groups_and_labels_is_told(what):
    pairs, groups, labels, folds, expected = GROUPED[what]
    found = across(pairs_of(*pairs), clips_of(list(groups)).assign(label=list(labels)), folds)
    columns = ["clip_a", "clip_b", "relation", "n_folds", "label_a", "label_b"]
    assert [tuple(row) for row in found[columns].to_numpy()] == expected
    assert (found["likeness"] == np.where(found["relation"] == "same group", 1, 0.9)).all()


def test_the_same_bytes_are_found_without_reading_a_file():
    clips = clips_of(list("ABCD")).assign(sha256=["1", "2", "1", "1"])
    found = find_same_bytes(clips)
    assert list(zip(found["clip_a"], found["clip_b"], strict=True)) == [("a", "c"), ("a", "d"), ("c", "d")]
    assert find_same_bytes(clips.iloc[:2]).empty


def test_groups_that_copies_tie_together_become_one_and_others_stay():
    # a-b and b-c chain three groups; d is in c's group already; e, f have a pair of their own; g, h have none
    clips = clips_of(["clip:a", "film", "clip:c", "clip:c", "clip:e", "clip:f", "own", "clip:h"])
    joined = join_copies(clips, pairs_of(("a", "b"), ("b", "c"), ("e", "f")))
    assert joined["group"].tolist() == ["film"] * 4 + ["clip:e"] * 2 + ["own", "clip:h"]
    assert join_copies(clips, pairs_of())["group"].tolist() == clips["group"].tolist()
