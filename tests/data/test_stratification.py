"""Splits of clips with several labels: near each class' share, never through a group, the best of small cases."""

import ast
import time
from itertools import product

import numpy as np
import pandas as pd
import pytest

from benchmark.config.study import SplitParams
from benchmark.data.splits import make_splits, too_rare
from benchmark.data.stratification import counts, misfit, stratify
from benchmark.errors import StudyError
from benchmark.store.labels import to_text
from tests.support.clip_tables import hash_of

PARTS = ["train", "val", "test"]
FRACTIONS = (0.7, 0.1, 0.2)


def labels_of(n, prevalences, seed, empty=0.0):
    """Return random labels (n, n_classes), the first of ``empty`` of the clips without any."""
    labels = np.random.default_rng(seed).random((n, len(prevalences))) < prevalences
    labels[: int(empty * n)] = False
    return labels


def table(labels, groups=None, names=None):
    """Return a clip table whose bytes are told by the row's number, whatever the clip is called."""
    numbers = range(len(labels))
    classes = [f"c{column:02}" for column in range(labels.shape[1])]
    ids = [f"{(names or 'clip')}{number:05}" for number in numbers]
    columns = {
        "clip_id": ids,
        "label": to_text(labels, classes),
        "split": "",
        "sha256": list(map(hash_of, map(str, numbers))),
    }
    return pd.DataFrame(columns | {"group": ids if groups is None else [f"{names}{group}" for group in groups]})


def deviation(labels, parts, fractions):
    """Return the largest distance of a class, or of the clips without any, from its share: in max(2 clips, 1 %)."""
    columns = np.column_stack([labels, ~labels.any(axis=1), np.ones(len(labels), bool)])
    wanted = np.outer(fractions, columns.sum(axis=0))
    held = np.array([columns[parts == part].sum(axis=0) for part in range(len(fractions))])
    return (np.abs(held - wanted) / np.maximum(2, 0.01 * wanted)).max()


@pytest.fixture(scope="module")
def movienet(shared):
    file = shared / "data" / "movienet" / "trailers_genres_clean.csv"
    if not file.is_file():
        pytest.skip(f"needs the labels in {file}")
    genres = pd.read_csv(file)["genres"].map(ast.literal_eval)
    classes = sorted({name for names in genres for name in names if name[0].isalpha()})  # one is '-1ru6xV7SOMDrama'
    assert (len(genres), len(classes)) == (26412, 21)
    return np.array([[name in names for name in classes] for names in genres])


SHARES = {"holdout": FRACTIONS, "five folds": (0.2,) * 5, "val from train": (0.875, 0.125), "thirds": (0.5, 0.2, 0.3)}


@pytest.mark.parametrize("shares", SHARES)
def test_each_genre_of_26412_trailers_is_near_its_share_in_every_part(movienet, shares):
    began = time.process_time()
    parts = stratify(movienet, np.arange(len(movienet)), np.array(SHARES[shares]), np.random.default_rng(0))
    assert deviation(movienet, parts, SHARES[shares]) <= 1
    assert time.process_time() - began < 30  # some 3 s where nothing else runs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("empty", [0, 0.3])
def test_each_class_and_the_clips_without_any_are_near_their_share(seed, empty):
    labels = labels_of(900, [0.5, 0.3, 0.1, 0.05, 0.02], seed, empty)
    (fold,) = make_splits(table(labels), SplitParams(), seed)
    parts = np.searchsorted(sorted(PARTS), fold)
    assert deviation(labels, parts, [dict(zip(PARTS, FRACTIONS, strict=True))[part] for part in sorted(PARTS)]) <= 1


