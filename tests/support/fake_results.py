"""A made-up results folder, as a run writes it: seeded, of any models, folds and seeds, without training anything."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from benchmark.store.labels import to_matrix, to_text
from benchmark.store.layout import THRESHOLDS
from benchmark.store.predictions import SCORE, Predictions, pooled, predictions
from benchmark.store.results import Results, TrialResult
from benchmark.tasks import TASKS
from benchmark.tasks.thresholds import find_thresholds

CLASSES = ("Action", "Comedy", "Drama", "Romance", "Thriller")
SUPPORT = (26, 24, 35, 33, 35)  # test clips per class of visutsak2025, read from its Table 3

NO_HISTORY = pd.DataFrame(columns=["iteration", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"], dtype=float)
NO_LATENCY = pd.DataFrame({"stage": ["first"], "call": [0], "ms": [9.0]})

# name: label, share of right predictions, median latency (ms), parameters, size (MB)
NETWORKS = {
    "mobilenet_v2": ("MobileNet-v2", 0.55, 25.0, 2_264_389, 9.1),
    "resnet18": ("ResNet-18", 0.48, 30.0, 11_179_077, 44.7),
    "densenet201": ("DenseNet-201", 0.57, 140.0, 18_331_589, 74.0),
    "places365_googlenet": ("Places365-GoogLeNet", 0.82, 40.0, 5_978_677, 23.9),
    "vgg16": ("VGG-16", 0.86, 210.0, 134_281_029, 537.1),
    "vgg19": ("VGG-19", 0.49, 260.0, 139_590_725, 558.4),
    "inception_resnet_v2": ("Inception-ResNet-v2", 0.54, 230.0, 54_344_421, 218.1),
    "inception_v3": ("Inception-v3", 0.48, 95.0, 21_813_029, 87.4),
    "nasnet_mobile": ("NASNet-Mobile", 0.45, 60.0, 4_275_001, 17.6),
    "yamnet": ("YAMNet", 0.61, 15.0, 3_756_677, 15.1),
    "vggish": ("VGGish", 0.58, 45.0, 72_142_469, 288.6),
}


def build_results(
    folder, models=tuple(NETWORKS), folds=5, seeds=(0,), failed=("vgg19",), random=("yamnet",), absent=(),
    synthetic=None, classes=CLASSES, epochs=12, labels=None, published="visutsak2025", task="multiclass",
    networks=NETWORKS, settings=None,
):  # fmt: skip
    """Write a results folder and return its path.

    ``failed``: models whose trials all failed; ``random``: models with random weights; ``absent``: models without any
    trial; ``folds`` of 1 means a holdout; ``labels``: a dict from a model to another label; ``published``: the paper
    that the study names; ``task`` multilabel gives clips no, one or several labels, and tunes thresholds on val;
    ``networks``: rows as of :data:`NETWORKS`, whose last three numbers are None where a model has none; ``settings``:
    {model: what study.yaml says of it beside its name, label and weights}."""
    rng = np.random.default_rng(0)
    labels = {name: networks[name][0] for name in models} | (labels or {})
    weights = {name: "random" if name in random else "imagenet" for name in models}
    clips = CLIPS[task](classes)
    folder.mkdir(parents=True, exist_ok=True)
    split = {"protocol": "kfold" if folds > 1 else "holdout", "fractions": [0.7, 0.1, 0.2], "folds": max(folds, 2)}
    study = {
        "name": folder.name,
        "dataset": {"root": "data", "kind": "audio", "synthetic": synthetic},
        "task": task,
        "split": split | {"seeds": list(seeds)},
        "training": {"regime": "frozen"},
        "published": published,
        "models": [
            {"name": name, "label": labels[name], "weights": weights[name]} | (settings or {}).get(name, {})
            for name in models
        ],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    clips.to_csv(folder / "clips.csv", index=False)
    pd.DataFrame({"path": ["broken.mp4"], "reason": ["no sound"]}).to_csv(folder / "rejected.csv", index=False)
    (folder / "examples").mkdir(exist_ok=True)
    level = rng.random((128, 646, 1)) * np.linspace(0, 1, 128)[:, None, None]  # mel bands by frames, remotely
    Image.fromarray((level * (180, 60, 120)).astype(np.uint8)).save(folder / f"examples/{clips['clip_id'][0]}.png")
    for seed in seeds:
        for fold, (test, val) in enumerate(_parts(len(clips), folds, np.random.default_rng(seed))):
            for name in (name for name in models if name not in absent):
                trial = folder / "trials" / name / f"{fold}-{seed}"
                info = trial_info(name, labels[name], weights[name], fold, seed, classes, task, networks)
                info |= {"n_train": len(clips) - len(test) - len(val), "n_val": len(val), "n_test": len(test)}
                parts = None if name in failed else (clips.iloc[test], clips.iloc[val])
                write_trial(trial, info, parts, rng, epochs, networks[name])
    return folder


def change_study(folder, **settings):
    """Give settings in the study.yaml of a results folder other values."""
    study = yaml.safe_load((folder / "study.yaml").read_text())
    (folder / "study.yaml").write_text(yaml.safe_dump(study | settings))


def change_trial(folder, **record):
    """Give keys in the trial.json of a trial's folder other values."""
    info = json.loads((folder / "trial.json").read_text())
    (folder / "trial.json").write_text(json.dumps(info | record))


