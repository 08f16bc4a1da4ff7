"""What check says of how models will be trained: layers that are not there, and what is kept or means nothing."""

import numpy as np
import pytest

from benchmark.config.augment import MEANINGLESS_ON_SPECTROGRAMS
from benchmark.trials import checks, notes
from tests.support.blocks import BLOCKS
from tests.support.studies import study_of

FOLDS = {0: [np.array(["train"] * 700 + ["val"] * 300 + ["test"] * 100)]}
SIZE = 4 * 11 * 11 * 6 * 1000 / 1e6  # MB: float32, pixels and channels of block1_add, clips of train and val


def study(tmp_path, unfreeze=("block2", "top"), batch_norm="moving", **changes):
    stages = [{"train": "head"}, {"unfreeze": list(unfreeze), "batch_norm": batch_norm}]
    return study_of("data", tmp_path, training={"regime": "two_stage", "stages": stages}, models=[BLOCKS], **changes)


def test_layers_that_are_not_there_are_found_before_a_run(tmp_path):
    found = checks.wrong_networks(study(tmp_path, ["block3"]), thorough=True)
    assert "no layer of blocks begins with 'block3'" in found["blocks"][0]
    assert checks.wrong_networks(study(tmp_path), thorough=True) == {}


def test_what_is_kept_is_said_in_megabytes(tmp_path):
    (line,) = notes.training_notes(study(tmp_path), FOLDS)
    kept = f"the outputs of the frozen layers for 1000 clips take {SIZE:.0f} MB, kept in memory"
    assert line == f"blocks, unfreeze block2, top: {kept}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"augment": {"translation": 3.0}}, "since its pictures are augmented"),
        ({"batch_norm": "everywhere"}, "since none behaves as in prediction"),
    ],
)
def test_why_nothing_is_kept_is_said(tmp_path, changes, said):
    (line,) = notes.training_notes(study(tmp_path, **changes), FOLDS)
    assert said in line


@pytest.mark.parametrize("name", MEANINGLESS_ON_SPECTROGRAMS)
def test_a_change_that_no_spectrogram_bears_is_said_of_sound_alone(tmp_path, name):
    asked = {"augment": {name: True if name == "reflection" else 0.2}}
    lines = notes.training_notes(study(tmp_path, kind="audio", **asked), FOLDS)
    assert [line for line in lines if line.startswith(f"augment.{name} is for pictures; of a spectrogram ")]
    assert not [line for line in notes.training_notes(study(tmp_path, **asked), FOLDS) if "spectrogram" in line]
