"""The page of the report, as text: complete, escaped, self-contained, and readable by WCAG's measure."""

import base64
import re
from dataclasses import replace
from fnmatch import fnmatch
from html.parser import HTMLParser
from itertools import product

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.analysis.plots.figures import FIGURES, write_figures
from benchmark.analysis.report.page import examples
from benchmark.analysis.report.page.data_card import data_card, split_table
from benchmark.analysis.report.page.page import TEMPLATES, digest, write_page
from benchmark.analysis.report.page.provenance import provenance
from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.registry import TABLES, Tables
from benchmark.store.results import read_results
from tests.support.drawing import linear_rgb
from tests.support.fake_results import build_results, change_study, change_trial

TRIO = ("vgg16", "vgg19", "yamnet")
NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(2)">',
    "two\nlines & 'quotes'",
    "déjà vu 🎧",
    "{{ 7 * 7 }}",
)


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, the text of each element, the rows of each table."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.tables, self.open, self.in_cell = [], [], [], None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open = tag
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.open = None
        self.in_cell &= tag not in ("td", "th")

    def handle_data(self, data):
        self.texts.append((self.open, data))
        if self.in_cell:
            self.tables[-1][-1][-1] += data

    @property
    def text(self):
        return " ".join(" ".join(data for tag, data in self.texts if tag not in ("style", "script")).split())

    def named(self, tag):
        return [attributes for found, attributes in self.tags if found == tag]


def page_of(folder):
    results = read_results(folder)
    tables = Tables(results)
    page = write_page(results, tables, write_figures(results, tables))
    return Page(page.read_text(encoding="utf-8")), results, tables


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return page_of(
        build_results(tmp_path_factory.mktemp("page") / "plain", models=(*TRIO, "resnet18"), folds=2, synthetic=30)
    )


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "nasty"
    labels = {"vgg16": '<b>VGG</b> "16"', "yamnet": "</script><svg onload=alert(3)>"}
    build_results(folder, models=TRIO, folds=1, classes=NASTY, labels=labels)
    clips = pd.read_csv(folder / "clips.csv", dtype=str).assign(path="<i>path</i>.wav")
    clips.to_csv(folder / "clips.csv", index=False)
    pd.DataFrame({"path": ["<u>bad</u>.wav"], "reason": ["</table>"]}).to_csv(folder / "rejected.csv", index=False)
    return page_of(folder)


ABSENT = ("fusion", "ablation", "sweep", "extraction")  # which the study has not
FURTHER = [spec for spec in TABLES if spec.columns and spec.further and spec.tasks in ((), ("multiclass",))]


@pytest.mark.parametrize(
    "name",
    [
        *(spec.name for spec in FURTHER if spec.name not in ABSENT),
        "comparison",
        "parity",
        "pairwise",
    ],
)
def test_every_table_is_there_with_its_rows(plain, name):
    page, _, tables = plain
    made = tables.render(name, Output.PAGE)
    shown = next(table for table in page.tables if [cell.strip() for cell in table[0]] == list(made.header))
    rows = [[" ".join(cell.split()) for cell in row] for row in shown[1:]]
    assert rows == [[" ".join(cell.text.split()) for cell in row] for row in made.rows]


def test_cells_carry_the_number_that_they_are_sorted_by(plain):
    page, _, tables = plain
    values = [float(cell["data-value"]) for cell in page.named("td") if "data-value" in cell]
    for column in ("accuracy", "parameters"):
        assert set(tables["comparison"][column].dropna()) <= set(values)


def test_synthetic_sound_and_random_weights_stand_where_their_numbers_do(plain):
    page, *_ = plain
    assert "SYNTHETIC sound" in page.text
    assert "Random weights, nothing pretrained: YAMNet." in page.text
    for part in ("Report", "Comparison of the models", "Accuracy and latency", "Every pair of models"):
        assert f"{part} (synthetic sound)" in page.text
    assert page.text.count("YAMNet (random weights, synthetic sound)") == 4  # matrix, training, calibration, scores


def test_failures_are_told_on_top_and_in_the_models_own_part(plain):
    page, *_ = plain
    assert page.text.count("out of memory: 512 MiB | 100 % used") == 2


@pytest.mark.parametrize("made", ["plain", "nasty"])
def test_nothing_is_fetched_from_anywhere(made, request):
    page, *_ = request.getfixturevalue(made)
    places = [value for _, attributes in page.tags for name, value in attributes.items()
              if name in ("href", "src", "srcset", "action", "poster", "data", "xlink:href")]  # fmt: skip
    assert places
    assert [place for place in places if not place.startswith(("#", "data:"))] == []
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttpRequest", (TEMPLATES / "style.css").read_text()
                         + (TEMPLATES / "script.js").read_text())  # fmt: skip


