"""AudioSet's features: SequenceExample messages in TFRecord files, 8 bits a number."""

from pathlib import Path

import numpy as np

from benchmark.data.conversion.clip import Clip, Flaw
from benchmark.data.conversion.label_files import read_class_names
from benchmark.data.conversion.tf_records import RecordError, parse, records
from benchmark.errors import StudyError

IDS = ("video_id", "id")  # of AudioSet, of YouTube-8M
LABELS = "labels"  # indices of classes
SPLITS = {"bal_train": "train", "unbal_train": "train", "eval": "test"}  # AudioSet's folders
LEAST, MOST = -2.0, 2.0  # what 0 and 255 stand for


def dequantise(numbers):
    """Return 8-bit numbers as float32: n * 4 / 255 + 4 / 512 - 2, from -1.99 to 2.01.

    AudioSet quantised its features as YouTube-8M (https://research.google.com/audioset/download.html), whose
    utils.Dequantize adds half of 1/256 of the range, since what was quantised was rounded down."""
    span = MOST - LEAST
    return numbers.astype("float32") * np.float32(span / 255) + np.float32(span / 512 + LEAST)


def read_audioset(source, labels=None):
    """Yield the clips of a .tfrecord, or of all below a folder, each a Clip or a Flaw.

    Each list of features of the messages (audio_embedding, of VGGish, a step a second) is an array of the clip. The
    table ``labels`` (class_labels_indices.csv) names the classes; without it they are class_0, class_1 ...
    Where the folders bal_train and eval are there both, they are the split."""
    names = read_class_names(labels) if labels else {}
    files = sorted(source.rglob("*.tfrecord")) if source.is_dir() else [source]
    if not files:
        raise StudyError(f"{source} holds no .tfrecord")
    parts = {SPLITS.get(file.parent.name, "") for file in files}
    for file in files:
        part = SPLITS.get(file.parent.name, "") if {"train", "test"} <= parts else ""
        for number, content in enumerate(records(file)):
            try:
                if isinstance(content, RecordError):
                    raise content
                yield _clip(parse(content), names, labels, part)
            except (RecordError, ValueError) as error:
                yield Flaw(f"{Path(file).name}, record {number}", str(error))


def _clip(example, names, labels, part):
    """Return the Clip of a message; raise ValueError where it is none."""
    ids = [example.context[key][0] for key in IDS if example.context.get(key)]
    if not (ids and ids[0] and isinstance(ids[0], bytes)):
        raise ValueError(f"it has no {' or '.join(IDS)} that is text")
    clip_id, indices = ids[0].decode("utf-8"), example.context.get(LABELS, [])
    if not all(isinstance(index, int) for index in indices):
        raise ValueError(f"its {LABELS} are no numbers of classes")
    if strange := [index for index in indices if names and index not in names]:
        raise ValueError(f"the class {strange[0]} is not in {labels}")
    arrays = {key: _features(key, steps) for key, steps in example.feature_lists.items() if steps}
    return Clip(clip_id, arrays, tuple(names.get(index, f"class_{index}") for index in indices), split=part)


def _features(key, steps):
    """Return the numbers (n_steps, dim) float32 of steps that hold one value of bytes each."""
    sizes = {len(values[0]) if len(values) == 1 and isinstance(values[0], bytes) else -1 for values in steps}
    if len(sizes) > 1 or -1 in sizes:
        raise ValueError(f"the steps of '{key}' are not bytes of one length each")
    return dequantise(np.frombuffer(b"".join(values[0] for values in steps), "u1").reshape(len(steps), -1))
