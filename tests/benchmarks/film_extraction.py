"""Features of frames against a plain loop, in one run: cv2.VideoCapture and Keras predict; and from the cache.

    python tests/benchmarks/film_extraction.py FILMS WEIGHTS [ENGINE ...]

FILMS is a folder of films, WEIGHTS MobileNet-v2's file, ENGINE keras or openvino (both unless given). A frame is taken
every half second. The floor is decoding alone, by OpenCV and by PyAV; the plain loop reads a film frame by frame,
resizes what it takes and predicts a batch per film. Turns alternate, and the fastest of each counts."""

import copy
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd

from benchmark.config.networks import resolve_network
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.data.video_clips import draw
from benchmark.features.extractors import EXTRACTORS
from benchmark.models.catalogue import find_builder
from benchmark.models.weights.load import file_digest

EVERY, SIZE, TURNS = 0.5, 224, 3


def read_plainly(path, resized):
    """Return the frames of a film at equal steps, as a loop over cv2.VideoCapture finds them."""
    film, found, due = cv2.VideoCapture(str(path)), [], 0.0
    while True:
        seconds = film.get(cv2.CAP_PROP_POS_MSEC) / 1000
        is_read, frame = film.read()
        if not is_read:
            return np.stack(found) if resized else len(found)
        if seconds >= due:
            due += EVERY
            frame = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            found.append(cv2.resize(frame, (SIZE, SIZE)) if resized else 0)


def decode(path):
    """Return the number of frames of a film, decoded and nothing else."""
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def plain(films, model, preprocess):
    """Return the features of films by a loop."""
    return [model.predict(preprocess(read_plainly(path, True).astype("float32")), verbose=0) for path in films]


def study_of(weights, engine, cache):
    """Return a study of frames of films through MobileNet-v2."""
    raw = {"name": "x", "dataset": {"root": "films", "kind": "video"}, "frames": {"sample": "every", "every": EVERY}}
    network = resolve_network({"extends": "mobilenet_v2", "weights": weights, "reads": "frames"})
    raw |= {"cache": str(cache), "engine": {"inference": engine}, "leakage": "off", "models": [network]}
    return read_section(Study, raw)


def suite(films, study, extractor):
    """Return the features of films as a study computes them, with its cache as it is."""
    clips = pd.DataFrame({"path": list(map(str, films)), "sha256": [file_digest(path) for path in films]})
    clips = clips.assign(clip_id=clips["sha256"])
    kept, rejected = draw(study, clips, pd.DataFrame(columns=["path", "reason"]), lambda said: None, trains=True)
    assert rejected.empty, rejected
    return list(extractor.features(kept, 32)), kept


def seconds(call):
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(folder, weights, engines):
    """Print seconds and ratios."""
    films = sorted(path for path in Path(folder).iterdir() if path.suffix in (".mp4", ".webm"))
    builder, preprocess = find_builder("keras.applications.MobileNetV2")
    model = builder(weights=None, include_top=False, pooling="avg", input_shape=(SIZE, SIZE, 3))
    model.load_weights(weights)
    ways = {
        "decoding alone, OpenCV": lambda: [read_plainly(path, False) for path in films],
        "decoding alone, PyAV, one thread": lambda: [decode(path) for path in films],
        "plain loop": partial(plain, films, model, preprocess),
    }
    times, extractors = {}, {}
    for engine in engines:  # networks are built, and compiled, before the clock runs: the plain loop's too
        study = study_of(weights, engine, "unused")
        extractors[engine] = EXTRACTORS["frames"](study.models[0], study)
        extractors[engine].forward(np.zeros((32, SIZE, SIZE, 3), "float32"))
    model.predict(np.zeros((8, SIZE, SIZE, 3), "float32"), verbose=0)
    for _ in range(TURNS):
        for name, call in ways.items():
            times.setdefault(name, []).append(seconds(call))
        for engine in engines:
            with tempfile.TemporaryDirectory() as cache:
                study = study_of(weights, engine, cache)
                extractor = copy.copy(extractors[engine])
                extractor.settings = study
                first = partial(suite, films, study, extractor)
                times.setdefault(f"suite, {engine}, empty cache", []).append(seconds(first))
                kept = first()[1]
                again = partial(lambda extractor, kept: list(extractor.features(kept, 32)), extractor, kept)
                times.setdefault(f"suite, {engine}, from the cache", []).append(seconds(again))
    best = {name: min(found) for name, found in times.items()}
    print(f"{len(films)} films, the fastest of {TURNS} turns")
    for name, found in best.items():
        print(f"{name:<40}{found:8.2f} s   plain loop / this {best['plain loop'] / found:7.2f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] or ["keras", "openvino"])
