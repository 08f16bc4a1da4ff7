"""The audit: it finds what a confusion matrix can give, as counting all small matrices does, and nothing else."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.audit.kinds import run_audit
from benchmark.analysis.audit.published import read_published, read_sets, reported_rows
from benchmark.analysis.audit.reported import READINGS, ROUNDINGS, Reading, bounds, decimals, interval
from benchmark.analysis.audit.search import confusion, search, sizes, support_vectors
from benchmark.analysis.audit.verdicts import audit, contradictions, print_verdicts
from benchmark.errors import StudyError
from tests.support.drawing import printed

SCORES = ("precision", "recall", "f1")


def scores_of(matrices):
    """Return shape (..., 3 * n_classes + 1): precision, recall, f1 of each class, then accuracy; 0/0 counts as 0."""
    matrices = np.asarray(matrices)
    s, p, t = matrices.sum(axis=-1), matrices.sum(axis=-2), np.diagonal(matrices, axis1=-2, axis2=-1)
    classes = np.stack([part / np.maximum(whole, 1) for part, whole in ((t, p), (t, s), (2 * t, s + p))], axis=-1)
    accuracy = t.sum(axis=-1, keepdims=True) / s.sum(axis=-1, keepdims=True)
    return np.concatenate([classes.reshape(*t.shape[:-1], -1), accuracy], axis=-1)


def table_of(matrices, digits=4, text=None):
    """Return the tidy table that a paper would print of these matrices, a dict from row to matrix."""
    text = text or (lambda value: f"{value:.{digits}f}")
    return printed_table({row: [text(value) for value in scores_of(matrix)] for row, matrix in matrices.items()})


def printed_table(rows):
    """Return the tidy table of texts in the order of :func:`scores_of`, a dict from row to texts."""
    lines = []
    for row, texts in rows.items():
        names = [(f"c{index}", score) for index in range(len(texts) // 3) for score in SCORES]
        lines += [(row, *name, text) for name, text in zip([*names, ("", "accuracy")], texts, strict=True)]
    return pd.DataFrame(lines, columns=["row", "class", "metric", "value"])


def changed(table, label, metric, value):
    place = (table["class"] == label) & (table["metric"] == metric)
    return table.assign(value=table["value"].where(~place, value))


@pytest.mark.parametrize("seed", range(6))
def test_matrices_of_sixty_clips_are_possible(seed):
    rng = np.random.default_rng(seed)
    matrices = {f"r{number}": rng.multinomial(60, rng.dirichlet(np.ones(25))).reshape(5, 5) for number in range(2)}
    for verdict in audit(table_of(matrices), n_max=70):
        assert 60 in verdict.sizes
        assert verdict.reading == "strict"


def test_examples_give_the_printed_numbers_again():
    table = read_published("visutsak2025")
    rows = {row.name: row for row in reported_rows(table)}
    for verdict in audit(table, n_max=160):
        for example in (*verdict.examples, verdict.shared)[: 2 * verdict.possible]:
            *scores, accuracy = scores_of(example.matrix)
            row, matrix = rows[verdict.row], np.array(example.matrix)
            assert (matrix.sum(), np.trace(matrix), tuple(matrix.sum(axis=1))) == (
                example.n, example.correct, example.supports
            )  # fmt: skip
            # Half a unit of the last digit, and as much again for 1e-9 of floating point.
            texts = [float(texts[score]) for texts in row.scores for score in SCORES]
            assert scores == pytest.approx(texts, abs=0.5 * 10**-row.decimals + 1e-9)
            assert accuracy == pytest.approx(float(row.accuracy), abs=0.5e-4 + 1e-9)


# Brute force: every matrix of 2 or 3 classes, up to 8 clips.


def all_matrices(n_classes, n_max):
    """Return every matrix of counts with 1..n_max clips, shape (m, n_classes, n_classes)."""
    cells = n_classes**2
    found, partial = [], [()]
    for _ in range(cells):
        partial = [(*cell, count) for cell in partial for count in range(n_max + 1 - sum(cell))]
    found = np.array(partial).reshape(-1, n_classes, n_classes)
    return found[found.sum(axis=(1, 2)) > 0]


@pytest.mark.parametrize(("n_classes", "digits"), [(2, 1), (2, 2), (3, 1), (3, 2)])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_the_search_agrees_with_counting_all_small_matrices(n_classes, digits, rounding):
    matrices, rng, n_max = all_matrices(n_classes, 8), np.random.default_rng(n_classes + digits), 8
    scores, supports, n = scores_of(matrices), matrices.sum(axis=2), matrices.sum(axis=(1, 2))
    below, above, closed = ROUNDINGS[rounding]
    outcomes = []
    for _ in range(60):
        texts = [f"{score:.{digits}f}" for score in scores[rng.integers(len(scores))]]
        # Most tables get some digits of another matrix, so that most are impossible.
        other = [f"{score:.{digits}f}" for score in scores[rng.integers(len(scores))]]
        swapped = rng.random(len(texts)) < rng.choice([0, 0.1, 0.2])
        texts = [b if swap else a for a, b, swap in zip(texts, other, swapped, strict=True)]
        value, half = np.array(texts, dtype=float), 0.5 * 10**-digits
        slack = 1e-9  # the scores are quotients of at most 16 clips: no two nearer than 1/256
        top = scores <= value + above * half + slack if closed else scores < value + above * half - slack
        fits = ((scores >= value + below * half - slack) & top).all(axis=1)
        (row,) = reported_rows(printed_table({"r": texts}))
        limits = bounds(row, Reading("as printed", False, rounding))
        found = search(limits, n_max)
        assert (sizes(found, range(1, n_max + 1)) if found else ()) == tuple(np.unique(n[fits]))
        assert not (contradictions(limits) and fits.any())
        for size in np.unique(n[fits]):
            expected = {tuple(vector) for vector in supports[fits & (n == size)].tolist()}
            assert set(support_vectors(found, int(size), 10_000)) == expected
        outcomes.append(fits.any())
    assert 5 < sum(outcomes) < 55  # both kinds were tried


def test_margins_of_any_matrix_are_met_by_a_matrix():
    rng = np.random.default_rng(0)
    for n_classes in rng.integers(2, 7, 200):
        matrix = rng.poisson(rng.choice([0.3, 2, 10]), (n_classes, n_classes))
        counts = np.column_stack([matrix.sum(axis=1), matrix.sum(axis=0), np.diag(matrix)])
        found = confusion(counts)
        assert (found >= 0).all()
        assert np.array_equal(np.column_stack([found.sum(axis=1), found.sum(axis=0), np.diag(found)]), counts)


def test_errors_of_one_class_alone_have_nowhere_to_go():
    with pytest.raises(ValueError, match="no confusion matrix has supports"):
        confusion([(4, 4, 2), (3, 3, 3), (3, 3, 3)])


# What is impossible, and why.

REAL = {"r": [[9, 2, 1], [1, 14, 3], [4, 0, 6]]}


@pytest.mark.parametrize("metric", SCORES)
def test_changed_digits_of_one_class_are_impossible_at_every_size(metric):
    table = table_of(REAL)
    value = float(table[(table["class"] == "c0") & (table["metric"] == metric)]["value"].item())
    (verdict,) = audit(changed(table, "c0", metric, f"{value + 0.01:.4f}"), n_max=60)
    assert (verdict.possible, verdict.searched, verdict.sizes) == (False, "every size", ())
    assert verdict.reasons[0].startswith("c0: precision in [")
    assert "give an F1-score from" in verdict.reasons[0]


def test_an_accuracy_beyond_all_recalls_is_impossible_at_every_size():
    (verdict,) = audit(changed(table_of(REAL), "", "accuracy", "0.9100"), n_max=60)
    assert "must lie between the least and the greatest recall" in verdict.reasons[0]
    assert verdict.searched == "every size"


def test_numbers_that_need_more_clips_are_impossible_up_to_the_size_searched():
    table = table_of({"r": [[50, 51], [0, 101]]}, digits=5)
    (verdict,) = audit(table, n_max=60)
    assert (verdict.possible, verdict.searched) == (False, "1 to 60")
    assert verdict.reasons[0].startswith("c0: no counts up to 60 clips give")
    assert audit(table, n_max=210)[0].sizes == (202,)


def test_errors_without_another_class_to_go_to_are_impossible_only_together():
    table = printed_table({"r": [*["0.50"] * 3, *["1.00"] * 6, "0.80"]})
    (verdict,) = audit(table, n_max=40)  # 4, 3 and 3 clips add up: only the empty diagonal of the errors forbids it
    assert not verdict.possible
    assert verdict.reasons == (
        "Each class alone has counts that fit, but none of all classes together (sizes 1 to 40) have as many "
        "predictions as clips and a share of right ones in [0.795, 0.81).",
    )


# How digits are read.


@pytest.mark.parametrize(
    ("text", "least", "rounding", "ends"),
    [
        ("0.83", 0, "nearest", (Fraction(825, 1000), Fraction(835, 1000))),
        ("0.83", 0, "truncated", (Fraction(83, 100), Fraction(84, 100))),
        ("0.83", 0, "either", (Fraction(825, 1000), Fraction(84, 100))),
        ("0.5", 4, "nearest", (Fraction(49995, 100_000), Fraction(50005, 100_000))),
        ("86.27%", 0, "nearest", (Fraction(86265, 100_000), Fraction(86275, 100_000))),
        ("1.0", 2, "nearest", (Fraction(995, 1000), Fraction(1))),
    ],
)
def test_digits_stand_for_an_interval(text, least, rounding, ends):
    assert interval(text, least, rounding).ends == ends


def test_a_float_in_full_holds_the_fraction_it_came_from():
    for part, whole in product(range(40), range(1, 40)):
        if part <= whole:
            assert interval(repr(part / whole), rounding="truncated").holds(part, whole)


def test_zeros_at_the_end_count_as_digits():
    assert (decimals("0.80"), decimals("0.8"), decimals("86.2%"), decimals("1"), decimals("nan")) == (2, 1, 3, 0, 0)


MATRIX = {"r": [[6, 5, 0], [3, 7, 1], [2, 2, 8]]}


def test_dropped_zeros_are_put_back_and_too_few_digits_are_tried_next():
    table = table_of({"r": [[5, 5], [3, 7]]}, text=lambda value: f"{float(value):.4g}")
    assert table["value"].str.len().nunique() > 1
    assert audit(table, n_max=30)[0].reading == "strict"
    recall = changed(table_of(MATRIX), "c0", "recall", "0.5")  # 6/11 is 0.5455
    assert (audit(recall, n_max=40)[0].reading, audit(recall, n_max=40)[0].possible) == ("as printed", True)


def test_truncated_digits_are_tried_last():
    cut = table_of(MATRIX, text=lambda value: f"{int(value * 10_000) / 10_000:.4f}")  # no score is a multiple of 0.0001
    (verdict,) = audit(cut, n_max=40)
    assert (verdict.reading, 34 in verdict.sizes) == ("truncated", True)
    assert not audit(cut, n_max=40, readings=READINGS[:2])[0].possible


def test_undefined_scores_may_be_printed_as_such_or_as_zero():
    matrix = {"r": [[0, 2, 0], [0, 3, 0], [0, 1, 1]]}
    assert 7 in audit(table_of(matrix), n_max=10)[0].sizes
    assert 7 in audit(changed(table_of(matrix), "c0", "precision", "NaN"), n_max=10)[0].sizes
    assert not audit(changed(table_of(matrix), "c1", "precision", "NaN"), n_max=10)[0].possible


def test_printed_supports_fix_the_size():
    table = table_of(MATRIX, digits=1)
    lines = [("r", f"c{index}", "support", text) for index, text in enumerate(("11", "11", "12"))]
    supports = pd.DataFrame(lines, columns=table.columns)
    (verdict,) = audit(pd.concat([table, supports]), n_max=20)
    assert (verdict.sizes, verdict.searched, verdict.examples[0].supports) == ((34,), "34", (11, 11, 12))
    wrong = supports.assign(value=["11", "10", "13"])
    assert not audit(pd.concat([table_of(MATRIX), wrong]))[0].possible


@pytest.mark.parametrize(("n_max", "only"), [(0, ()), (1001, ()), (10, (0, 5)), (10, (5, 2000))])
def test_sizes_out_of_range_are_refused(n_max, only):
    with pytest.raises(StudyError, match="sizes to search must be from 1 to 1000 clips"):
        audit(table_of(MATRIX), n_max, only)


# The paper.

SUPPORTS = {153: (26, 24, 35, 33, 35), 77: (13, 12, 18, 16, 18)}
FOUND = {  # clips that are right, and the sizes that are possible
    "MobileNet-v2": (42, (77, 154, 231)),
    "ResNet-18": (74, (153,)),
    "DenseNet-201": (87, (153,)),
    "Places365-GoogLeNet": (125, (153, 224, 235)),
    "VGG-16": (132, (153,)),
    "VGG-19": (38, (77, 154, 231)),
    "NASA-Net-Mobile": (69, (153, 204)),
}


@pytest.fixture(scope="module")
def paper():
    _, verdicts, code = run_audit(n_max=250)
    return {verdict.row: verdict for verdict in verdicts}, code


def test_the_papers_rows_come_from_a_test_set_of_153_and_a_validation_set_of_77_as_the_kept_sets_say(paper):
    verdicts, code = paper
    sets = read_sets("visutsak2025").set_index("row")
    assert code == 1
    assert list(sets.index) == list(verdicts)
    assert [row for row, verdict in verdicts.items() if verdict.possible] == list(FOUND)
    for row, (correct, possible) in FOUND.items():
        verdict, kept, n = verdicts[row], sets.loc[row], possible[0]
        assert verdict.sizes == possible
        assert (verdict.reading, verdict.shared.correct, verdict.shared.supports) == ("strict", correct, SUPPORTS[n])
        assert set(verdict.shared_with) == {other for other in FOUND if FOUND[other][1][0] == n} - {row}
        assert (kept["correct"], kept["n"], kept["supports"]) == (correct, n, " ".join(map(str, SUPPORTS[n])))
        assert kept["scored_on"] == {153: "test 153", 77: "validation 77"}[n]
    without = sets.drop(list(FOUND))
    assert set(without["scored_on"]) == {"no confusion matrix fits"}
    assert set(without["supports"]) == {""}
    assert without["n"].isna().all()


@pytest.mark.parametrize(
    ("row", "arithmetic"),
    [
        # 2 * 0.24287 * 0.18334 / (0.24287 + 0.18334) = 0.20895; printed 0.20526
        ("Inception-ResNet-v2", "give an F1-score from 0.20893 to 0.20895 at any size"),
        # 2 * 0.47 * 0.226 / (0.47 + 0.226) = 0.30523; printed 0.32
        ("Inception-v3", "give an F1-score from 0.30065 to 0.30523 at any size"),
    ],
)
def test_both_inceptions_are_impossible_at_every_size(paper, row, arithmetic):
    verdict = paper[0][row]
    assert (verdict.possible, verdict.searched, verdict.sizes) == (False, "every size", ())
    assert verdict.reasons[0].startswith("Comedy: ")
    assert arithmetic in verdict.reasons[0]


def test_rows_of_other_classes_share_no_test_set():
    one, two = table_of({"a": MATRIX["r"], "b": MATRIX["r"]}), table_of({"c": MATRIX["r"]})
    two["class"] = two["class"].str.replace("c", "d")
    verdicts = {verdict.row: verdict for verdict in audit(pd.concat([one, two]), n_max=40)}
    assert (verdicts["a"].shared_with, verdicts["c"].shared_with) == (("b",), ())


def test_the_terminal_shows_verdicts_reasons_and_sets(paper):
    text = " ".join(printed(print_verdicts, paper[0].values(), 110).split())
    assert "VGG-16 possible 132/153 153 1 to 250 strict" in text
    assert "Inception-v3 IMPOSSIBLE every size any" in text
    assert "Inception-v3: Comedy: precision in [0.455, 0.47)" in text
    assert "One set of 153 clips (Action 26, Comedy 24, Drama 35, Romance 33, Thriller 35), none smaller" in text
    assert "fits 2 rows: MobileNet-v2 42 right, VGG-19 38 right." in text
