"""A frozen study of several labels against scikit-learn on the same files, weights and splits.

    python tests/benchmarks/label_head.py results/posters_small mobilenet_v2 --weights FILE --limit 0.02
    python tests/benchmarks/label_head.py results/birds yamnet --weights DIR --limit 0.03 --of AP

Takes a finished study and goes the way that a notebook would: Keras' MobileNetV2 on resized pictures, or YAMNet's
SavedModel on sound by librosa, then per class StandardScaler and LogisticRegression(C=1), and the threshold of the
highest F1 on val among the scores there. Prints macro average precision and macro F1 by split; exit code 1 where the
mean difference of one of them is above the limit. Where a class has two positives in val its threshold is chance, and
so is F1."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from tests.benchmarks.frozen_head import image_features, sound_features  # noqa: E402

FEATURES = {
    "mobilenet_v2": lambda clips, weights: image_features(clips["image"], weights, 0),
    "yamnet": lambda clips, weights: sound_features(clips["path"], weights, 5.0),
}


def plain_scores(x, y, split):
    """Return the scores (n_clips, n_classes) of one logistic regression per class; x: (n_clips, dim), y: of 0 and 1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression(C=1.0, max_iter=1000, tol=1e-6)))
    return model.fit(x[split == "train"], y[split == "train"]).predict_proba(x)


def macro_scores(y, y_score, split):
    """Return macro average precision and macro F1 of the test clips, thresholds tuned on val, as scikit-learn does."""
    from sklearn.metrics import average_precision_score, f1_score

    val, test = split == "val", split == "test"
    known = y[test].any(axis=0)
    ap = average_precision_score(y[test][:, known], y_score[test][:, known], average="macro")
    predicted = np.zeros_like(y[test])
    for column in range(y.shape[1]):
        tried = np.unique(y_score[val, column])
        f1 = [f1_score(y[val, column], y_score[val, column] >= threshold, zero_division=0) for threshold in tried]
        predicted[:, column] = y_score[test, column] >= tried[int(np.argmax(f1))]
    return ap, f1_score(y[test], predicted, average="macro", zero_division=0)


def compare(results, model, weights):
    """Return a row per split: macro AP and F1 of the suite and of scikit-learn."""
    from sklearn.metrics import average_precision_score, f1_score

    clips = pd.read_csv(results / "clips.csv", dtype={"label": str}, keep_default_na=False)
    y = clips["label"].str.get_dummies("|").to_numpy()
    x, rows = FEATURES[model](clips, weights), []
    for path in sorted((results / "trials" / model).glob("0-*")):
        split = clips[f"split_{path.name}"].to_numpy()
        said = pd.read_csv(path / "predictions.csv", dtype={"clip_id": str}, keep_default_na=False)
        said = said.set_index("clip_id").loc[clips["clip_id"][split == "test"]]
        scores = said.filter(like="score_").astype(float).to_numpy()
        test = y[split == "test"]
        known = test.any(axis=0)
        suite = (
            average_precision_score(test[:, known], scores[:, known], average="macro"),
            f1_score(test, said["y_pred"].str.get_dummies("|").reindex(columns=classes_of(said), fill_value=0),
                     average="macro", zero_division=0),
        )  # fmt: skip
        rows.append((path.name, *suite, *macro_scores(y, plain_scores(x, y, split), split)))
    return pd.DataFrame(rows, columns=["trial", "AP", "F1", "AP, scikit-learn", "F1, scikit-learn"])


def classes_of(said):
    """Return the classes of predictions.csv in the order of its columns."""
    return [name.removeprefix("score_") for name in said.filter(like="score_")]


def main():
    """Print the comparison of one study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("model", choices=FEATURES)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=0.02)
    parser.add_argument("--of", nargs="+", choices=["AP", "F1"], default=["AP", "F1"], help="scores that are judged")
    arguments = parser.parse_args()
    table = compare(arguments.results, arguments.model, arguments.weights)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    means = table.mean(numeric_only=True)
    gaps = {score: means[score] - means[f"{score}, scikit-learn"] for score in ("AP", "F1")}
    print("mean difference: " + ", ".join(f"{score} {gap:+.3f}" for score, gap in gaps.items()))
    sys.exit(int(max(abs(gaps[score]) for score in arguments.of) > arguments.limit))


if __name__ == "__main__":
    main()