@pytest.mark.parametrize("takes", [1, 3])
def test_over_the_folds_every_clip_is_test_once_and_every_class_is_in_each(takes):
    labels = labels_of(300, [0.4, 0.2, 0.1], 0, 0.1)
    clips = table(labels, np.arange(300) // takes)
    folds = make_splits(clips, SplitParams(protocol="kfold", folds=4), 0)
    assert (np.sum([fold == "test" for fold in folds], axis=0) == 1).all()
    for fold in folds:
        assert (pd.Series(fold).groupby(clips["group"]).nunique() == 1).all()
        for part, share in zip(PARTS, (0.75 * 7 / 8, 0.75 / 8, 0.25), strict=True):
            held = labels[fold == part].sum(axis=0)
            assert np.abs(held - share * labels.sum(axis=0)).max() <= 2 * takes


@pytest.mark.parametrize("takes", [1, 4])
def test_where_val_is_not_given_it_is_drawn_from_train_alone(takes):
    labels = labels_of(400, [0.4, 0.2, 0.1], 0, 0.1)
    clips = table(labels, np.arange(400) // takes)
    clips["split"] = np.where(np.arange(400) // takes % 5 == 0, "test", "train")
    (fold,) = make_splits(clips, SplitParams(), 0)
    assert ((fold == "test") == (clips["split"] == "test")).all()
    held, wanted = labels[fold == "val"].sum(axis=0), labels[fold != "test"].sum(axis=0) / 8
    assert np.abs(held - wanted).max() <= 2
    given = clips.assign(split=fold)
    assert make_splits(given, SplitParams(), 5)[0].tolist() == fold.tolist()


def small_case(seed, n_groups=8):
    """Return (labels, group of each clip, counts of the groups) of a few groups of one to four clips."""
    rng = np.random.default_rng(seed)
    of_group = np.repeat(np.arange(n_groups), rng.integers(1, 5, n_groups))
    labels = rng.random((len(of_group), 4)) < 0.4
    labels = labels[:, labels.any(axis=0)]
    columns = np.column_stack([labels, ~labels.any(axis=1), np.ones(len(labels), bool)])
    sizes = np.array([columns[of_group == group].sum(axis=0) for group in range(n_groups)], float)
    return labels, of_group, sizes[:, sizes.any(axis=0)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("fractions", [(0.5, 0.25, 0.25), FRACTIONS])
def test_the_search_finds_the_best_of_all_assignments(seed, fractions):
    labels, of_group, sizes = small_case(seed)
    targets = np.outer(fractions, sizes.sum(axis=0))
    every = np.array(list(product(range(3), repeat=len(sizes))))
    held = np.stack([(every == part).astype(float) @ sizes for part in range(3)], axis=1)
    best = misfit(held, targets).sum(axis=1).min()
    parts = stratify(labels, of_group, np.array(fractions), np.random.default_rng(0))
    found = np.array([parts[of_group == group][0] for group in range(len(sizes))])
    assert misfit(counts(sizes, found, 3), targets).sum() == pytest.approx(best, rel=1e-9)  # sums in another order


def groups_of_films(seed, n_groups=150):
    """Return (labels, groups) of films with some scenes each; the scenes of one share most of their labels."""
    rng = np.random.default_rng(seed)
    of_group = np.repeat(np.arange(n_groups), rng.integers(1, 12, n_groups))
    of_film = rng.random((n_groups, 8)) < np.linspace(0.1, 0.5, 8)
    return of_film[of_group] & (rng.random((len(of_group), 8)) < 0.8), of_group


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_shared_out_better_than_in_the_best_of_200_random_draws(seed):
    labels, of_group = groups_of_films(seed)
    columns = np.column_stack([labels, ~labels.any(axis=1), np.ones(len(labels), bool)])
    targets, rng = np.outer(FRACTIONS, columns.sum(axis=0)), np.random.default_rng(seed)

    def distance(parts):
        held = np.array([columns[parts == part].sum(axis=0) for part in range(3)])
        return ((held - targets) ** 2 / targets).sum()

    draws = [rng.choice(3, of_group.max() + 1, p=FRACTIONS)[of_group] for _ in range(200)]
    parts = stratify(labels, of_group, np.array(FRACTIONS), rng)
    assert (pd.Series(parts).groupby(of_group).nunique() == 1).all()
    assert distance(parts) < 0.1 * min(map(distance, draws))  # by far


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_split_depends_on_bytes_alone_and_each_seed_draws_another(protocol, grouped):
    labels, of_group = groups_of_films(0, 60)
    of_group = of_group if grouped else None
    split, order = SplitParams(protocol=protocol, folds=3), np.random.default_rng(0).permutation(len(labels))
    clips, renamed = table(labels, of_group, "a"), table(labels, of_group, "z")
    drawn = make_splits(clips, split, 3)
    again = make_splits(renamed.iloc[order], split, 3)
    assert [fold.tolist() for fold in again] == [fold[order].tolist() for fold in drawn]
    assert drawn[0].tolist() != make_splits(clips, split, 4)[0].tolist()


def rare(n):
    """Return 60 clips of which ``n`` have the class c02."""
    labels = np.zeros((60, 3), bool)
    labels[:40, 0] = labels[20:, 1] = labels[:n, 2] = True
    return labels


@pytest.mark.parametrize(
    ("split", "needed"),
    [
        (SplitParams(), 3),
        (SplitParams(protocol="kfold", folds=5), 5),
        (SplitParams(protocol="kfold", folds=2), 4),  # one of three would be left without train or val
    ],
)
def test_a_class_needs_a_clip_for_each_part(split, needed):
    with pytest.raises(StudyError, match=rf"'c02' has {needed - 1} clips.*at least {needed}.*classes\.rare: drop"):
        make_splits(table(rare(needed - 1)), split, 0)
    assert list(too_rare(table(rare(needed - 1)), split)) == ["c02"]
    for seed in range(5):
        for fold in make_splits(table(rare(needed)), split, seed):
            assert set(fold[:needed]) == set(PARTS)


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_where_rare_classes_are_kept_they_may_miss_in_a_part(protocol):
    for labels in (
        rare(1),
        rare(1)[:, [2, 2, 2]] | np.eye(3, dtype=bool)[np.arange(60) // 30],
    ):  # several labels; and two
        folds = make_splits(table(labels), SplitParams(protocol=protocol), 0, "keep")
        assert all(set(fold) == set(PARTS) for fold in folds)


def test_a_kept_class_of_one_label_per_clip_may_miss_too():
    labels = np.eye(3, dtype=bool)[[0] * 20 + [1] * 20 + [2]]
    for protocol in ("holdout", "kfold"):
        for fold in make_splits(table(labels), SplitParams(protocol=protocol), 0, "keep"):
            assert set(fold) == set(PARTS)


def test_a_part_without_any_clip_is_an_error_even_so():
    labels = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    with pytest.raises(StudyError, match="leaves no clip for val"):
        make_splits(table(labels), SplitParams(), 0, "keep")


def test_a_predefined_split_that_never_trains_a_class_is_an_error_unless_it_is_kept():
    clips = table(rare(2)).assign(split=["test"] * 2 + PARTS * 19 + ["train"])
    with pytest.raises(StudyError, match="no clip of 'c02' into train"):
        make_splits(clips, SplitParams(), 0)
    assert make_splits(clips, SplitParams(), 0, "keep")[0].tolist() == clips["split"].tolist()