def test_links_lead_somewhere(plain):
    page, *_ = plain
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in page.named("a")} <= set(ids)


def test_names_that_hold_markup_are_text(nasty):
    page, *_ = nasty
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not {"i", "u"} & {tag for tag, _ in page.tags}
    assert {image["class"] for image in page.named("img")} == {"drawing"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for name in (*NASTY, "</script><svg onload=alert(3)>", '<b>VGG</b> "16"', "<u>bad</u>.wav", "</table>"):
        assert " ".join(name.split()) in page.text


def test_the_policy_allows_the_pages_own_style_and_script_alone(plain):
    page, *_ = plain
    policy = next(meta["content"] for meta in page.named("meta") if "http-equiv" in meta)
    own = {tag: "".join(data for found, data in page.texts if found == tag) for tag in ("style", "script")}
    assert policy.startswith("default-src 'none';")
    # A parser keeps the text of these two elements as it is, so that its digest is the browser's.
    for tag in ("style", "script"):
        assert f"{tag}-src '{digest(own[tag])}';" in policy
    assert "unsafe" not in policy
    assert not [attributes for _, attributes in page.tags if "style" in attributes]  # the policy would forbid them


def test_charts_are_said_in_words(plain):
    page, *_ = plain
    drawings = [attributes for attributes in page.named("svg") if attributes.get("aria-hidden") != "true"]
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)
    assert page.named("img")
    assert all(len(attributes["alt"]) > 20 for attributes in page.named("img"))
    assert all(attributes.get("aria-label") for attributes in page.named("div") if "tabindex" in attributes)


def test_the_page_shows_the_very_files_of_the_figures(plain):
    page, results, _ = plain
    shown = {image["id"].removeprefix("figure-"): image["src"] for image in page.named("img")}
    files = {path.stem: path.read_bytes() for path in (results.folder / "figures").iterdir()}
    hidden = {path for path in files for spec in FIGURES if not spec.place and fnmatch(path, spec.pattern)}
    assert shown.keys() == files.keys() - hidden
    for name, address in shown.items():
        assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == files[name]


@pytest.mark.parametrize("built", [{"failed": TRIO}, {"models": ("vgg16",)}, {"absent": ("yamnet",)}, {"epochs": 1}])
def test_a_study_that_lacks_parts_has_a_page(tmp_path, built):
    page, results, _ = page_of(build_results(tmp_path / "few", **{"models": TRIO, "folds": 1} | built))
    assert "How it was made" in page.text
    assert page.text.count("Before you read the numbers") == bool(set(built.get("models", TRIO)) & {"yamnet", "vgg19"})
    assert ("Every pair of models" in page.text) == (sum(bool(results.done(name)) for name in TRIO) > 1)


def test_a_paper_of_eleven_models_and_five_folds_is_a_light_page_where_each_clip_is_embedded_once(tmp_path):
    folder = build_results(tmp_path / "paper")
    clips = pd.read_csv(folder / "clips.csv", dtype=str)
    images = [tmp_path / f"{clip}.png" for clip in clips["clip_id"]]
    noise = np.random.default_rng(0).integers(0, 255, (128, 646, 3), dtype=np.uint8)  # 128 mel bands by 646 frames
    for number, image in enumerate(images):
        Image.fromarray(np.roll(noise, number, axis=1)).save(image, compress_level=1)
    clips.assign(image=images).to_csv(folder / "clips.csv", index=False)
    page, *_ = page_of(folder)
    embedded = [attributes["href"] for attributes in page.named("image")]
    assert len(embedded) > 20
    assert (folder / "report.html").stat().st_size < 3_500_000  # bytes; noise is the picture that compresses least
    used = [attributes["href"] for attributes in page.named("use")]
    assert len(embedded) == len(set(embedded)) < len(used)
    assert {place[1:] for place in used} == {attributes["id"] for attributes in page.named("image")}


def test_a_picture_is_made_small(tmp_path):
    Image.new("RGB", (1000, 300), "red").save(tmp_path / "wide.png")
    (tmp_path / "broken.png").write_text("no picture")
    found = examples.small_picture(tmp_path / "wide.png")
    assert (found["width"], found["height"]) == examples.SIZE
    assert found["uri"].startswith("data:image/webp;base64,")
    assert examples.small_picture(tmp_path / "broken.png") is None
    assert examples.small_picture(tmp_path / "absent.png") is None


