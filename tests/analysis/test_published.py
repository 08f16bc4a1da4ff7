"""The published tables: complete, unchanged, and any reader's table understood or refused in words."""

import re
from collections import Counter
from io import StringIO

import pandas as pd
import pytest

from benchmark.analysis.audit.published import (
    ABOUT,
    COLUMNS,
    PUBLISHED,
    read_published,
    read_table,
    reported_rows,
    sources,
)
from benchmark.errors import StudyError

SOURCES = ("posters2025", "sulun2024", "trailers2023", "visutsak2025", "wehrmann2017")
SEEDS = {"visutsak2025": "000_*", "wehrmann2017": "003_*", "posters2025": "004_*"}
METRICS = {"Precision": "precision", "Recall": "recall", "F1-score": "f1"}


def seed_text(shared, source):
    found = list((shared / "seeds").glob(SEEDS[source]))
    if not found:
        pytest.skip(f"no text of {source}")
    return found[0].read_text()


def test_there_is_a_file_per_source():
    assert {path.stem.removesuffix("_sets") for path in PUBLISHED.glob("*.csv")} == {*SOURCES, *ABOUT}
    assert sources() == list(SOURCES)
    assert all(f"`{path.name}`" in (PUBLISHED / "README.md").read_text() for path in PUBLISHED.glob("*.csv"))


@pytest.mark.parametrize("source", SOURCES)
def test_every_line_is_one_number_named_once_and_shares_are_shares(source):
    table = read_published(source)
    assert tuple(table.columns) == COLUMNS
    assert set(table["source"]) == {source}
    assert not table.duplicated(list(COLUMNS[:5])).any()
    assert (table[["table", "row", "metric", "value"]] != "").all(axis=None)
    assert table["value"].str.fullmatch(r"\d+(\.\d+)?").all()
    assert (table["printed"] != table["value"]).all()
    bounded = table["metric"].str.fullmatch(r"(precision|recall|f1|auprc|accuracy|threshold)(_macro|_micro|_samples)?")
    assert table.loc[bounded, "value"].astype(float).between(0, 1).all()
    assert table.loc[table["metric"].str.endswith("_percent"), "value"].astype(float).between(0, 100).all()


@pytest.mark.parametrize(
    ("source", "table", "row", "label", "metric", "value", "printed"),
    [
        ("visutsak2025", "Table 2", "DenseNet-201", "", "latency_ms", "6000", "6 seconds"),
        ("visutsak2025", "Table 2", "ResNet-18", "", "latency_ms", "4.8", "4.8ms"),
        ("visutsak2025", "Table 3", "VGG-16", "Thriller", "f1", "0.80", ""),
        ("visutsak2025", "Table 3", "Inception-v3", "Comedy", "recall", "0.225", ""),
        ("visutsak2025", "Abstract", "VGG16", "", "precision_macro_percent", "87.28", "87.28%"),
        ("sulun2024", "Table 1", "Multi-transformer", "", "map_percent", "66.02", ""),
        ("sulun2024", "Table 3", "Baseline", "", "runtime_s", "7.08", ""),
        ("trailers2023", "Text", "VGGISH, threshold 10%", "Drama", "precision_percent", "48", "48%"),
        ("wehrmann2017", "Table 2", "Test", "", "clips", "772", ""),
        ("wehrmann2017", "Table 3", "CTT-MMC-TN", "", "auprc_macro", "0.646", ""),
        ("wehrmann2017", "Table 3", "CTT-MMC-TN", "", "auprc_micro", "0.742", ""),
        ("wehrmann2017", "Table 4", "LSTM", "SciFi", "auprc", "0.237", ""),
        ("posters2025", "Table 4", "ResNet50 (balanced, with threshold tuning)", "War", "precision", "0.51", ""),
        ("posters2025", "Table 8", "VGG16 (no tune)", "Sci-Fi", "precision", "1.00", ""),
        ("posters2025", "Table 9", "EfficientNetV2-S (Blocks 4–7, 100 Epoch)", "", "f1_macro", "0.76", ""),
        ("posters2025", "Table 10", "EfficientNetV2-S (blocks 4-7)", "War", "threshold", "0.80", ""),
    ],
)
def test_numbers_are_those_of_the_papers(source, table, row, label, metric, value, printed):
    found = read_published(source).set_index(list(COLUMNS[1:5]))
    assert found.loc[(table, row, label, metric), ["value", "printed"]].tolist() == [value, printed]


