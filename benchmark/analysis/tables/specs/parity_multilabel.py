"""Our scores beside those that a paper on clips with several labels published for the same models.

As for one label, published values are no numbers to hit: other clips, other weights, another protocol."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analysis.audit.printed import in_words, printed_rows
from benchmark.analysis.audit.published import read_published
from benchmark.analysis.audit.reported import share
from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.multilabel.fixed_thresholds import fixed_scores
from benchmark.analysis.metrics.multilabel.sample import OF_CLASSES
from benchmark.analysis.tables.columns import Column, number, text, with_interval
from benchmark.analysis.tables.paper_form import SULUN_TABLE_1, SULUN_TABLE_3, TABLE_1
from benchmark.analysis.tables.spec import TableSpec
from benchmark.analysis.tables.specs.paper_films import validated


@dataclass(frozen=True)
class Place:
    """A row of a paper's table whose numbers are of one model."""

    table: str
    row: str
    metrics: dict[str, str]  # names of our scores to those of the printed ones, of the row or of each class
    threshold: float | None = None  # what they are decided by; None: what the model is
    split: str = "test"


@dataclass(frozen=True)
class Paper:
    """What a paper prints of models that a study may have."""

    metrics: dict[str, str]  # names of our scores to those of the printed ones, the paper's headline first
    rows: dict[str, tuple[str, str]]  # names of models of a study to (table, row), as printed
    fact: str = ""  # a sentence on these numbers
    others: tuple[tuple[str, Place], ...] = ()  # further rows, each with its model
    unprinted: tuple[str, ...] = ()  # models of its study of which it prints no number

    @property
    def models(self):
        """The names that a study of the paper gives its models."""
        return tuple(dict.fromkeys((*self.rows, *(model for model, _ in self.others), *self.unprinted)))

    def places(self, model):
        """Return every :class:`Place` of a model, that of its averages first."""
        first = [Place(*self.rows[model], self.metrics)] if model in self.rows else []
        return [*first, *(place for name, place in self.others if name == model)]


F1 = ("f1_macro", "f1_micro", "f1_samples", "f1_weighted")
AREAS = ("average_precision_macro", "average_precision_micro", "average_precision_weighted", "ranking_loss")
CLASS_AP, MICRO_AP = ({name: name} for name in ("average_precision", "average_precision_micro"))
PRECISION = {"precision": "precision", "precision_macro": "precision"}  # of each class, and of the row
OF_TABLE_4 = {"ctt_c": "CTT-MMC-C", "ctt_s": "CTT-MMC-S", "ctt_tn": "CTT-MMC-TN", "lstm": "LSTM", "av": "AV",
              "random": "Random"}  # fmt: skip
AT_HALF = {"precision_macro": "precision_macro", "recall_macro": "recall_macro"}
MACRO_AP = {"average_precision_macro": "average_precision_macro"}
ABLATED = tuple(SULUN_TABLE_1)[-1]  # the model of sulun2024 of which Table 3 has rows
PAPERS = {
    "posters2025": Paper(
        {name: name for name in F1},
        {
            "resnet50_baseline": ("Table 3", "ResNet50 (baseline, epoch 12, threshold-tuned)"),
            "resnet50_balanced": ("Table 4", "ResNet50 (balanced, with threshold tuning)"),
            "efficientnet_b0": ("Table 5", "EfficientNet-B0 (threshold tuned)"),
            "efficientnet_v2s_6_7": ("Table 6", "EfficientNetV2-S (blocks 6-7 unfrozen, 50 epochs)"),
            "efficientnet_v2s_4_7": (
                "Table 7", "EfficientNetV2-S (blocks 4-7 unfrozen, 100 epochs, threshold tuning)"
            ),
            "vgg16_frozen": ("Table 8", "VGG16 (no tune)"),
            "vgg16_finetuned": ("Table 8", "VGG16 (threshold-tuned)"),
        },
        "The paper's thresholds were tuned on the validation clips, and its Table 9 reports the same numbers as "
        "results on validation: they are too good by what tuning gains. Its Table 8 is of VGG-16 "
        "frozen and fine-tuned by its caption, without and with tuned thresholds by its columns.",
    ),
    "wehrmann2017": Paper(
        {name: name for name in AREAS},
        {
            "random": ("Table 3", "Random"),
            "vllf": ("Table 3", "VLLF"),
            "av": ("Table 3", "AV"),
            "lstm": ("Table 3", "LSTM"),
            "ctt_s": ("Table 3", "CTT-MMC-S"),
            "ctt_a": ("Table 3", "CTT-MMC-A"),
            "ctt_b": ("Table 3", "CTT-MMC-B"),
            "ctt_c": ("Table 3", "CTT-MMC-C"),
            "ctt_tn": ("Table 3", "CTT-MMC-TN"),
        },
        "The audit finds that the paper's weighted AP of LSTM, and macro and weighted AP of AV, do not follow from its "
        "own classes, and that Comedy and Drama of its random scores look swapped. Table 1 is of validation clips.",
        (
            *((model, Place("Table 4", row, CLASS_AP)) for model, row in OF_TABLE_4.items()),
            *((model, Place("Table 1", f"p = {parts}, {draws} samples", MICRO_AP, split="val"))
              for (parts, draws), model in TABLE_1.items()),
        ),
        ("prior",),
    ),
    "trailers2023": Paper(
        {"keras_accuracy": "accuracy"},
        {
            "vgg16": ("Text", "VGG16 on frames"),
            "cnn": ("Text", "basic CNN"),
            "yamnet": ("Text", "pre-trained models (YAMNET, VGGISH)"),
            "vggish": ("Text", "pre-trained models (YAMNET, VGGISH)"),
        },
        "The paper does not define its accuracy, nor which mean its precision over all genres is: that of "
        "metrics=['accuracy'] in Keras, and the macro mean, are compared with them.",
        (
            ("vgg16", Place("Text", "VGG16 on frames, threshold 0.36", PRECISION, 0.36)),
            *((model, Place("Text", f"{row}, threshold {100 * threshold:g}%", PRECISION, threshold))
              for model, row in {"cnn": "basic CNN", "yamnet": "YAMNET", "vggish": "VGGISH"}.items()
              for threshold in (0.5, 0.1)),
        ),
        ("cnn_frames", "vgg16_one_label"),
    ),
    "sulun2024": Paper(
        MACRO_AP,
        {model: ("Table 1", row) for model, row in SULUN_TABLE_1.items()},
        "Precision and recall of the paper are at a threshold of 0.5. Of its features only CLIP's are published.",
        (
            *((model, Place("Table 1", row, AT_HALF, 0.5)) for model, row in SULUN_TABLE_1.items()),
            *((f"{ABLATED}-{features}", Place("Table 3", row, MACRO_AP)) for features, row in SULUN_TABLE_3.items()),
        ),
    ),
}  # fmt: skip
PARITY_COLUMNS = (
    "model", "label", "table", "row", "class", "metric", "printed", "published", "ours", "ours_low", "ours_high",
    "difference",
)  # fmt: skip


