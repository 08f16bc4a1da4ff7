"""Features of vision transformers by their names in configs/features, small and with random weights."""

from importlib.util import find_spec
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from benchmark.config.features import FeatureParams
from benchmark.config.networks import resolve_network
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.features.extractors import EXTRACTORS
from benchmark.models.weights.load import file_digest
from spectrograms.image import RESIZES
from tests.support.films import noise, write_film

OPTIONS = {"hidden_dim": 24, "num_layers": 1, "num_heads": 2}
SMALL = {  # of each file: what is read of a film, options, dim
    "clip": ("frames", OPTIONS | {"patch_size": 8, "intermediate_dim": 32, "projection_dim": 20}, 20),
    "vit": ("frames", OPTIONS | {"patch_size": 8, "mlp_dim": 32}, 24),
    "ast": ("waveform", OPTIONS | {"mlp_dim": 32}, 24),
}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film of 2 s with sound, as a table of one clip."""
    rng = np.random.default_rng(0)
    sound = (rng.normal(size=(2, 2 * 48000)) * 0.1).astype("float32")
    path = write_film(tmp_path_factory.mktemp("film") / "a.mp4", noise(1, [20], seed=0), sound=sound)
    return pd.DataFrame([{"clip_id": "a", "path": str(path), "sha256": file_digest(path)}])


def extractor_of(name, cache, inference="keras", **changed):
    entry = {"features": name, "weights": "random", **changed}
    network = resolve_network(entry, dataset_kind="video")
    raw = {"name": "x", "dataset": {"root": "data", "kind": "video"}, "cache": str(cache), "models": [network]}
    study = read_section(Study, raw | {"frames": {"n": 3}, "engine": {"inference": inference}})
    return EXTRACTORS[network.reads](study.models[0], study)


@pytest.mark.parametrize("name", SMALL)
def test_a_film_has_the_features_of_a_file_by_its_name(film, tmp_path, name):
    reads, options, dim = SMALL[name]
    size = {"input_size": 32} if reads == "frames" else {}
    extractor = extractor_of(name, tmp_path, options=options, **size)
    assert (extractor.network.reads, extractor.dim) == (reads, dim)
    (found,) = extractor.features(film, 4)
    assert found.shape == ({"frames": 3, "waveform": 2}[reads], dim)  # windows of the 15 s of clip.duration
    (again,) = extractor.model_inputs([extractor.read(film["path"][0])], reads=list)
    np.testing.assert_allclose(found, again, atol=1e-5)  # float32, in batches of another size


@pytest.mark.skipif(not find_spec("openvino"), reason="pip install -r requirements/openvino.txt")
@pytest.mark.parametrize("name", [name for name, (reads, _, _) in SMALL.items() if reads == "frames"])
def test_openvino_takes_vision_transformers(film, tmp_path, name):
    made = {engine: extractor_of(name, tmp_path, engine, options=SMALL[name][1], input_size=32)
            for engine in ("keras", "openvino")}  # fmt: skip
    found = {engine: extractor.features(film, 4)[0] for engine, extractor in made.items()}
    np.testing.assert_allclose(found["openvino"], found["keras"], atol=1e-5)  # sums of float32 in another order


def test_every_resize_can_be_named():
    assert set(get_args(FeatureParams.model_fields["resize"].annotation)) == set(RESIZES)


NAMED = {"clip": "centre_crop", "vit": "stretch", "dinov2": "centre_crop", "siglip": "stretch"}


@pytest.mark.parametrize(("name", "resize"), NAMED.items())
def test_pictures_are_read_of_pictures_and_frames_of_films(name, resize):
    for kind, reads in (("video", "frames"), ("images", "picture")):
        network = resolve_network({"features": name}, dataset_kind=kind)
        assert (network.reads, network.resize) == (reads, resize)
