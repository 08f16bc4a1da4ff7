"""What the features of 33,000 trailers cost, by extractor, in core-hours: measured on clips of films, on Ray.

    python tests/benchmarks/extractor_costs.py FOLDER [--shared ../shared] [--engine ray] [--only FEATURE ...]

FOLDER gets clips of 30 s of the films in SHARED (tests/benchmarks/film_clips.py), a study that reads all EXTRACTORS of
them by two models, so that their features are made before the trials as tasks of one core each, its cache and its
results; all goes at the end. Printed is a table in Markdown: seconds of a clip as extraction.csv has them, and the
core-hours of FILMS trailers of the mean length of MovieNet's, on the assumption that costs are proportional to the
seconds of film. Weights are random where no real ones lie in SHARED: they cost the same. Where other work is on the
machine, seconds on the clock are more than those of a core: the share of a core that the tasks had is printed."""

import argparse
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pandas as pd  # noqa: E402
import psutil  # noqa: E402
import yaml  # noqa: E402

import benchmark  # noqa: E402
from benchmark.features.dependencies import transcripts_of  # noqa: E402
from benchmark.features.seconds import mean_seconds  # noqa: E402
from benchmark.store.frames import read_frames  # noqa: E402
from benchmark.trials.provenance import processor  # noqa: E402
from tests.benchmarks import film_clips  # noqa: E402
from tests.support.distilbert import WORDS, write_distilbert  # noqa: E402

FILMS, SECONDS, STEP = 33_000, 30.0, 5.0
EXTRACTORS = {  # feature: (what it is, settings, its weights below SHARED, or None for random ones)
    "clip": ("CLIP ViT-B/32, a frame of each shot", {}, None),
    "vit": ("ViT-B/16, a frame of each shot", {}, None),
    "frames_mobilenet_v2": (
        "MobileNet-v2, a frame of each shot",
        {"frames": {"sample": "scene"}},
        "weights/mobilenetv2_1.0_224_dequant_notop.weights.h5",
    ),
    "audiotag": ("Cnn14, windows of 3 s, half overlapping", {}, None),
    "yamnet": ("YAMNet", {}, "weights/yamnet"),
    "musicnet": ("music tagger CRNN", {}, "weights/music_tagger/music_tagger_crnn_weights_tensorflow.h5"),
    "ast": ("AST, windows of 10 s, half overlapping", {}, None),
    "ocr": ("DistilBERT on words of the screen", {}, None),
    "asr": ("DistilBERT on speech", {}, None),
}
RECOGNISED = {"ocr": "PaddleOCR's networks, a frame of each shot", "asr": "pocketsphinx"}  # then read by DistilBERT
BERT = {"dim": 768, "hidden_dim": 3072, "n_heads": 12, "n_layers": 6, "max_position_embeddings": 512}


def dictionary():
    """Return words that a text is split into as by DistilBERT's vocabulary, mostly whole: those of pocketsphinx."""
    import pocketsphinx

    lines = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text().splitlines()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    known = [*WORDS, *letters, *(f"##{letter}" for letter in letters), *(line.split(" ")[0] for line in lines)]
    return [word for word in dict.fromkeys(known) if "(" not in word or len(word) == 1]


