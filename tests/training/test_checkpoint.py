"""A training that is cut and goes on from its checkpoint ends as one that was not, to the last bit."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmark.config.study import AugmentParams, TrainingParams
from benchmark.features.batches import Batches
from benchmark.training.augmentation import make_transform
from benchmark.training.checkpoint import Checkpoint, Progress
from benchmark.training.early_stopping import EarlyStopping
from benchmark.training.loop import FitOptions, fit, precision, predict
from tests.support.stages import steps

N, SIZE, CLASSES = 22, 12, 3


class CutError(Exception):
    """Stands for the end of the process."""


def make_model():
    """Return a network with all that has a state: batch norm, dropout and weights."""
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(image))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.5)(x))
    x = keras.layers.Dropout(0.4)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, keras.layers.Dense(CLASSES, activation="softmax")(x))


def make_batches(seed, transform=None):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, (N, SIZE, SIZE, 3)).astype("float32")
    return Batches(images.__getitem__, np.eye(CLASSES)[rng.integers(0, CLASSES, N)], 4, transform)


def train(training, checkpoint=None, cut_at=None, epoch_done=lambda done, total: None):
    """Train and return (weights, history without its seconds, scores); be cut before step ``cut_at`` where given."""
    model, val, taken = make_model(), make_batches(2), []
    change = make_transform(AugmentParams(translation=3, reflection=True, time_mask=0.3))

    def transform(images, rng):
        taken.append(1)
        if len(taken) == cut_at:
            raise CutError
        return change(images, rng)

    options = FitOptions(checkpoint=checkpoint, epoch_done=epoch_done)
    history = fit(model, make_batches(1, transform), val, steps(training), 5, options)
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in history]
    return model.get_weights(), rows, predict(model, val)


def assert_same(found, expected):
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert json.dumps(found[1]) == json.dumps(expected[1])
    np.testing.assert_array_equal(found[2], expected[2])


TRAININGS = {
    "adam": {"optimizer": "adam"},
    "sgdm": {"optimizer": "sgdm", "shuffle": "once"},
    "rmsprop": {"optimizer": "rmsprop", "keep": "last", "schedule": {"kind": "step", "every": 2}},
    "matlab": {"preset": "matlab", "batch_size": 4, "l2": 0.01, "head_rate": 2.0},
    "matlab, often validated": {"preset": "matlab", "optimizer": "adam", "validation_frequency": 3, "keep": "best"},
}


def training_of(name, **changes):
    settings = {"regime": "finetune", "epochs": 4, "patience": None, **TRAININGS[name], **changes}
    return TrainingParams.model_validate(settings)


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("cut_at", [6, 8])  # the first step of the second epoch of five steps, and one within it
def test_a_training_that_was_cut_ends_the_same(tmp_path, eager, name, cut_at):
    training = training_of(name)
    checkpoint = Checkpoint(tmp_path / "a.npz", "key")
    with pytest.raises(CutError):
        train(training, checkpoint, cut_at)
    assert_same(train(training, Checkpoint(tmp_path / "a.npz", "key")), train(training))


@pytest.mark.parametrize("policy", [None, "float16"])  # with its loss scale
def test_a_training_cut_twice_ends_the_same(tmp_path, eager, policy):
    training, resumed = training_of("adam"), []
    with precision(policy) if policy else contextlib.nullcontext():
        for cut_at in (8, 7):  # within the second and, going on from there, the third epoch
            with pytest.raises(CutError):
                train(training, Checkpoint(tmp_path / "a.npz", "key"), cut_at)
        checkpoint = Checkpoint(tmp_path / "a.npz", "key")
        found = train(training, checkpoint, epoch_done=lambda done, total: resumed.append(done))
        assert resumed == [3, 4]
        assert_same(found, train(training))


def test_a_training_that_had_stopped_early_is_not_continued(tmp_path, eager):
    training = training_of("adam", patience=1, learning_rate=10.0, epochs=30)
    expected = train(training, Checkpoint(tmp_path / "a.npz", "key"))
    assert len(expected[1]) < 30 * 5
    assert_same(train(training, Checkpoint(tmp_path / "a.npz", "key"), cut_at=1), expected)  # a step would be cut


def test_seconds_go_on_from_those_before(tmp_path, eager):
    with pytest.raises(CutError):
        train(training_of("adam"), Checkpoint(tmp_path / "a.npz", "key"), 8)
    model, checkpoint = make_model(), Checkpoint(tmp_path / "a.npz", "key")
    stage, options = steps(training_of("adam")), FitOptions(checkpoint=checkpoint)
    history = fit(model, make_batches(1), make_batches(2), stage, 5, options)
    seconds = [row["seconds"] for row in history]
    assert seconds == sorted(seconds)
    assert checkpoint.seconds == seconds[4] > 0


def in_directory(offset, value):
    """Return what changes the entry of the first array in the ZIP's directory; PKWARE's APPNOTE, 4.3.12."""
    return overwritten(lambda content: content.index(b"PK\x01\x02") + offset, lambda old: value)


def overwritten(place, value):
    """Return what changes the byte at ``place(content)`` of a file."""

    def damage(path):
        content = bytearray(path.read_bytes())
        at = place(content)
        content[at] = value(content[at])
        path.write_bytes(content)

    return damage


DAMAGES = {
    "absent": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "flipped": overwritten(lambda content: len(content) // 2, lambda old: old ^ 1),
    "text": lambda path: path.write_text("not a checkpoint"),
    "pickled": lambda path: np.savez(path, header=np.array([{"key": "key"}], dtype=object)),
    "said to be encrypted": in_directory(8, 0x01),  # general purpose bit 0
    "said to be compressed": in_directory(10, 0x63),  # no method of that number
    "without one best weight": lambda path: path.write_bytes(path.read_bytes().replace(b"best0.npy", b"rest0.npy")),
    "nothing in it": lambda path: np.savez(path, header=np.zeros(0, np.uint8)),
}


def restored(path, key="key"):
    """Return (epochs done, whether a weight changed) after restoring a fresh model from a file."""
    model, progress = make_model(), Progress(np.arange(N), np.random.default_rng(0))
    model.compile(keras.optimizers.Adam(), loss="categorical_crossentropy")
    before = model.get_weights()
    Checkpoint(path, key).restore(model, EarlyStopping(model), progress)
    return progress.epoch, any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.fixture(scope="module")
def checkpoint_file(tmp_path_factory):
    """The checkpoint of a training that was cut in its second epoch."""
    path = tmp_path_factory.mktemp("checkpoint") / "a.npz"
    with pytest.raises(CutError):
        train(training_of("adam"), Checkpoint(path, "key"), 8)
    return path


def test_a_whole_checkpoint_is_used_for_the_same_training_alone(checkpoint_file):
    assert restored(checkpoint_file) == (1, True)
    assert restored(checkpoint_file, "other") == (0, False)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_as_none(tmp_path, checkpoint_file, damage):
    path = shutil.copyfile(checkpoint_file, tmp_path / "a.npz")
    DAMAGES[damage](path)
    assert restored(path) == (0, False)


@pytest.mark.parametrize("policy", ["float16", "bfloat16"])  # float16: more variables; bfloat16: as many
def test_a_checkpoint_of_another_precision_is_not_used(checkpoint_file, policy):
    with precision(policy):
        assert restored(checkpoint_file) == (0, False)


@pytest.mark.parametrize("optimizer", ["sgdm", "rmsprop"])
def test_a_checkpoint_with_other_variables_is_not_used(tmp_path, eager, optimizer):
    with pytest.raises(CutError):
        train(training_of(optimizer), Checkpoint(tmp_path / "a.npz", "key"), 8)
    assert restored(tmp_path / "a.npz") == (0, False)  # Adam keeps more


def test_a_disk_that_is_full_costs_the_checkpoint_alone(tmp_path, eager):
    (tmp_path / "file").write_text("")
    training = training_of("adam", epochs=2)
    with pytest.warns(UserWarning, match="no checkpoint .* training goes on"):
        found = train(training, Checkpoint(tmp_path / "file" / "a.npz", "key"))
    assert_same(found, train(training))


CHILD = """
import os, signal, sys
import numpy as np
from tests.training import test_checkpoint as t

training, path, write, written = t.training_of("adam"), sys.argv[2], np.lib.format.write_array, []

def write_or_die(*given, **named):
    written.append(1)
    if len(written) == 40:  # within the second checkpoint: one has some thirty arrays
        os.kill(os.getpid(), signal.SIGKILL)
    write(*given, **named)

if sys.argv[1] == "killed":
    np.lib.format.write_array = write_or_die
    t.train(training, t.Checkpoint(path, "key"))
resumed = []
found = t.train(training, t.Checkpoint(path, "key"), epoch_done=lambda done, total: resumed.append(done))
assert resumed == [2, 3, 4], resumed
t.assert_same(found, t.train(training))
"""


def test_a_process_killed_while_it_writes_is_gone_on_from_in_another(tmp_path):
    def child(act):
        one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}  # what is promised to the bit
        command = [sys.executable, "-c", CHILD, act, str(tmp_path / "a.npz")]
        root = Path(__file__).resolve().parents[2]
        return subprocess.run(command, cwd=root, env=os.environ | one_thread, capture_output=True, text=True)

    assert child("killed").returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2, "it was to be killed with a file half written beside the whole one"
    resumed = child("resumed")
    assert resumed.returncode == 0, resumed.stderr[-2000:]
