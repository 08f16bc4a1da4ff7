"""Our scores beside those that a paper on clips with several labels published for the same models.

As for one label, published values are no numbers to hit: other clips, other weights, another protocol."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analysis.audit.printed import in_words, printed_rows
from benchmark.analysis.audit.published import read_published
from benchmark.analysis.audit.reported import share
from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.tables.columns import Column, number, text, with_interval
from benchmark.analysis.tables.spec import TableSpec


@dataclass(frozen=True)
class Paper:
    """What a paper prints of models that a study may have."""

    metrics: dict[str, str]  # names of our scores to those of the printed ones, the paper's headline first
    rows: dict[str, tuple[str, str]]  # names of models of a study to (table, row), as printed
    fact: str = ""  # a sentence on these numbers


F1 = ("f1_macro", "f1_micro", "f1_samples", "f1_weighted")
AREAS = ("average_precision_macro", "average_precision_micro", "average_precision_weighted", "ranking_loss")
OF_MOVIENET = ("average_precision_macro", "precision_macro", "recall_macro")
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
        "own classes.",
    ),
    "trailers2023": Paper(
        {"keras_accuracy": "accuracy"},
        {
            "vgg16": ("Text", "VGG16 on frames"),
            "cnn": ("Text", "basic CNN"),
            "yamnet": ("Text", "pre-trained models (YAMNET, VGGISH)"),
            "vggish": ("Text", "pre-trained models (YAMNET, VGGISH)"),
        },
        "The paper does not define its accuracy; that of metrics=['accuracy'] in Keras is compared with it.",
    ),
    "sulun2024": Paper(
        {name: name for name in OF_MOVIENET},
        {
            "mlp": ("Table 1", "MLP"),
            "single_transformer": ("Table 1", "Single-transformer"),
            "multi_transformer": ("Table 1", "Multi-transformer"),
        },
    ),
}  # fmt: skip
PARITY_COLUMNS = (
    "model", "label", "table", "row", "metric", "printed", "published", "ours", "ours_low", "ours_high", "difference",
)  # fmt: skip


def published_scores(source):
    """Return {(table, row): {printed name of a score: its text}} of one source."""
    return {(row.table, row.name): row.others | row.averages for row in printed_rows(read_published(source))}


def parity_table(results, scores=model_scores):
    """Return a row per published model of the study and score with :data:`PARITY_COLUMNS`, the headline of the paper
    first; none where the study names no such paper as ``published``.

    results: the :class:`benchmark.store.results.Results`; scores: (results, model) -> a dict of scores 0..1 and their
    ends, ``_low`` and ``_high``. printed: the text; difference: ours minus published. Ours is missing where no trial is
    done or the score is not computed."""
    source, rows = results.study.get("published"), []
    if source in PAPERS:
        paper, printed = PAPERS[source], published_scores(source)
        for model in (model for model in results.models if model["name"] in paper.rows):
            place = paper.rows[model["name"]]
            ours = scores(results, model["name"]) if results.done(model["name"]) else {}
            names = {"model": model["name"], "label": model["label"], "table": place[0], "row": place[1]}
            rows += [names | _beside(metric, printed[place][theirs], ours)
                     for metric, theirs in paper.metrics.items() if theirs in printed[place]]  # fmt: skip
    return pd.DataFrame(rows, columns=PARITY_COLUMNS)


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
