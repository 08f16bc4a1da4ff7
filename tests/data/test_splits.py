"""Facts about make_splits; the counts are those that MATLAB's pages and visutsak2025 print."""

import numpy as np
import pandas as pd
import pytest

from benchmark.config.study import DatasetParams, SplitParams
from benchmark.data.clips import find_clips
from benchmark.data.group_search import assign_groups
from benchmark.data.splits import holdout_counts, make_splits
from benchmark.errors import StudyError
from tests.support.clip_tables import hash_of
from tests.support.sources import SHARED

ESC5 = SHARED / "data" / "esc5"
SEEDS = range(12)

# Class sizes that give the paper's two sets at 0.7 / 0.1 / 0.2: val of 77 and test of 153 (visutsak2025, Table 3).
PAPER = {  # label: (clips, val, test)
    "Action": (130, 13, 26),
    "Comedy": (120, 12, 24),
    "Drama": (177, 18, 35),
    "Romance": (163, 16, 33),
    "Thriller": (177, 18, 35),
}


def table(sizes, group_of=None):
    """Return a clip table with so many clips per label; ``group_of`` gives clip i of a label its group."""
    rows = [
        (f"{label}_{i:03d}", label, group_of(label, i) if group_of else f"{label}_{i}", "")
        for label, n in sizes.items()
        for i in range(n)
    ]
    clips = pd.DataFrame(rows, columns=["clip_id", "label", "group", "split"])
    return clips.assign(sha256=clips["clip_id"].map(hash_of))


def counts(clips, fold):
    """Return {label: (train, val, test)}."""
    places = pd.crosstab(clips["label"], fold).reindex(columns=["train", "val", "test"], fill_value=0)
    return {label: tuple(row) for label, row in zip(places.index, places.to_numpy().tolist(), strict=True)}


def assert_no_group_on_two_sides(clips, fold):
    assert (pd.Series(fold).groupby(clips["group"].to_numpy()).nunique() == 1).all()


def test_class_sizes_that_give_the_papers_supports_which_rounding_down_cannot():
    for n, val, test in PAPER.values():
        assert holdout_counts(n, (0.7, 0.1, 0.2)) == (n - val - test, val, test)
    assert not any(holdout_counts(n, (0.7, 0.1, 0.2), "floor")[1:] == (18, 35) for n in range(1, 400))


@pytest.mark.parametrize(
    ("n", "fraction", "rounding", "first"),
    [
        (15, 0.7, "matlab", 11),  # MerchData: five classes of 15 give 55 and 20
        (6, 0.6, "matlab", 4),  # the page of splitEachLabel: 5 of 6 and 2 files
        (2, 0.6, "matlab", 1),
        (45, 0.7, "matlab", 32),  # 31.5, which floating point makes 31.499999999999996
        (5, 0.7, "matlab", 4),  # 3.5, where Python's round gives 4 ...
        (5, 0.5, "matlab", 3),  # ... and 2.5, where it gives 2
        (100, 0.29, "floor", 29),  # 28.999999999999996 in floating point
        (15, 0.7, "floor", 10),
    ],
)
def test_counts_round_half_up_in_spite_of_floating_point(n, fraction, rounding, first):
    assert holdout_counts(n, (fraction, 1 - fraction), rounding) == (first, n - first)


@pytest.mark.parametrize("rounding", ["matlab", "floor"])
@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.2), (0.5, 0.45, 0.05), (0.34, 0.33, 0.33), (0.05, 0.05, 0.9)])
def test_counts_add_up_and_are_never_negative(fractions, rounding):
    for n in range(300):
        parts = holdout_counts(n, fractions, rounding)
        assert sum(parts) == n
        assert min(parts) >= 0


@pytest.mark.parametrize("rounding", ["matlab", "floor"])
def test_holdout_takes_the_counts_per_label(rounding):
    sizes = {"a": 15, "b": 33, "c": 78}
    clips = table(sizes)
    (fold,) = make_splits(clips, SplitParams(rounding=rounding), seed=3)
    assert counts(clips, fold) == {label: holdout_counts(n, (0.7, 0.1, 0.2), rounding) for label, n in sizes.items()}


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_another_seed_draws_another_split(protocol):
    clips = table({"a": 30, "b": 30})
    drawn = {tuple(make_splits(clips, SplitParams(protocol=protocol), seed)[0]) for seed in SEEDS}
    assert len(drawn) == len(SEEDS)