def clips_of(right, first=0):
    """Return test clips of class a, of which those with a 1 are predicted right, the others as b."""
    names = [f"c{first + number}" for number in range(len(right))]
    return pd.DataFrame({"clip_id": names, "y_true": "a", "y_pred": np.where(right, "a", "b")})


def scored_clips(n, skill, seed=0, classes=("a", "b", "c")):
    """Return clips with scores of which the true class gets ``skill`` more; the classes are those of every seed."""
    y_true = np.random.default_rng(0).integers(0, len(classes), n)
    y_score = np.random.default_rng(seed).dirichlet(np.ones(len(classes)), n)
    y_score[np.arange(n), y_true] += skill
    y_score /= y_score.sum(axis=1, keepdims=True)
    frame = pd.DataFrame({"clip_id": [f"c{k}" for k in range(n)], "y_true": np.array(classes)[y_true]})
    return frame.assign(**{SCORE + name: y_score[:, k] for k, name in enumerate(classes)})


def results_of(models, protocol="holdout", seeds=(0,), folds=1, classes=("a", "b"), groups=None, n_train=80,
               task="multiclass"):  # fmt: skip
    """Return the :class:`Results` of trials given clip by clip, without a folder.

    models: {name: {(fold, seed): frame}}, frames of test clips with the columns clip_id and y_true, and y_pred, or
    score columns; a model is called by its name. groups: {clip_id: group}."""
    trials = []
    for name, given in models.items():
        for (fold, seed), frame in given.items():
            info = {"n_train": n_train, "threads": 2, "parameters": 1, "size_mb": 1.0, "train_seconds": 1.0}
            frames = predictions_of(frame, classes, task), NO_HISTORY, NO_LATENCY
            trials.append(TrialResult(name, fold, seed, info, None, *frames))
    tested = pooled(trial.predictions for trial in trials).frame().drop_duplicates("clip_id")
    clips = tested[["clip_id"]].assign(path=tested["clip_id"] + ".wav", label=tested["y_true"])
    clips["group"] = [(groups or {}).get(name, f"clip:{name}") for name in clips["clip_id"]]
    split = {"protocol": protocol, "folds": max(folds, 2), "seeds": list(seeds), "fractions": [0.7, 0.1, 0.2]}
    study = {"name": "s", "task": task, "dataset": {}, "training": {"regime": "frozen"}, "split": split}
    study["models"] = [{"name": name, "label": name.upper(), "weights": "imagenet"} for name in models]
    return Results(Path("nowhere"), study, clips.reset_index(drop=True), pd.DataFrame(), pd.DataFrame(), tuple(trials))


def predictions_of(frame, classes, task="multiclass"):
    """Return rows of clips as predictions, of the test split unless said; without scores y_pred has all of them."""
    if isinstance(frame, Predictions):
        return frame
    if "y_pred" in frame:
        y_score = to_matrix(frame["y_pred"], classes).astype(float)
    else:
        y_score = frame[[SCORE + name for name in classes]].to_numpy(float)
    return predictions(
        frame.get("split", "test"), frame["clip_id"], to_matrix(frame["y_true"], classes), y_score, classes, task
    )


def write_trial(folder, info, parts, rng, epochs=12, network=None):
    """Write one trial's folder: failed where ``parts`` is None, else of (test clips, val clips).

    What has no latency has no steps either: its history has no rows."""
    folder.mkdir(parents=True, exist_ok=True)
    if parts is None:
        kept = ("format", "model", "label", "fold", "seed", "regime", "weights")
        info = {key: info[key] for key in kept} | {"status": "failed", "error": "out of memory: 512 MiB | 100 % used"}
        (folder / "trial.json").write_text(json.dumps(info))
        return
    _, skill, latency, *_ = network or NETWORKS[info["model"]]
    task, classes = info["settings"]["task"], info["classes"]
    y_true = [to_matrix(part["label"], classes) for part in parts]
    y_score = [SCORES[task](labels, skill, rng) for labels in y_true]
    if TASKS[task].has_thresholds:
        found = find_thresholds(y_true[1], y_score[1], **info["settings"]["thresholds"])
        info |= {THRESHOLDS: dict(zip(classes, found.tolist(), strict=True))}
    said = pooled(
        predictions(split, part["clip_id"], labels, scores, classes, task, info.get(THRESHOLDS))
        for split, part, labels, scores in zip(("test", "val"), parts, y_true, y_score, strict=True)
    )
    (folder / "trial.json").write_text(json.dumps(info))
    said.frame().to_csv(folder / "predictions.csv", index=False)
    history = _history(skill, epochs, rng, TASKS[task])
    (history.head(0) if latency is None else history).to_csv(folder / "history.csv", index=False)
    if latency is not None:
        _latency(latency, rng).to_csv(folder / "latency.csv", index=False)


