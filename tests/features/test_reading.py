"""Which steps of a clip are read, how they are padded and drawn, and that only what a batch needs is read at all."""

import time
import tracemalloc

import numpy as np
import pytest

from benchmark.config.heads import HeadParams
from benchmark.errors import StudyError
from benchmark.features.cache import Features
from benchmark.features.reading import CHOICES, Means, Steps, mean_over_steps, reader_of
from benchmark.training.imbalance import Balance
from tests.support.features import InMemory, write_features

RNG = np.random.default_rng(0)
LENGTHS = (3, 1, 9, 5)


def numbered(*lengths):
    """Return clips whose features say which clip and which step they are: (n_steps, 2)."""
    return InMemory([np.stack([np.full(n, clip), np.arange(n)], axis=1).astype("float32")
                     for clip, n in enumerate(lengths)])  # fmt: skip


def steps_of(inputs, row):
    """Return the numbers of the steps that were read of a clip."""
    return inputs["features"][row, inputs["mask"][row] > 0, 1].astype(int).tolist()


def batches_of(reader, features, trains=False, batch_size=2, targets=None):
    targets = np.eye(len(features)) if targets is None else targets
    return reader.batches(features, np.arange(len(features)), targets, batch_size, trains)


def test_clips_of_unlike_length_are_padded_and_their_mask_leaves_the_padding_out():
    clips = [RNG.normal(size=(n, 4)).astype("float32") for n in (3, 1, 5)]
    inputs = Steps()(clips)
    assert inputs["features"].shape == (3, 5, 4)
    assert inputs["mask"].sum(axis=1).tolist() == [3, 1, 5]
    masked = np.ma.array(inputs["features"], mask=np.repeat(inputs["mask"][..., None] == 0, 4, axis=2))
    np.testing.assert_allclose(mean_over_steps(clips), masked.mean(axis=1), rtol=1e-6)  # float32 sums
    assert (inputs["features"][inputs["mask"] == 0] == 0).all()
    assert (Steps(masked=False, length=6)(clips)["mask"] == np.ones((3, 6))).all()


def test_of_a_clip_that_is_too_long_those_steps_are_read_that_the_study_says():
    found = {choice: steps_of(Steps(choice, 4)(numbered(13)), 0) for choice in ("head", "equidistant", "random")}
    assert found["head"] == [0, 1, 2, 3]
    assert found["equidistant"] == [0, 4, 8, 12]  # first and last, at equal distances
    assert len(set(found["random"])) == 4
    assert found["random"] == sorted(found["random"])
    assert found["random"] == steps_of(Steps("random", 4)(numbered(5, 13)), 1)  # a clip is read alike wherever it is
    assert found["random"] != steps_of(Steps("random", 4, seed=1)(numbered(13)), 0)


@pytest.mark.parametrize("choice", ["head", "equidistant", "random"])
@pytest.mark.parametrize("n", [1, 3, 4])
def test_a_clip_that_is_not_too_long_is_read_whole(choice, n):
    assert steps_of(Steps(choice, 4)(numbered(n)), 0) == list(range(n))


def test_every_subset_of_steps_is_drawn_as_often():
    rng, counts = np.random.default_rng(0), {}
    for _ in range(3000):
        chosen = tuple(CHOICES["random"](4, 2, rng))
        counts[chosen] = counts.get(chosen, 0) + 1
    assert len(counts) == 6  # 4 over 2
    assert max(abs(count - 500) for count in counts.values()) < 5 * np.sqrt(500)  # five standard deviations


@pytest.mark.parametrize(("n", "parts"), [(22, 11), (50, 11), (11, 11), (5, 11), (1, 3), (7, 7)])
def test_a_segment_is_drawn_of_each_of_equal_parts(n, parts):
    rng = np.random.default_rng(0)
    drawn = np.array([CHOICES["parts"](n, parts, rng) for _ in range(400)])
    edges = np.arange(parts + 1) * n / parts
    for part in range(parts):
        inside = np.arange(int(edges[part]), int(np.ceil(edges[part + 1])))  # segments that lie in it, if but a part
        assert set(drawn[:, part]) == set(inside.tolist())