def published_scores(source):
    """Return {(table, row, class): {printed name of a score: its text}} of one source; class '' is the whole row."""
    found = {}
    for row in printed_rows(read_published(source)):
        found[row.table, row.name, ""] = row.others | row.averages
        found |= {(row.table, row.name, name): texts for name, texts in row.classes.items()}
    return found


def parity_table(results, scores=None):
    """Return a row per published number of the study's models with :data:`PARITY_COLUMNS`, the headline of the paper
    first; none where the study names no such paper as ``published``.

    results: the :class:`benchmark.store.results.Results`; scores: (results, model, place) -> a dict of scores 0..1 and
    their ends, ``_low`` and ``_high``, arrays (n_classes,) where there is one per class; :func:`place_scores` unless
    given. printed: the text; difference: ours minus published. Ours is missing where no trial is done, the score is
    not computed or the study has no such class."""
    source, rows = results.study.get("published"), []
    if source in PAPERS:
        printed = published_scores(source)
        for model in results.models:
            for place in PAPERS[source].places(model["name"]):
                done = results.done(model["name"])
                ours = (scores or place_scores)(results, model["name"], place) if done else {}
                named = {"model": model["name"], "label": model["label"], "table": place.table, "row": place.row}
                rows += [named | line for line in _lines(place, printed, ours, results.classes)]
    return pd.DataFrame(rows, columns=PARITY_COLUMNS)


def place_scores(results, model, place):
    """Return our scores for a :class:`Place`; those of one fixed threshold, or of the validation clips, have no
    interval."""
    trials = results.done(model)
    if place.threshold is not None:
        return fixed_scores(trials, place.threshold)
    return {"average_precision_micro": validated(trials)} if place.split == "val" else model_scores(results, model)


def _lines(place, printed, ours, classes):
    """Yield a dict per number printed at a place: of the whole row, then of the classes that the study has too."""
    for name in ("", *classes):
        texts = printed.get((place.table, place.row, name), {})
        for metric, theirs in place.metrics.items():
            of_class = metric in OF_CLASSES
            if theirs in texts and of_class == bool(name):
                own = {key: ours[key][classes.index(name)] if name else ours[key]
                       for key in (metric, f"{metric}_low", f"{metric}_high") if key in ours}  # fmt: skip
                yield {"class": name} | _beside(metric, texts[theirs], own)


def _beside(metric, printed, ours):
    """Return one score of the paper and ours."""
    published, value = float(share(printed)), ours.get(metric, np.nan)
    ends = {f"ours_{end}": ours.get(f"{metric}_{end}", np.nan) for end in ("low", "high")}
    found = {"metric": metric, "printed": printed, "published": published, "ours": value}
    return found | ends | {"difference": value - published}


def facts_of(tables):
    """Return sentences on the paper that the study names."""
    source = tables.results.study["published"]
    return tuple(sentence for sentence in (f"Published: {source}.", PAPERS[source].fact) if sentence)


COLUMNS = (
    text("Model", "label"),
    text("Published as", "row", shorten=True),
    text("Class", "class"),
    text("Score", "metric", in_words),
    text("Published", "printed"),
    Column("Ours [95 %]", ("ours", "ours_low", "ours_high"), with_interval),
    number("Difference", "difference", "+.3f"),
)
FACTS = (
    "A published value is no number to hit: it was measured on other data, and both are subject to chance.",
    "Nothing here means anything for a run on synthetic data or from random weights.",
    "Difference: ours minus published; the first score of each model is the headline of the paper.",
)
TABLES = (
    TableSpec(
        "parity", lambda results, tables: parity_table(results), "Parity with the published scores.", COLUMNS, FACTS,
        facts_of, further=False, place=12, tasks=("multilabel",),
    ),
)  # fmt: skip