def _clips(classes):
    labels = np.repeat(classes, np.resize(SUPPORT, len(classes)))
    ids, paths = zip(*((f"clip{n:03d}", f"data/{label}/{n}.wav") for n, label in enumerate(labels)), strict=True)
    columns = {"clip_id": ids, "path": paths, "label": labels, "group": range(len(labels)), "sha256": "0" * 64}
    return pd.DataFrame(columns)


def _parts(n, folds, rng):
    """Return (test, val) clip indices of each fold; one fold is a holdout of a fifth that holds clip 0."""
    order = np.concatenate([[0], 1 + rng.permutation(n - 1)])
    pieces = np.array_split(order, max(folds, 5))
    return [(pieces[fold], pieces[(fold + 1) % len(pieces)]) for fold in range(folds)]


def _clips_of_several_labels(classes, n=150):
    """Return clips of which each has each class by chance, the first the most often, the last one clip in ten."""
    rng = np.random.default_rng(1)
    drawn = rng.random((n, len(classes))) < np.linspace(0.5, 0.1, len(classes))
    clips = _clips(np.resize(classes, 5))[:n]
    return clips.assign(label=to_text(drawn, classes))


def _scores(y_true, skill, rng):
    """Return probabilities, shape (n, n_classes), whose argmax is right for about a share ``skill`` of the clips."""
    scores = rng.dirichlet(np.ones(y_true.shape[1]), len(y_true))
    right = rng.random(len(y_true)) < skill
    scores[right, y_true[right].argmax(axis=1)] += 1
    return scores / scores.sum(axis=1, keepdims=True)


def _scores_of_each_class(y_true, skill, rng):
    """Return scores 0..1, shape (n, n_classes), the higher for classes that a clip has the greater ``skill`` is."""
    return 1 / (1 + np.exp(1 - 4 * skill * y_true - rng.normal(0, 1, y_true.shape)))


CLIPS = {"multiclass": _clips, "multilabel": _clips_of_several_labels}
SCORES = {"multiclass": _scores, "multilabel": _scores_of_each_class}


def trial_info(name, label, weights, fold, seed, classes, task, networks=NETWORKS):
    """Return trial.json of a trial that is done."""
    _, _, _, parameters, size = networks[name]
    return {
        "format": 1, "status": "done", "error": None, "model": name, "label": label, "classes": list(classes),
        "fold": fold, "seed": seed, "regime": "frozen", "weights": {"name": weights, "sha256": None},
        "parameters": parameters, "size_mb": size, "train_seconds": 12.5 + fold, "seconds": {"train": 12.5},
        "peak_memory_mb": 900.0, "threads": 2, "headline": TASKS[task].headline,
        "settings": {"task": task, "thresholds": {"kind": "per_class"}},
    }  # fmt: skip


def _history(skill, epochs, rng, task):
    epoch = np.arange(1, epochs + 1)
    rise = 1 - np.exp(-epoch / 4)
    accuracy = 0.2 + (min(skill + 0.1, 1) - 0.2) * rise + rng.normal(0, 0.02, epochs)
    val_accuracy = 0.2 + (skill - 0.2) * rise + rng.normal(0, 0.03, epochs)
    columns = {"iteration": epoch * 20, "epoch": epoch, "seconds": 1.5 * epoch, "loss": 1.7 - 1.2 * rise}
    columns |= {name: accuracy.clip(0, 1) for name in task.step_metrics} | {"val_loss": 1.7 - 0.8 * rise}
    columns |= {f"val_{name}": (val_accuracy - 0.1 * place).clip(0, 1) for place, name in enumerate(task.scores)}
    return pd.DataFrame(columns | {"learning_rate": 1e-3})


def _latency(median, rng, calls=30):
    rows = [("first", 0, 8 * median)]
    rows += [("forward", call, median * factor) for call, factor in enumerate(rng.lognormal(0, 0.1, calls))]
    rows += [("file", call, 60 + median * factor) for call, factor in enumerate(rng.lognormal(0, 0.1, 5))]
    rows += [("head", call, median / 100) for call in range(5)]
    return pd.DataFrame(rows, columns=["stage", "call", "ms"])
