"""The page of a study of several labels: what each clip has and was given, and what its labels are like."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.metrics import misclassified
from benchmark.analysis.plots.figures import write_figures
from benchmark.analysis.report.page import examples
from benchmark.analysis.report.page.data_card import data_card, label_tables
from benchmark.analysis.report.page.page import content, render
from benchmark.analysis.tables.registry import Tables
from benchmark.store.labels import to_matrix
from benchmark.store.results import read_results
from tests.support.fake_results import build_results

CLASSES = ("Action", "Comedy & <b>more</b>", "Drama")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return results, what their page shows, and the page."""
    folder = tmp_path_factory.mktemp("labels") / "posters"
    models = ("mobilenet_v2", "vgg16")
    build_results(folder, models, 1, (0, 1), classes=CLASSES, task="multilabel", published=None)
    results = read_results(folder)
    tables = Tables(results)
    shown = content(results, tables, write_figures(results, tables))
    return results, shown, render(shown)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "marks"),
    [
        ("a|b", "b|c", [("a", "missed"), ("b", "right"), ("c", "added")]),
        ("", "c", [("c", "added")]),
        ("a", "", [("a", "missed")]),
        ("", "", [("no label", "right")]),
    ],
)
def test_each_label_is_right_missed_or_added(y_true, y_pred, marks):
    assert list(examples.label_marks(y_true, y_pred)) == marks


def test_the_clips_whose_labels_are_most_wrong_are_shown_first(made):
    results, shown, _ = made
    for model, rows in shown["examples"].of.items():
        f1 = [row["clip_score"] for row in rows]
        wrong = [value for value, row in zip(f1, rows, strict=True) if not row["right"]]
        assert wrong == sorted(wrong)
        table = misclassified.tested_clips(results)
        table = table[table["model"] == model]
        assert wrong[0] == table["clip_score"].min()
        assert {value for value, row in zip(f1, rows, strict=True) if row["right"]} == {1.0}
        known = table.set_index("clip_id")["y_true"].to_dict()
        assert all(row["y_true"] == known[row["clip_id"]] for row in rows)


def test_the_page_tells_labels_apart_by_words_and_signs(made):
    _, shown, page = made
    marks = [mark for rows in shown["examples"].of.values() for row in rows for mark in row["labels"]]
    for kind, sign in (("right", "✓"), ("missed", "−"), ("added", "+")):
        items = re.findall(rf'<li class="{kind}"><span aria-hidden="true">(.)</span>([^<]*)(<em>{kind}</em>)?', page)
        assert {found for found, *_ in items} == {sign}
        assert len(items) == sum(found == kind for _, found in marks)
        assert all(bool(word) == (kind != "right") for *_, word in items)
    assert "Comedy &amp; &lt;b&gt;more&lt;/b&gt;" in page
    assert "Clips whose labels it got most wrong" in page
    assert "taken for" not in page


def test_rows_of_classes_name_their_model_where_a_page_sorts_them(made):
    _, shown, _ = made
    tables = {table.title: table for table in shown["further"]}
    for title in ("Thresholds of each class.", "Calibration of each class.", "Scores with their intervals."):
        assert tables[title].header[0] == "Model"
        assert {row[0].text for row in tables[title].rows} == {"MobileNet-v2", "VGG-16"}


def test_clips_are_named_with_room_between_their_labels():
    assert examples.shown_label("b|a") == "a | b"
    assert examples.shown_label("") == "no label"


def test_every_figure_has_its_place_on_the_page(made):
    results, _, page = made
    names = {path.stem for path in (results.folder / "figures").iterdir()}
    assert set(re.findall(r'id="figure-([^"]+)"', page)) == names


def test_the_data_card_says_what_the_labels_are_like(made):
    results, shown, page = made
    labels = to_matrix(results.clips["label"], results.classes)
    facts = dict(shown["data_card"]["facts"])
    per_clip = labels.sum(axis=1)
    assert facts["Labels per clip"] == f"{per_clip.mean():.2f} on average, at most {per_clip.max()}"
    assert facts["Label density"].startswith(f"{labels.mean():.3f},")
    assert facts["Without a label"] == f"{(per_clip == 0).sum()} clips"
    assert facts["Different label sets"] == str(results.clips["label"].nunique())
    sets, pairs = label_tables(results)
    assert [row[1].value for row in sets.rows] == results.clips["label"].value_counts().head(10).tolist()
    together = labels.astype(int).T @ labels.astype(int)
    assert pairs.rows[0][2].value == together[np.triu_indices(len(CLASSES), 1)].max()
    assert "Classes that come together most often" in page


def test_positives_of_the_splits_and_clips_without_a_label_are_counted(made):
    results, shown, _ = made
    table = shown["data_card"]["splits"]
    counts = {row[0].text: [cell.value for cell in row[1:]] for row in table.rows}
    trial = next(trial for trial in results.trials if trial.done)
    labels = pd.Series(results.clips["label"].to_numpy(), results.clips["clip_id"])
    for column, split in ((2, "val"), (3, "test")):
        of_split = labels[trial.predictions.of(split).clip_id]
        assert [counts[name][column] for name in CLASSES] == to_matrix(of_split, CLASSES).sum(axis=0).tolist()
        assert counts["(no label)"][column] == (of_split == "").sum()
        assert counts["All"][column] == len(of_split)
    assert all(row[0] == sum(row[1:]) for row in counts.values())
    assert counts["All"][0] == len(labels)


def test_one_label_per_clip_has_no_facts_of_label_sets(tmp_path):
    results = read_results(build_results(tmp_path / "one", ("vgg16",), 1))
    card = data_card(results)
    assert card["labels"] == []
    assert not [name for name, _ in card["facts"] if "abel" in name]