def test_segments_are_whole_but_of_a_clip_that_is_shorter_than_one():
    reader = Steps("parts", 2, unit=3, draws=1)
    inputs = reader(numbered(8, 2))
    assert inputs["features"].shape == (2, 6, 2)
    assert steps_of(inputs, 0) == [0, 1, 2, 3, 4, 5]  # the last two are no segment
    assert inputs["mask"][1].tolist() == [1, 1, 0, 1, 1, 0]
    assert steps_of(inputs, 1) == [0, 1, 0, 1]


def test_a_prediction_is_the_mean_over_draws_that_stay_the_same():
    reader, clips = Steps("parts", 3, draws=4, seed=2), numbered(60, 60, 30)
    inputs = reader(clips)
    assert inputs["features"].shape == (12, 3, 2)
    assert inputs["features"][:, 0, 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert len({tuple(steps_of(inputs, row)) for row in range(4)}) == 4
    found = [(part["features"], n) for part, n in batches_of(reader, clips, batch_size=3).in_order()]
    np.testing.assert_array_equal(np.concatenate([part[:n] for part, n in found]), inputs["features"])
    np.testing.assert_array_equal(reader(clips[1:])["features"], inputs["features"][4:])


@pytest.mark.parametrize("reader", [Steps("random", 3), Steps("parts", 3, draws=2)])
def test_training_batches_are_drawn_anew_and_the_same_again_from_the_same_generator(reader):
    def epochs(wait=0.0):
        batches, rng = batches_of(reader, numbered(*[40] * 6), trains=True), np.random.default_rng(5)
        draw = batches.draw
        batches.draw = lambda rows, own: time.sleep(wait) or draw(rows, own)
        return [[inputs["features"] for inputs, _ in batches.for_training(np.arange(6), rng)] for _ in range(2)]

    first, again, slow = epochs(), epochs(), epochs(wait=0.005)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, slow)  # whatever the threads take
    assert (np.array(first[0]) != np.array(first[1])).any()


def test_drawn_clips_of_a_balance_keep_their_targets():
    batches = batches_of(Steps("random", 3), numbered(9, 9, 9), trains=True)
    balanced = batches.balanced(Balance(np.array([2, 1, 1, 0]), np.array([4, 3, 3, 1]), None))
    for inputs, targets, weights in balanced.for_training(np.arange(4), np.random.default_rng(0)):
        clip = inputs["features"][:, 0, 0].astype(int)
        assert targets.argmax(axis=1).tolist() == clip.tolist()
        assert weights.tolist() == [{2: 4, 1: 3, 0: 1}[one] for one in clip]


@pytest.mark.parametrize("reader", [Means(), Steps("equidistant", 3), Steps("head", trains_on="steps")])
def test_a_head_that_draws_nothing_takes_nothing_from_the_generator(reader):
    rng = np.random.default_rng(5)
    batches = batches_of(reader, numbered(*LENGTHS), trains=True)
    assert list(batches.for_training(np.arange(len(batches)), rng))
    assert rng.bit_generator.state == np.random.default_rng(5).bit_generator.state