def test_table_2_and_3_of_visutsak2025_are_there_in_full(shared):
    text = seed_text(shared, "visutsak2025")
    expected = set()
    times = text.split("**Table 2:**")[1].split("**Table 3:**")[0]
    for row, number, unit in re.findall(r"^(\S+)\t([\d.]+) ?(ms|seconds)$", times, re.MULTILINE):
        factor = {"ms": 1, "seconds": 1000}[unit]
        expected.add((row, "", "latency_ms", float(number) * factor))
    for block in text.split("**Table 3:**")[1].split("**Fig.4:**")[0].split("Class\tPrecision\tRecall\tF1-score")[1:]:
        row = text.split(block)[0].rstrip().splitlines()[-2].strip()
        for label, *scores in re.findall(r"^(\w+)\t([\d.]+)\t([\d.]+)\t([\d.]+)$", block, re.MULTILINE):
            expected |= {(row, label, metric, score) for metric, score in zip(METRICS.values(), scores, strict=True)}
        expected.add((row, "", "accuracy", re.search(r"^Accuracy\t\t\t([\d.]+)$", block, re.MULTILINE)[1]))
    assert len(expected) == 9 + 9 * (5 * 3 + 1)
    table = read_published("visutsak2025")
    table = table[table["table"].isin(["Table 2", "Table 3"])]
    found = table[["row", "class", "metric", "value"]].itertuples(index=False, name=None)
    assert {(*key, float(value) if key[2] == "latency_ms" else value) for *key, value in found} == expected


@pytest.mark.parametrize(
    ("source", "tables"), [("wehrmann2017", ("1", "3", "4")), ("posters2025", (*"23456789", "10"))]
)
def test_tables_hold_each_printed_number_as_often_as_the_paper(shared, source, tables):
    lines = [line for line in seed_text(shared, source).splitlines() if "\t" in line]
    number = re.compile(r"(?:^|\t)(?:<b>)?(\d\.\d+)(?:</b>)?(?=\t|$)")
    printed = Counter(found for line in lines for found in number.findall(line))
    table = read_published(source)
    if source == "wehrmann2017":  # of its Table 2 too, the cardinalities and densities look alike
        tables = (*tables, "2")
    kept = table[table["table"].isin([f"Table {number}" for number in tables])]
    assert Counter(value for value in kept["value"] if re.fullmatch(r"\d\.\d+", value)) == printed


def test_macro_averages_of_the_abstract_are_those_of_table_3():
    table = read_published("visutsak2025")
    vgg16 = table[(table["table"] == "Table 3") & (table["row"] == "VGG-16") & (table["class"] != "")]
    means = vgg16["value"].astype(float).groupby(vgg16["metric"]).mean()
    headline = table[table["table"] == "Abstract"].set_index("metric")["value"].astype(float)
    for score in METRICS.values():
        assert headline[f"{score}_macro_percent"] == pytest.approx(100 * means[score], abs=0.006)  # printed to 0.01


WIDE = "row,class,precision,recall,f1-score,support,accuracy\na,x,0.50,1.00,0.67,1,0.67\na,y,1.00,0.50,0.67,2,0.67\n"
LINE = (
    "class,precision,recall,f1,support\nx,0.50,1.00,0.67,1\ny,1.00,0.50,0.67,2\nAccuracy,,,0.67,3\nmacro avg,1,1,1,3\n"
)
TIDY = (
    "row,class,metric,value\na,x,precision,0.50\na,x,recall,1.00\na,x,f1,0.67\na,x,support,1\na,y,precision,1.00\n"
    "a,y,recall,0.50\na,y,f1,0.67\na,y,support,2\na,,accuracy,0.67\na,,latency_ms,3\n"
)


@pytest.mark.parametrize("text", [WIDE, LINE, TIDY])
def test_wide_and_tidy_tables_say_the_same(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    (row,) = reported_rows(read_table(tmp_path / "a.csv"))
    assert (row.name, row.classes, row.supports, row.accuracy) == ("a", ("x", "y"), (1, 2), "0.67")
    assert row.scores == (
        {"precision": "0.50", "recall": "1.00", "f1": "0.67"},
        {"precision": "1.00", "recall": "0.50", "f1": "0.67"},
    )


def test_rows_of_one_name_in_two_tables_are_told_apart():
    tidy = pd.read_csv(StringIO(TIDY), dtype=str, keep_default_na=False)
    table = pd.concat([tidy.assign(table=number) for number in ("1", "2")])
    assert [row.name for row in reported_rows(table)] == ["1, a", "2, a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "expected the columns row, class, metric, value .* it has a, b"),
        ("", "cannot be read"),
        ("class,class ,precision,recall\nx,y,1,1\n", "column 'class' is there twice"),
        (WIDE.replace(",0.67\n", ",\n"), "row a: expected one accuracy, as a single-label table has; got none"),
        (WIDE.replace("2,0.67\n", "2,0.66\n"), "expected one accuracy.*got 0.67, 0.66"),
        (WIDE.replace("2,0.67\n", "2,\n").replace("1,0.67\n", "1,nan\n"), "its accuracy must be a number; got 'nan'"),
        (WIDE.replace("0.50,1.00", "0.50,"), "row a: class x has no recall"),
        (WIDE.replace("a,y", "a,x"), "row a: class x has two values of precision"),
        (WIDE.replace("0.67,2,", "0.67,2.5,"), "support of class y must be a whole number of clips; got '2.5'"),
        (WIDE.replace("0.67\n", "67\n"), "'67' is no share from 0 to 1; write percentages with their sign"),
        (WIDE.replace("0.67\n", "good\n"), "'good' is no number"),
        ("row,class,metric,value\na,,accuracy,0.5\n", "no row with scores per class"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_readable_sentence(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(StudyError, match=message) as caught:
        reported_rows(read_table(tmp_path / "a.csv"))
    assert "\n" not in str(caught.value)
