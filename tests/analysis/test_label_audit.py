"""The audit of tables of several labels: it finds what is known to be wrong, and calls no true table impossible."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, label_ranking_loss, precision_recall_fscore_support

from benchmark.analysis.audit.chance import random_average_precision, random_ranking_loss
from benchmark.analysis.audit.findings import CUT, FITS, IMPOSSIBLE, NOTED, SWAPPED, TABLES_DIFFER, UNLIKELY
from benchmark.analysis.audit.kinds import KINDS, run_audit
from benchmark.analysis.audit.multilabel import ROW_RULES, TABLE_RULES, audit_labels, print_findings
from benchmark.analysis.audit.published import read_captions, read_models, read_published, sources
from benchmark.analysis.audit.supports import class_counts
from benchmark.errors import StudyError
from tests.support.drawing import printed

SCORES = ("precision", "recall", "f1")
COLUMNS = ["row", "class", "metric", "value"]


def found_in(source):
    """Return [(place, rule, verdict, sentence)] of what does not hold in a published source, and the exit code."""
    kind, audited, code = run_audit(source)
    assert kind is KINDS["several labels"]
    return [(f.place, f.rule, f.verdict, f.sentence) for f in audited.findings if f.verdict not in FITS], code


# The papers: what must be found in them, by hand or by a calculator.


def test_posters2025_is_possible_but_its_text_swaps_and_differs():
    found, code = found_in("posters2025")
    assert code == 0
    said = {
        (place.split(",")[0], verdict, sentence.split(":")[0].split(";")[0]) for place, _, verdict, sentence in found
    }
    assert said == {
        ("Text 5.2", SWAPPED, "macro F1 0.55 and micro F1 0.53"),  # Tables 5 and 9: .53 and .55
        ("Text 5.1.1", "differs from text", "macro F1 is 0.4035"),  # Table 2: .41
        ("Text 5.1.1", "differs from text", "micro F1 is 0.4621"),  # Table 2: .47
        ("Table 10", NOTED, "All 19 thresholds, 0.10 to 0.80, are multiples of 0.05"),
        ("Table 10", NOTED, "Thresholds were tuned on the validation set ('Per-class optimal thresholds derived from "
         "validation data.'), and Table 9, EfficientNetV2-S (Blocks 4–7, 100 Epoch) reports the same model on it "
         "('Validation Results for All Models (Best Epoch with Threshold Tuning)')"),
    }  # fmt: skip


def test_per_class_tables_of_posters2025_hold_and_fit_one_test_set():
    _, audited, _ = run_audit("posters2025")
    f1 = [finding for finding in audited.findings if finding.rule == "F1 of P and R"]
    assert len(f1) == 9 * 20  # nine rows of 19 genres, and the micro average of each
    assert {finding.verdict for finding in audited.findings if finding.place.startswith("Table") and
            finding.rule not in ("grid of thresholds", "where tuned")} == {"consistent"}  # fmt: skip
    assert [f.place for f in audited.findings if f.rule == "one test set"] == ["9 rows of 19 classes"]


def test_wehrmann2017_has_averages_that_do_not_follow_and_a_swapped_chance_row():
    found, code = found_in("wehrmann2017")
    assert code == 1
    averages = {(place.split(", ")[1], rule): sentence for place, rule, verdict, sentence in found
                if verdict == IMPOSSIBLE and "averages" in rule}  # fmt: skip
    assert set(averages) == {("LSTM", "weighted averages"), ("AV", "macro averages"), ("AV", "weighted averages")}
    expected = {
        "LSTM weighted": ("0.6111", "0.590"),
        "AV macro": ("0.4506", "0.455"),
        "AV weighted": ("0.5779", "0.567"),
    }
    for key, numbers in expected.items():
        model, mean = key.split()
        assert all(number in averages[model, f"{mean} averages"] for number in numbers)
    swapped = [sentence for _, _, verdict, sentence in found if verdict == SWAPPED]
    assert swapped == ["Comedy 0.512 and Drama 0.435 look swapped: random scores have an AP of about the prevalence, "
                       "0.390 and 0.510."]  # fmt: skip
    unlikely = [sentence for _, _, verdict, sentence in found if verdict == UNLIKELY]
    assert "ranking loss of 0.500 ± 0.010" in unlikely[0]
    assert "0.466" in unlikely[0]
    shares = [sentence for _, rule, _, sentence in found if rule == "label counts"]  # 83 / 374, 251, 340, 181 / 772
    assert [sentence.split(": ")[1].split(";")[0] for sentence in shares] == ["0.2219", "0.3251", "0.4404", "0.2345"]


@pytest.mark.parametrize("model", ["CTT-MMC-C", "CTT-MMC-S", "CTT-MMC-TN", "Random"])
def test_macro_and_weighted_ap_of_wehrmann2017_follow(model):
    _, audited, _ = run_audit("wehrmann2017")
    fits = {f.rule for f in audited.findings if f.place == f"Table 4 and Table 3, {model}" and f.verdict in FITS}
    assert {"macro averages", "weighted averages"} <= fits


@pytest.mark.parametrize("source", ["sulun2024", "trailers2023"])
def test_little_follows_from_averages_alone(source):
    assert found_in(source) == ([], 0)


def test_captions_and_models_are_of_rows_that_there_are():
    for source in sources():
        table = read_published(source)
        assert set(read_captions(source)) <= set(table["table"])
        assert set(read_models(source)) <= set(zip(table["table"], table["row"], strict=True))


# True tables are never impossible.


def cut(value, digits):
    return f"{np.floor(value * 10**digits + 1e-9) / 10**digits:.{digits}f}"


def true_table(seed):
    """Return the tidy table of random labels, scores and decisions, as scikit-learn and a format or a cut print it."""
    rng = np.random.default_rng(seed)
    n, n_classes, digits = rng.integers(5, 150), rng.integers(2, 8), rng.integers(2, 5)
    y_true = rng.random((n, n_classes)) < rng.uniform(0, 0.7, n_classes)
    y_score = rng.random((n, n_classes)) + y_true * rng.uniform(0, 1)
    y_pred, zero = y_score > rng.uniform(0.2, 1.4, n_classes), float(rng.integers(2))
    write = (lambda v: f"{v:.{digits}f}") if seed % 3 else (lambda v: cut(v, digits))
    lines = []
    for mean in (None, "macro", "micro", "weighted", "samples"):
        *scores, support = precision_recall_fscore_support(y_true, y_pred, average=mean, zero_division=zero)
        for score, values in zip(SCORES, scores, strict=True):
            lines += ([("r", f"c{i}", score, write(v)) for i, v in enumerate(values)] if mean is None
                      else [("r", "", f"{score}_{mean}", write(values))])  # fmt: skip
        if mean is None and seed % 2:
            lines += [("r", f"c{i}", "support", str(s)) for i, s in enumerate(support)]
    if y_true.any(axis=0).all():
        lines += [
            ("r", f"c{i}", "auprc", write(v))
            for i, v in enumerate(average_precision_score(y_true, y_score, average=None))
        ]
        lines += [("r", "", f"auprc_{mean}", write(average_precision_score(y_true, y_score, average=mean)))
                  for mean in ("macro", "micro", "weighted")]  # fmt: skip
    return pd.DataFrame(lines, columns=COLUMNS)


def test_no_true_table_is_called_impossible():
    asked = set()
    for seed in range(200):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes without positives
            table = true_table(seed)
        audited = audit_labels(table)
        assert [finding for finding in audited.findings if finding.verdict not in FITS] == [], seed
        asked |= {finding.rule for finding in audited.findings}
    assert {"F1 of P and R", "macro averages", "weighted averages", "micro averages", "F1 at most mean of P, R",
            "whole numbers of clips", "supports of averages"} <= asked  # fmt: skip


# Wrong tables are.

# Two classes of 4 and 6 of 20 clips: 3 of 5 predictions of a are right, 3 of 4 of b.
HAND = {
    ("a", "precision"): "0.600", ("a", "recall"): "0.750", ("a", "f1"): "0.667",
    ("b", "precision"): "0.750", ("b", "recall"): "0.500", ("b", "f1"): "0.600",
    ("", "precision_macro"): "0.675", ("", "recall_macro"): "0.625", ("", "f1_macro"): "0.633",
    ("", "precision_micro"): "0.667", ("", "recall_micro"): "0.600", ("", "f1_micro"): "0.632",
    ("", "precision_weighted"): "0.690", ("", "recall_weighted"): "0.600", ("", "f1_weighted"): "0.627",
    ("", "precision_samples"): "0.500", ("", "recall_samples"): "0.400", ("", "f1_samples"): "0.430",
}  # fmt: skip
SUPPORTS = {("a", "support"): "4", ("b", "support"): "6"}


def audit_hand(**more):
    numbers = HAND | more.pop("changed", {}) | more.pop("supports", {})
    return audit_labels(pd.DataFrame([("r", *key, value) for key, value in numbers.items()], columns=COLUMNS), **more)


@pytest.mark.parametrize("supports", [{}, SUPPORTS])
def test_a_hand_made_table_holds(supports):
    assert {finding.verdict for finding in audit_hand(supports=supports).findings} == {"consistent"}


@pytest.mark.parametrize(
    ("changed", "supports", "rules"),
    [
        ({("a", "f1"): "0.700"}, {}, {"F1 of P and R"}),
        ({("", "f1_micro"): "0.640"}, {}, {"F1 of P and R"}),
        ({("", "recall_macro"): "0.630"}, {}, {"macro averages"}),
        ({("", "precision_weighted"): "0.700"}, SUPPORTS, {"weighted averages"}),
        ({("", "recall_weighted"): "0.700"}, {}, {"weighted averages"}),
        ({("", "precision_micro"): "0.800"}, {}, {"micro averages"}),
        ({("", "precision_micro"): "0.700"}, SUPPORTS, {"micro averages"}),
        ({("", "f1_samples"): "0.460"}, {}, {"F1 at most mean of P, R"}),
        ({("a", "recall"): "0.700"}, SUPPORTS, {"whole numbers of clips"}),
        ({("a", "precision"): "0.680"}, SUPPORTS, {"whole numbers of clips"}),
        ({("", "precision_weighted"): "0.640"}, {}, {"supports of averages"}),
    ],
)
def test_a_changed_number_is_impossible(changed, supports, rules):
    audited = audit_hand(changed=changed, supports=supports)
    assert audited.impossible
    assert rules <= {finding.rule for finding in audited.findings if finding.verdict == IMPOSSIBLE}


def test_macro_f1_may_be_that_of_macro_precision_and_recall():
    f1 = 2 * 0.675 * 0.625 / 1.3  # .649, the mean of both F1 is .633
    (finding,) = [f for f in audit_hand(changed={("", "f1_macro"): f"{f1:.3f}"}).findings
                  if f.rule == "macro averages" and "F1" in f.sentence]  # fmt: skip
    assert (finding.verdict, "2PR/(P+R) of the macro averages" in finding.sentence) == ("consistent", True)


def test_digits_that_are_cut_off_are_told_from_wrong_ones():
    numbers = {"precision": "0.666", "recall": "1.000", "f1": "0.800", "support": "2"}  # 2 of 3 predictions are right
    for precision, verdict in {"0.666": CUT, "0.667": "consistent", "0.665": IMPOSSIBLE}.items():
        lines = [("r", "a", *pair) for pair in (numbers | {"precision": precision}).items()]
        found = audit_labels(pd.DataFrame(lines, columns=COLUMNS)).findings
        assert [f.verdict for f in found if f.rule == "whole numbers of clips"] == [verdict]


def test_two_rows_that_need_different_supports_are_not_of_one_test_set():
    recall = {"a": "0.900", "b": "0.100"}
    lines = [(row, name, "recall", value) for row in "xy" for name, value in recall.items()]
    lines += [("x", "", "recall_weighted", "0.800"), ("y", "", "recall_weighted", "0.300")]
    (finding,) = [f for f in audit_labels(pd.DataFrame(lines, columns=COLUMNS)).findings if f.rule == "one test set"]
    assert (finding.place, finding.verdict) == ("2 rows of 2 classes", NOTED)


def test_class_counts_are_those_of_counting():
    rng = np.random.default_rng(0)
    for _ in range(200):
        support, n, low = rng.integers(1, 9), 12, rng.uniform(0, 0.9, 3)
        ranges = [(value, value + 0.1) for value in low]
        expected = set()
        for right in range(support + 1):
            for predicted in range(right, n - support + right + 1):
                values = (right / predicted if predicted else 0, right / support, 2 * right / (support + predicted))
                if all(a <= value <= b for value, (a, b) in zip(values, ranges, strict=True)):
                    expected.add((right, predicted))
        found = class_counts(int(support), n, *ranges)
        assert {(right, p) for right, low, high in found for p in range(low, high + 1)} == expected


# Chance.


def test_chance_is_what_scikit_learn_gives_random_scores():
    rng = np.random.default_rng(1)
    y_true = np.zeros((60, 6), bool)
    for row, k in zip(y_true, np.repeat([1, 2, 3], 20), strict=True):
        row[:k] = True
    losses = [label_ranking_loss(y_true, rng.random(y_true.shape)) for _ in range(400)]
    mean, deviation = random_ranking_loss({1: 20, 2: 20, 3: 20}, 6)
    # Standard errors of 400 draws: deviation / 20 of their mean, deviation / 28 of their deviation; four of each.
    assert np.mean(losses) == pytest.approx(mean, abs=deviation / 5)
    assert np.std(losses) == pytest.approx(deviation, rel=0.15)
    precisions = [average_precision_score(np.arange(60) < 20, rng.random(60)) for _ in range(400)]
    mean, deviation, *_ = random_average_precision(20, 60)
    assert np.mean(precisions) == pytest.approx(mean, abs=deviation / 4)


def test_true_rows_of_random_scores_are_hardly_ever_suspected():
    rng, verdicts = np.random.default_rng(0), []
    y_true = rng.random((300, 5)) < [0.1, 0.2, 0.3, 0.4, 0.5]
    for _ in range(60):
        values = average_precision_score(y_true, rng.random(y_true.shape), average=None)
        lines = [("Random", f"c{i}", "auprc", f"{value:.3f}") for i, value in enumerate(values)]
        lines += [("Test", f"c{i}", "clips", str(count)) for i, count in enumerate(y_true.sum(axis=0))]
        lines += [("Test", "", "clips", "300")]
        found = audit_labels(pd.DataFrame(lines, columns=COLUMNS)).findings
        assert {finding.rule for finding in found} == {"AP of random scores"}
        verdicts += [finding.verdict for finding in found]
    assert set(verdicts) <= {"consistent", UNLIKELY}
    assert verdicts.count(UNLIKELY) <= 3  # of 300, each with a chance of 1 in 1000: more than 3 in 1 of 4000 such tests


# Tables of a user.

REPORT = """class,precision,recall,f1-score,support
a,0.600,0.750,0.667,4
b,0.750,0.500,0.600,6
micro avg,0.667,0.600,0.632,10
macro avg,0.675,0.625,0.633,10
weighted avg,0.690,0.600,0.627,10
samples avg,0.500,0.400,0.430,10
"""


@pytest.mark.parametrize(("text", "code"), [(REPORT, 0), (REPORT.replace("0.675", "0.575"), 1)])
def test_a_classification_report_of_scikit_learn_is_audited(tmp_path, text, code):
    (tmp_path / "mine.csv").write_text(text)
    kind, audited, found = run_audit(tmp_path / "mine.csv")
    assert (kind, found) == (KINDS["several labels"], code)
    assert len({finding.rule for finding in audited.findings}) >= 6


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("r,a,f1,good", "row r: a f1: 'good' is no number"),
        ("r,a,f1,0.5\nr,a,f1,0.6", "row r: a has two values of f1"),
        ("r,a,support,1.5", "row r: a support must be a whole number of clips; got '1.5'"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_readable_sentence(tmp_path, lines, message):
    (tmp_path / "a.csv").write_text(f"row,class,metric,value\n{lines}\n")
    with pytest.raises(StudyError, match=message):
        run_audit(tmp_path / "a.csv")


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(StudyError, match="name of a published source"):
        run_audit("posters")


def test_tables_that_differ_are_named():
    table = pd.DataFrame([("", "A", "", "m", "", "f1_macro", "0.5"), ("", "B", "", "m", "", "f1_macro", "0.7")],
                         columns=["source", "table", "x", *COLUMNS])  # fmt: skip
    assert [f.verdict for f in audit_labels(table).findings] == [TABLES_DIFFER]


def test_every_rule_has_something_to_say_of_the_papers_or_the_hand_made_table():
    audits = [run_audit(source)[1] for source in ("posters2025", "wehrmann2017")] + [audit_hand(supports=SUPPORTS)]
    assert {finding.rule for audited in audits for finding in audited.findings} == {*ROW_RULES, *TABLE_RULES}


def test_the_terminal_shows_it_in_80_columns():
    text = printed(print_findings, run_audit("wehrmann2017")[1], 80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("LSTM" in line and "macro averages" in line for line in lines)
    assert "IMPOSSIBLE" in text


@pytest.mark.parametrize(("text", "verdict"), [("1.67", "consistent"), ("1.66", CUT), ("1.65", IMPOSSIBLE)])
def test_labels_per_clip_are_those_of_the_supports(text, verdict):
    lines = [("Test", "a", "clips", "3"), ("Test", "b", "clips", "2"), ("Test", "", "clips", "3")]
    lines += [("Test", "", "label_cardinality", text)]  # 5 labels of 3 clips
    (finding,) = audit_labels(pd.DataFrame(lines, columns=COLUMNS)).findings
    assert finding.verdict == verdict
