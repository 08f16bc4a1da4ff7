"""Features of frames of films: those of Keras on the same pictures, whatever films share a batch; crops; pixels."""

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.errors import StudyError
from benchmark.features import frames
from benchmark.features.extractors import EXTRACTORS
from benchmark.features.frames import ten_crops
from benchmark.models.weights.load import file_digest
from benchmark.video.frames import read_frames
from spectrograms.image import centre_crop, resize, save_png
from tests.support.films import noise, write_film
from tests.support.studies import NETWORK, study_of

LENGTHS = (5, 30, 2)  # frames of three films; fewer, more and far fewer than a batch


def study(folder, kind="video", **model):
    changes = {"training": {"batch_size": 8}}
    changes |= {"frames": {"sample": "uniform", "n": 7}} if kind == "video" else {}
    network = NETWORK | {"reads": "frames"} | model
    return study_of(folder, folder, kind=kind, models=[network], leakage="off", **changes)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Three films with the table of their clips."""
    folder, rows = tmp_path_factory.mktemp("films"), []
    for number, length in enumerate(LENGTHS):
        path = write_film(folder / f"{number}.mp4", noise(1, [length], seed=number))
        rows.append({"clip_id": str(number), "path": str(path), "sha256": file_digest(path)})
    return folder, pd.DataFrame(rows)


def keras_features(extractor, pictures):
    """Return what the network gives for pictures (n, size, size, 3), one by one."""
    return np.concatenate([keras.ops.convert_to_numpy(extractor.graph(x[None].astype("float32"))) for x in pictures])


def test_each_frame_has_the_features_of_its_picture_whatever_films_share_a_batch(films, tmp_path):
    _, clips = films
    given = study(tmp_path)
    extractor = EXTRACTORS["frames"](given.models[0], given)
    found = extractor.features(clips, 8)
    assert list(found.shapes) == [(5, 8), (7, 8), (2, 8)]
    for row, path in enumerate(clips["path"]):
        images = read_frames(path, given.frames, clips["sha256"][row]).images
        pictures = [np.asarray(Image.fromarray(image).resize((32, 32), Image.BILINEAR)) for image in images]
        np.testing.assert_allclose(found[row], keras_features(extractor, pictures), atol=1e-5)  # float32, sums of 27
        (alone,) = extractor.model_inputs([extractor.read(path)], reads=list)
        np.testing.assert_allclose(alone, found[row], atol=1e-6)


@pytest.mark.parametrize(("kind", "reads"), [("video", "frames"), ("images", "picture")])
def test_pictures_are_cut_as_the_model_says(films, tmp_path, kind, reads):
    _, clips = films
    given = study(tmp_path, kind, reads=reads, resize="centre_crop")
    extractor = EXTRACTORS[reads](given.models[0], given)
    image = read_frames(clips["path"][0], study(tmp_path).frames, clips["sha256"][0]).images[0]
    assert image.shape[0] != image.shape[1]
    save_png(image, file := tmp_path / "frame.png")
    found = extractor.features(clips[:1].assign(image=str(file)), 8)[0][0]
    read = extractor.read(clips["path"][0] if reads == "frames" else file)[0]
    np.testing.assert_array_equal(read, centre_crop(image, 32))
    np.testing.assert_allclose(found, keras_features(extractor, [read])[0], atol=1e-5)  # float32, sums of 27


def test_ten_crops_and_a_centre_crop_exclude_each_other(tmp_path):
    with pytest.raises(StudyError, match=r"crops: 10 .* resize: centre_crop has no effect"):
        study(tmp_path, crops=10, resize="centre_crop")


@pytest.mark.parametrize(("films", "sizes"), [([2], [8]), ([9], [8, 8]), ([7, 2, 8], [8, 8, 8]), ([8], [8])])
def test_a_prediction_takes_pictures_in_batches_of_eight_whatever_training_does(tmp_path, films, sizes):
    given = study(tmp_path)
    extractor = EXTRACTORS["frames"](given.models[0], given)
    extractor.settings = given.model_copy(update={"training": given.training.model_copy(update={"batch_size": 64})})
    forward, seen = extractor.forward, []
    extractor.forward = lambda batch: seen.append(len(batch)) or forward(batch)
    pictures = [np.full((n, 32, 32, 3), n, "uint8") for n in films]
    features = extractor.model_inputs(pictures, list)
    assert seen == sizes
    assert [len(film) for film in features] == films
    np.testing.assert_allclose(features[0], keras_features(extractor, pictures[0]), atol=1e-5)


def test_ten_crops_are_corners_and_middle_and_their_mirror_images():
    image = np.arange(40 * 60 * 3, dtype="uint8").reshape(40, 60, 3)
    crops = ten_crops(image, 35)  # the shorter side is 40 = 256/224 * 35 already
    assert crops.shape == (10, 35, 35, 3)
    places = [image[:35, :35], image[:35, 25:], image[5:, :35], image[5:, 25:], image[2:37, 12:47]]
    np.testing.assert_array_equal(crops[:5], places)
    np.testing.assert_array_equal(crops[5:], crops[:5][:, :, ::-1])


@pytest.mark.parametrize("shape", [(300, 500, 3), (500, 300, 3), (64, 64, 3), (16, 400, 3)])
def test_crops_of_any_frame_are_as_large_as_the_network_reads(shape):
    assert ten_crops(np.zeros(shape, "uint8"), 224).shape == (10, 224, 224, 3)


def test_the_features_of_several_crops_are_their_mean(films, tmp_path):
    _, clips = films
    given = study(tmp_path, crops=10)
    extractor = EXTRACTORS["frames"](given.models[0], given)
    found = extractor.features(clips[:1], 8)[0]
    images = read_frames(clips["path"][0], given.frames, clips["sha256"][0]).images
    means = [keras_features(extractor, ten_crops(image, 32)).mean(axis=0) for image in images]
    np.testing.assert_allclose(found, means, atol=1e-5)


def test_few_crops_of_a_long_film_wait_for_the_network(tmp_path, monkeypatch):
    """Ten crops of 512 frames of 224 pixels would be 770 MB."""
    path, given = write_film(tmp_path / "long.mp4", noise(1, [120])), study(tmp_path, crops=10)
    given = given.model_copy(update={"frames": given.frames.model_copy(update={"n": 120})})
    extractor, made, used, waiting = EXTRACTORS["frames"](given.models[0], given), [], [], []
    monkeypatch.setitem(frames.CROPS, 10, lambda image, size, resize: made.append(10) or ten_crops(image, size))

    def forward(batch):
        waiting.append(sum(made) - sum(used))
        used.append(len(batch))
        return np.zeros((len(batch), extractor.dim), "float32")

    extractor.forward = forward
    (found,) = extractor.features(pd.DataFrame([{"path": str(path), "sha256": file_digest(path)}]), 8)
    assert found.shape == (120, extractor.dim)
    assert sum(made) == sum(used) == 1200
    assert max(waiting) <= 3 * 10 * frames.CUT_AT_ONCE  # one block is used, one waits, one is made


def test_pixels_are_the_frames_as_they_are(films, tmp_path):
    _, clips = films
    given = study(tmp_path, reads="pixels", backbone=None, weights=None, input_size=16)
    extractor = EXTRACTORS["pixels"](given.models[0], given)
    found = extractor.features(clips[:1], 8)[0]
    images = read_frames(clips["path"][0], given.frames, clips["sha256"][0]).images
    expected = np.stack([resize(image, (16, 16)) for image in images]).reshape(5, -1) / 255
    assert found.shape == (5, extractor.dim)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_array_equal(extractor.read(clips["path"][0]), found)