@pytest.mark.parametrize("unit", [1, 2])
def test_each_step_of_a_training_clip_is_an_example_with_its_labels(unit):
    reader, features = Steps(unit=unit, trains_on="steps"), numbered(*LENGTHS)
    batches = batches_of(reader, features, trains=True, batch_size=1)
    counts = [max(1, n // unit) for n in LENGTHS]
    assert reader.examples(features, np.arange(4)).tolist() == counts
    assert len(batches) == sum(counts)
    seen = []
    for inputs, targets in batches.for_training(np.arange(len(batches)), None):
        assert inputs["features"].shape == (1, unit, 2)
        clip, step = inputs["features"][0, 0].astype(int)
        assert targets.argmax() == clip
        seen.append((clip, step // unit))
    assert seen == [(clip, number) for clip, n in enumerate(counts) for number in range(n)]
    assert len(batches_of(reader, features)) == 4  # a clip is scored by all its steps


@pytest.mark.parametrize("masked", [True, False])
def test_at_full_length_training_alone_is_cut_and_padded(masked):
    reader, clips = Steps("equidistant", 4, masked=masked, full_length=True), numbered(9, 2)
    (training,) = (inputs for inputs, _ in batches_of(reader, clips, trains=True).for_training(np.arange(2), None))
    assert steps_of(training, 0) == [0, 3, 5, 8]
    assert training["mask"][1].tolist() == ([1, 1, 0, 0] if masked else [1, 1, 1, 1])
    for inputs in (reader(clips), next(batches_of(reader, clips).in_order())[0]):
        assert steps_of(inputs, 0)[:9] == list(range(9))
        mask = inputs["mask"]  # padding is no step, whatever training took it for
        assert [mask[0].sum(), mask[1].sum()] == [9, 2]
        assert mask[1, :2].tolist() == [1, 1]


def test_at_full_length_one_long_clip_makes_batches_small_and_padding_little(tmp_path):
    """A film of two hours beside trailers: 7,200 steps, of which 32 at once would be 50 GB of scores of attention."""
    lengths = [20, 7200, 33, 9]
    _, features = features_on_disk(tmp_path, lengths)
    batches = Steps("head", 16, full_length=True).batches(features, np.arange(4), np.eye(4), 32)
    found = [inputs["features"].shape for inputs, n in batches.in_order()]
    assert found == [(1, 32, 4), (1, 8192, 4), (1, 64, 4), (1, 16, 4)]
    few = Steps("head", 16, full_length=True).batches(features, np.array([0, 2, 3]), np.eye(3), 32)
    assert [(inputs["features"].shape, n) for inputs, n in few.in_order()] == [((3, 64, 4), 3)]


READERS = {
    "linear": Means,
    "ctt": lambda: Steps("head", None, seed=3),
    "ctt_spectrogram": lambda: Steps("parts", 11, unit=130, draws=10, seed=3),
    "plain_cnn": lambda: Steps("head", None, unit=130, trains_on="steps", seed=3),
}


@pytest.mark.parametrize(("kind", "expected"), READERS.items())
def test_a_head_is_read_for_as_its_settings_say(kind, expected):
    found = reader_of(HeadParams(kind=kind), seed=3)
    assert type(found) is type(expected())
    assert kind == "linear" or found == expected()
    if kind == "ctt":
        given = HeadParams(kind="ctt", length=120, too_long="equidistant", mask=False)
        assert reader_of(given) == Steps("equidistant", 120, masked=False)
        assert reader_of(HeadParams(kind="ctt", length=9, full_length=True)) == Steps("head", 9, full_length=True)


def features_on_disk(folder, lengths, dim=4, limit=0):
    arrays = [RNG.normal(size=(n, dim)).astype("float32") for n in lengths]
    return arrays, Features(write_features(folder, arrays), [array.shape for array in arrays], limit)


def test_features_are_read_when_they_are_asked_for(tmp_path):
    arrays, features = features_on_disk(tmp_path, LENGTHS)
    np.save(tmp_path / "2.npy", arrays[2] + 1)  # after the list was made
    np.testing.assert_array_equal(features[2], arrays[2] + 1)
    assert isinstance(features[2], np.memmap)  # rows of it come from the disk when they are used
    np.testing.assert_array_equal(features.means, mean_over_steps(features))
    (tmp_path / "2.npy").unlink()
    with pytest.raises(StudyError, match=r"2\.npy: these features are gone, or damaged, since the run began"):
        features[2]
    assert features.means.shape == (4, 4)  # computed once


def test_features_that_fit_stay_in_memory_once_they_were_read(tmp_path):
    arrays, features = features_on_disk(tmp_path, LENGTHS, limit=4 * 4 * sum(LENGTHS))
    assert features[1] is features[1]
    np.testing.assert_array_equal(features[1], arrays[1])
    (tmp_path / "1.npy").unlink()
    np.testing.assert_array_equal(features[1], arrays[1])
    assert not Features(features.files, features.shapes, limit=4 * 4 * sum(LENGTHS) - 1).is_kept


def test_training_on_features_larger_than_the_limit_takes_the_memory_of_its_batches(tmp_path):
    _, features = features_on_disk(tmp_path, [400] * 40, dim=128)  # 8 MB
    reader = Steps("random", 20)
    batch = 4 * 4 * 20 * 128
    tracemalloc.start()
    try:
        batches = batches_of(reader, features, trains=True, batch_size=4)
        for _ in batches.for_training(np.arange(40), np.random.default_rng(0)):
            pass
        for _ in batches.in_order():
            pass
        assert features.means.shape == (40, 128)
        assert sum(len(block) for block in reader.blocks(features, range(40))) == 16000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * batch < 4 * 40 * 400 * 128 / 4  # two batches, each beside its parts, and what Python takes