def study_of(folder, shared, engine, names):
    """Cut the clips and write the study of all extractors; return its file."""
    film_clips.main(folder / "clips", shared / "data" / "videos", SECONDS, True, STEP)
    clips = pd.read_csv(folder / "clips" / "films.csv")
    # The first batch, of eight films, compiles, and does not count; the later ones, by label, are of all films.
    clips = clips.assign(label=["first" if row % 3 else "later" for row in range(len(clips))], split="test")
    for split, rows in (("train", slice(0, 1)), ("val", slice(2, 3))):
        clips.loc[rows, "split"] = split
    clips[["path", "label", "split"]].to_csv(folder / "clips" / "split.csv", index=False)
    bert = write_distilbert(folder / "distilbert", words=(words := dictionary()), vocab_size=len(words), **BERT)
    features = []
    for name in names:
        _, settings, weights = EXTRACTORS[name]
        place = shared / weights if weights else bert if name in RECOGNISED else "random"
        features.append({"extends": name, "name": name, "weights": str(place)} | settings)
    study = {
        "name": "costs",
        "dataset": {"root": str(folder / "clips" / "split.csv"), "kind": "video"},
        "clip": {"duration": SECONDS, "short": "keep"},
        "leakage": "off",
        "engine": {"kind": engine, "num_cpus": 1},
        "latency": {"calls": 1, "seconds": 0, "warmup": 1, "batch": None},  # of whole chains, not asked for
        "training": {"optimizer": "adam", "epochs": 1, "batch_size": 8},
        "models": [
            {"name": name, "label": name, "features": features, "head": {"kind": name}} for name in ("mlp", "linear")
        ],
        "cache": str(folder / "cache"),
        "results": str(folder / "results"),
    }
    (folder / "costs.yaml").write_text(yaml.safe_dump(study))
    return folder / "costs.yaml"


def costs_of(study, frames):
    """Return [(feature, what, weights, seconds of a clip)]; of what reads words, the recogniser apart."""
    found = frames.tables["extraction"].groupby("features")["seconds_per_clip"].first()
    test = frames.clips[frames.clips["split"] == "test"]["sha256"]
    rows = [("(decoding)", "one pass over the film for frames and sound of all", "", found["(decoding)"])]
    for part in study.models[0].features:
        (what, _, weights), took = EXTRACTORS[part.name], found[part.name]
        if part.text:
            recognised = mean_seconds(transcripts_of(part, study.for_part(study.models[0], part)), test)
            rows.append((part.name, RECOGNISED[part.name], "real", recognised))
            took -= recognised
        rows.append((part.name, what, "real" if weights else "random", took))
    return rows


def table(costs, seconds):
    """Return the costs as Markdown; ``seconds`` are those of a trailer."""
    rows = [
        "| features | what | weights | core-s for 30 s of film (measured) "
        f"| core-hours of {FILMS:,} trailers (extrapolated) |",
        "|---|---|---|---|---|",
    ]
    for name, what, weights, took in costs:
        hours = took / SECONDS * seconds * FILMS / 3600
        rows.append(f"| `{name}` | {what} | {weights} | {took:.3g} | {hours:,.0f} |")
    return "\n".join(rows)


@contextmanager
def watched(every=1.0):
    """Yield {process: (seconds of processor, seconds on the clock)} of the tasks of Ray that compute features."""
    found, over = {}, threading.Event()

    def look():
        while not over.wait(every):
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    if "_features" in process.name():
                        used, now = process.cpu_times(), time.time()
                        found[process.pid] = used.user + used.system, now - process.create_time()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    yield found
    over.set()
    watcher.join()


def main(given):
    """Run the study and print the table of costs."""
    os.environ.setdefault("RAY_worker_niceness", "0")  # else other work on the machine goes before it
    durations = pd.read_csv(given.shared / "data" / "movienet" / "trailers_genres_clean.csv")["duration"]
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        file = study_of(Path(place), given.shared.absolute(), given.engine, given.only or list(EXTRACTORS))
        study = benchmark.load_study(file)
        with watched() as tasks:
            benchmark.run(study)
        frames = read_frames(study.folder)
        costs = costs_of(study, frames)
    print(frames.trials[["model", "status", "error"]].to_string())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{processor()}, {os.cpu_count()} cores, load {load}; {len(frames.clips)} clips")
    if tasks:
        share = sum(used for used, _ in tasks.values()) / sum(clock for _, clock in tasks.values())
        print(f"{len(tasks)} tasks had {share:.2f} of a core each")
    print(f"a clip has {pd.to_numeric(frames.clips['n_frames']).mean():.1f} shots; a trailer {durations.mean():.1f} s")
    print(table(costs, durations.mean()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--engine", default="ray")
    parser.add_argument("--only", nargs="*", choices=EXTRACTORS)
    main(parser.parse_args())