def test_every_clip_comes_to_test_about_as_often():
    clips = table({"a": 10, "b": 10})
    times = sum(np.asarray(make_splits(clips, SplitParams(), seed)[0] == "test", int) for seed in range(400))
    # 2 of 10: 80 of 400 expected, standard deviation 8; five of them are all but never exceeded.
    assert 40 <= times.min() <= times.max() <= 120


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_no_group_is_on_two_sides_even_where_it_spans_labels(protocol, seed):
    rng = np.random.default_rng(seed)
    clips = table({"a": 60, "b": 80, "c": 50}, lambda label, i: f"g{rng.integers(40)}")
    for fold in make_splits(clips, SplitParams(protocol=protocol), seed):
        assert_no_group_on_two_sides(clips, fold)
        assert min(min(row) for row in counts(clips, fold).values()) >= 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("takes", [1, 4])
def test_over_the_folds_every_clip_is_test_once(takes, seed):
    clips = table({"a": 40, "b": 60, "c": 52}, lambda label, i: f"{label}{i // takes}")
    folds = make_splits(clips, SplitParams(protocol="kfold", folds=4), seed)
    assert len(folds) == 4
    assert (np.sum([fold == "test" for fold in folds], axis=0) == 1).all()


def test_validation_of_a_fold_keeps_the_ratio_of_val_to_train():
    clips = table({"a": 50, "b": 100})
    for fold in make_splits(clips, SplitParams(protocol="kfold", folds=5), seed=0):
        assert counts(clips, fold) == {"a": (35, 5, 10), "b": (70, 10, 20)}  # 1/8 of the 40 and 80 that are not test


def test_groups_of_one_size_come_as_near_to_the_counts_as_they_can():
    clips = table({"a": 70, "b": 70}, lambda label, i: f"{label}{i // 7}")
    for seed in SEEDS:
        (fold,) = make_splits(clips, SplitParams(), seed)
        assert counts(clips, fold) == {"a": (49, 7, 14), "b": (49, 7, 14)}  # whole sevens: exactly 7, 1 and 2 groups


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_finds_the_best_of_all_assignments(seed):
    rng = np.random.default_rng(seed)
    sizes, targets = rng.integers(0, 5, (6, 2)), np.array([[8, 7], [3, 3]])
    every = [[(number >> group) & 1 for group in range(6)] for number in range(2**6)]

    def misfit(parts):
        held = np.array([sizes[np.array(parts) == part].sum(axis=0) for part in (0, 1)])
        return (held == 0).sum() * 1000 + ((held - targets) ** 2 / targets).sum()

    found = misfit(assign_groups(sizes, targets, rng))
    assert found == pytest.approx(min(map(misfit, every)), abs=1e-9)  # the same sums in another order


def test_real_recordings_get_the_exact_counts_with_no_source_on_two_sides(tmp_path):
    if not ESC5.is_dir():
        pytest.skip(f"needs the recordings in {ESC5}")
    clips, _ = find_clips(DatasetParams(root=ESC5, group_pattern=r"^\d-\d+"), tmp_path)
    for seed in SEEDS:
        (fold,) = make_splits(clips, SplitParams(), seed)
        assert_no_group_on_two_sides(clips, fold)
        assert set(counts(clips, fold).values()) == {(28, 4, 8)}  # 0.7, 0.1, 0.2 of 40


@pytest.mark.parametrize(
    ("split", "n", "message"),
    [  # 5 clips: round half up gives 4 + 1 and leaves none for test; 6: 4 + 1 + 1
        (SplitParams(), 5, r"'b' has 5 clips.*at least 6"),
        (SplitParams(protocol="kfold", fractions=(0.4, 0.4, 0.2)), 4, r"'b' has 4 clips; 5 folds.*at least 5"),
    ],
)
def test_too_few_clips_says_how_many_are_needed(split, n, message):
    with pytest.raises(StudyError, match=message):
        make_splits(table({"a": 20, "b": n}), split, seed=0)
    make_splits(table({"a": 20, "b": n + 1}), split, seed=0)


