"""How much a network's maps say: the fall of the predicted class' log odds where cells are covered.

    python tests/benchmarks/deletion.py RESULTS/trials/MODEL/0-0 [...]

For each test clip of a frozen trial the 10, 20 and 30 % of cells with most evidence, the brightest, and random ones are
covered by the clip's median colour (Petsiuk et al. 2018, RISE, arXiv:1806.07421). Prints the median falls: a covered
picture may excite a feature that hardly varies in training, and one such clip would rule a mean."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from scipy.special import logsumexp

SHARES = (0.1, 0.2, 0.3)


def log_odds(explainer, images, column):
    """Return the log odds (n,) of a class of pictures (n, size, size, 3), in double precision: scores round to 1."""
    features = np.asarray(explainer.extractor.backbone.model.predict_on_batch(images), "float64")
    standardize, dense = (explainer.classifier.head.get_layer(name) for name in ("standardize", "scores"))
    kernel, bias = (np.asarray(weight, "float64") for weight in dense.get_weights())
    logits = standardize.transform(features) @ kernel + bias
    return logits[:, column] - logsumexp(np.delete(logits, column, axis=1), axis=1)


def covered(image, order, shape, share):
    """Return a picture whose first cells in ``order`` (n_cells,) have its median colour; ``shape``: (rows, columns)."""
    cells = np.zeros(shape[0] * shape[1], bool)
    cells[order[: round(share * len(order))]] = True
    size = image.shape[0]
    rows, columns = (np.arange(size) * n // size for n in shape)
    mask = cells.reshape(shape)[rows[:, None], columns[None]]
    return np.where(mask[..., None], np.median(image, axis=(0, 1)), image).astype("float32")


def falls(explainer, path, rng):
    """Return {order: falls of the log odds (3,)} of one clip."""
    image = explainer.read(path)
    name = explainer.classes[int(np.argmax(explainer.classifier.score(image[None])))]
    evidence = explainer.evidence(image[None], [name])[0]
    shape, size = evidence.shape, image.shape[0]
    edges = [np.arange(n + 1) * size // n for n in shape]
    light = image.mean(axis=-1)
    bright = np.add.reduceat(np.add.reduceat(light, edges[0][:-1], axis=0), edges[1][:-1], axis=1)
    orders = {
        "with most evidence": np.argsort(-evidence.ravel()),
        "brightest": np.argsort(-bright.ravel()),
        "at random": rng.permutation(evidence.size),
    }
    column = explainer.classes.index(name)
    before = log_odds(explainer, image[None], column)[0]
    return {
        what: before - log_odds(explainer, np.stack([covered(image, order, shape, s) for s in SHARES]), column)
        for what, order in orders.items()
    }


def main(folders):
    """Print a table per trial."""
    from benchmark.models.backend import import_keras

    import_keras()
    from benchmark.inference.explain import Explainer
    from benchmark.inference.predictor import check_trial

    for folder in map(Path, folders):
        explainer, rng = Explainer(folder, check_trial(folder)), np.random.default_rng(0)
        clips = pd.read_csv(folder.parents[2] / "clips.csv").set_index("clip_id")["path"]
        tested = pd.read_csv(folder / "predictions.csv").query("split == 'test'")["clip_id"]
        found = [falls(explainer, clips[clip], rng) for clip in tested]
        print(f"{folder}: {len(found)} test clips")
        for what in found[0]:
            print(f"  {what}: {', '.join(f'{fall:.1f}' for fall in np.median([row[what] for row in found], axis=0))}")


if __name__ == "__main__":
    main(sys.argv[1:])
