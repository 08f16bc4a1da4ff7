"""Parity of several labels: what a paper prints stands beside ours, digit by digit, and what is missing stays blank."""

from collections import defaultdict
from types import SimpleNamespace

import pytest

from benchmark.analysis.audit.published import read_published
from benchmark.analysis.tables.specs.comparison import with_parity
from benchmark.analysis.tables.specs.parity_multilabel import (
    COLUMNS,
    PAPERS,
    PARITY_COLUMNS,
    facts_of,
    parity_table,
    published_scores,
)  # fmt: skip
from benchmark.config.load import load_study
from benchmark.store.shipped import shipped

OURS = {"f1_macro": 0.50, "f1_macro_low": 0.45, "f1_macro_high": 0.55, "f1_micro": 0.60}


def study(source, models, done=True):
    """Return the parts of a study's results that parity reads."""
    named = [{"name": name, "label": name.upper()} for name in models]
    return SimpleNamespace(
        study={"published": source}, models=named, done=lambda name: [object()] * done, classes=["a", "b"]
    )


def parity(source, models, done=True):
    return parity_table(study(source, models, done), lambda results, name, place: OURS)


@pytest.mark.parametrize("source", PAPERS)
def test_every_row_is_printed_with_the_headline_of_its_paper(source):
    printed, table = published_scores(source), read_published(source)
    for model in PAPERS[source].rows:
        first, *others = PAPERS[source].places(model)
        assert next(iter(first.metrics.values())) in printed[first.table, first.row, ""]
        for place in (first, *others):
            assert ((table["table"] == place.table) & (table["row"] == place.row)).any()


@pytest.mark.parametrize("source", PAPERS)
def test_every_number_of_a_further_row_is_found(source):
    printed, looked_at = published_scores(source), defaultdict(lambda: {"runtime_s"})  # which is no score
    for model in PAPERS[source].models:
        for place in PAPERS[source].places(model):
            looked_at[place.table, place.row] |= set(place.metrics.values())
    for _, place in PAPERS[source].others:
        texts = [scores for (table, row, _), scores in printed.items() if (table, row) == (place.table, place.row)]
        assert texts
        assert all(set(scores) <= looked_at[place.table, place.row] for scores in texts)


def test_ours_stands_beside_the_printed_value_with_its_interval():
    row = parity("posters2025", ["efficientnet_b0", "mine"]).set_index("metric")
    assert set(row["class"]) == {""}
    assert set(row["model"]) == {"efficientnet_b0"}
    assert row.index[0] == "f1_macro"
    assert row.loc["f1_macro", ["printed", "published", "ours", "ours_low", "ours_high"]].tolist() == [
        "0.53", 0.53, 0.50, 0.45, 0.55
    ]  # fmt: skip
    assert row.loc["f1_macro", "difference"] == pytest.approx(-0.03)
    cells = [column.cell(row.reset_index().iloc[0].to_dict()).text for column in COLUMNS]
    assert cells == [
        "EFFICIENTNET_B0", "EfficientNet-B0 (threshold tuned)", "", "macro F1", "0.53", "0.500 [0.45, 0.55]", "-0.030"
    ]  # fmt: skip


def test_what_is_not_computed_or_not_done_is_blank():
    row = parity("posters2025", ["efficientnet_b0"]).set_index("metric")
    assert row.loc["f1_micro", ["ours_low", "ours_high"]].isna().all()
    assert row.loc["f1_samples", ["ours", "difference"]].isna().all()
    failed = parity("posters2025", ["efficientnet_b0"], done=False)
    assert failed[["ours", "ours_low", "difference"]].isna().all(axis=None)
    assert failed["published"].notna().all()


@pytest.mark.parametrize(
    ("source", "model", "metric", "published"),
    [
        ("wehrmann2017", "ctt_tn", "average_precision_micro", 0.742),
        ("wehrmann2017", "ctt_tn", "ranking_loss", 0.099),
        ("sulun2024", "multi_transformer", "average_precision_macro", 0.6602),  # printed as 66.02
        ("sulun2024", "mlp", "recall_macro", 0.3351),
        ("sulun2024", "multi_transformer-clip", "average_precision_macro", 0.6473),
        ("trailers2023", "yamnet", "keras_accuracy", 0.40),
        ("posters2025", "efficientnet_v2s_4_7", "f1_macro", 0.76),
    ],
)
def test_published_scores_are_shares(source, model, metric, published):
    found = parity(source, [model]).drop_duplicates("metric").set_index("metric")
    assert found.loc[metric, "published"] == published


@pytest.mark.parametrize(("source", "models"), [(None, ["vgg16"]), ("visutsak2025", ["vgg16"]), ("posters2025", ["a"])])
def test_without_a_paper_or_a_model_of_it_there_are_no_rows(source, models):
    table = parity(source, models)
    assert table.empty
    assert tuple(table.columns) == PARITY_COLUMNS


def test_the_comparison_has_no_room_for_several_scores_of_a_model():
    table = parity("posters2025", ["efficientnet_b0"])
    assert with_parity(table[["model"]], table).columns.tolist() == ["model"]


@pytest.mark.parametrize("source", PAPERS)
def test_the_study_of_a_paper_has_its_models(source):
    path = shipped("configs") / f"{source}.yaml"
    if not path.is_file():
        pytest.skip(f"no study of {source}")
    swept = {"sweep"}  # the values of a setting in a figure are not printed
    models = [model.name for model in load_study(path).models if {v.section for v in model.variants} != swept]
    assert set(models) <= set(PAPERS[source].models)


@pytest.mark.parametrize("source", PAPERS)
def test_the_paper_is_named(source):
    assert source in facts_of(SimpleNamespace(results=study(source, [])))[0]
