"""Tables and figures in the very form of a paper, for studies that name it (``published``): columns, order, digits.

Tables 2 and 3 and the figures are those of visutsak2025, the one source so far."""

from itertools import chain

import pandas as pd

from benchmark.analysis.metrics.marks import find_marks
from benchmark.analysis.metrics.metrics import SCORES
from benchmark.analysis.tables.markup import Sheet
from benchmark.analysis.tables.tables import describe

TABLE_2 = ("Pre-trained Model", "Average Computational Times (Keras, CPU)")
TABLE_3 = ("Class", "Precision", "Recall", "F1-score")
# Models by the names in configs/models, side by side as Fig. 4 to 8 show their confusion matrices: the last one alone.
PAIRS = {
    "visutsak2025": (
        ("mobilenet_v2", "resnet18"),
        ("densenet201", "places365_googlenet"),
        ("vgg16", "vgg19"),
        ("inception_resnet_v2", "inception_v3"),
        ("nasnet_mobile",),
    )
}
# What the paper calls a figure of ours: confusion matrices are in its text, training in its appendix.
FIGURES = {
    source: {
        **{f"confusion_pair_{'_'.join(pair)}": f"Fig. {4 + index}" for index, pair in enumerate(pairs)},
        **{f"training_{name}": f"Fig. A{1 + index}" for index, name in enumerate(chain(*pairs))},
    }
    for source, pairs in PAIRS.items()
}


def pairs(models, source=None):
    """Return the models shown side by side: as in the paper, then those that are not in it, two by two.

    source: the paper that the study names, None for none."""
    in_paper = PAIRS.get(source, ())
    others = [name for name in models if name not in chain(*in_paper)]
    found = [pair for pair in in_paper if set(pair) <= set(models)]
    return found + list(zip(others[::2], others[1::2], strict=False))


def as_in_paper(name, source=None):
    """Return the line of a title that says which figure of the paper the one of this name is like, '' for none."""
    figure = FIGURES.get(source, {}).get(name)
    return f"\nas {figure} of {source}" if figure else ""


def table_2(results, tables):
    """Return model, label and latency_ms (mean of the timed calls) of each model timed; tables: of the study.

    Without rows where the study names no paper whose form this is."""
    latency = tables["latency"].dropna(subset="latency_ms_mean")
    rows = latency[["model", "label", "latency_ms_mean"]].rename(columns={"latency_ms_mean": "latency_ms"})
    return rows if results.study.get("published") in FIGURES else rows.iloc[:0]


def table_3(results, tables):
    """Return model, label, class, precision, recall and f1, 0..1, a block per model that ends with its accuracy.

    The accuracy stands in the column f1, as in the paper, in a row whose class is 'Accuracy'. Without rows where the
    study names no paper whose form this is."""
    comparison = tables["comparison"].dropna(subset="accuracy")
    accuracies = comparison[["model", "label", "accuracy"]].rename(columns={"accuracy": "f1"})
    scores = tables["per_class"][["model", "label", "class", *SCORES]]
    rows = pd.concat([scores, accuracies.assign(**{"class": "Accuracy"})])
    order = {model: place for place, model in enumerate(comparison["model"])}
    rows = rows.sort_values("model", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)
    return rows if results.study.get("published") in FIGURES else rows.iloc[:0]


def table_2_sheet(results, tables, notes):
    """Return the :class:`Sheet` of ``table_2``: '380 ms', '6 s'; notes: the sentences below it."""
    marks, timed = find_marks(results), tables["table_2"].to_dict("records")
    rows = tuple((marks.heading(row), milliseconds(row["latency_ms"])) for row in timed)
    caption = (f"Average computational times for {len(rows)} pre-trained models.", *describe(results))
    return Sheet("table_2", caption, TABLE_2, rows, notes)


def table_3_sheet(results, tables, notes):
    """Return the :class:`Sheet` of ``table_3``: scores with five digits, accuracy with four."""
    rows = []
    for _, block in tables["table_3"].groupby("model", sort=False):
        *classes, accuracy = block.to_dict("records")
        rows.append((find_marks(results).heading(accuracy),))
        rows += [(row["class"], *(f"{row[score]:.5f}" for score in SCORES)) for row in classes]
        rows.append(("Accuracy", "", "", f"{accuracy['f1']:.4f}"))
    caption = ("Evaluation of pre-trained models for genre classification from spectrograms.", *describe(results))
    return Sheet("table_3", caption, TABLE_3, tuple(rows), notes, long=True)


def milliseconds(value):
    """Return a time as the paper prints it: '4.8 ms', '906 ms', '3.2 s'."""
    if value >= 1000:
        return f"{value / 1000:.2g} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