def test_sound_is_there_only_where_the_study_shares_it_and_it_is_short(tmp_path):
    folder = build_results(tmp_path / "sound", models=("vgg16",), folds=1)
    clips = pd.read_csv(folder / "clips.csv", dtype=str)
    files = [tmp_path / f"{clip}.ogg" for clip in clips["clip_id"]]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number % 256]) * (400_000 if number % 2 else 1_000))
    clips.assign(path=[str(file) for file in files]).to_csv(folder / "clips.csv", index=False)
    page, *_ = page_of(folder)
    assert page.named("audio") == []
    assert "dataset.share_sound: true" in page.text
    change_study(folder, dataset={"root": "data", "kind": "audio", "share_sound": True})
    page, *_ = page_of(folder)
    sounds = [attributes["src"] for attributes in page.named("audio")]
    assert sounds
    contents = {base64.b64decode(sound.removeprefix("data:audio/ogg;base64,")) for sound in sounds}
    assert {len(content) for content in contents} == {1_000}
    assert "clips are without sound" in page.text


def test_examples_are_the_surest_mistakes_then_a_right_clip_of_each_class():
    rows = [("a", "x", "y", 0.9), ("b", "x", "y", 0.7), ("c", "y", "x", 0.8), ("d", "y", "x", 0.6),
            ("e", "x", "x", 0.5), ("f", "x", "x", 0.99), ("g", "y", "y", 0.4)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["clip_id", "y_true", "y_pred", "score"]).assign(model="m", seed=0)
    table["clip_score"] = (table["y_true"] == table["y_pred"]).astype(float)
    ease = pd.DataFrame({"clip_id": list("abcdefg"), "share_right": [0, 0, 0, 0, 0.9, 0.5, 0.1]})
    chosen = examples.choose(table, ease)["m"]
    assert chosen["clip_id"].tolist() == ["a", "c", "b", "e", "g"]  # 'e' is the clip that more models get right
    assert chosen["right"].tolist() == [False] * 3 + [True] * 2


def test_clips_of_the_splits_add_up_to_all(plain):
    _, results, _ = plain
    table = split_table(results)
    counts = np.array([[cell.value for cell in row[1:]] for row in table.rows])
    assert table.header == ("Class", "Clips", "Training", "Validation", "Test")
    assert (counts[:, 0] == counts[:, 1:].sum(axis=1)).all()
    assert (counts[:-1].sum(axis=0) == counts[-1]).all()
    assert counts[-1, 0] == len(results.clips)


@pytest.mark.parametrize(
    ("setting", "said"),
    [("refuse", "None was found."), ("warn", "None was found."), ("group", "into one group"),
     (False, "not looked for"), ("off", "not looked for"), (None, "is not recorded")],
)  # fmt: skip
def test_the_card_says_whether_copies_were_looked_for(plain, setting, said):
    _, results, _ = plain
    assert said in data_card(replace(results, study=results.study | {"leakage": setting}))["leakage_said"]


def test_versions_that_differ_between_trials_are_counted(plain):
    _, results, _ = plain
    for number, trial in enumerate(trial for trial in results.trials if trial.done):
        trial.info.update(versions={"keras": "3.14" if number == 0 else "3.15"}, backend="jax")
    rows = {what.text: value.text for what, value in provenance(results)["environment"].rows}
    done = sum(trial.done for trial in results.trials)
    assert rows["version of keras"] == f"3.14 (1 trial); 3.15 ({done - 1} trials)"
    assert rows["backend"] == "jax"


# Text on what it stands on, at least 4.5 : 1; marks of a chart, 3 : 1 (WCAG 2.2, success criteria 1.4.3 and 1.4.11).
TEXTS = [*product(("ink", "quiet", "link"), ("page", "surface", "raised")),
         ("warn-ink", "warn"), ("bad-ink", "bad"), ("bad-ink", "surface"), ("good-ink", "good")]  # fmt: skip
MARKS = [("blue", "surface"), ("control", "surface"), ("control", "page"), ("link", "surface")]


@pytest.mark.parametrize(
    ("front", "back", "least"), [(*pair, 4.5) for pair in TEXTS] + [(*pair, 3.0) for pair in MARKS]
)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast_is_that_of_wcag_aa(front, back, least, theme):
    colours = dict(re.findall(r"--([\w-]+): light-dark\(([^)]+)\)", (TEMPLATES / "style.css").read_text()))
    a, b = (luminance(colours[name].split(", ")[theme]) for name in (front, back))
    assert (max(a, b) + 0.05) / (min(a, b) + 0.05) >= least


def luminance(colour):
    """Return the relative luminance of '#rrggbb', as WCAG defines it."""
    return float(linear_rgb(colour) @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize(("record", "said"), [({"kept_iteration": 160}, "epoch 8, iteration 160"), ({}, "")])
def test_the_weights_that_were_kept_are_said(tmp_path, record, said):
    folder = build_results(tmp_path / "kept", models=("vgg16",), folds=1)
    change_trial(folder / "trials" / "vgg16" / "0-0", **record)
    page, *_ = page_of(folder)
    (drawing,) = (image for image in page.named("img") if image["id"] == "figure-training_vgg16")
    assert (f"weights kept: {said}" in drawing["alt"]) == bool(said)