@pytest.mark.parametrize(("protocol", "needed"), [("holdout", 3), ("kfold", 5)])
def test_too_few_groups_names_label_clips_and_groups(protocol, needed):
    clips = table({"a": 40, "b": 40}, lambda label, i: f"{label}{i % 2 if label == 'b' else i}")
    with pytest.raises(StudyError, match=rf"'b' has 40 clips in 2 groups.*at least {needed} groups"):
        make_splits(clips, SplitParams(protocol=protocol), seed=0)


def test_groups_that_tie_labels_together_beyond_remedy_are_an_error():
    # Four groups, each label in three of them: two of the four are in one split, and the label in both lacks another.
    members = {"a": "123", "b": "124", "c": "134", "d": "234"}
    clips = table(dict.fromkeys(members, 12), lambda label, i: members[label][i % 3])
    with pytest.raises(StudyError, match="12 clips are in 3 groups, which other labels share"):
        make_splits(clips, SplitParams(), seed=0)


def predefined(a, b=None):
    """Return clips of the classes a and b, whose splits are given in words; those of b are a's unless said."""
    splits = [("" if split == "none" else split) for words in (a, b or a) for split in words.split()]
    return table({"a": len(a.split()), "b": len((b or a).split())}).assign(split=splits)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("train val test none", None, r"2 of 8 clips have no split, such as 'a_003'"),
        ("train val test training", None, r"2 of 8 clips have no split"),
        ("train train test train", None, "train and a val drawn from it need at least 5"),
        ("val val test val", None, "no clip into train"),
        ("train val train train", None, "no clip into test"),
        ("train val test", "val test", "no clip of 'b' into train"),
    ],
)
def test_an_incomplete_predefined_split_is_an_error(a, b, message):
    with pytest.raises(StudyError, match=message):
        make_splits(predefined(a, b), SplitParams(protocol="predefined"), seed=0)


def test_a_predefined_split_with_a_group_on_two_sides_is_an_error():
    clips = predefined("train val test train")
    clips.loc[clips["clip_id"].isin(["a_000", "b_002"]), "group"] = "film"
    with pytest.raises(StudyError, match="group 'film' is in test and train"):
        make_splits(clips, SplitParams(protocol="predefined"), seed=0)


def test_auto_is_the_split_that_is_given_else_holdout():
    clips = table({"a": 20, "b": 20})
    assert (
        make_splits(clips, SplitParams(), 1)[0].tolist()
        == make_splits(clips, SplitParams(protocol="holdout"), 1)[0].tolist()
    )
    given = clips.assign(split=["train", "val", "test", "train"] * 10)
    assert make_splits(given, SplitParams(), seed=1)[0].tolist() == given["split"].tolist()
    assert make_splits(given, SplitParams(protocol="holdout"), 1)[0].tolist() != given["split"].tolist()
    with pytest.raises(StudyError, match=r"1 of 40 clips have no split, such as 'a_000'.*protocol: holdout"):
        make_splits(given.assign(split=["", *given["split"][1:]]), SplitParams(), seed=1)


@pytest.mark.parametrize("takes", [1, 4])
def test_where_val_is_not_given_it_is_drawn_from_train_alone(takes):
    clips = table({"a": 100, "b": 50}, lambda label, i: f"{label}{i // takes}")
    clips["split"] = np.where(clips["group"].str[1:].astype(int) % 5 == 0, "test", "train")
    folds = [make_splits(clips, SplitParams(), seed)[0] for seed in SEEDS]
    for fold in folds:
        assert ((fold == "test") == (clips["split"] == "test")).all()
        assert_no_group_on_two_sides(clips, fold)
        for label, (train, val, _) in counts(clips, fold).items():
            assert val / (train + val) == pytest.approx(1 / 8, abs=0.06), label  # 0.1 of 0.7 + 0.1; whole groups of 4
    assert len({tuple(fold) for fold in folds}) == len(SEEDS)
