"""The frozen regime against scikit-learn on the same pictures, weights and splits.

    python tests/benchmarks/frozen_head.py DATA_ROOT MOBILENET.weights.h5 YAMNET_FOLDER [--seeds 10] [--clips 33000]

Runs a frozen study with the suite, then takes the way that a notebook would: pictures from the cache, resized by
Pillow, through Keras' MobileNetV2 with its own preprocessing (sound by librosa through YAMNet's SavedModel),
StandardScaler and LogisticRegression(C=1), with scikit-learn's default tolerance and with the suite's. Prints accuracy
by split and the mean difference; exit code 1 where the mean difference of a network from the latter is above 0.5 points
or that of a split above 3. Then the seconds of the head alone, on synthetic features."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

MEAN_LIMIT, SPLIT_LIMIT = 0.5, 3.0  # points
# Both end near one optimum, the first so far from it that a clip or two of 40 may change sides.
TOLERANCES = {"scikit-learn, default": 1e-4, "scikit-learn": 1e-6}
DIM, CLASSES, ITERATIONS = 1280, 5, 100
LIMITS = {"one strength": 60, "grid": 300}  # seconds


def run_suite(arguments, folder):
    """Run the study of esc5's settings with ``arguments.seeds`` splits; return its results folder."""
    settings = {
        "name": "frozen_head", "dataset.root": arguments.data, "results": folder / "results", "cache": folder / "cache",
        "split.seeds": list(range(arguments.seeds)), "models.mobilenet_v2.weights": arguments.mobilenet,
        "models.yamnet.weights": arguments.yamnet, "training.save": "none", "latency.calls": 1, "latency.seconds": 0,
        "latency.batch": "null",
    }  # fmt: skip
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "run_benchmark.py", "run", "configs/esc5.yaml", *given]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "results" / "frozen_head"


def image_features(paths, weights, seed):
    """Return MobileNetV2's features (n_clips, 1280) of pictures, the plain way."""
    import keras
    from PIL import Image

    pictures = [Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR) for path in paths]
    keras.utils.set_random_seed(seed)
    network = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3), pooling="avg")
    if weights:
        network.load_weights(weights)
    x = keras.applications.mobilenet_v2.preprocess_input(np.stack([np.asarray(p, "float32") for p in pictures]))
    return network.predict(x, batch_size=32, verbose=0)


def sound_features(paths, folder, duration):
    """Return the mean of YAMNet's embeddings (n_clips, 1024) of sound files, the plain way."""
    import librosa
    import tensorflow as tf

    network, found = tf.saved_model.load(str(folder)), []
    for path in paths:
        y, _ = librosa.load(path, sr=16000, duration=duration)
        y = np.pad(y, (0, max(0, int(16000 * duration) - len(y))))
        found.append(network(y.astype("float32"))[1].numpy().mean(axis=0))
    return np.stack(found)


def plain_accuracy(features, labels, split, tolerance):
    """Return the accuracy in percent on the test clips of a logistic regression on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = split == "train", split == "test"
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000, tol=tolerance))
    return 100 * model.fit(features[train], labels[train]).score(features[test], labels[test])


def compare(arguments, results):
    """Return a row per network and seed: accuracy of the suite and of scikit-learn's two tolerances, in percent."""
    clips, rows = pd.read_csv(results / "clips.csv"), []
    fixed = {
        "mobilenet_v2": image_features(clips["image"], arguments.mobilenet, 0),
        "yamnet": sound_features(clips["path"], arguments.yamnet, 5.0),
    }
    for model in ("mobilenet_v2", "mobilenet_v2_random", "yamnet"):
        for seed in range(arguments.seeds):
            x = fixed[model] if model in fixed else image_features(clips["image"], None, seed)
            tested = pd.read_csv(results / "trials" / model / f"0-{seed}" / "predictions.csv").query("split == 'test'")
            suite = (tested["y_true"] == tested["y_pred"]).mean()
            given = x, clips["label"].to_numpy(), clips[f"split_0-{seed}"].to_numpy()
            plain = (plain_accuracy(*given, tolerance) for tolerance in TOLERANCES.values())
            rows.append((model, seed, 100 * suite, *plain))
    return pd.DataFrame(rows, columns=["model", "seed", "suite", *TOLERANCES])


def seconds_of_the_head(n_clips):
    """Return the seconds of a head on (n_clips, 1280) features of 5 classes: one strength, and the grid."""
    from benchmark.training.solver import solve, solve_best

    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, n_clips)
    hidden = rng.normal(size=(n_clips, 60)) + rng.normal(0, 0.5, (CLASSES, 60))[labels]
    x = hidden @ rng.normal(size=(60, DIM)) + rng.normal(0, 1.0, (n_clips, DIM))  # correlated, as features are
    x, y = (x - x.mean(0)) / x.std(0), np.eye(CLASSES)[labels]
    val = x[: n_clips // 7], y[: n_clips // 7], None
    began = time.perf_counter()
    one = solve(x, y, max_iter=ITERATIONS, val=val)
    middle = time.perf_counter()
    solve_best(x, y, None, val, ITERATIONS)
    return {"one strength": middle - began, "grid": time.perf_counter() - middle}, len(one.history), one.converged


def main():
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "mobilenet", "yamnet"):
        parser.add_argument(name, type=lambda path: Path(path).resolve())
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--clips", type=int, default=33_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = compare(arguments, run_suite(arguments, Path(folder)))
    table["difference"] = table["suite"] - table["scikit-learn"]
    print(table.to_string(index=False, float_format="{:.2f}".format))
    found = table.groupby("model", sort=False)["difference"].agg(["mean", lambda x: x.abs().max()])
    found.columns = ["mean difference", "largest of a split"]
    means = table.groupby("model", sort=False)[["suite", *TOLERANCES]].mean()
    print(means.join(found).to_string(float_format="{:.2f}".format))
    wrong = (found["mean difference"].abs() > MEAN_LIMIT).any() or (found["largest of a split"] > SPLIT_LIMIT).any()
    seconds, iterations, converged = seconds_of_the_head(arguments.clips)
    for name, value in seconds.items():
        size = f"{arguments.clips} clips x {DIM} features x {CLASSES} classes"
        print(f"{size}, {name}: {value:.1f} s (limit {LIMITS[name]})")
        wrong |= value > LIMITS[name]
    print(f"one strength: {iterations} iterations, {'converged' if converged else 'stopped there'}")
    sys.exit(int(wrong))


if __name__ == "__main__":
    main()
